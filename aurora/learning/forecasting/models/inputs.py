"""Inputs of forecasting models: windows with their features and labels, and how a model is trained on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aurora.learning.forecasting.window_features import Features, features_of
from aurora.learning.forecasting.windows import Windows
from aurora.learning.series.series import Series
from aurora.types import FloatArray, Progress, no_progress

MIN_SERIES_PER_LABEL = 5
"""Minimum number of series with a label for the label to be a model input."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Windows as forecasting models take them.

    Attributes:
        panel: Series that `windows.series` counts.
        windows: The windows, [n].
        features: Their features, [n].
        labels: float64 [n, labels], 1 where a window's series has a label of the vocabulary.
    """

    panel: Sequence[Series]
    windows: Windows
    features: Features
    labels: FloatArray

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.windows.future.shape[1])


@dataclass(frozen=True, slots=True)
class Training:
    """Settings of a training run that all models share.

    Attributes:
        stage: `part` while models are compared on held-out windows, `everything` for the models that will serve.
        seed: Random seed.
        checkpoints: Folder for checkpoints, from which an interrupted training resumes; None keeps none.
        progress: Receives the progress of training.
    """

    stage: Literal["part", "everything"] = "everything"
    seed: int = 0
    checkpoints: Path | None = None
    progress: Progress = no_progress


def inputs_of(panel: Sequence[Series], windows: Windows, vocabulary: Sequence[str]) -> Inputs:
    """Compute the features and labels of windows."""
    return Inputs(panel, windows, features_of(windows), label_columns(panel, windows, vocabulary))


def vocabulary_of(series: Sequence[Series]) -> tuple[str, ...]:
    """Return the labels that are model inputs, as "name=value": those of several series but not of all."""
    counts = Counter(f"{name}={value}" for one in series for name, value in one.labels.items())
    return tuple(sorted(k for k, v in counts.items() if MIN_SERIES_PER_LABEL <= v < len(series)))


def label_columns(series: Sequence[Series], windows: Windows, vocabulary: Sequence[str]) -> FloatArray:
    """Return a float64 [n, len(vocabulary)] array with 1 where a window's series has the label."""
    has_label = np.zeros((len(series), len(vocabulary)))
    for row, one in enumerate(series):
        own = {f"{name}={value}" for name, value in one.labels.items()}
        has_label[row] = [word in own for word in vocabulary]
    return has_label[windows.series]


def not_below_zero(quantiles: FloatArray, windows: Windows) -> FloatArray:
    """Cut quantiles at 0 in windows whose context has no negative value."""
    positive = np.all(windows.past >= 0, axis=1)[:, None, None]
    return np.where(positive, np.maximum(quantiles, 0), quantiles)


def is_constant(windows: Windows) -> NDArray[np.bool_]:
    """Return which contexts hold a single value: bool [n]."""
    return np.asarray(np.ptp(windows.past, axis=1) == 0)


def repeat_constants(quantiles: FloatArray, windows: Windows) -> FloatArray:
    """Put the value of a constant context in place of what a trained model says, which has no scale to go by."""
    constant = is_constant(windows)[:, None, None]
    return np.where(constant, windows.past[:, -1, None, None], quantiles)
