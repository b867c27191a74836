"""What would become of an account's demand under another configuration: many next months, each played through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts import COLUMN, Catalogue, Configuration
from aurora.learning.accounts.simulator import Setting, advance, new_machines, setting_of
from aurora.learning.accounts.workload import DAY
from aurora.learning.usage import SATURDAY, STEPS_A_DAY, Floats, Usage

MONTH = 30
"""Days."""
FUTURES = 40
SHOWN_FUTURES = 8
"""Of the futures that are played in short pieces, for the distribution of utilisation."""
PIECE = 12
"""Steps: an hour, over which a utilisation is a mean."""
LEVEL_NOISE = 0.03
"""Standard deviation of the logarithm of what a month's level may differ by, beyond growth."""
RESOURCES = ("cpu", "memory", "io", "bandwidth")
COST, MISSES = COLUMN["cost"], COLUMN["misses"]


def next_months(usage: Usage, *, futures: int = FUTURES, seed: int = 0) -> Floats:
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
    growth, error = usage.growth
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

    cost: Floats
    misses: Floats
    machines: Floats

    def exceeds(self, tolerance: float) -> float:
        """Probability that more than `tolerance` of a month's requests are late.

        With k of n futures it is (k + 1/2) / (n + 1), so that no finite number of futures proves a thing impossible.
        """
        return (float((self.misses > tolerance).sum()) + 0.5) / (len(self.misses) + 1)


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Projected utilisation over hours, by resource (cpu, memory, io, bandwidth), as shares.

    Attributes:
        p50: In half of all hours it is at most this.
        p95: In 95 of 100 hours.
        instances: Mean number that runs.
    """

    p50: dict[str, float]
    p95: dict[str, float]
    instances: float


class Projector:
    """An account's futures, and what was found out about configurations so far.

    Args:
        usage: Of the account.
        catalogue: What can be rented.
        demand: float64 [futures, steps], of `next_months`.
    """

    def __init__(self, usage: Usage, catalogue: Catalogue, demand: Floats) -> None:
        self.usage = usage
        self.catalogue = catalogue
        self.demand = demand
        self._known: dict[Configuration, Outcome] = {}

    def scaled(self, factor: float) -> Projector:
        """The same futures with more or less demand."""
        return Projector(self.usage, self.catalogue, self.demand * factor)

    def outcome(self, configuration: Configuration) -> Outcome:
        """Play all futures under a configuration that does not change."""
        if configuration not in self._known:
            self._known[configuration] = self._played(configuration, self.demand)
        return self._known[configuration]

    def peek(self, configuration: Configuration) -> Outcome:
        """The first ten days of one future, which is enough to see that a configuration is hopeless."""
        return self._known.get(configuration) or self._played(configuration, self.demand[:1, : 10 * STEPS_A_DAY])

    def glimpse(self, configuration: Configuration) -> Outcome:
        """Two futures, which tell roughly what a configuration costs and how it does."""
        return self._known.get(configuration) or self._played(configuration, self.demand[:2])

    def _setting(self, configuration: Configuration) -> Setting:
        usage = self.usage
        return setting_of(configuration, usage.needs, usage.limit, usage.data, self.catalogue)

    def _played(self, configuration: Configuration, demand: Floats) -> Outcome:
        setting = self._setting(configuration)
        rows = np.empty((len(demand), len(COLUMN)))
        for k, path in enumerate(demand):
            machines = new_machines(configuration, float(path[0]), self.catalogue)
            machines.instance = self.usage.configuration.instance  # another type begins with a restart
            rows[k] = advance(machines, configuration.instance, setting, path)
        hours = demand.shape[1] * 24 / STEPS_A_DAY
        fixed = setting.fixed_price * hours
        return Outcome(rows[:, COST].copy(), rows[:, MISSES].copy(), rows[:, COST] - fixed)

    def utilisation(self, configuration: Configuration) -> Utilisation:
        """How a configuration would be used, hour by hour."""
        setting = self._setting(configuration)
        rows = []
        for path in self.demand[:SHOWN_FUTURES]:
            machines = new_machines(configuration, float(path[0]), self.catalogue)
            rows += [advance(machines, configuration.instance, setting, piece) for piece in path.reshape(-1, PIECE)]
        values: NDArray[np.float64] = np.array(rows)
        middle, high = np.quantile(values, (0.5, 0.95), axis=0)
        return Utilisation(
            {r: float(middle[COLUMN[r]]) for r in RESOURCES},
            {r: float(high[COLUMN[r]]) for r in RESOURCES},
            float(values[:, COLUMN["running"]].mean()),
        )
