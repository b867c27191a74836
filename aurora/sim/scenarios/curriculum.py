"""The curriculum: five levels of difficulty, and the rule for moving to the next."""

from __future__ import annotations

from typing import Literal, NamedTuple

from aurora.types import Frozen

SUCCESS_WINDOW = 20
"""Scenarios over which success is counted."""

ADVANCE_AT = 0.7
"""Success rate over a full window at which the next level begins."""

REMEMBERED = 2 * SUCCESS_WINDOW
"""Scenarios of a level that are remembered: a window, and the one before it, against which a rise is judged."""


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
        recent: Success on the latest scenarios of this level, at most 40.
    """

    level: int = 1
    recent: tuple[bool, ...] = ()

    @property
    def success_rate(self) -> float:
        """Share of successes in the window; 0 when it is empty."""
        window = self.recent[-SUCCESS_WINDOW:]
        return sum(window) / len(window) if window else 0.0

    @property
    def is_finished(self) -> bool:
        """True if the next level begins: at a success rate of 0.7, or when it no longer rises.

        The mark is the best of all references with hindsight. A champion that is ahead of each of them by itself still
        reaches it on about half of the scenarios, so a success rate alone would hold a run at its level for ever.
        """
        window, before = self.recent[-SUCCESS_WINDOW:], self.recent[:-SUCCESS_WINDOW]
        if len(window) < SUCCESS_WINDOW or self.level == len(LEVELS):
            return False
        has_stalled = len(before) == SUCCESS_WINDOW and sum(window) <= sum(before)
        return self.success_rate >= ADVANCE_AT or has_stalled

    def record(self, success: bool) -> Curriculum:
        """Return the progress after one more scenario; a level up empties the window."""
        after = Curriculum(level=self.level, recent=(*self.recent, success)[-REMEMBERED:])
        return Curriculum(level=self.level + 1) if after.is_finished else after
