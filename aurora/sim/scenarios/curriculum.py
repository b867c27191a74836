"""The curriculum: five levels of difficulty, and the rule for moving to the next."""

from __future__ import annotations

from typing import Literal, NamedTuple

from aurora.types import Frozen

SUCCESS_WINDOW = 20
"""Scenarios over which success is counted."""

ADVANCE_AT = 0.7
"""Success rate over a full window at which the next level begins."""


class Level(NamedTuple):
    """A level of the curriculum: its sizes, and what makes its scenarios hard.

    Attributes:
        number: Number of the level, 1 to 5.
        tasks, nodes: Number of tasks and of nodes.
        difficulty: Difficulty on a scale of 1 to 10.
        load: Offered work over capacity within the horizon.
        demand: Cores that all tasks of a cloud family ask for, over the cores there are; above 1 they can't all
            run at once.
        largest_share: Largest task of an edge or hybrid family relative to a small node.
        bursts: Number of instants at which a bursty group arrives.
        failures: Number of node failures within the horizon.
        dependency: Shape of dependencies where a family has some.
    """

    number: int
    tasks: int
    nodes: int
    difficulty: int
    load: float
    demand: float
    largest_share: float
    bursts: int
    failures: int
    dependency: Literal["none", "chain", "fork_join"]


LEVELS: tuple[Level, ...] = (
    Level(1, 5, 3, 1, 0.8, 1.0, 0.5, 2, 0, "none"),
    Level(2, 20, 10, 3, 0.9, 1.4, 0.6, 3, 0, "none"),
    Level(3, 50, 25, 5, 1.0, 1.8, 0.75, 4, 1, "chain"),
    Level(4, 100, 50, 7, 1.1, 2.0, 0.9, 5, 2, "chain"),
    Level(5, 500, 100, 10, 1.3, 2.5, 1.0, 8, 5, "fork_join"),
)


class Curriculum(Frozen):
    """The progress of a run through the levels.

    Attributes:
        level: Number of the present level, 1 to 5.
        recent: Success on the latest scenarios of this level, at most 20.
    """

    level: int = 1
    recent: tuple[bool, ...] = ()

    @property
    def success_rate(self) -> float:
        """Share of successes in the window; 0 when it is empty."""
        return sum(self.recent) / len(self.recent) if self.recent else 0.0

    def record(self, success: bool) -> Curriculum:
        """Return the progress after one more scenario; a level up empties the window."""
        recent = (*self.recent, success)[-SUCCESS_WINDOW:]
        if len(recent) == SUCCESS_WINDOW and sum(recent) / SUCCESS_WINDOW >= ADVANCE_AT and self.level < len(LEVELS):
            return Curriculum(level=self.level + 1)
        return Curriculum(level=self.level, recent=recent)
