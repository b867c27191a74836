"""Several forecasters as one: quantiles averaged with weights that follow what serves each series.

Averaging quantiles (Vincentization; Lichtendahl, Grushka-Cockayne and Winkler, 2013) keeps the width of the members'
intervals. The weights start from those that fit data kept aside, and for each series are multiplied by the exponential
of minus what each member has lost on it so far (exponentially weighted average forecaster: Cesa-Bianchi and Lugosi,
2006, section 2.1), of which past windows are forgotten slowly: a choice per series by back-test, that need not be hard.
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

EAGERNESS = 2.0
"""How fast weights follow, per mean loss; chosen on 50 to 70 % of NAB's series among 0.5 to 4."""
MEMORY = 0.99
"""What of a loss counts one window later."""
FIT_WINDOWS = 4000
FIT_STEPS = 300
FIT_RATE = 4.0
FEW_WINDOWS = 100
"""Windows on which offsets are believed half: they are shrunk towards none where there are few."""
NEGLIGIBLE = 0.02
"""A member that weighs less is left out."""


@dataclass(frozen=True, slots=True)
class Blend:
    """What `fit_blend` found.

    Attributes:
        weights: Of each member, in sum 1.
        inner: float64 [pairs], offsets before values are moved to measured ones; see `conformal`.
        outer: float64 [pairs], offsets after it.
    """

    weights: Mapping[str, float]
    inner: FloatArray
    outer: FloatArray

    def follow(self, members: Mapping[str, FloatArray], windows: Windows, features: Features) -> FloatArray:
        """The blend's quantiles for windows in order of time, each from what was known at its moment.

        Of a series' earlier windows among `windows`, those whose future ends before a window's moment are its
        experience. Nothing else is looked at.

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
        for one in np.unique(windows.series):
            moves = np.zeros(len(conformal.PAIRS))
            waiting: list[int] = []
            for k in np.flatnonzero(windows.series == one):
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
        each = np.stack([members[n] for n in names])
        deciles = list(DECILES)
        loss = pinball(each[..., deciles], windows.future, GRID[deciles]).mean(axis=(2, 3))
        result: FloatArray = np.empty_like(each[0])
        for one in np.unique(windows.series):
            lost, usual, count = np.zeros(len(names)), 0.0, 0.0
            waiting: list[int] = []
            for k in np.flatnonzero(windows.series == one):
                while waiting and _is_over(windows, waiting[0], k):
                    past = waiting.pop(0)
                    lost = MEMORY * lost + loss[:, past]
                    usual, count = MEMORY * usual + float(prior @ loss[:, past]), MEMORY * count + 1
                unit = usual / count if usual > 0 else 1.0
                weights = prior * np.exp(-EAGERNESS * (lost - lost.min()) / unit)
                result[k] = np.tensordot(weights / weights.sum(), each[:, k], axes=1)
                waiting.append(int(k))
        return result


def _is_over(windows: Windows, earlier: int, now: np.intp) -> bool:
    """Whether the last value that a window forecast is known at another's moment."""
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
    """Weights and offsets from windows that no member was trained on.

    The weights minimise the pinball loss at the deciles in units of each window's scale, by exponentiated gradient
    (Kivinen and Warmuth, 1997), which keeps them on the simplex.

    Args:
        members: Quantiles by name, [n, horizon, len(QUANTILES)]; at least those that have a prior weight.
        windows: [n], with known futures.
        features: Features of the windows.
        prior: Weights before anything was measured, in sum 1.
        trust: Share of the fitted weights, 0 to 1; the rest is the prior's. A few series' last days are no sample of
            what is to come, and what fits them best can be far off later.
        seed: Of the windows that the weights are fitted to, where there are many.
    """
    names = list(prior)
    deciles = list(DECILES)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(windows))[:FIT_WINDOWS])
    scale, centre = features.scale[chosen, :, None], features.centre[chosen, :, None]
    each = np.stack([(members[n][chosen][..., deciles] - centre) / scale for n in names])
    target = ((windows.future[chosen, :, None] - centre) / scale) * np.ones(len(deciles))
    weights = np.full(len(names), 1 / len(names))
    average = np.zeros(len(names))
    for step in range(FIT_STEPS):
        mixed = np.tensordot(weights, each, axes=1)
        slope = np.where(target > mixed, -GRID[deciles], 1 - GRID[deciles]) / mixed.size
        gradient = each.reshape(len(names), -1) @ slope.ravel()
        weights = weights * np.exp(-FIT_RATE * (gradient - gradient.min()))
        weights /= weights.sum()
        if step >= FIT_STEPS // 2:
            average += weights
    average = trust * average / average.sum() + (1 - trust) * np.array([prior[n] for n in names])
    average[average < NEGLIGIBLE] = 0
    average /= average.sum()
    kept = {n: float(w) for n, w in zip(names, average, strict=True) if w > 0}
    zero = np.zeros(len(conformal.PAIRS))
    believed = len(windows) / (len(windows) + FEW_WINDOWS)
    start = Blend(kept, zero, zero)
    mixed = start._mixed(members, windows)  # its own class
    inner = believed * conformal.offsets(mixed, windows.future, features.scale)
    inner[: conformal.OUTER] = 0
    snapped = conformal.to_measured(conformal.widened(mixed, features.scale, inner), windows.past)
    outer = believed * conformal.offsets(snapped, windows.future, features.scale)
    outer[conformal.OUTER :] = 0
    return Blend(kept, inner, outer)
