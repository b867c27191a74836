"""Races: many candidates meet the same scenarios block by block, and those that fall clearly behind leave early.

Successive halving (Jamieson & Talwalkar, AISTATS 2016) with a paired test after each block, as in F-Race (Birattari et
al., GECCO 2002). All candidates meet the same scenarios (common random numbers), so differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.evaluation import Arena, advantages
from aurora.agents.search.family_selection import balanced_means, family_weights
from aurora.sim.policies.program import Program
from aurora.statistics.intervals import mean_and_error

FIRST_SHARE = 0.25
"""Share of the scenarios that every candidate meets."""
FEWEST_SCENARIOS = 3
"""Scenarios that a candidate meets at least."""
BEHIND = 1.5
"""Standard errors by which a candidate must be behind the best one to leave."""


class Raced(NamedTuple):
    """The result of a race.

    Attributes:
        order: Indices of the candidates that met all scenarios, best mean first.
        values: Advantage of every candidate on every scenario; NaN where they did not meet, float64
            [candidates, scenarios].
    """

    order: tuple[int, ...]
    values: NDArray[np.float64]

    @property
    def met(self) -> NDArray[np.int64]:
        """Number of scenarios that every candidate met, int64 [candidates]."""
        count: NDArray[np.int64] = (~np.isnan(self.values)).sum(axis=1)
        return count


def part_of(where: Arena, places: Sequence[int]) -> Arena:
    """Return the arena with some of its scenarios only."""
    chosen = list(places)
    return where._replace(
        scenarios=tuple(where.scenarios[k] for k in chosen),
        reference_values=where.reference_values[:, chosen],
        families=tuple(where.families[k] for k in chosen) if where.families else (),
    )


def blocks(count: int, rng: np.random.Generator) -> list[list[int]]:
    """Split scenarios into blocks in random order: each block has as many as all blocks before it together.

    Args:
        count: Number of scenarios.
        rng: Random numbers.
    """
    order = [int(k) for k in rng.permutation(count)]
    size = min(count, max(FEWEST_SCENARIOS, round(FIRST_SHARE * count)))
    split, begin = [], 0
    while begin < count:
        end = count if count - begin < size else begin + size
        split.append(order[begin:end])
        begin, size = end, end
    return split


def is_ahead(lead: NDArray[np.float64], families: Sequence[str], errors: float) -> bool:
    """Return True if the mean of paired differences is above zero by more than this many standard errors.

    Args:
        lead: Paired differences, float64 [scenarios].
        families: Family of each scenario, which all count the same; empty: every scenario does.
        errors: Number of standard errors.
    """
    mean, error = mean_and_error(lead, family_weights(families, len(lead)))
    return mean > errors * error


def race(where: Arena, programs: Sequence[Program], rng: np.random.Generator, jobs: int, *, keep: int = 1) -> Raced:
    """Race candidates over all scenarios; half of them, and all that are clearly behind, leave after each block.

    Args:
        where: Scenarios with the references' values.
        programs: Candidates.
        rng: Random numbers, for the order of the scenarios.
        jobs: Number of threads; the result does not depend on it.
        keep: Number of candidates that halving leaves at least.
    """
    count = len(where.scenarios)
    values = np.full((len(programs), count), np.nan)
    running = list(range(len(programs)))
    seen: list[int] = []
    for block in blocks(count, rng):
        values[np.ix_(running, block)] = advantages(part_of(where, block), [programs[i] for i in running], jobs)
        seen += block
        families = [where.families[k] for k in seen] if where.families else []
        means = dict(zip(running, balanced_means(values[np.ix_(running, seen)], families).tolist(), strict=True))
        running.sort(key=lambda i: (-means[i], i))
        if len(seen) < count:
            best = values[running[0], seen]
            close = [i for i in running if not is_ahead(best - values[i, seen], families, BEHIND)]
            running = close[: max(keep, (len(running) + 1) // 2)]
    return Raced(tuple(running), values)
