"""Demand of an account's users: a stochastic model, or the shape of a measured series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from aurora.learning.series.series import Series

STEP = 300
"""Length of a step, seconds; demand is constant within it."""
DAY = 86_400
WEEK = 7 * DAY
CORRELATION = 0.97
"""Correlation of the noise of one step with that of the next: it decays within some three hours."""
Difficulty = Literal["easy", "usual", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "usual", "hard")


@dataclass(frozen=True, slots=True)
class Workload:
    """Truth about an account's demand, which only the simulator knows.

    Attributes:
        level: Mean demand, busy cores of the general family.
        daily: Amplitude of the daily rhythm, relative to the level.
        peak_hour: Hour of the day of most demand.
        weekend: Factor on Saturdays and Sundays.
        trend: Growth a week, relative.
        noise: Standard deviation of the logarithm.
        bursts: Mean number of bursts a week.
        burst_factor: Demand in a burst, relative to without.
        burst_hours: Mean length of a burst.
        service: Seconds of one core that a request takes.
        memory_base: GiB that the application takes, whatever the demand.
        memory_per_core: GiB for each busy core.
        io_per_core: Storage operations a second for each busy core.
        network_per_core: Gbit/s for each busy core.
        shape: Measured demand over its mean, every `STEP` seconds, in place of the model's rhythm; empty: the model.
        offset: First position of the shape that is used.
    """

    level: float
    daily: float
    peak_hour: float
    weekend: float
    trend: float
    noise: float
    bursts: float
    burst_factor: float
    burst_hours: float
    service: float
    memory_base: float
    memory_per_core: float
    io_per_core: float
    network_per_core: float
    shape: tuple[float, ...] = ()
    offset: int = 0


_RANGES: dict[Difficulty, dict[str, tuple[float, float]]] = {
    "easy": {
        "daily": (0.0, 0.1),
        "weekend": (0.95, 1.0),
        "trend": (-0.01, 0.01),
        "noise": (0.02, 0.05),
        "bursts": (0.0, 0.2),
        "memory_per_core": (0.5, 1.5),
        "io_per_core": (5, 40),
        "network_per_core": (0.005, 0.03),
    },
    "usual": {
        "daily": (0.15, 0.5),
        "weekend": (0.6, 1.0),
        "trend": (-0.03, 0.06),
        "noise": (0.05, 0.15),
        "bursts": (0.0, 2.0),
        "memory_per_core": (1.0, 4.0),
        "io_per_core": (20, 200),
        "network_per_core": (0.02, 0.2),
    },
    "hard": {
        "daily": (0.4, 0.8),
        "weekend": (0.3, 0.8),
        "trend": (-0.05, 0.12),
        "noise": (0.1, 0.25),
        "bursts": (1.0, 5.0),
        "memory_per_core": (2.0, 7.0),
        "io_per_core": (50, 500),
        "network_per_core": (0.05, 0.5),
    },
}
"""Our assumptions: how hard a workload is to serve cheaply. Uniform within the ranges."""


def draw_workload(rng: np.random.Generator, difficulty: Difficulty, shape: Series | None = None) -> Workload:
    """Draw a workload.

    Args:
        rng: Random generator.
        difficulty: Difficulty: how much demand varies, and how much memory, storage and network it takes.
        shape: A measured series that its demand follows instead of the model's rhythm; at least one value above 0.
    """
    drawn = {name: float(rng.uniform(*bounds)) for name, bounds in _RANGES[difficulty].items()}
    service = float(np.exp(rng.uniform(np.log(0.02), np.log(0.5))))
    level = float(np.exp(rng.uniform(np.log(3.0), np.log(40.0))))
    relative: tuple[float, ...] = ()
    if shape is not None:
        raw = np.maximum(shape.y, 0.0)
        at = np.arange(0, len(raw) * shape.step, STEP) / shape.step
        fine = np.interp(at, np.arange(len(raw)), raw)
        relative = tuple((fine / fine.mean()).tolist())
        drawn |= {"noise": 0.0, "bursts": 0.0}  # it has its own
    return Workload(
        level=level,
        peak_hour=float(rng.uniform(9, 20)),
        burst_factor=float(rng.uniform(1.4, 2.5)),
        burst_hours=float(rng.uniform(1, 6)),
        service=service,
        memory_base=float(rng.uniform(1, 8)),
        shape=relative,
        offset=int(rng.integers(0, max(1, len(relative)))),
        **drawn,
    )


def demand(workload: Workload, start: int, steps: int, seed: Sequence[int], *, origin: int = 0) -> NDArray[np.float64]:
    """Sample demand step by step; it depends on these arguments only, not on what serves it.

    Args:
        workload: Workload to sample from.
        start: Unix time of the first step.
        steps: Number of steps.
        seed: Random seed of noise and bursts.
        origin: Unix time from which the trend counts, and the shape.

    Returns:
        Busy cores of the general family, float64 [steps], above 0.
    """
    rng = np.random.default_rng(list(seed))
    time = start + STEP * np.arange(steps)
    weeks = (time - origin) / WEEK
    y = workload.level * np.maximum(0.1, 1 + workload.trend * weeks)
    if workload.shape:
        position = (workload.offset + (time - origin) // STEP) % len(workload.shape)
        y *= np.maximum(0.02, np.asarray(workload.shape)[position])
    else:
        hour = time % DAY / 3600
        y *= 1 + workload.daily * np.cos(2 * np.pi * (hour - workload.peak_hour) / 24)
        weekday = (time // DAY + 3) % 7  # 1 January 1970 was a Thursday, weekday 3
        y *= np.where(weekday >= 5, workload.weekend, 1.0)  # noqa: PLR2004  # Saturday
    shocks = rng.normal(0.0, workload.noise * np.sqrt(1 - CORRELATION**2), steps)
    # An autoregression of order 1: log[k] = CORRELATION * log[k - 1] + shocks[k].
    log, _ = lfilter([1.0], [1.0, -CORRELATION], shocks, zi=[CORRELATION * rng.normal(0.0, workload.noise)])
    y *= np.exp(log - workload.noise**2 / 2)
    count = rng.poisson(workload.bursts * steps * STEP / WEEK)
    for first in rng.integers(0, steps, count):
        length = int(rng.exponential(workload.burst_hours) * 3600 / STEP) + 1
        y[first : first + length] *= workload.burst_factor
    return np.asarray(y)
