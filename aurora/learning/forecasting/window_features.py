"""Features of a window for trained models: the centred and scaled values, and summary statistics.

Inputs and outputs are in units of the window's own scale, so that a model trained on percents applies to bytes too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.learning.forecasting.windows import DAY, Windows
from aurora.learning.series.series import QUANTILES
from aurora.types import FloatArray

SPANS = (1 / 12, 1 / 6, 1 / 4, 1 / 2, 1.0)
"""Latest shares of the context whose quantiles are features: 1, 2, 3, 6 and 12 hours of 144 5-minute values."""
MIN_SCALE = 0.02
"""Least scale as a share of the level, so that the noise of a window that hardly moves is not amplified."""


MAX_TARGET = 50.0
"""Largest target in scales; a machine that wakes from near silence would outweigh all others."""


class Features(NamedTuple):
    """Features of windows.

    Attributes:
        centre: float64 [n, 1], the median of the context.
        scale: float64 [n, 1], mean of its standard and its mean absolute deviation, above 0.
        shape: float64 [n, context], the context, centred and scaled.
        recent: float64 [n, spans, len(QUANTILES)], quantiles of the latest spans, centred and scaled.
        summary: float64 [n, features], summary statistics; see `features_of`.
    """

    centre: FloatArray
    scale: FloatArray
    shape: FloatArray
    recent: FloatArray
    summary: FloatArray


def spans(context: int) -> tuple[int, ...]:
    """Return the lengths of the spans in steps."""
    return tuple(max(4, round(share * context)) for share in SPANS)


def latest_quantiles(past: FloatArray, span: int, levels: Sequence[float] = QUANTILES) -> FloatArray:
    """Return the quantiles of the latest `span` values: float64 [n, levels]."""
    return np.asarray(np.quantile(past[:, -span:], levels, axis=1).T)


def features_of(windows: Windows) -> Features:
    """Compute the features of windows.

    The summary holds, in this order: the quantiles of the spans, the spans' means, deviations from step to step at five
    lags, the logarithms of scale and level, the level over the scale, the share of the latest value in the context
    (a machine that stands still repeats itself), and sine and cosine of the time of day.
    """
    past = windows.past
    context = past.shape[1]
    centre = np.median(past, axis=1, keepdims=True)
    away = past - centre
    level = np.abs(past).mean(axis=1, keepdims=True)
    scale = 0.5 * np.abs(away).mean(axis=1, keepdims=True) + 0.5 * past.std(axis=1, keepdims=True)
    scale = np.maximum(scale, MIN_SCALE * level)
    scale = np.where(scale > 0, scale, 1.0)  # all zeros: any scale will do
    shape = away / scale
    lengths = spans(context)
    recent = np.stack([latest_quantiles(shape, k) for k in lengths], axis=1)
    means = np.stack([shape[:, -k:].mean(axis=1) for k in lengths], axis=1)
    lags = [k for k in (1, 2, 3, 6, 12) if k < context]
    steps = np.stack([np.abs(shape[:, k:] - shape[:, :-k]).mean(axis=1) for k in lags], axis=1)
    still = (past == past[:, -1:]).mean(axis=1, keepdims=True)
    turn = 2 * np.pi * (windows.clock[:, None] % DAY) / DAY
    columns = (
        recent.reshape(len(past), -1),
        means,
        steps,
        np.log(scale),
        np.log(np.maximum(level, 1e-9)),
        centre / scale,
        still,
        np.sin(turn),
        np.cos(turn),
    )
    return Features(centre, scale, shape, recent, np.arcsinh(np.concatenate(columns, axis=1)))


def scaled_target(features: Features, future: FloatArray) -> FloatArray:
    """Return the target of training: the future in units of the window's scale, cut at `MAX_TARGET`.

    Args:
        features: Features of the windows, [n].
        future: [n, horizon].
    """
    return np.asarray(np.clip((future - features.centre) / features.scale, -MAX_TARGET, MAX_TARGET))
