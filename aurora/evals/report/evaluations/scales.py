"""Scales of axes: ranges, ticks at round numbers, and places in per cent of the width."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from aurora.evals.report.evaluations.document import Whiskers

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
"""Distances of ticks, times a power of ten."""
MARGIN = 0.04
"""Free part of an axis at each end."""


class Scale(NamedTuple):
    """An axis from `low` to `high`; logarithmic if `is_log`, which needs positive values."""

    low: float
    high: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """Return the place of a value, 0 to 100; values beyond the ends are at the ends."""
        low, high, at = (math.log10(v) if self.is_log else v for v in (self.low, self.high, self._within(value)))
        return 100 * (at - low) / (high - low)

    def _within(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def ticks(self, most: int = 6) -> list[float]:
        """Return at most about `most` round numbers on the axis."""
        if self.is_log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            every = max(1, math.ceil((last - first + 1) / most))
            powers = [10.0**k for k in range(first, last + 1, every)]
            if len(powers) > 1:
                return powers
            return [self.low, self.high]
        rough = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = power * next(s for s in STEPS if s * power >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        return [(first + k) * step for k in range(math.floor(self.high / step + 1e-9) - first + 1)]


def scale_of(
    values: Iterable[float | None],
    *,
    limits: tuple[float | None, float | None] = (None, None),
    is_log: bool = False,
    margin: float = MARGIN,
) -> Scale:
    """Return the scale that holds values, with a margin.

    Args:
        values: Values; None and those that are not finite are left out.
        limits: Ends of the axis; None: they follow from the values.
        is_log: True: a logarithmic axis; all values are positive.
        margin: Free part at each end that follows from the values.
    """
    known = [v for v in values if v is not None and math.isfinite(v)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if is_log:
        factor = max(1.3, (high / low) ** margin)
        return Scale(low / factor, high * factor, is_log=True)
    room = (high - low) * margin if high > low else abs(high) * 0.1 or 1.0
    return Scale(
        low - room if limits[0] is None else min(low, limits[0]),
        high + room if limits[1] is None else max(high, limits[1]),
    )


def whisker_scale(drawing: Whiskers) -> Scale:
    """Return the scale of a plot of intervals."""
    return scale_of((v for r in drawing.rows for v in (r.value, r.low, r.high)), limits=drawing.limits)
