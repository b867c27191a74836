"""Checks the promises of tiers at past moments, each with what was known at its time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.learning.futures.demand_forecast import PastTotals
from aurora.learning.futures.tiers import CONFIDENCES, cores_at, recalibration
from aurora.statistics.intervals import wilson

MIN_BEFORE = 20
"""Fewest forecasts before a moment that recalibrate its tiers; they check promises of up to 95 %."""


class PastTiers(NamedTuple):
    """Tiers as they were at a past moment, and the demand that followed.

    Attributes:
        start: Unix time of the first step.
        steps: Number of steps.
        peak: Highest demand that followed, cores.
        cores: Capacity of each tier for all steps, cores.
    """

    start: int
    steps: int
    peak: float
    cores: tuple[float, ...]


class KeptPromise(NamedTuple):
    """Share of past moments at which demand stayed within a tier.

    Attributes:
        confidence: Promised share.
        moments: Number of moments.
        inside: Number of those at which demand stayed within the tier at all steps.
        low: Lower end of the 95 % interval of the share (Wilson 1927); moments count as independent.
        high: Upper end of that interval.
    """

    confidence: float
    moments: int
    inside: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Share of the moments, 0 to 1."""
        return self.inside / self.moments


def past_tiers(past: PastTotals, step: int, confidences: Sequence[float] = CONFIDENCES) -> tuple[PastTiers, ...]:
    """Return the tiers at each past moment, recalibrated on forecasts whose horizon had ended by then.

    Moments with fewer than `MIN_BEFORE` such forecasts are left out. The correlation of errors between series and
    steps is that of all moments.

    Args:
        past: Forecasts at past moments; see `DemandForecast.past`.
        step: Length of a step, seconds.
        confidences: Confidences of the tiers.
    """
    steps = past.realised.shape[1]
    ends = np.array(past.starts) + steps * step
    highest = past.realised.max(axis=1)
    moments = []
    for k, start in enumerate(past.starts):
        known = int(np.searchsorted(ends, start, side="right"))
        if known < MIN_BEFORE:
            continue
        scores = recalibration(past.peaks[:known], highest[:known, None], alike=True)
        cores = tuple(max(0.0, float(cores_at(past.peaks[k], c, scores)[0])) for c in confidences)
        moments.append(PastTiers(start, steps, float(highest[k]), cores))
    return tuple(moments)


def kept_promises(moments: Sequence[PastTiers], confidences: Sequence[float] = CONFIDENCES) -> tuple[KeptPromise, ...]:
    """Return how often demand stayed within each tier; empty without a moment.

    Args:
        moments: Tiers at past moments.
        confidences: Confidences of the tiers, as the moments have them.
    """
    if not moments:
        return ()
    kept = []
    for k, confidence in enumerate(confidences):
        inside = sum(m.peak <= m.cores[k] for m in moments)
        kept.append(KeptPromise(confidence, len(moments), inside, *wilson(inside, len(moments))))
    return tuple(kept)
