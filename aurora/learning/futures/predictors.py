"""Forecasters as `look_ahead` asks them: without training, or from a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aurora.learning.forecasting.baselines import recent_quantiles
from aurora.learning.forecasting.windows import joined, latest
from aurora.learning.futures.outlook import Predict
from aurora.learning.series.series import Forecast, Series

CONTEXT = 144
"""Values that a forecaster without training looks back on."""


class Chosen(NamedTuple):
    """A forecaster, and what it needs.

    Attributes:
        predict: What follows a past.
        context: Values that a past must have.
        learned: Series to the Unix time up to which it was trained on it.
    """

    predict: Predict
    context: int
    learned: Mapping[str, float]


def recent(past: Sequence[Series], horizon: int) -> tuple[Forecast, ...]:
    """The quantiles of the latest quarter of the context, the same for every step: hard to beat, and ready at once."""
    windows = joined([latest(s, k, CONTEXT, horizon, 0) for k, s in enumerate(past)], CONTEXT, horizon)
    said = recent_quantiles(windows, horizon)
    return tuple(
        Forecast(s.unique_id, s.start + len(s) * s.step, s.step, rows, "recent_quantiles")
        for s, rows in zip(past, said, strict=True)
    )


def forecaster(folder: Path | None) -> Chosen:
    """The one that `aurora train forecast` wrote to a folder; without a folder, `recent`.

    Raises:
        DataError: The folder holds none.
    """
    if folder is None:
        return Chosen(recent, CONTEXT, {})
    from aurora.learning.forecasting.champion import in_service  # noqa: PLC0415  # heavy, used here only

    found = in_service(folder)
    return Chosen(found.predict, found.context, found.learned)
