"""Projection of an account under other configurations: many sampled next months, each simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aurora.learning.accounts import COLUMN, Catalogue, Configuration
from aurora.learning.accounts.simulator import Setting, advance_apart, advance_in_pieces, setting_of
from aurora.learning.accounts.workload import DAY
from aurora.learning.rightsizing.usage import RESOURCES, SATURDAY, STEPS_A_DAY, Usage
from aurora.types import FloatArray

DAYS_A_MONTH = 30
"""Days that are simulated."""
FUTURES = 40
FUTURES_IN_PIECES = 8
"""Futures that are simulated in short pieces, for the distribution of utilisation."""
PIECE_STEPS = 12
"""Steps of a piece: an hour, over which utilisation is averaged."""
LEVEL_NOISE = 0.03
"""Standard deviation of the logarithm of a month's level, beyond growth."""
FUTURES_AT_A_TIME = 8
"""Futures that are simulated before it is checked whether a configuration can still be safe."""
COST, MISSES = COLUMN["cost"], COLUMN["misses"]


def next_months(usage: Usage, *, futures: int = FUTURES, seed: int = 0) -> FloatArray:
    """Sample the demand of next months: measured days, weekdays for weekdays, with uncertain growth.

    A forecaster of the next hours knows nothing of the next weeks, where the demand of a day is any of those that were
    seen; so this is the empirical distribution of days (a block bootstrap; Kuensch 1989), moved by growth.

    Args:
        usage: Usage of at least a day.
        futures: Number of futures.
        seed: Random seed.

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
    to_come = (first + count + np.arange(DAYS_A_MONTH) + 3) % 7 >= SATURDAY
    drawn = np.empty((futures, DAYS_A_MONTH), dtype=np.intp)
    for kind in (False, True):
        pool = np.flatnonzero(seen_weekend == kind)
        pool = pool if len(pool) else np.arange(count)
        places = np.flatnonzero(to_come == kind)
        drawn[:, places] = rng.choice(pool, (futures, len(places)))
    rates = rng.normal(growth, error, futures)
    level = rng.lognormal(0.0, LEVEL_NOISE, futures)
    factor = level[:, None] * np.maximum(0.1, 1 + rates[:, None] * (np.arange(DAYS_A_MONTH) + 1) / 7)
    factor *= np.exp(rng.normal(size=(futures, 1)) * usage.doubt[drawn])
    return (now[drawn] * factor[:, :, None]).reshape(futures, -1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of the futures under one configuration.

    Attributes:
        cost: float64 [futures], dollars a month.
        misses: float64 [futures], share of requests that came later than the limit.
        machines: float64 [futures], dollars of `cost` that are for instances.
    """

    cost: FloatArray
    misses: FloatArray
    machines: FloatArray

    def exceeds(self, tolerance: float) -> float:
        """Return the probability that more than `tolerance` of a month's requests are late.

        With k of n futures it is (k + 1/2) / (n + 1), so that no finite number of futures proves a thing impossible.
        """
        return _probability(int((self.misses > tolerance).sum()), len(self.misses))


def _probability(late: int, futures: int) -> float:
    """Return the probability of what happened in `late` of the futures."""
    return (late + 0.5) / (futures + 1)


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Utilisation by resource (cpu, memory, io, bandwidth), as shares; None for what was not measured.

    Attributes:
        p50: Median over the hours.
        p95: 95th percentile over the hours.
        instances: Mean number of running instances.
    """

    p50: dict[str, float | None]
    p95: dict[str, float | None]
    instances: float


def measured_utilisation(usage: Usage) -> Utilisation:
    """Return the measured utilisation, value by value, as a monitoring system shows it."""
    middle, high = ({r: None if r not in usage.seen else _at(usage.seen[r], q) for r in RESOURCES} for q in (0.5, 0.95))
    running = float(usage.running.mean()) if len(usage.running) else float(usage.configuration.minimum)
    return Utilisation(middle, high, running)


def _at(values: FloatArray, quantile: float) -> float:
    return float(np.quantile(values, quantile))


class Projector:
    """An account's futures, with the outcomes of the configurations that were simulated so far.

    Args:
        usage: Usage of the account.
        catalogue: Catalogue of prices.
        demand: Demand of each future by `next_months`, float64 [futures, steps].
    """

    def __init__(self, usage: Usage, catalogue: Catalogue, demand: FloatArray) -> None:
        self.usage = usage
        self.catalogue = catalogue
        self.demand = demand
        self._played: dict[Configuration, FloatArray] = {}
        self._peeked: dict[Configuration, float] = {}

    def scaled(self, factor: float) -> Projector:
        """Return a projector of the same futures with more or less demand."""
        return Projector(self.usage, self.catalogue, self.demand * factor)

    def outcome(self, configuration: Configuration) -> Outcome:
        """Simulate all futures under a configuration that does not change."""
        return self._outcome(configuration, len(self.demand))

    def glimpse(self, configuration: Configuration) -> Outcome:
        """Simulate two futures, for a rough estimate of cost and late requests."""
        return self._outcome(configuration, 2)

    def peek(self, configuration: Configuration) -> float:
        """Return the share of late requests in the first ten days of one future, which shows what is hopeless."""
        if configuration not in self._peeked:
            start = self.demand[:1, : 10 * STEPS_A_DAY]
            self._peeked[configuration] = float(self._rows(configuration, start)[0, MISSES])
        return self._peeked[configuration]

    def least_cost(self, configuration: Configuration) -> float:
        """Return the least that a configuration can cost, dollars a month."""
        s = self._setting(configuration)
        return float((s.fixed_price + s.minimum * s.price) * self.demand.shape[1] * 24 / STEPS_A_DAY)

    def exceeds_at_most(self, configuration: Configuration, tolerance: float, probability: float) -> bool:
        """Return whether `outcome(...).exceeds(tolerance)` is at most `probability`; stops as soon as that is clear."""
        futures = len(self.demand)
        for count in range(FUTURES_AT_A_TIME, futures + FUTURES_AT_A_TIME, FUTURES_AT_A_TIME):
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
        """Return the metrics of the first `count` futures; each is simulated once."""
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
        """Return the projected utilisation of a configuration by hour; None for what was not measured."""
        setting = self._setting(configuration)
        values = np.concatenate(
            [
                advance_in_pieces(configuration, setting, path.reshape(-1, PIECE_STEPS), self.catalogue)
                for path in self.demand[:FUTURES_IN_PIECES]
            ]
        )
        middle, high = (
            {r: _at(values[:, COLUMN[r]], q) if r in self.usage.seen else None for r in RESOURCES} for q in (0.5, 0.95)
        )
        return Utilisation(middle, high, float(values[:, COLUMN["running"]].mean()))
