"""Samples paths of several series from forecasts of the distribution of each step.

A Gaussian copula (Nelsen 2006, section 2.3) joins the steps and the series: the forecasts give the margins, and the
correlations are estimated from past forecasts. Each realised value has a place in its forecast distribution
(probability integral transform: Dawid 1984), and the correlations are those of the places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aurora.errors import InputError
from aurora.learning.series.series import QUANTILES, Forecast

_QUANTILES = np.array(QUANTILES)
_FIRST, _LAST = QUANTILES[0], 1 - QUANTILES[-1]
_LOG_LOW = np.log(QUANTILES[1] / QUANTILES[0])
_LOG_HIGH = np.log((1 - QUANTILES[-2]) / (1 - QUANTILES[-1]))
MIN_PROBABILITY = 1e-9
"""Least distance of a probability from 0 and 1, so that the tails are finite."""

MAX_LOG_ODDS = 700.0
"""Largest log odds, for the same reason."""

MIN_ORIGINS = 8
"""Fewest back-tests from which correlations are estimated."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """Correlations of forecast errors, as normal scores.

    The correlation of series a at step s with series b at step t is `series[a, b] * steps[s, t]` (separable: Genton
    2007, section 2), so that a few hundred back-tests are enough for any number of series and steps.

    Attributes:
        series: float64 [series, series], positive definite with ones on the diagonal.
        steps: float64 [steps, steps], likewise.
        origins: Number of back-tests behind the estimate; 0 where it is assumed.
    """

    series: NDArray[np.float64]
    steps: NDArray[np.float64]
    origins: int


def quantile_at(quantiles: NDArray[np.float64], probability: ArrayLike) -> NDArray[np.float64]:
    """Return values of distributions at probabilities: linear between `QUANTILES`, exponential beyond the outermost.

    The tail is the exponential one through the last two quantiles: above level p = 0.99 it is
    Q(u) = Q(p) - b ln((1 - u) / (1 - p)), with b such that Q(0.975) fits; below 0.01 likewise.

    Args:
        quantiles: float64 [..., len(QUANTILES)], not falling along the last axis.
        probability: Of shape [...] (broadcast against it), 0 to 1.

    Returns:
        float64 [...].
    """
    u = np.clip(np.asarray(probability, np.float64), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    return value_at(quantiles, np.log(u) - np.log1p(-u))


class Tails(NamedTuple):
    """Scales of the exponential tails below and above the outermost quantiles, in the unit of the values; [...]."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def value_at(quantiles: NDArray[np.float64], odds: ArrayLike, tails: Tails | None = None) -> NDArray[np.float64]:
    """Return values of distributions at log odds ln(u / (1 - u)), which resolve the far tails; see `quantile_at`.

    Args:
        quantiles: float64 [..., len(QUANTILES)].
        odds: Log odds, of shape [...].
        tails: Scales of the tails; None for those through the last two quantiles on either side.
    """
    s = np.clip(np.asarray(odds, np.float64), -MAX_LOG_ODDS, MAX_LOG_ODDS)
    shape = np.broadcast_shapes(s.shape, quantiles.shape[:-1])
    s = np.broadcast_to(s, shape)
    log_below, log_above = -np.logaddexp(0.0, -s), -np.logaddexp(0.0, s)
    u = np.exp(log_below)
    k = np.clip(np.searchsorted(_QUANTILES, u, side="right") - 1, 0, len(QUANTILES) - 2)
    table = np.broadcast_to(quantiles, (*shape, len(QUANTILES)))
    left, right = (np.take_along_axis(table, (k + i)[..., None], -1)[..., 0] for i in (0, 1))
    inside = left + (right - left) * (u - _QUANTILES[k]) / (_QUANTILES[k + 1] - _QUANTILES[k])
    low, high = tails_of(quantiles) if tails is None else tails
    under = quantiles[..., 0] + low * np.minimum(log_below - np.log(_FIRST), 0.0)
    over = quantiles[..., -1] - high * np.minimum(log_above - np.log(_LAST), 0.0)
    return np.asarray(np.where(u < _FIRST, under, np.where(u > 1 - _LAST, over, inside)), np.float64)


def odds_of(
    quantiles: NDArray[np.float64], value: NDArray[np.float64], tails: Tails | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the greatest log odds at which a distribution has a value: the inverse of `value_at`.

    They differ where several quantiles are equal, as with idle machines. `value <= value_at(q, s)` holds exactly
    where the least log odds are at most s.

    Args:
        quantiles: float64 [..., len(QUANTILES)].
        value: float64 [...].
        tails: See `value_at`.

    Returns:
        Two of float64 [...]; infinite where the distribution rules the value out.
    """
    y = value[..., None]
    ends = tails_of(quantiles) if tails is None else tails
    below, not_above = (quantiles < y).sum(axis=-1), (quantiles <= y).sum(axis=-1)
    return _odds(quantiles, value, below, ends), _odds(quantiles, value, not_above, ends)


def _odds(
    quantiles: NDArray[np.float64], value: NDArray[np.float64], passed: NDArray[np.int64], tails: Tails
) -> NDArray[np.float64]:
    """Return the log odds of values that lie above the first `passed` quantiles."""
    low, high = tails
    last = len(QUANTILES) - 1
    k = np.clip(passed - 1, 0, last - 1)
    left, right = (np.take_along_axis(quantiles, (k + i)[..., None], -1)[..., 0] for i in (0, 1))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        u = _QUANTILES[k] + (_QUANTILES[k + 1] - _QUANTILES[k]) * (value - left) / (right - left)
        inside = np.log(u) - np.log1p(-u)
        under = np.log(_FIRST) + np.where(low > 0, (value - quantiles[..., 0]) / low, -np.inf)
        over = np.log(_LAST) + np.where(high > 0, (quantiles[..., -1] - value) / high, -np.inf)
        # ln(u / (1 - u)) where ln u, or ln(1 - u), is known.
        under, over = under - np.log1p(-np.exp(under)), np.log1p(-np.exp(over)) - over
    return np.asarray(np.where(passed == 0, under, np.where(passed == last + 1, over, inside)), np.float64)


def probabilities(
    quantiles: NDArray[np.float64], value: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and greatest probability of a value: `odds_of` on the scale from 0 to 1."""
    low, high = odds_of(quantiles, value)
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-low)), 1.0 / (1.0 + np.exp(-high))


def tails_of(quantiles: NDArray[np.float64]) -> Tails:
    """Return the scales of the tails through the last two quantiles on either side."""
    low = (quantiles[..., 1] - quantiles[..., 0]) / _LOG_LOW
    high = (quantiles[..., -1] - quantiles[..., -2]) / _LOG_HIGH
    return Tails(low, high)


def stacked(forecasts: Sequence[Forecast]) -> NDArray[np.float64]:
    """Stack forecasts of the same steps: float64 [series, steps, len(QUANTILES)].

    Raises:
        InputError: There are none, they are not of the same times, or one is not a distribution.
    """
    if not forecasts:
        raise InputError("no forecasts: give at least one series")
    first = forecasts[0]
    for other in forecasts:
        times = (other.start, other.step, len(other.quantiles))
        if times != (first.start, first.step, len(first.quantiles)):
            raise InputError(
                f"forecasts of {first.unique_id} and {other.unique_id} are not of the same times (start, step, "
                f"horizon: {(first.start, first.step, len(first.quantiles))} and {times}); cut the series to "
                "the same end"
            )
        if not np.isfinite(other.quantiles).all() or (np.diff(other.quantiles, axis=1) < 0).any():
            raise InputError(f"the forecast of {other.unique_id} has quantiles that are not finite, or fall")
    return np.stack([f.quantiles for f in forecasts])


def independent(series: int, steps: int) -> Dependence:
    """Return the dependence of series and steps without any correlation."""
    return Dependence(np.eye(series), np.eye(steps), 0)


def estimate_dependence(quantiles: NDArray[np.float64], realised: NDArray[np.float64], *, seed: int = 0) -> Dependence:
    """Estimate the correlations of past forecasts' errors.

    The errors are normal scores of the realised values' places; where a distribution has several equal quantiles, the
    place is drawn among them (randomised transform: Czado, Gneiting & Held 2009, section 2.1). Both correlation
    matrices are shrunk towards independence, by as much as Ledoit & Wolf (2004) find best, which keeps them positive
    definite however few back-tests there are.

    Args:
        quantiles: float64 [origins, series, steps, len(QUANTILES)], forecasts.
        realised: float64 [origins, series, steps], the values that followed.
        seed: Random seed of the places that are drawn.

    Raises:
        InputError: There are too few origins, or shapes differ; says how many are needed.
    """
    if quantiles.shape[:-1] != realised.shape:
        raise InputError(f"back-test: forecasts {quantiles.shape[:-1]} and realised values {realised.shape} differ")
    origins, series, steps = realised.shape
    if origins < MIN_ORIGINS:
        raise InputError(
            f"back-test: {origins} origins, at least {MIN_ORIGINS} are needed to estimate correlations; "
            "give longer series or a shorter horizon"
        )
    from scipy.special import ndtri  # noqa: PLC0415  # slow to import

    low, high = probabilities(quantiles, realised)
    drawn = low + (high - low) * np.random.default_rng(seed).random(low.shape)
    scores = ndtri(np.clip(drawn, 1e-4, 1 - 1e-4))
    scores -= scores.mean(axis=0)  # a lasting bias of a step is no co-movement
    across = _shrunk(np.moveaxis(scores, 1, 2).reshape(-1, series)) if series > 1 else np.eye(1)
    along = _shrunk(scores.reshape(-1, steps)) if steps > 1 else np.eye(1)
    return Dependence(across, along, origins)


def _shrunk(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Estimate the correlations of the columns, shrunk towards none."""
    from sklearn.covariance import ledoit_wolf  # noqa: PLC0415  # slow to import

    deviation = rows.std(axis=0)
    # A column that never moves goes with nothing.
    rows = rows / np.where(deviation > 0, deviation, 1.0)
    covariance, _ = ledoit_wolf(rows)
    covariance[np.diag_indices_from(covariance)] += 1e-9
    scale = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / scale / scale[:, None], np.float64)


def sample_paths(
    quantiles: NDArray[np.float64], dependence: Dependence, count: int, *, seed: int, floor: float | None = 0.0
) -> NDArray[np.float64]:
    """Sample paths whose margins are the forecasts and whose rank correlations are those of the copula.

    The same seed, count, series and steps give the same normal scores for any forecasts, so that two forecasts can be
    compared under the same random numbers. Paths come in pairs that mirror each other (antithetic: Law & Kelton
    2000, section 11.3), so medians of symmetric margins are met without sampling error.

    Args:
        quantiles: float64 [series, steps, len(QUANTILES)].
        dependence: Correlations between as many series and steps.
        count: Number of paths.
        seed: Random seed.
        floor: Least value; None for no limit.

    Returns:
        float64 [count, series, steps].

    Raises:
        InputError: Shapes do not go together, or `count` is below 1.
    """
    series, steps = quantiles.shape[:2]
    if dependence.series.shape != (series, series) or dependence.steps.shape != (steps, steps):
        raise InputError(
            f"the forecast is of {series} series and {steps} steps, the dependence of {len(dependence.series)} and "
            f"{len(dependence.steps)}; back-test with the same series and horizon"
        )
    if count < 1:
        raise InputError("ask for at least 1 path", parameter="count", value=count)
    from scipy.special import ndtr  # noqa: PLC0415  # slow to import

    half = np.random.default_rng(seed).standard_normal(((count + 1) // 2, series, steps))
    scores = np.stack([half, -half], axis=1).reshape(-1, series, steps)[:count]
    scores = np.linalg.cholesky(dependence.series) @ scores @ np.linalg.cholesky(dependence.steps).T
    paths = quantile_at(quantiles, ndtr(scores))
    return paths if floor is None else np.maximum(paths, floor)
