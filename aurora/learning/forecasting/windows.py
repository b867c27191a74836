"""Cuts series into rolling windows: the values known at a moment, and those that followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.learning.series.series import Series
from aurora.types import FloatArray, IntArray

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows around moments, in the order of series and, within a series, of time.

    Attributes:
        past: float64 [n, context], the values up to the moment.
        future: float64 [n, horizon], the values that followed; NaN where they are not known.
        series: int64 [n], number of the series in the panel.
        origin: int64 [n], the position of the first future value in its series.
        clock: float64 [n], Unix time of the first future value, seconds.
    """

    past: FloatArray
    future: FloatArray
    series: IntArray
    origin: IntArray
    clock: FloatArray

    def __len__(self) -> int:
        return len(self.past)

    def chosen(self, which: NDArray[np.bool_] | IntArray) -> Windows:
        """Return some of the windows."""
        return Windows(*(getattr(self, column.name)[which] for column in fields(self)))

    def of(self, number: int) -> Windows:
        """Return the same windows as those of series `number`."""
        return replace(self, series=np.full(len(self), number))


def check_sizes(context: int, horizon: int) -> None:
    """Refuse sizes with which no window can be made or nothing can be learned.

    Raises:
        InputError: `context` or `horizon` is too small.
    """
    if context < 12:  # noqa: PLR2004  # an hour of 5-minute values; less has no quantiles to speak of
        raise InputError("a forecast needs at least 12 values of the past", parameter="context", value=context)
    if horizon < 1:
        raise InputError("give at least one step", parameter="horizon", value=horizon)


def check_length(series: Series, context: int) -> None:
    """Refuse a series that does not fill a context.

    Raises:
        InputError: It is shorter than `context`.
    """
    if len(series) < context:
        raise InputError(
            f"series {series.unique_id!r} has {len(series)} values and a forecast needs context={context}; "
            "give more of its past, or a smaller context"
        )


def rolling(panel: Sequence[Series], context: int, horizon: int, stride: int, *, first: int = 0) -> Windows:
    """Cut windows at every `stride`-th step, as far as each series holds context and horizon.

    A window with a filled-in value in its future is left out, because a forecaster would be rated, or trained, on a
    repair.

    Args:
        panel: The series.
        context: Values before the moment.
        horizon: Values after it.
        stride: Steps from one moment to the next.
        first: Position before which no future value may lie.

    Raises:
        InputError: See `check_sizes`.
    """
    check_sizes(context, horizon)
    parts = []
    for number, one in enumerate(panel):
        origins = np.arange(max(context, first), len(one) - horizon + 1, stride)
        if len(origins):
            origins = origins[_all_measured(one, origins, horizon)]
        parts.append(_cut(one, number, origins, context, horizon))
    return joined(parts, context, horizon)


def latest(one: Series, number: int, context: int, horizon: int, before: int) -> Windows:
    """Cut the window at the end of a series, and up to `before` earlier ones with known futures.

    The windows are `horizon` steps apart. The future of the last one is NaN.
    """
    ends = np.arange(len(one), context - 1, -horizon)[: before + 1][::-1]
    known = ends[:-1]
    known = known[_all_measured(one, known, horizon)] if len(known) else known
    past = _cut(one, number, known, context, horizon)
    last = Windows(
        one.y[None, len(one) - context :],
        np.full((1, horizon), np.nan),
        np.array([number]),
        np.array([len(one)]),
        np.array([float(one.start + len(one) * one.step)]),
    )
    return joined([past, last], context, horizon)


def joined(parts: Sequence[Windows], context: int, horizon: int) -> Windows:
    """Join several sets of windows."""
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Windows(np.zeros((0, context)), np.zeros((0, horizon)), none, none, np.zeros(0))
    return Windows(*(np.concatenate([getattr(p, column.name) for p in parts]) for column in fields(Windows)))


def _all_measured(one: Series, origins: IntArray, horizon: int) -> NDArray[np.bool_]:
    measured = np.concatenate([[0], np.cumsum(one.observed)])
    return np.asarray(measured[origins + horizon] - measured[origins] == horizon)


def _cut(one: Series, number: int, origins: IntArray, context: int, horizon: int) -> Windows:
    return Windows(
        one.y[origins[:, None] + np.arange(-context, 0)],
        one.y[origins[:, None] + np.arange(horizon)],
        np.full(len(origins), number),
        origins,
        (one.start + origins * one.step).astype(np.float64),
    )
