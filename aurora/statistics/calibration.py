"""Compares stated probabilities with what happened: reliability, Brier score, calibration error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.statistics.intervals import wilson


class Bin(NamedTuple):
    """Statements of similar confidence.

    Attributes:
        low: Lower bound of the stated probability.
        high: Upper bound.
        stated: Mean stated probability.
        happened: Share that happened.
        happened_low: Lower bound of its 95 % interval (Wilson).
        happened_high: Upper bound.
        statements: Number of statements.
    """

    low: float
    high: float
    stated: float
    happened: float
    happened_low: float
    happened_high: float
    statements: int


class Calibration(NamedTuple):
    """Calibration of stated probabilities.

    Attributes:
        bins: Statements by stated probability; empty bins are left out.
        brier: Mean squared difference of the stated probability and the outcome, 0 or 1 (Brier 1950).
        error: Mean distance of stated and happened over bins, weighted by their statements (Naeini et al. 2015).
    """

    bins: tuple[Bin, ...]
    brier: float
    error: float


def calibration(stated: NDArray[np.float64], happened: NDArray[np.bool_], bins: int = 10) -> Calibration:
    """Compare stated probabilities with outcomes.

    Args:
        stated: Stated probabilities, 0 to 1, float64 [n].
        happened: True where it happened, bool [n].
        bins: Number of bins of equal width.

    Raises:
        InputError: There is no statement, the lengths differ, or a probability lies outside 0 to 1.
    """
    if len(stated) == 0 or len(stated) != len(happened) or stated.min() < 0 or stated.max() > 1:
        raise InputError("calibration needs as many probabilities between 0 and 1 as outcomes, at least one")
    place = np.minimum((stated * bins).astype(np.int64), bins - 1)
    rows = []
    for k in np.unique(place):
        chosen = place == k
        hits, count = int(happened[chosen].sum()), int(chosen.sum())
        low, high = wilson(hits, count)
        rows.append(Bin(k / bins, (k + 1) / bins, float(stated[chosen].mean()), hits / count, low, high, count))
    error = sum(abs(r.stated - r.happened) * r.statements for r in rows) / len(stated)
    return Calibration(tuple(rows), float(((stated - happened) ** 2).mean()), float(error))
