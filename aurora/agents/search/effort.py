"""The effort of the search in one iteration, and how it is divided among its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

Part = Literal[
    "challengers",
    "tuning",
    "halving",
    "inheritance",
    "lexicase",
    "elites",
    "crossover",
    "restarts",
    "pruning",
    "seeds",
]
"""Part of the search that a run can do without, to measure what it adds."""

PARTS: frozenset[Part] = frozenset(get_args(Part))
"""All parts of the search."""

Tick = Callable[[int, float], None]
"""Callback after each generation, with its number and best mean advantage; it may raise to stop the search."""

STRUCTURES_PER_GENERATION = 2
"""Structures that a generation may simulate beside its points; a race spends those of all generations."""
YOUNG = 3
"""Iterations for which a leader is tuned alone."""
CHALLENGERS = 2
"""Number of challengers that are tuned in turn."""


class Settings(NamedTuple):
    """Effort of the search in one iteration.

    Attributes:
        population: Candidates per generation.
        generations: Generations per iteration.
        jobs: Number of threads.
        without: Parts that are switched off, for studies.
    """

    population: int = 16
    generations: int = 12
    jobs: int = 1
    without: frozenset[Part] = frozenset()


class Division(NamedTuple):
    """Generations of an iteration, divided among the parts of the search.

    Attributes:
        leader: Generations that tune the leader.
        challenger: Generations that tune a challenger.
        race: Generations that a race of new structures may spend, beside its own simulations.
    """

    leader: int
    challenger: int
    race: int


def divided(age: int, challengers: int, settings: Settings) -> Division:
    """Divide the generations: a race where a challenger is missing, a quarter for one of them, the rest for the leader.

    A young leader, whose weights are far from tuned, gets all generations; a race then spends what generations may
    spend on structures, and no more.

    Args:
        age: Iterations in which the leader was tuned.
        challengers: Number of challengers that there are.
        settings: Effort of the search.
    """
    generations = settings.generations
    if "challengers" in settings.without or age < YOUNG:
        return Division(generations, 0, 0)
    race = max(1, generations // 6) if challengers < CHALLENGERS else 0
    challenger = max(1, generations // 4) if challengers else 0
    return Division(max(1, generations - race - challenger), challenger, race)


class Progress:
    """Counts generations over the parts of an iteration, and keeps the best mean of each.

    Attributes:
        history: Best mean advantage in each generation so far.
    """

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self.history: list[float] = []

    def add(self, best: float) -> None:
        """Record a generation with its best mean advantage."""
        self.history.append(best)
        self._tick(len(self.history) - 1, best)
