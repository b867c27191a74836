"""Blends models: averages their quantiles with weights that adapt to each series.

Averaging quantiles (Vincentization; Lichtendahl, Grushka-Cockayne and Winkler, 2013) keeps the width of the members'
intervals. The weights start from those fitted to held-out data. For each series they are multiplied by the exponential
of minus each member's loss so far (exponentially weighted average forecaster: Cesa-Bianchi and Lugosi, 2006, section
2.1). Past losses are discounted. This is a soft choice of the model for each series by back-test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aurora.learning.forecasting import conformal
from aurora.learning.forecasting.metrics import DECILES, GRID, pinball
from aurora.learning.forecasting.window_features import Features
from aurora.learning.forecasting.windows import Windows
from aurora.types import FloatArray

LEARNING_RATE = 2.0
"""Learning rate of the weights, per mean loss; chosen on 50 to 70 % of NAB's series among 0.5 to 4."""
DISCOUNT = 0.99
"""Discount of a loss for each later window."""
MAX_FIT_WINDOWS = 4000
"""Most windows that the weights are fitted to."""
FIT_STEPS = 300
FIT_RATE = 4.0
HALF_TRUST_WINDOWS = 100
"""Number of windows with which fitted offsets count half; they are shrunk towards 0."""
MIN_WEIGHT = 0.02
"""Least weight of a member; one with less is left out."""


@dataclass(frozen=True, slots=True)
class Blend:
    """Fitted weights and offsets of the blend.

    Attributes:
        weights: Weight of each member; the sum is 1.
        inner: float64 [pairs], offsets before quantiles are moved to measured values; see `conformal`.
        outer: float64 [pairs], offsets after that.
    """

    weights: Mapping[str, float]
    inner: FloatArray
    outer: FloatArray

    def follow(self, members: Mapping[str, FloatArray], windows: Windows, features: Features) -> FloatArray:
        """Return the blend's quantiles for windows in order of time, each from data known at its moment.

        Weights and offsets adapt to the series' earlier windows among `windows` whose future ends before the moment.

        Args:
            members: Quantiles by name, [n, horizon, len(QUANTILES)]; at least those that have a weight.
            windows: [n], of several series, each series' in order of time.
            features: Features of the windows.

        Returns:
            float64 [n, horizon, len(QUANTILES)].
        """
        mixed = self._mixed(members, windows)
        calm = conformal.to_measured(conformal.widened(mixed, features.scale, self.inner), windows.past)
        result = np.empty_like(calm)
        for number in np.unique(windows.series):
            moves = np.zeros(len(conformal.PAIRS))
            waiting: list[int] = []
            for k in np.flatnonzero(windows.series == number):
                while waiting and _is_over(windows, waiting[0], k):
                    past = waiting.pop(0)
                    moves = conformal.adapted(moves, conformal.missed(result[past], windows.future[past]))
                by = (self.outer + moves)[None]
                result[k] = conformal.widened(calm[k : k + 1], features.scale[k : k + 1], by)[0]
                waiting.append(int(k))
        return result

    def _mixed(self, members: Mapping[str, FloatArray], windows: Windows) -> FloatArray:
        names = list(self.weights)
        prior = np.array([self.weights[n] for n in names])
        stacked = np.stack([members[n] for n in names])
        deciles = list(DECILES)
        loss = pinball(stacked[..., deciles], windows.future, GRID[deciles]).mean(axis=(2, 3))
        result: FloatArray = np.empty_like(stacked[0])
        for number in np.unique(windows.series):
            lost, usual, count = np.zeros(len(names)), 0.0, 0.0
            waiting: list[int] = []
            for k in np.flatnonzero(windows.series == number):
                while waiting and _is_over(windows, waiting[0], k):
                    past = waiting.pop(0)
                    lost = DISCOUNT * lost + loss[:, past]
                    usual, count = DISCOUNT * usual + float(prior @ loss[:, past]), DISCOUNT * count + 1
                unit = usual / count if usual > 0 else 1.0
                weights = prior * np.exp(-LEARNING_RATE * (lost - lost.min()) / unit)
                result[k] = np.tensordot(weights / weights.sum(), stacked[:, k], axes=1)
                waiting.append(int(k))
        return result


def _is_over(windows: Windows, earlier: int, now: np.intp) -> bool:
    """Return whether all values of a window's future are known at the moment of another."""
    return bool(windows.origin[earlier] + windows.future.shape[1] <= windows.origin[now])


def fit_blend(  # data, prior and trust belong together
    members: Mapping[str, FloatArray],
    windows: Windows,
    features: Features,
    *,
    prior: Mapping[str, float],
    trust: float,
    seed: int,
) -> Blend:
    """Fit weights and offsets to windows that no member was trained on.

    The weights minimise the pinball loss at the deciles in units of each window's scale, by exponentiated gradient
    (Kivinen and Warmuth, 1997), which keeps them on the simplex.

    Args:
        members: Quantiles by name, [n, horizon, len(QUANTILES)]; at least those that have a prior weight.
        windows: [n], with known futures.
        features: Features of the windows.
        prior: Weights before anything was measured; the sum is 1.
        trust: Share of the fitted weights in the result, 0 to 1; the rest is the prior's. The last days of a few series
            are a poor sample of the future.
        seed: Random seed of the windows that the weights are fitted to.
    """
    names = list(prior)
    deciles = list(DECILES)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(windows))[:MAX_FIT_WINDOWS])
    scale, centre = features.scale[chosen, :, None], features.centre[chosen, :, None]
    scaled = np.stack([(members[n][chosen][..., deciles] - centre) / scale for n in names])
    target = ((windows.future[chosen, :, None] - centre) / scale) * np.ones(len(deciles))
    weights = np.full(len(names), 1 / len(names))
    average = np.zeros(len(names))
    for step in range(FIT_STEPS):
        mixed = np.tensordot(weights, scaled, axes=1)
        slope = np.where(target > mixed, -GRID[deciles], 1 - GRID[deciles]) / mixed.size
        gradient = scaled.reshape(len(names), -1) @ slope.ravel()
        weights = weights * np.exp(-FIT_RATE * (gradient - gradient.min()))
        weights /= weights.sum()
        if step >= FIT_STEPS // 2:
            average += weights
    average = trust * average / average.sum() + (1 - trust) * np.array([prior[n] for n in names])
    average[average < MIN_WEIGHT] = 0
    average /= average.sum()
    kept = {n: float(w) for n, w in zip(names, average, strict=True) if w > 0}
    zero = np.zeros(len(conformal.PAIRS))
    trusted = len(windows) / (len(windows) + HALF_TRUST_WINDOWS)
    start = Blend(kept, zero, zero)
    mixed = start._mixed(members, windows)  # its own class
    inner = trusted * conformal.offsets(mixed, windows.future, features.scale)
    inner[: conformal.OUTER] = 0
    snapped = conformal.to_measured(conformal.widened(mixed, features.scale, inner), windows.past)
    outer = trusted * conformal.offsets(snapped, windows.future, features.scale)
    outer[conformal.OUTER :] = 0
    return Blend(kept, inner, outer)
