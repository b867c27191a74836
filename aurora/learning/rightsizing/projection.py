"""What would become of an account's demand under another configuration: many next months, each played through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aurora.learning.accounts import COLUMN, Catalogue, Configuration
from aurora.learning.accounts.simulator import Setting, advance_apart, advance_in_pieces, setting_of
from aurora.learning.accounts.workload import DAY
from aurora.learning.rightsizing.usage import RESOURCES, SATURDAY, STEPS_A_DAY, Usage
from aurora.types import FloatArray

MONTH = 30
"""Days."""
FUTURES = 40
SHOWN_FUTURES = 8
"""Of the futures that are played in short pieces, for the distribution of utilisation."""
PIECE = 12
"""Steps: an hour, over which a utilisation is a mean."""
LEVEL_NOISE = 0.03
"""Standard deviation of the logarithm of what a month's level may differ by, beyond growth."""
BATCH = 8
"""Futures that are played at a time, until it is clear that a configuration is not safe."""
COST, MISSES = COLUMN["cost"], COLUMN["misses"]


def next_months(usage: Usage, *, futures: int = FUTURES, seed: int = 0) -> FloatArray:
    """Demand of next months: measured days drawn again, weekdays for weekdays, with growth that is not known for sure.

    A forecaster of the next hours knows nothing of the next weeks, where the demand of a day is any of those that were
    seen; so this is the empirical distribution of days (a block bootstrap; Kuensch 1989), moved by growth.

    Args:
        usage: At least a day of it.
        futures: How many.
        seed: Of the draws.

    Returns:
        float64 [futures, steps of a month].
    """
    rng = np.random.default_rng((seed, 91))
    days = usage.demand.reshape(-1, STEPS_A_DAY)
    count = len(days)
    growth, error = max(0.0, usage.growth[0]), usage.growth[1]
    age = (count - np.arange(count)) / 7  # weeks from each day to the end of what was measured
    now = days * np.maximum(0.1, 1 + growth * age)[:, None]
    first = usage.start // DAY
    seen_weekend = (first + np.arange(count) + 3) % 7 >= SATURDAY  # 1 January 1970 was a Thursday
    to_come = (first + count + np.arange(MONTH) + 3) % 7 >= SATURDAY
    drawn = np.empty((futures, MONTH), dtype=np.intp)
    for kind in (False, True):
        pool = np.flatnonzero(seen_weekend == kind)
        pool = pool if len(pool) else np.arange(count)
        places = np.flatnonzero(to_come == kind)
        drawn[:, places] = rng.choice(pool, (futures, len(places)))
    rates = rng.normal(growth, error, futures)
    level = rng.lognormal(0.0, LEVEL_NOISE, futures)
    factor = level[:, None] * np.maximum(0.1, 1 + rates[:, None] * (np.arange(MONTH) + 1) / 7)
    factor *= np.exp(rng.normal(size=(futures, 1)) * usage.doubt[drawn])
    return (now[drawn] * factor[:, :, None]).reshape(futures, -1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the futures under one configuration.

    Attributes:
        cost: float64 [futures], dollars a month.
        misses: float64 [futures], share of requests that came later than the limit.
        machines: float64 [futures], dollars of `cost` that are for instances.
    """

    cost: FloatArray
    misses: FloatArray
    machines: FloatArray

    def exceeds(self, tolerance: float) -> float:
        """Probability that more than `tolerance` of a month's requests are late.

        With k of n futures it is (k + 1/2) / (n + 1), so that no finite number of futures proves a thing impossible.
        """
        return _probability(int((self.misses > tolerance).sum()), len(self.misses))


def _probability(late: int, futures: int) -> float:
    """Probability of what happened in so many of the futures."""
    return (late + 0.5) / (futures + 1)


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Utilisation by resource (cpu, memory, io, bandwidth), as shares; None for what was not measured.

    Attributes:
        p50: In half of the time it is at most this.
        p95: In 95 of 100 hours.
        instances: Mean number that runs.
    """

    p50: dict[str, float | None]
    p95: dict[str, float | None]
    instances: float


def measured_utilisation(usage: Usage) -> Utilisation:
    """Return what was measured, value by value, as a monitoring system shows it."""
    middle, high = ({r: None if r not in usage.seen else _at(usage.seen[r], q) for r in RESOURCES} for q in (0.5, 0.95))
    running = float(usage.running.mean()) if len(usage.running) else float(usage.configuration.minimum)
    return Utilisation(middle, high, running)


def _at(values: FloatArray, quantile: float) -> float:
    return float(np.quantile(values, quantile))


class Projector:
    """An account's futures, and what was found out about configurations so far.

    Args:
        usage: Of the account.
        catalogue: What can be rented.
        demand: float64 [futures, steps], of `next_months`.
    """

    def __init__(self, usage: Usage, catalogue: Catalogue, demand: FloatArray) -> None:
        self.usage = usage
        self.catalogue = catalogue
        self.demand = demand
        self._played: dict[Configuration, FloatArray] = {}
        self._peeked: dict[Configuration, float] = {}

    def scaled(self, factor: float) -> Projector:
        """The same futures with more or less demand."""
        return Projector(self.usage, self.catalogue, self.demand * factor)

    def outcome(self, configuration: Configuration) -> Outcome:
        """Play all futures under a configuration that does not change."""
        return self._outcome(configuration, len(self.demand))

    def glimpse(self, configuration: Configuration) -> Outcome:
        """Two futures, which tell roughly what a configuration costs and how it does."""
        return self._outcome(configuration, 2)

    def peek(self, configuration: Configuration) -> float:
        """Share of late requests in the first ten days of one future, which shows what is hopeless."""
        if configuration not in self._peeked:
            start = self.demand[:1, : 10 * STEPS_A_DAY]
            self._peeked[configuration] = float(self._rows(configuration, start)[0, MISSES])
        return self._peeked[configuration]

    def least_cost(self, configuration: Configuration) -> float:
        """Dollars a month that a configuration costs at least."""
        s = self._setting(configuration)
        return float((s.fixed_price + s.minimum * s.price) * self.demand.shape[1] * 24 / STEPS_A_DAY)

    def exceeds_at_most(self, configuration: Configuration, tolerance: float, probability: float) -> bool:
        """Whether `outcome(...).exceeds(tolerance)` is at most so much; ends as soon as that is clear."""
        futures = len(self.demand)
        for count in range(BATCH, futures + BATCH, BATCH):
            rows = self._first(configuration, min(count, futures))
            if _probability(int((rows[:, MISSES] > tolerance).sum()), futures) > probability:
                return False
        return True

    def _setting(self, configuration: Configuration) -> Setting:
        usage = self.usage
        return setting_of(configuration, usage.needs, usage.limit, usage.data, self.catalogue)

    def _rows(self, configuration: Configuration, demand: FloatArray) -> FloatArray:
        before = self.usage.configuration.instance  # another type begins with a restart
        return advance_apart(configuration, before, self._setting(configuration), demand, self.catalogue)

    def _first(self, configuration: Configuration, count: int) -> FloatArray:
        """The metrics of the first so many futures; each is played once."""
        known = self._played.get(configuration)
        have = 0 if known is None else len(known)
        if have < count:
            fresh = self._rows(configuration, self.demand[have:count])
            known = fresh if known is None else np.concatenate([known, fresh])
            self._played[configuration] = known
        return self._played[configuration][:count]

    def _outcome(self, configuration: Configuration, count: int) -> Outcome:
        rows = self._first(configuration, count)
        fixed = self._setting(configuration).fixed_price * self.demand.shape[1] * 24 / STEPS_A_DAY
        return Outcome(rows[:, COST].copy(), rows[:, MISSES].copy(), rows[:, COST] - fixed)

    def utilisation(self, configuration: Configuration) -> Utilisation:
        """Return how a configuration would be used, hour by hour; None for what was not measured."""
        setting = self._setting(configuration)
        values = np.concatenate(
            [
                advance_in_pieces(configuration, setting, path.reshape(-1, PIECE), self.catalogue)
                for path in self.demand[:SHOWN_FUTURES]
            ]
        )
        middle, high = (
            {r: _at(values[:, COLUMN[r]], q) if r in self.usage.seen else None for r in RESOURCES} for q in (0.5, 0.95)
        )
        return Utilisation(middle, high, float(values[:, COLUMN["running"]].mean()))
