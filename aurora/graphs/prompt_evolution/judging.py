"""Judges the selected version on the sealed cases, with its selection gain beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from aurora.graphs.prompt_evolution.bench import Case, Cases
from aurora.graphs.prompt_evolution.state import Judged, Sample, Standing, values_of
from aurora.statistics.intervals import Interval, mean_interval
from aurora.statistics.paired_tests import sign_flip_test
from aurora.types import FloatArray

LEVEL = 0.05
"""Level of the paired test."""
LEAST_PAIRS = 2
"""Fewest pairs of two versions that are compared."""
LEAST_OF_STRATUM = 4
"""Fewest pairs of a family for which it is a stratum of its own; the spread of fewer is hardly known."""
LEAST_FOR_GAIN = 6
"""Fewest sealed cases with which the paired test can reach its level: 2 / 2**6 < 0.05."""
POWER = 1.43
"""Smallest gain that is found in 80 % of runs, in half widths of the 95 % interval: (1.96 + 0.84) / 1.96."""


def judge_selected(standing: Standing, samples: Sequence[Sample], best: str, cases: Cases) -> Judged | None:
    """Compare a version with the first one; None if no two sealed cases have both.

    Args:
        standing: State of the evolution.
        samples: All samples.
        best: Version that was selected.
        cases: Selection and sealed cases.
    """
    sealed = gains(samples, best, standing.first, cases.sealed)
    if sum(map(len, sealed)) < LEAST_PAIRS:
        return None
    selection = mean_interval(gains(samples, best, standing.first, cases.selection))
    interval = mean_interval(sealed)
    wanted = {c.name for c in cases.selection}
    judgements = len(standing.judged) + 1
    p_value = min(1.0, judgements * sign_flip_test(sealed))  # Bonferroni: looked at as often
    candidates = sum(bool(wanted & values_of(samples, v.prompt_id).keys()) for v in standing.variants)
    return Judged(
        prompt_id=best,
        candidates=candidates,
        judgements=judgements,
        selection=tuple(selection),
        sealed=(interval.mean, _finite(interval.low), _finite(interval.high)),
        p_value=p_value,
        pairs=sum(map(len, sealed)),
        verdict=verdict_of(interval, p_value),
    )


def gains(samples: Sequence[Sample], best: str, first: str, cases: Sequence[Case]) -> list[FloatArray]:
    """Return the paired differences of two versions, an array a family; all together where a family has few."""
    own, other = values_of(samples, best), values_of(samples, first)
    families: dict[str, list[float]] = {}
    for case in cases:
        if case.name in own and case.name in other:
            families.setdefault(case.family, []).append(own[case.name] - other[case.name])
    if any(len(f) < LEAST_OF_STRATUM for f in families.values()):
        return [np.array([d for f in families.values() for d in f])]
    return [np.array(f) for f in families.values()]


def verdict_of(interval: Interval, p_value: float) -> Literal["gain", "none", "loss"]:
    """Return whether a version is better or worse: only if the interval excludes 0, and a paired test agrees.

    The test guards against few or equal differences, for which an interval is too narrow.
    """
    if p_value > LEVEL or interval.low <= 0 <= interval.high:
        return "none"
    return "gain" if interval.low > 0 else "loss"


def told(standing: Standing) -> str:
    """Return the latest judgement in words: the gain on selection and sealed cases side by side."""
    if not standing.judged:
        return (
            "no version was judged on the sealed cases: none is ahead of the first on the selection cases, or the "
            "budget is spent"
        )
    judged = standing.judged[-1]
    name = {"gain": "a gain", "none": "no gain", "loss": "a loss"}[judged.verdict]
    selection = "{:+.4f} [{:+.4f}, {:+.4f}]".format(*judged.selection)
    mean, low, high = judged.sealed
    bounds = "open" if low is None or high is None else f"{low:+.4f}, {high:+.4f}"
    found = ""
    if judged.verdict == "none" and low is not None and high is not None:
        found = f". With these cases only a gain from about {POWER * (high - low) / 2:.4f} on is usually found"
    return (
        f"{judged.prompt_id}, the best of {judged.candidates} on the selection cases: {name}. "
        f"Over the first prompt {mean:+.4f} [{bounds}] on {judged.pairs} sealed cases (p = {judged.p_value:.3f}); "
        f"{selection} on the selection cases, which it was chosen by{found}"
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
