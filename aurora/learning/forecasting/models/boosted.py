"""Gradient-boosted trees (LightGBM): a model for each quantile, for all steps ahead together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from aurora.errors import DataError
from aurora.learning.forecasting.models.inputs import Inputs, Training, repeat_constants
from aurora.learning.forecasting.window_features import scaled_target
from aurora.learning.series.series import QUANTILES
from aurora.learning.tree_text import plain_trees
from aurora.reading import read_text
from aurora.types import FloatArray

TRAINED_QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
"""Quantiles that have a model; the others are inter- or extrapolated on the normal distribution's scale."""
MAX_ROWS = 60_000
"""Most rows that a model is trained on."""
LAGS = 12
"""Latest values that are features of their own."""
TREES = 80
PARAMETERS: Mapping[str, Any] = {
    "objective": "quantile",
    "learning_rate": 0.08,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "verbose": -1,
}


@dataclass(frozen=True, slots=True)
class BoostedTrees:
    """LightGBM models, one for each of `TRAINED_QUANTILES`; see `members.Member`.

    Attributes:
        models: Models in LightGBM's text format; empty before `fit`.
    """

    models: tuple[str, ...] = ()

    def fit(self, examples: Inputs, training: Training) -> BoostedTrees:
        """Train the models, with the step ahead as a feature, in units of each window's scale."""
        import lightgbm  # noqa: PLC0415  # heavy, used here only

        random = np.random.default_rng(training.seed)
        rows, target = _training_rows(examples, random)
        data: Any = lightgbm.Dataset(rows, target, params={"max_bin": PARAMETERS["max_bin"], "verbose": -1})
        leaf = min(PARAMETERS["min_data_in_leaf"], max(1, len(rows) // 20))
        models = []
        for done, level in enumerate(TRAINED_QUANTILES, 1):
            settings = {**PARAMETERS, "alpha": level, "seed": training.seed, "min_data_in_leaf": leaf}
            models.append(str(lightgbm.train(settings, data, TREES).model_to_string()))
            training.progress(f"LightGBM on {training.stage}", done, len(TRAINED_QUANTILES))
        return BoostedTrees(tuple(models))

    def quantiles(self, inputs: Inputs) -> FloatArray:
        """Return the models' quantiles, and those in between by interpolation."""
        from lightgbm import Booster  # noqa: PLC0415  # heavy, used here only

        count, features = len(inputs.labels), inputs.features
        rows = _rows(inputs, np.tile(np.arange(inputs.horizon), (count, 1)))
        columns = [Booster(model_str=m).predict(rows, num_threads=1) for m in self.models]
        known = np.sort(np.stack(columns, axis=-1), axis=-1).reshape(count, inputs.horizon, len(TRAINED_QUANTILES))
        quantiles = between(known) * features.scale[:, :, None] + features.centre[:, :, None]
        return repeat_constants(quantiles, inputs.windows)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write a text file for each model."""
        for level, model in zip(TRAINED_QUANTILES, self.models, strict=True):
            (folder / f"lightgbm-{level}.txt").write_text(model, encoding="utf-8")
        return {}

    def load(self, folder: Path, description: Mapping[str, Any] = MappingProxyType({})) -> BoostedTrees:
        """Read the models that `save` wrote.

        Raises:
            DataError: A file is absent or is not a LightGBM model.
        """
        models = []
        for level in TRAINED_QUANTILES:
            path = folder / f"lightgbm-{level}.txt"
            try:
                models.append(plain_trees(read_text(path)))
            except ValueError as error:
                raise DataError(f"{path} is no model of LightGBM that can be used: {error}; train again") from None
        return BoostedTrees(tuple(models))


def between(known: FloatArray) -> FloatArray:
    """Interpolate the quantiles at `QUANTILES` from those at `TRAINED_QUANTILES`, on the normal distribution's scale.

    Args:
        known: [..., len(TRAINED_QUANTILES)], rising.
    """
    have, wanted = norm.ppf(TRAINED_QUANTILES), norm.ppf(QUANTILES)
    right = np.clip(np.searchsorted(have, wanted), 1, len(have) - 1)
    share = (wanted - have[right - 1]) / (have[right] - have[right - 1])
    return np.asarray(known[..., right - 1] * (1 - share) + known[..., right] * share)


def _training_rows(examples: Inputs, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Sample rows to train on, and their targets."""
    count, horizon = examples.windows.future.shape
    steps_per_window = int(np.clip(MAX_ROWS // max(count, 1), 1, horizon))
    steps = np.argsort(random.random((count, horizon)), axis=1)[:, :steps_per_window]
    rows = _rows(examples, steps)
    target = np.take_along_axis(scaled_target(examples.features, examples.windows.future), steps, axis=1).ravel()
    kept = random.permutation(len(rows))[:MAX_ROWS]
    return rows[kept], target[kept]


def _rows(inputs: Inputs, steps: NDArray[np.int64]) -> FloatArray:
    """Build a row for each window and step ahead."""
    features = inputs.features
    columns = np.concatenate([features.summary, features.shape[:, -LAGS:], inputs.labels], axis=1)
    return np.concatenate([np.repeat(columns, steps.shape[1], axis=0), steps.reshape(-1, 1)], axis=1)
