"""Splits a panel into windows to train on and held-out windows, on which models are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.forecasting.windows import Windows, joined, rolling
from aurora.learning.series.series import Series

MAX_TRAINING_WINDOWS = 48_000
"""Most windows that models are trained on; the moments of a larger panel are farther apart."""
MIN_MACHINES_TO_HOLD_OUT = 20
"""Minimum number of machines for a hold-out by machine."""
HELD_OUT_SHARE = 0.2
"""Share of the machines, and of the time of long series, that is held out."""
LONG_SERIES_SPANS = 4
"""Length, in spans of context and horizon, from which a series is long."""


class Split(NamedTuple):
    """Windows to train on, and windows held out."""

    train: Windows
    held_out: Windows


def machine(series: Series) -> str:
    """Return the machine a series belongs to; series of one machine are never split between train and hold-out."""
    return series.labels.get("host", series.unique_id)


def split(series: Sequence[Series], context: int, horizon: int, seed: int) -> Split:
    """Split series into windows to train on and held-out windows, which share no value that is forecast.

    Of `MIN_MACHINES_TO_HOLD_OUT` or more machines a fifth is held out, with all their series; of long series the latest
    fifth. Where neither is possible, the latest fifth of each series is held out.

    Args:
        series: Series of a panel.
        context: Values that a forecast looks at.
        horizon: Steps ahead.
        seed: Random seed of the machines that are held out.

    Raises:
        InputError: No series is long enough.
    """
    machines = np.array([machine(one) for one in series])
    names = np.unique(machines)
    strangers: set[str] = set()
    if len(names) >= MIN_MACHINES_TO_HOLD_OUT:
        drawn = np.random.default_rng(seed).permutation(names)
        strangers = set(drawn[: round(HELD_OUT_SHARE * len(names))].tolist())
    train, held_out = [], []
    for number, one in enumerate(series):
        whole = rolling([one], context, horizon, horizon).of(number)
        if machines[number] in strangers:
            held_out.append(whole)
            continue
        room = len(one) - context - horizon
        if strangers and len(one) < LONG_SERIES_SPANS * (context + horizon):
            train.append((number, len(one)))
            continue
        if room < 2 * horizon:
            continue
        cut = len(one) - max(horizon, round(HELD_OUT_SHARE * (len(one) - context)))
        train.append((number, cut))
        held_out.append(whole.chosen(whole.origin >= cut))
    kept = joined(held_out, context, horizon)
    if not train or not len(kept):
        raise InputError(
            f"no series is long enough for context={context} and horizon={horizon} with a part held out: "
            f"{context + 3 * horizon} values are needed; give longer series, or smaller numbers"
        )
    return Split(_thinned(series, train, context, horizon), kept)


def training_windows(series: Sequence[Series], context: int, horizon: int) -> Windows:
    """Return all windows of some series, thinned to about `MAX_TRAINING_WINDOWS`."""
    return _thinned(series, [(k, len(s)) for k, s in enumerate(series)], context, horizon)


def _thinned(series: Sequence[Series], ends: Sequence[tuple[int, int]], context: int, horizon: int) -> Windows:
    """Return windows of each (series, end), with the stride that leaves `MAX_TRAINING_WINDOWS` of them."""
    moments = sum(max(0, end - context - horizon + 1) for _, end in ends)
    stride = max(1, -(-moments // MAX_TRAINING_WINDOWS))
    parts = []
    for number, end in ends:
        parts.append(rolling([series[number].between(0, end)], context, horizon, stride).of(number))
    return joined(parts, context, horizon)
