"""Chooses the champion among many candidates by a race on validation scenarios.

The best of many noisy means is often not the best policy, and its mean is too high. A fixed set of scenarios can't tell
close candidates apart, however the comparison is corrected. So candidates race on common scenarios:

1. A challenger meets a few scenarios, then all of the first set, then all that the champion has met. It is out as soon
   as it is clearly behind the champion (paired, by `Limits.clearly` standard errors).
2. While the leader is not clearly ahead of the contenders that are left, all of them meet fresh scenarios, up to a
   bound in an iteration and in a run. A contender stays in the race over iterations, so an early refusal is not final.
3. The champion is the contender with the best mean over all scenarios that they have met.

All that is compared has met the same scenarios (common random numbers), so nobody is ahead by easier ones. A lead that
must pass a correction for the number of challengers (Bonferroni), or a shrunken lead that must be positive, was worse
on real candidates: both stay with an early champion. `benchmarks/champion_choice.py` compares them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.statistics.intervals import mean_and_error

LEAST_FIRST = 4
"""Least number of scenarios after which a challenger can be out."""


class Limits(NamedTuple):
    """Limits of the race.

    Attributes:
        clearly: Standard errors of a paired difference beyond which one policy is clearly behind another.
        first_share: Share of the first set of scenarios that a challenger meets first.
        fresh: Largest number of fresh scenarios in an iteration, as a multiple of the first set.
        pool: Largest number of scenarios that the champion meets in a run, as a multiple of the first set.
        contenders: Largest number of contenders, the champion included.
    """

    clearly: float = 1.5
    first_share: float = 0.25
    fresh: float = 1.0
    pool: float = 4.0
    contenders: int = 4


Values = NDArray[np.float64]
Measure = Callable[[Sequence[str], int, int], Values]
"""Returns the values of policies on scenarios `first` to `end` of the pool, float64 [policies, end - first]."""


class Contender(NamedTuple):
    """A policy in the race.

    Attributes:
        policy_id: Id of the policy.
        values: Its value on each scenario of the pool so far, float64 [scenarios].
    """

    policy_id: str
    values: Values


class Race(NamedTuple):
    """State of the race between iterations.

    Attributes:
        contenders: The champion, then the policies that may still replace it.
        challengers: Number of policies that have challenged a champion so far.
    """

    contenders: tuple[Contender, ...]
    challengers: int = 0

    @property
    def champion(self) -> Contender:
        """The champion."""
        return self.contenders[0]


class Chosen(NamedTuple):
    """Result of a race.

    Attributes:
        race: State for the next iteration.
        met: Values of each challenger on the scenarios that it met, by id, float64 [scenarios].
    """

    race: Race
    met: dict[str, Values]


def choose(
    race: Race,
    challengers: Sequence[str],
    measure: Measure,
    first_set: int,
    *,
    needed: Callable[[int], float] = lambda challengers: 0.0,
    limits: Limits = Limits(),  # noqa: B008  # immutable
) -> Chosen:
    """Let challengers race against the champion and the contenders that are left.

    Args:
        race: State after the previous iteration; all contenders have met the same scenarios, at least `first_set`.
        challengers: Ids of the challengers.
        measure: Measures policies on scenarios of the pool.
        first_set: Number of scenarios of the first set.
        needed: Returns the standard errors by which a challenger must lead, given the number of challengers so far;
            0 takes the better mean.
        limits: Limits of the race.
    """
    known = {c.policy_id for c in race.contenders}
    names = [name for name in dict.fromkeys(challengers) if name not in known]
    met: dict[str, Values] = {name: np.empty(0) for name in names}
    champion, pool = race.champion, len(race.champion.values)
    left = list(names)
    first = min(first_set, max(LEAST_FIRST, math.ceil(limits.first_share * first_set)))
    before = 0
    for end in dict.fromkeys((first, first_set, pool)):
        if not left:
            break
        rows = measure(left, before, end)
        for name, row in zip(left, rows, strict=True):
            met[name] = np.concatenate([met[name], row])
        left = [name for name in left if not _is_out(met[name], champion.values[:end], limits.clearly)]
        before = end
    contenders = [*race.contenders, *(Contender(name, met[name]) for name in left)]
    contenders = _decided(contenders, measure, first_set, limits)
    count = race.challengers + len(names)
    return Chosen(Race(_with_champion(contenders, champion.policy_id, needed(count)), count), met)


def lead(first: Values, second: Values) -> tuple[float, float]:
    """Return the mean of paired differences, and its standard error."""
    return mean_and_error(first - second)


def _is_out(values: Values, champion: Values, clearly: float) -> bool:
    """Return True if a policy is clearly behind the champion, or equal to it on every scenario."""
    mean, error = lead(values, champion)
    return mean + clearly * error < 0 or not (values - champion).any()


def _decided(contenders: list[Contender], measure: Measure, first_set: int, limits: Limits) -> list[Contender]:
    """Add fresh scenarios while the leader is not clearly ahead; return those that may be the best, best first."""
    fresh, block = 0, max(1, first_set // 2)
    while True:
        contenders = sorted(contenders, key=lambda c: -c.values.mean())  # stable: of equals the older one leads
        leader = contenders[0]
        contenders = [leader, *(c for c in contenders[1:] if not _is_out(c.values, leader.values, limits.clearly))]
        contenders = contenders[: limits.contenders]
        pool = len(leader.values)
        room = min(block, int(limits.fresh * first_set) - fresh, int(limits.pool * first_set) - pool)
        if len(contenders) == 1 or room <= 0:
            return contenders
        rows = measure([c.policy_id for c in contenders], pool, pool + room)
        contenders = [
            Contender(c.policy_id, np.concatenate([c.values, row])) for c, row in zip(contenders, rows, strict=True)
        ]
        fresh += room


def _with_champion(contenders: list[Contender], champion: str, needed: float) -> tuple[Contender, ...]:
    """Return the contenders with the champion first: the former one, unless the leader is far enough ahead of it."""
    former = next((c for c in contenders if c.policy_id == champion), None)
    leader = contenders[0]
    if former is not None and former is not leader:
        mean, error = lead(leader.values, former.values)
        if mean <= needed * error:
            leader = former
    return (leader, *(c for c in contenders if c is not leader))
