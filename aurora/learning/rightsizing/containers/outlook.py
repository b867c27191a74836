"""Predictive distributions of demand: the probability that a container's demand exceeds each of some sizes.

CPU: the demand at a moment to come is one of the past, older ones with less weight, times a drift of the level. Memory:
the highest use to come is that of the past and a surprise, in units of the container's own spread. Drifts and surprises
are measured on back-tests, over all containers together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.learning.rightsizing.containers.use import Demand
from aurora.types import FloatArray

BANDS = 64
"""Number of quantiles that stand for the past."""
_TAILS = np.concatenate([[1.0], np.geomspace(0.97, 2e-4, BANDS - 1), [0.0]])
_MASSES = -np.diff(_TAILS)
_LEVELS = 1 - (_TAILS[:-1] + _TAILS[1:]) / 2

BEYOND = np.array([1.02, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0])
"""Multiples of the largest value that are sizes to choose from."""
_DRIFT_ENDS = np.array([0, 0.01, 0.04, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.96, 0.99, 1])
_DRIFT_MASSES = np.diff(_DRIFT_ENDS)
DRIFTS = len(_DRIFT_MASSES)
"""Number of drifts that stand for all; those at the ends stand for few."""
DRIFT_FLOOR = 0.01
"""Share of a container's largest value that is added to both means of a drift, so that idle ones have none."""
BLOCKS = 4
"""Number of parts of a horizon whose means show how unstable a container's level is."""
TYPICAL_INSTABILITY = 0.2
"""Deviation of the logarithms of these means that is one unit of drift."""
PRIOR_GROWTH = 0.05
"""Mean logarithm by which a peak grows where nothing was measured: one in ten grows by 12 % or more."""
PRIOR_DRIFT = 0.2
"""Largest drift, up or down, that is assumed where nothing was measured."""
PRIOR_TESTS = 10
"""Number of assumed back-tests that are mixed with the measured ones."""
CHUNK = 500
"""Number of containers computed together, which bounds memory."""


class CpuSettings(NamedTuple):
    """Choices in the distribution of CPU.

    Attributes:
        half_life: Age, in horizons, at which a past value has half the weight; infinite for equal weights.
        drift: Share of the measured drift that is applied, above 0 to 1.
        own: Weight of the container's own instability in the unit of its drift, 0 to 1; the rest is alike for all.
    """

    half_life: float
    drift: float
    own: float


class MemorySettings(NamedTuple):
    """Choices in the distribution of memory peaks.

    Attributes:
        recent: Weight of the peak of the latest horizon in the base; the rest is that of the peak of the whole past.
        spread: Weight of the distance from median to peak in the unit of surprises; the peak itself counts a tenth.
    """

    recent: float
    spread: float


CPU_SETTINGS = tuple(CpuSettings(h, d, o) for h in (np.inf, 1.0) for d in (0.1, 0.25, 0.5, 1.0) for o in (0.0, 0.8))
MEMORY_SETTINGS = tuple(MemorySettings(r, s) for r in (0.0, 0.5) for s in (0.0, 0.3, 1.0))


class Outlook(NamedTuple):
    """Sizes to choose from, and the probabilities that demand exceeds them.

    Attributes:
        sizes: float64 [containers, sizes], ascending, cores or GiB.
        above: float64 [containers, sizes], not rising.
    """

    sizes: FloatArray
    above: FloatArray

    def chance(self, sizes: FloatArray) -> FloatArray:
        """Return the probability that demand exceeds a size of each container, float64 [containers]; NaN of NaN."""
        chances = np.full(len(sizes), np.nan)
        for k, size in enumerate(sizes):
            if np.isfinite(size):
                place = int(np.searchsorted(self.sizes[k], size * (1 + 1e-9), side="right")) - 1
                chances[k] = self.above[k, place] if place >= 0 else 1.0
        return chances


def drift_unit(past: Demand, horizon: float, own: float) -> float:
    """Return the unit of a container's drift, to which its own instability contributes.

    Args:
        past: Measured CPU.
        horizon: Seconds to look ahead.
        own: Weight of the instability: the deviation of the logarithms of the means over `BLOCKS` parts of a horizon.
    """
    if not own:
        return 1.0
    times, values = past.times, past.values
    blocks = ((past.end - times) // (horizon / BLOCKS)).astype(np.int64)
    counts = np.bincount(blocks)
    means = np.bincount(blocks, values)[counts > 0] / counts[counts > 0]
    floor = DRIFT_FLOOR * float(values.max()) + 1e-9
    return (1 - own) + own * float(np.log(means + floor).std()) / TYPICAL_INSTABILITY


def drift_of(past: Demand, after: FloatArray, horizon: float, settings: CpuSettings) -> float:
    """Return the logarithm of the ratio of later to earlier mean CPU, in the container's unit."""
    half_life = settings.half_life
    values, times = past.values, past.times
    mean = np.average(values, weights=_weights(past.end - times, half_life * horizon))
    floor = DRIFT_FLOOR * float(values.max()) + 1e-9
    return float(np.log((after.mean() + floor) / (mean + floor))) / drift_unit(past, horizon, settings.own)


def drifts_with_prior(drifts: Sequence[float]) -> FloatArray:
    """Return `DRIFTS` quantiles of drifts and of assumed ones, which count little beside many back-tests."""
    assumed = PRIOR_DRIFT * np.linspace(-1, 1, PRIOR_TESTS)
    every = np.concatenate([np.asarray(drifts, np.float64), assumed])
    return np.asarray(np.quantile(every, (_DRIFT_ENDS[:-1] + _DRIFT_ENDS[1:]) / 2))


def cpu_outlook(
    demands: Sequence[Demand], horizons: Sequence[float], settings: CpuSettings, drifts: FloatArray
) -> Outlook:
    """Return the distribution of each container's CPU at a moment of the horizon.

    Args:
        demands: Measured CPU.
        horizons: Seconds to look ahead, for each container.
        settings: Half-life and share of the drift.
        drifts: Logarithms of ratios, float64 [DRIFTS]; see `drifts_with_prior`.
    """
    if not demands:
        return Outlook(np.zeros((0, BANDS)), np.zeros((0, BANDS)))
    bands = np.stack([_bands(d, settings.half_life * h) for d, h in zip(demands, horizons, strict=True)])
    largest = np.array([max(float(p.values.max()) for p in d.pods) for d in demands])[:, None]
    sizes = np.sort(np.concatenate([bands, largest, largest * BEYOND], axis=1), axis=1)
    units = np.array([drift_unit(d, h, settings.own) for d, h in zip(demands, horizons, strict=True)])[:, None]
    factors = np.exp(np.clip(settings.drift * drifts * units, -3, 3))
    parts = [
        _above(bands[k : k + CHUNK], sizes[k : k + CHUNK], largest[k : k + CHUNK], factors[k : k + CHUNK])
        for k in range(0, len(bands), CHUNK)
    ]
    return Outlook(sizes, np.concatenate(parts))


def _weights(ages: FloatArray, half_life: float) -> FloatArray:
    return np.asarray(np.exp2(-ages / half_life)) if np.isfinite(half_life) else np.ones(len(ages))


def _bands(demand: Demand, half_life: float) -> FloatArray:
    """Return weighted quantiles of the past, finer towards the top."""
    values = demand.values
    order = np.argsort(values, kind="stable")
    weights = np.cumsum(_weights(demand.end - demand.times, half_life)[order])
    places = np.searchsorted(weights, _LEVELS * weights[-1])
    return np.asarray(values[order][np.minimum(places, len(values) - 1)])


def _above(bands: FloatArray, sizes: FloatArray, largest: FloatArray, factors: FloatArray) -> FloatArray:
    """Return P(band * factor > size), with one search over all rows: each row is moved to a range of its own."""
    scale = np.maximum(largest, 1e-12)
    rows = 10.0 * np.arange(len(bands))[:, None]
    flat = (bands / scale + rows).ravel()
    tails = np.append(_TAILS[:-1], 0.0)
    total = np.zeros(sizes.shape)
    for factor, mass in zip(factors.T, _DRIFT_MASSES, strict=True):
        wanted = np.minimum(sizes / scale / factor[:, None], 5.0) + 1e-9 + rows
        below = np.searchsorted(flat, wanted.ravel(), side="right").reshape(sizes.shape)
        total += mass * tails[np.clip(below - BANDS * np.arange(len(bands))[:, None], 0, BANDS)]
    return total


def base_and_unit(demand: Demand, horizon: float, settings: MemorySettings) -> tuple[float, float]:
    """Return the base of a memory peak and the unit of its surprises, GiB."""
    values = demand.values
    peak, median = float(values.max()), float(np.median(values))
    latest = demand.within(demand.end - horizon, np.inf)
    recent = max(float(p.values.max()) for p in latest) if latest else peak
    base = (1 - settings.recent) * peak + settings.recent * recent
    return base, 0.1 * peak + settings.spread * (peak - median) + 1e-9


def memory_outlook(
    demands: Sequence[Demand], horizons: Sequence[float], settings: MemorySettings, surprises: FloatArray
) -> Outlook:
    """Return the distribution of each container's highest memory use in the horizon.

    Args:
        demands: Measured memory.
        horizons: Seconds to look ahead, for each container.
        settings: Base and unit.
        surprises: Later peaks less the base, in units, of back-tests; ascending, float64 [n].
    """
    assumed = 10 * np.expm1(-PRIOR_GROWTH * np.log(1 - (np.arange(PRIOR_TESTS) + 0.5) / PRIOR_TESTS))
    every = np.sort(np.concatenate([surprises, assumed]))
    scale = max(float((every[every > np.quantile(every, 0.9)] - np.quantile(every, 0.9)).mean()), 1e-3)
    levels = np.quantile(every, np.linspace(0, 1, 4 * BANDS + 1))
    steps = np.concatenate([levels, levels[-1] + scale * np.array([0.5, 1, 2, 3, 4, 6, 8])])
    left = (len(every) - np.searchsorted(every, steps, side="right") + 1) / (len(every) + 1)
    beyond = np.exp(-np.maximum(steps - every[-1], 0) / scale)
    above = np.minimum(left, 1.0) * beyond
    parts = np.array([base_and_unit(d, h, settings) for d, h in zip(demands, horizons, strict=True)]).reshape(-1, 2)
    base, unit = parts[:, :1], parts[:, 1:]
    sizes = np.maximum(base + unit * steps, 0.0)
    return Outlook(sizes, np.broadcast_to(above, sizes.shape))
