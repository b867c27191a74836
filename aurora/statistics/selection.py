"""Splits samples for selection and sealed judgement, and reports a selected candidate without its selection bias."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.statistics.intervals import Interval, mean_interval


class Split(NamedTuple):
    """Samples by purpose; no sample is in two parts.

    Attributes:
        training: Samples that candidates learn from.
        selection: Samples by which one of the candidates is selected.
        sealed: Samples on which only the selected one is judged.
    """

    training: tuple[str, ...]
    selection: tuple[str, ...]
    sealed: tuple[str, ...]


def split(samples: Sequence[str], shares: tuple[float, float, float], *, seed: int = 0) -> Split:
    """Split samples by a hash of their names, so that a sample stays in its part when others come or go.

    Args:
        samples: Names of the samples, each once.
        shares: Shares of training, selection and sealed samples; they sum to 1.
        seed: Random seed of the split.

    Raises:
        InputError: The shares don't sum to 1, or a name occurs twice.
    """
    if abs(sum(shares) - 1) > 1e-9 or min(shares) < 0:  # noqa: PLR2004  # rounding
        raise InputError(f"shares {shares} must be at least 0 and sum to 1")
    if len(set(samples)) < len(samples):
        raise InputError("a sample occurs twice; give each its own name")
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for sample in samples:
        digest = hashlib.sha256(f"{seed}\0{sample}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        parts[0 if place < shares[0] else 1 if place < shares[0] + shares[1] else 2].append(sample)
    return Split(*(tuple(p) for p in parts))


class Selected(NamedTuple):
    """A candidate chosen among several.

    Attributes:
        candidate: Name of the candidate.
        candidates: Number of candidates among which it was chosen.
        selection_mean: Mean on the selection samples; biased upwards, because it was chosen by it.
        sealed: Mean on the sealed samples with its 95 % interval; the figure to report.
    """

    candidate: str
    candidates: int
    selection_mean: float
    sealed: Interval

    @property
    def optimism(self) -> float:
        """Return the selection mean less the sealed mean."""
        return self.selection_mean - self.sealed.mean


def select_best(
    selection: Mapping[str, NDArray[np.float64]], sealed: Mapping[str, NDArray[np.float64]], *, seed: int = 0
) -> Selected:
    """Select the candidate with the highest mean on the selection samples, and judge it on the sealed ones.

    Args:
        selection: Candidate -> values on the selection samples, float64 [n]; the first of equals is chosen.
        sealed: Candidate -> values on the sealed samples, float64 [m]; at least the chosen one's.
        seed: Random seed of the interval.

    Raises:
        InputError: There is no candidate, or the chosen one has no sealed values.
    """
    if not selection:
        raise InputError("there is no candidate to select")
    best = max(selection, key=lambda name: float(selection[name].mean()))
    if best not in sealed:
        raise InputError(f"candidate {best} has no values on the sealed samples; measure it there first")
    return Selected(best, len(selection), float(selection[best].mean()), mean_interval([sealed[best]], seed=seed))
