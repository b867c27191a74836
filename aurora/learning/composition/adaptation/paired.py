"""Sequential comparison of two compositions that answer the same requests.

Of each request whose label has arrived, the difference x in {-1, 0, 1} is taken: candidate right less running right.
The test of "the mean difference is at most m" multiplies 1 + b (x - m) for each of several bets b and takes the mean of
these products, which exceeds 1 / alpha with probability at most alpha at any time where the hypothesis holds (betting;
Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting", theorem 1 and section 4). With
m = 0 it is a sequential form of McNemar's test: concordant pairs change nothing. It may be looked at after each label.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from aurora.errors import InputError
from aurora.types import BoolArray, FloatArray

Verdict: TypeAlias = Literal["better", "worse", "undecided"]

ALPHA = 0.05
"""Largest probability that a candidate is called better which is not, and the same of worse."""
BETS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
"""Bets, as shares of the largest one that can't lose everything."""


class Comparison(NamedTuple):
    """What the requests so far say.

    Attributes:
        verdict: `better`: the mean difference exceeds the margin; `worse`: it is below; else `undecided`.
        requests: Requests that were compared until the verdict.
        only_running: Requests that only the running composition answered correctly.
        only_candidate: Requests that only the candidate answered correctly.
        difference: Mean difference of accuracy, candidate less running.
        margin: Difference above which the candidate is better.
        evidence: Largest e-value of `better`, and of `worse`.
    """

    verdict: Verdict
    requests: int
    only_running: int
    only_candidate: int
    difference: float
    margin: float
    evidence: tuple[float, float]


def compare(running: BoolArray, candidate: BoolArray, *, margin: float = 0.0, alpha: float = ALPHA) -> Comparison:
    """Return the verdict at the first request at which the test stops.

    Args:
        running: Whether the running composition answered each request correctly, bool [n], in the order of requests.
        candidate: The same of the candidate.
        margin: Difference of accuracy above which the candidate is better; negative where it is cheaper or faster, so
            that it may lose some. At -1 and below it is better, and above 1 worse, whatever is answered.
        alpha: Largest probability of a wrong `better`, and of a wrong `worse`.

    Raises:
        InputError: The numbers of answers differ, or an argument is out of range.
    """
    if len(running) != len(candidate):
        raise InputError(f"paired answers differ in number: {len(running)} and {len(candidate)}")
    if not 0 < alpha < 1 or np.isnan(margin):
        raise InputError(f"alpha={alpha} lies between 0 and 1, and margin={margin} is a number")
    differences = candidate.astype(np.float64) - running.astype(np.float64)
    if margin <= -1 or margin >= 1:
        return _summary("better" if margin <= -1 else "worse", differences, margin, (0.0, 0.0))
    better = _evidence(differences - margin, 1 + margin)
    worse = _evidence(margin - differences, 1 - margin)
    passed = np.flatnonzero(np.maximum(better, worse) >= 1 / alpha)
    stop = int(passed[0]) + 1 if len(passed) else len(differences)
    verdict: Verdict = "undecided"
    if len(passed):
        verdict = "better" if better[stop - 1] >= 1 / alpha else "worse"
    most = float(better[:stop].max(initial=1.0)), float(worse[:stop].max(initial=1.0))
    return _summary(verdict, differences[:stop], margin, most)


def _evidence(gains: FloatArray, most_lost: float) -> FloatArray:
    """Return the e-value after each request, float64 [n]; `most_lost` is the largest loss that a gain can be."""
    bets = np.array(BETS) / most_lost
    logs = np.log1p(gains[:, None] * bets).cumsum(axis=0)
    # beyond exp(700) is no double, and is more than any level asks for
    return np.asarray(np.exp(np.minimum(logs, 700.0)).mean(axis=1))


def _summary(verdict: Verdict, differences: FloatArray, margin: float, evidence: tuple[float, float]) -> Comparison:
    return Comparison(
        verdict=verdict,
        requests=len(differences),
        only_running=int((differences < 0).sum()),
        only_candidate=int((differences > 0).sum()),
        difference=float(differences.mean()) if len(differences) else 0.0,
        margin=margin,
        evidence=evidence,
    )
