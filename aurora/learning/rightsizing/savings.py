"""Calibration of promised savings and safety, on generated accounts with a known future."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from aurora.errors import DataError
from aurora.learning.accounts import PER_DAY, Catalogue, Truth, simulate
from aurora.learning.rightsizing.projection import DAYS_A_MONTH
from aurora.learning.rightsizing.rightsizing import Choice, Goals, Side
from aurora.learning.rightsizing.usage import Usage
from aurora.statistics.intervals import wilson

INTERVAL_PROBABILITY = 0.8
"""Probability of the interval of savings."""
MIN_ERROR_SHARE = 0.01
"""Smallest scale of an error of savings, as a share of the present cost."""
HIDDEN_DEMAND_ERROR = 0.1
"""Scale that is added per share of periods with a full CPU, as a share of the present cost; chosen on the accounts of
the calibration."""
RISK_BOUNDS = (0.02, 0.05, 0.2, 0.5)
"""Probabilities of breaking the promise at which risk becomes 1, 2, 3 and 4."""
PROJECTION_WEIGHT = 5.0
"""Weight of the projection, in measured cases."""
MIN_CASES = 20
"""Smallest number of cases of a finding for a calibration."""


def risk_level(probability: float) -> int:
    """Return the level of risk: 0 below a probability of 2 %, 1 below 5 %, 2 below 20 %, 3 below 50 %, else 4."""
    return int(np.searchsorted(RISK_BOUNDS, probability, side="right"))


@dataclass(frozen=True, slots=True)
class Case:
    """A recommendation for a generated account, and its result.

    Attributes:
        side: Finding of the recommendation.
        expected: Expected savings, dollars a month.
        scale: Scale of the error of the savings, dollars a month.
        realised: Realised savings, dollars a month.
        cost: Projected cost without the change, dollars a month.
        probability: Projected probability of breaking the promise.
        is_broken: True if the promise was broken.
        is_right: True if the promise was kept and, for "over", something was saved.
    """

    side: Side
    expected: float
    scale: float
    realised: float
    cost: float
    probability: float
    is_broken: bool
    is_right: bool


def savings_of(choice: Choice, usage: Usage) -> tuple[float, float]:
    """Return the expected savings and the scale of their error, dollars a month.

    The scale comes from the spread of the futures. It is larger if the CPU was full at times, which hides demand.
    """
    saved = choice.now.cost - choice.outcome.cost
    hidden = (MIN_ERROR_SHARE + HIDDEN_DEMAND_ERROR * usage.saturated) * float(choice.now.cost.mean())
    return float(saved.mean()), float(np.hypot(saved.std(), hidden))


def case_of(
    truth: Truth, usage: Usage, choice: Choice, goals: Goals, *, seed: int, catalogue: Catalogue | None = None
) -> Case:
    """Simulate the next month of a generated account with and without the change.

    Args:
        truth: Parameters from which the account was generated.
        usage: Usage estimated from its history.
        choice: Recommended change.
        goals: Goals of a configuration.
        seed: Random seed of the month's demand.
        catalogue: Catalogue of prices; None takes the synthetic one.
    """
    now = usage.configuration
    proposed = now if choice.best is None else choice.best
    stay = simulate(truth, now, DAYS_A_MONTH * PER_DAY, seed, catalogue=catalogue)
    move = simulate(truth, proposed, DAYS_A_MONTH * PER_DAY, seed, catalogue=catalogue)
    expected, scale = savings_of(choice, usage)
    realised = float(stay.metric("cost").sum() - move.metric("cost").sum())
    is_broken = _late(move.metric("misses"), move.metric("throughput")) > goals.misses
    right = not is_broken and (realised > 0 or choice.side != "over")
    return Case(
        choice.side,
        expected,
        scale,
        realised,
        float(choice.now.cost.mean()),
        choice.outcome.exceeds(goals.misses),
        is_broken,
        right,
    )


def _late(misses: Any, throughput: Any) -> float:
    """Return the share of a month's requests that were late."""
    return float(np.average(misses, weights=np.maximum(throughput, 1e-9)))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of right recommendations with its interval.

    Attributes:
        count: Number of cases.
        share: Share of right recommendations.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
    """

    count: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SavingsCalibration:
    """Calibration of savings and risk, measured on generated accounts.

    Attributes:
        source: Command that measured it.
        level: Probability of the intervals.
        scores: Both ends of the interval of (realised - expected) / scale, by finding.
        right: Share of right recommendations, by finding and level of projected risk, such as "over 0".
        broken: Number of cases and number of broken promises, by finding and level of projected risk.
    """

    source: str
    level: float
    scores: Mapping[str, tuple[float, float]]
    right: Mapping[str, Rate]
    broken: Mapping[str, tuple[int, int]]

    def probability(self, side: Side, projected: float) -> float:
        """Return the probability of breaking the promise, from measured cases of this level of risk and the projection.

        The projection has the weight of `PROJECTION_WEIGHT` cases, since it can't account for errors of its own model.
        """
        count, broken = self.broken.get(f"{side} {risk_level(projected)}", (0, 0))
        return (broken + PROJECTION_WEIGHT * projected) / (count + PROJECTION_WEIGHT)

    def interval(self, side: Side, expected: float, scale: float) -> tuple[float, float]:
        """Return both ends of the interval of savings, which always contains the expected value."""
        low, high = self.scores[side]
        return min(expected, expected + low * scale), max(expected, expected + high * scale)

    def rate(self, side: Side, projected: float) -> Rate:
        """Return the share of right recommendations, from the same cases and projection as `probability`.

        A right recommendation kept its promise, so the share is at most 1 minus that probability.
        """
        own = self.right.get(f"{side} {risk_level(projected)}")
        count, good = (0, 0.0) if own is None else (own.count, own.share * own.count)
        good += PROJECTION_WEIGHT * (1 - projected)
        trials = count + PROJECTION_WEIGHT
        return Rate(count, good / trials, *wilson(good, trials))


def fit(cases: Sequence[Case], source: str, level: float = INTERVAL_PROBABILITY) -> SavingsCalibration:
    """Calibrate by split conformal prediction with separate tails (Vovk et al. 2005; Romano et al. 2019).

    Raises:
        DataError: A finding with a change has fewer than `MIN_CASES` cases.
    """
    scores: dict[str, tuple[float, float]] = {}
    right: dict[str, Rate] = {}
    broken: dict[str, tuple[int, int]] = {}
    sides: tuple[Side, ...] = ("under", "over", "optimised")
    for side in sides:
        own = [c for c in cases if c.side == side]
        if len(own) < MIN_CASES and side != "optimised":
            raise DataError(f"{len(own)} cases of {side!r}; {MIN_CASES} are needed: take more accounts or seeds")
        for risk in range(len(RISK_BOUNDS) + 1):
            alike = [c for c in own if risk_level(c.probability) == risk]
            right[f"{side} {risk}"] = _rate(alike)
            broken[f"{side} {risk}"] = len(alike), sum(c.is_broken for c in alike)
        moved = [c for c in own if c.expected or c.realised]
        if moved and side != "optimised":
            errors = np.sort([(c.realised - c.expected) / c.scale for c in moved])
            tail = (1 - level) / 2
            rank = int(np.ceil((len(errors) + 1) * (1 - tail)))  # rank of the upper end, from 1
            high = errors[min(rank, len(errors)) - 1]
            low = errors[max(len(errors) - rank, 0)]
            scores[side] = float(low), float(high)
    return SavingsCalibration(source, level, scores, right, broken)


def _rate(cases: Sequence[Case]) -> Rate:
    good = sum(c.is_right for c in cases)
    return Rate(len(cases), good / len(cases) if cases else 0.0, *wilson(good, len(cases)))


def covered(cases: Iterable[Case], calibration: SavingsCalibration) -> list[bool]:
    """Return, for each recommendation that changes something, whether the realised savings lie in their interval."""
    inside = []
    for c in cases:
        if c.expected or c.realised:
            low, high = calibration.interval(c.side, c.expected, c.scale)
            inside.append(low <= c.realised <= high)
    return inside


def calibration_json(calibration: SavingsCalibration) -> dict[str, Any]:
    """Return a calibration in the form of its file."""
    return {
        "source": calibration.source,
        "level": calibration.level,
        "scores": {k: list(v) for k, v in calibration.scores.items()},
        "right": {k: [r.count, round(r.share * r.count)] for k, r in calibration.right.items()},
        "broken": {k: list(v) for k, v in calibration.broken.items()},
    }


@cache
def shipped_calibration() -> SavingsCalibration:
    """Return the calibration that is shipped with this version."""
    data = json.loads(files(__package__).joinpath("savings.json").read_text(encoding="utf-8"))
    right = {k: Rate(n, good / n if n else 0.0, *wilson(good, n)) for k, (n, good) in data["right"].items()}
    scores = {k: (v[0], v[1]) for k, v in data["scores"].items()}
    broken = {k: (v[0], v[1]) for k, v in data["broken"].items()}
    return SavingsCalibration(data["source"], data["level"], scores, right, broken)
