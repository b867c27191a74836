"""Gradient-boosted trees, one model a quantile, for all steps ahead together: LightGBM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from aurora.errors import DataError
from aurora.learning.forecasting.window_features import View, scaled_target
from aurora.learning.series.series import LEVELS
from aurora.learning.tree_text import plain_trees
from aurora.reading import read_text
from aurora.types import FloatArray

TRAINED = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
"""The levels that have a model; the others lie between or beyond them on the scale of the normal distribution."""
ROWS = 60_000
"""Rows that a model is trained on at most."""
LAGS = 12
"""Latest values that the trees see one by one."""
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
class TrainedTrees:
    """A model for each of `TRAINED`.

    Attributes:
        models: LightGBM's own text format.
    """

    models: tuple[str, ...]

    def quantiles(self, look: View, labels: FloatArray, horizon: int) -> FloatArray:
        """float64 [n, horizon, len(LEVELS)] in the series' own unit."""
        from lightgbm import Booster  # noqa: PLC0415  # heavy, used here only

        rows = _rows(look, labels, np.tile(np.arange(horizon), (len(labels), 1)))
        columns = [Booster(model_str=m).predict(rows, num_threads=1) for m in self.models]
        known = np.sort(np.stack(columns, axis=-1), axis=-1).reshape(len(labels), horizon, len(TRAINED))
        return between(known) * look.scale[:, :, None] + look.centre[:, :, None]

    def save(self, folder: Path) -> None:
        """Write a text file for each model."""
        for level, model in zip(TRAINED, self.models, strict=True):
            (folder / f"lightgbm-{level}.txt").write_text(model, encoding="utf-8")


def load_trees(folder: Path) -> TrainedTrees:
    """What `TrainedTrees.save` wrote.

    Raises:
        DataError: A file is absent, or holds no trees.
    """
    models = []
    for level in TRAINED:
        path = folder / f"lightgbm-{level}.txt"
        try:
            models.append(plain_trees(read_text(path)))
        except ValueError as error:
            raise DataError(f"{path} is no model of LightGBM that can be used: {error}; train again") from None
    return TrainedTrees(tuple(models))


def between(known: FloatArray) -> FloatArray:
    """Quantiles at `LEVELS` from those at `TRAINED`, on lines over the normal distribution's quantiles.

    Args:
        known: [..., len(TRAINED)], rising.
    """
    have, wanted = norm.ppf(TRAINED), norm.ppf(LEVELS)
    right = np.clip(np.searchsorted(have, wanted), 1, len(have) - 1)
    share = (wanted - have[right - 1]) / (have[right] - have[right - 1])
    return np.asarray(known[..., right - 1] * (1 - share) + known[..., right] * share)


def train_trees(
    look: View,
    labels: FloatArray,
    future: FloatArray,
    *,
    seed: int,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> TrainedTrees:
    """Fit the models, with the step ahead as a feature, in units of each window's scale.

    Args:
        look: The windows.
        labels: float64 [n, categories].
        future: float64 [n, horizon].
        seed: Of the rows and the bagging.
        tell: (models done, models), called after each.
    """
    import lightgbm  # noqa: PLC0415  # heavy, used here only

    random = np.random.default_rng(seed)
    count, horizon = future.shape
    each = int(np.clip(ROWS // max(count, 1), 1, horizon))
    steps = np.argsort(random.random((count, horizon)), axis=1)[:, :each]
    rows = _rows(look, labels, steps)
    target = np.take_along_axis(scaled_target(look, future), steps, axis=1).ravel()
    kept = random.permutation(len(rows))[:ROWS]
    data: Any = lightgbm.Dataset(rows[kept], target[kept], params={"max_bin": PARAMETERS["max_bin"], "verbose": -1})
    models = []
    leaf = min(PARAMETERS["min_data_in_leaf"], max(1, len(kept) // 20))
    for done, level in enumerate(TRAINED, 1):
        settings = {**PARAMETERS, "alpha": level, "seed": seed, "min_data_in_leaf": leaf}
        models.append(str(lightgbm.train(settings, data, TREES).model_to_string()))
        tell(done, len(TRAINED))
    return TrainedTrees(tuple(models))


def _rows(look: View, labels: FloatArray, steps: NDArray[np.int64]) -> FloatArray:
    """A row for each window and step ahead."""
    columns = np.concatenate([look.summary, look.shape[:, -LAGS:], labels], axis=1)
    return np.concatenate([np.repeat(columns, steps.shape[1], axis=0), steps.reshape(-1, 1)], axis=1)
