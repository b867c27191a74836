"""Drift of inputs and of predictions: a window of recent requests against a reference.

Quantities (columns, or cheap features of texts) are compared one by one by the two-sample Kolmogorov-Smirnov test, and
their p-values are corrected by Holm's method: this says which of them moved. Embeddings and images have no column that
means anything alone; their energy distance is compared with that of random splits (Székely & Rizzo 2004, "Testing for
equal distributions in high dimension"). Shares of predicted classes are compared by Pearson's chi-squared test of
homogeneity. Each test raises a false alarm in at most a share `alpha` of windows without drift;
`python -m benchmarks.composition_adaptation alarms` measures it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.text_features import FEATURES, Vocabulary, text_features, vocabulary
from aurora.learning.composition.pipelines.value_types import Array, Batch, ValueType
from aurora.statistics.paired_tests import holm
from aurora.types import FloatArray, IntArray

ALPHA = 0.01
"""Share of windows without drift in which a test raises a false alarm."""
LEAST_WINDOW = 30
"""Fewest requests of a window: with fewer, no test says much."""
MOST_COMPARED = 300
"""Most vectors of each side in an energy distance, whose time grows with the square."""
PERMUTATIONS = 499
LEAST_EXPECTED = 5.0
"""Fewest expected predictions of a class; rarer classes are counted together (Cochran 1954)."""
_MISSING = "share missing"


class InputReference:
    """Inputs that a composition was made for, with which windows are compared.

    Args:
        items: Items that were measured when the composition was chosen; at least `LEAST_WINDOW`.
        kind: Their type.
        seed: Random seed of the permutations.

    Raises:
        InputError: There are too few items, or they have not the form of their type.
    """

    def __init__(self, items: Batch, kind: ValueType, *, seed: int = 0) -> None:
        self._kind, self._seed = kind, seed
        self._words: Vocabulary | None = None
        _check_count(len(items), "items")
        if kind.kind == "text":
            texts = _texts(items)
            # the words of one half are known, so that the other half shows how many words are new without any drift
            self._words = vocabulary(texts[::2])
            self._quantities: FloatArray = text_features(texts[1::2], self._words)
        else:
            self._quantities = _rows(items)

    def drift(self, window: Batch, *, alpha: float = ALPHA) -> list[Change]:
        """Return what moved between the reference and a window, the largest change first.

        Args:
            window: Recent items.
            alpha: Largest probability of any finding where nothing moved.

        Raises:
            InputError: The window has too few items, or items of another form.
        """
        _check_count(len(window), "window")
        if self._kind.kind in ("embedding", "image"):
            return self._distance(_rows(window), alpha)
        names: Sequence[str]
        if self._words is not None:
            now, names = text_features(_texts(window), self._words), FEATURES
        else:
            now = _rows(window)
            names = self._kind.names or tuple(f"column {number + 1}" for number in range(now.shape[1]))
        if now.shape[1] != self._quantities.shape[1]:
            raise InputError(
                f"it has {now.shape[1]} columns; the reference has {self._quantities.shape[1]}", parameter="window"
            )
        return _quantity_drift(self._quantities, now, names, alpha)

    def _distance(self, now: FloatArray, alpha: float) -> list[Change]:
        rng = np.random.default_rng(self._seed)
        first, second = _sample(self._quantities, rng), _sample(now, rng)
        distance, p_value = energy_test(first, second, rng)
        if p_value > alpha:
            return []
        text = f"the distribution of the {self._kind.kind}s changed: energy distance {distance:.3g}, p = {p_value:.2g}"
        return [
            Change(
                kind="inputs",
                subject=self._kind.kind,
                before=0.0,
                after=distance,
                unit="energy distance",
                p_value=p_value,
                text=text,
            )
        ]


def energy_test(first: FloatArray, second: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the energy distance of two samples, and the p-value of "both are from one distribution".

    Args:
        first: float64 [n, dimensions].
        second: float64 [m, dimensions].
        rng: Draws the permutations.

    Returns:
        The distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Székely & Rizzo 2004, eq. 2) and the permutation p-value.
    """
    joined = np.concatenate([first, second])
    squares = np.square(joined).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * joined @ joined.T, 0.0))
    n, m = len(first), len(second)
    weights = np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)])
    signs = np.stack([weights, *(rng.permutation(weights) for _ in range(PERMUTATIONS))])
    statistics = -np.einsum("pi,pi->p", signs @ distances, signs)
    reached = int((statistics[1:] >= statistics[0] * (1 - 1e-9)).sum())
    return float(statistics[0]), (reached + 1) / (PERMUTATIONS + 1)


def prediction_drift(
    before: IntArray, after: IntArray, classes: Sequence[str], *, alpha: float = ALPHA
) -> list[Change]:
    """Return which classes are predicted more or less often than in the reference, the largest difference first.

    Args:
        before: Predicted class of each reference item, int64 [n].
        after: Predicted class of each item of the window, int64 [m].
        classes: Names of the classes.
        alpha: Largest probability of any finding where nothing moved.

    Returns:
        Nothing where the shares of all classes together are not significantly different; else every class whose own
        share is, or the one that moved most.

    Raises:
        InputError: There are too few predictions.
    """
    from scipy.special import chdtrc  # noqa: PLC0415  # slow to load

    _check_count(len(before), "before")
    _check_count(len(after), "after")
    counts = np.stack([np.bincount(side, minlength=len(classes)) for side in (before, after)]).astype(np.float64)
    table = _joined_rare(counts)
    if table.shape[1] < 2:  # noqa: PLR2004  # one class: nothing can differ
        return []
    statistic = _chi_squared(table)
    p_value = float(chdtrc(table.shape[1] - 1, statistic))
    if p_value > alpha:
        return []
    alone = {}
    for number, name in enumerate(classes):
        pair = np.stack([counts[:, number], counts.sum(axis=1) - counts[:, number]], axis=1)
        alone[name] = float(chdtrc(1, _chi_squared(pair)))
    adjusted = holm(alone)
    shares = counts / counts.sum(axis=1, keepdims=True)
    moved = sorted(range(len(classes)), key=lambda number: -abs(shares[1, number] - shares[0, number]))
    named = [number for number in moved if adjusted[classes[number]] <= alpha] or moved[:1]
    return [_share_change(classes[number], shares[:, number], p_value) for number in named]


def _share_change(name: str, shares: FloatArray, p_value: float) -> Change:
    before, after = shares.tolist()
    text = f"{name} is predicted for {after:.1%} of requests; it was {before:.1%} (p = {p_value:.2g})"
    return Change(
        kind="predictions", subject=name, before=before, after=after, unit="share", p_value=p_value, text=text
    )


def _quantity_drift(before: FloatArray, after: FloatArray, names: Sequence[str], alpha: float) -> list[Change]:
    p_values: dict[str, float] = {}
    found: dict[str, Change] = {}
    for number, name in enumerate(names):
        old, new = before[:, number], after[:, number]
        is_missing = np.isnan(old), np.isnan(new)
        key = f"{name}, {_MISSING}"
        if is_missing[0].any() or is_missing[1].any():
            p_values[key] = _missing_p(*is_missing)
            shares = float(is_missing[0].mean()), float(is_missing[1].mean())
            text = f"{name} is missing in {shares[1]:.1%} of requests; it was {shares[0]:.1%}"
            found[key] = _column_change(name, shares, _MISSING, text)
        old, new = old[~is_missing[0]], new[~is_missing[1]]
        if len(old) == 0 or len(new) == 0:
            continue
        p_values[name] = _kolmogorov_smirnov(old, new)
        found[name] = _moved(name, old, new)
    adjusted = holm(p_values)
    significant = sorted((key for key in found if adjusted[key] <= alpha), key=lambda key: (adjusted[key], key))
    return [found[key].model_copy(update={"p_value": adjusted[key]}) for key in significant]


def _kolmogorov_smirnov(old: FloatArray, new: FloatArray) -> float:
    """Return the p-value of the two-sample test by Smirnov's limit; with ties it is too large rather than too small."""
    from scipy.special import kolmogorov  # noqa: PLC0415  # slow to load

    values = np.concatenate([old, new])
    shares = [np.searchsorted(np.sort(side), values, side="right") / len(side) for side in (old, new)]
    largest = float(np.abs(shares[0] - shares[1]).max())
    return float(kolmogorov(largest * (len(old) * len(new) / (len(old) + len(new))) ** 0.5))


def _moved(name: str, old: FloatArray, new: FloatArray) -> Change:
    """Describe by how much a column moved: its mean where that moved, else its spread."""
    means, spreads = (float(old.mean()), float(new.mean())), (float(old.std()), float(new.std()))
    if spreads[1] == 0 < spreads[0]:
        text = f"{name} is stuck at {means[1]:.4g}; its standard deviation was {spreads[0]:.3g}"
        return _column_change(name, spreads, "standard deviation", text)
    shift = (means[1] - means[0]) / spreads[0] if spreads[0] > 0 else np.inf
    if abs(shift) >= 0.1 or spreads[0] == 0:  # noqa: PLR2004  # smaller ones are not what a test of this size found
        way = "rose" if shift > 0 else "fell"
        text = f"the mean of {name} {way} from {means[0]:.4g} to {means[1]:.4g}"
        text += f" ({abs(shift):.2g} standard deviations)" if spreads[0] > 0 else ""
        return _column_change(name, means, "mean", text)
    text = f"the distribution of {name} changed: standard deviation {spreads[1]:.4g}, was {spreads[0]:.4g}"
    return _column_change(name, spreads, "standard deviation", text)


def _column_change(name: str, values: tuple[float, float], unit: str, text: str) -> Change:
    return Change(kind="inputs", subject=name, before=values[0], after=values[1], unit=unit, text=text)


def _missing_p(old: NDArray[np.bool_], new: NDArray[np.bool_]) -> float:
    from scipy.special import chdtrc  # noqa: PLC0415  # slow to load

    table = np.array([[side.sum(), (~side).sum()] for side in (old, new)], np.float64)
    return float(chdtrc(1, _chi_squared(table, correction=0.5)))


def _joined_rare(counts: FloatArray) -> FloatArray:
    """Count classes together that are too rare for the test's approximation."""
    totals = counts.sum(axis=0)
    expected = totals * counts.sum(axis=1).min() / counts.sum()
    is_rare = expected < LEAST_EXPECTED
    if not is_rare.any():
        return counts
    rest = counts[:, is_rare].sum(axis=1, keepdims=True)
    kept = counts[:, ~is_rare]
    return np.concatenate([kept, rest], axis=1) if rest.sum() > 0 else kept


def _chi_squared(table: FloatArray, correction: float = 0.0) -> float:
    """Return Pearson's statistic; with Yates's correction of 0.5 it is small rather than large for rare values."""
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nansum(np.maximum(np.abs(table - expected) - correction, 0) ** 2 / expected))


def _sample(rows: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rows if len(rows) <= MOST_COMPARED else rows[rng.choice(len(rows), MOST_COMPARED, replace=False)]


def _rows(items: Batch) -> FloatArray:
    if isinstance(items, list) or np.ndim(items) != 2:  # noqa: PLR2004  # rows and columns
        raise InputError("give an array of numbers with one row an item", parameter="items")
    rows: Array = items
    return rows.astype(np.float64)


def _texts(items: Batch) -> list[str]:
    if not isinstance(items, list):
        raise InputError("give a list of texts", parameter="items")
    return items


def _check_count(count: int, parameter: str) -> None:
    if count < LEAST_WINDOW:
        raise InputError(f"{count} are too few to compare; give at least {LEAST_WINDOW}", parameter=parameter)


def summary(changes: Sequence[Change]) -> Mapping[str, int]:
    """Return the number of changes of each kind."""
    kinds = [one.kind for one in changes]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
