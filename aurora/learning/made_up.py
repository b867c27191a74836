"""Made-up measurements to try the commands with: load of services, and daily figures of accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import numpy as np

from aurora.learning.experiments.measurements import Row
from aurora.learning.series.series import Panel, Series

START = 1_780_272_000
"""Monday, 1 June 2026: where made-up series begin, and the month of the made-up accounts."""
FIRST_DAY = date(2026, 6, 1)
STEP, DAY = 300, 86_400
SERVICES = ("web", "api", "search", "batch", "cache", "mail", "reports", "video")
"""Names of the first series; more are numbered."""
MISSING_VALUES = 6
"""Values that one series lacks, so that there is a gap to repair."""


def made_up_series(count: int, days: int, seed: int) -> Panel:
    """Return CPU in use by services, in cores: a daily and a weekly course, noise, and now and then a burst.

    The second series lacks half an hour, whose values are marked as not observed.

    Args:
        count: Number of series.
        days: Days of five-minute values, from 1 June 2026 on.
        seed: Random seed.
    """
    rng = np.random.default_rng(seed)
    return Panel(tuple(_service(k, days, rng) for k in range(count)))


def _service(k: int, days: int, rng: np.random.Generator) -> Series:
    n = days * DAY // STEP
    hours = np.arange(n) * STEP / 3600
    level, swing = rng.uniform(2, 8), rng.uniform(0.2, 0.5)
    course = 1 + swing * np.sin(2 * np.pi * (hours - rng.uniform(8, 11)) / 24)
    week = np.where((hours // 24) % 7 >= 5, rng.uniform(0.6, 0.9), 1.0)  # noqa: PLR2004  # Saturday
    noise = np.zeros(n)
    shocks = rng.normal(0, 0.04, n)
    for t in range(1, n):
        noise[t] = 0.8 * noise[t - 1] + shocks[t]
    bursts = np.zeros(n)
    for begin in rng.choice(n, size=max(1, days // 2), replace=False):
        bursts[begin : begin + rng.integers(2, 12)] = rng.uniform(0.2, 0.6)
    y = np.asarray(np.round(np.maximum(level * (course * week + noise + bursts), 0.05), 3), np.float64)
    observed = np.ones(n, dtype=bool)
    if k == 1:
        observed[n // 2 : n // 2 + MISSING_VALUES] = False
    name = SERVICES[k] if k < len(SERVICES) else f"service-{k + 1}"
    return Series(name, START, STEP, y, observed, labels={"metric": "cpu", "unit": "cores"})


def made_up_rows(
    count: int, first: date, days: int, seed: int, effect: Mapping[str, float] | None = None
) -> Iterator[Row]:
    """Yield cost (dollars) and latency (milliseconds) of accounts by day; accounts of one seed keep their levels.

    Args:
        count: Number of accounts.
        first: First day.
        days: Number of days.
        seed: Random seed.
        effect: Account -> share by which the change lowers its cost; if given, rows say who received the change (an
            effect of 0 is none).
    """
    levels = np.random.default_rng(seed)
    cost, latency = levels.lognormal(4.0, 0.5, count), levels.uniform(20, 60, count)
    for d in range(days):
        day = first + timedelta(days=d)
        rng = np.random.default_rng([seed, day.toordinal()])  # a day is the same whichever file it stands in
        costs = cost * np.where(day.weekday() >= 5, 0.8, 1.0) * rng.lognormal(0, 0.08, count)  # noqa: PLR2004
        latencies = latency * rng.lognormal(0, 0.05, count)
        for k in range(count):
            account = f"account-{k + 1:03d}"
            less = 0.0 if effect is None else effect.get(account, 0.0)
            values = {"cost": round(float(costs[k] * (1 - less)), 2), "latency": round(float(latencies[k]), 2)}
            yield Row(account, day, values, None if effect is None else less != 0)
