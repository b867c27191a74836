"""Calibration of promised savings and safety, on generated accounts whose future is known."""

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
from aurora.statistics import wilson

LEVEL = 0.8
"""Probability of the interval of savings."""
MIN_ERROR_SHARE = 0.01
"""Least scale of an error of savings, as a share of the present cost."""
HIDDEN_DEMAND_ERROR = 0.1
"""Added scale, as a share of the present cost, times the share of periods with a full CPU; chosen on the
calibration's accounts."""
RISK_BOUNDS = (0.02, 0.05, 0.2, 0.5)
"""Probabilities of breaking the promise at which risk becomes 1, 2, 3 and 4."""
PROJECTION_WEIGHT = 5.0
"""Number of cases that the projection counts as, in addition to those that were measured."""
MIN_CASES = 20
"""Fewest cases of a finding for a calibration."""


def risk_level(probability: float) -> int:
    """Return the level of risk: 0 below a probability of 2 %, 1 below 5 %, 2 below 20 %, 3 below 50 %, else 4."""
    return int(np.searchsorted(RISK_BOUNDS, probability, side="right"))


@dataclass(frozen=True, slots=True)
class Case:
    """A recommendation for a generated account, and its result.

    Attributes:
        side: Finding.
        expected: Expected savings, dollars a month.
        scale: Scale of the error of the savings, dollars a month.
        realised: Realised savings, dollars a month.
        cost: Projected cost without the change, dollars a month.
        probability: Projected probability of breaking the promise.
        is_broken: Whether the promise was broken.
        is_right: Whether the promise was kept and, for "over", something was saved.
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

    The error is that of the futures, and more where the CPU was full and hid the demand.
    """
    saved = choice.now.cost - choice.outcome.cost
    hidden = (MIN_ERROR_SHARE + HIDDEN_DEMAND_ERROR * usage.saturated) * float(choice.now.cost.mean())
    return float(saved.mean()), float(np.hypot(saved.std(), hidden))


def case_of(
    truth: Truth, usage: Usage, choice: Choice, goals: Goals, *, seed: int, catalogue: Catalogue | None = None
) -> Case:
    """Simulate the next month of a generated account with and without the change.

    Args:
        truth: Truth about the account.
        usage: Usage estimated from its history.
        choice: Recommended change.
        goals: Goals of a configuration.
        seed: Random seed of the month's demand.
        catalogue: Catalogue of prices; None: the synthetic one.
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
    """Share of right recommendations.

    Attributes:
        count: Number of cases.
        share: Share of right ones.
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
        scores: Finding -> both ends of the interval of (realised - expected) / scale.
        right: Finding and level of the projected risk, such as "over 0" -> share of right recommendations.
        broken: Finding and level of the projected risk -> number of cases, and of broken promises among them.
    """

    source: str
    level: float
    scores: Mapping[str, tuple[float, float]]
    right: Mapping[str, Rate]
    broken: Mapping[str, tuple[int, int]]

    def probability(self, side: Side, projected: float) -> float:
        """Return the probability of breaking the promise: measured at this level of projected risk, and projected.

        The projection counts as much as `PROJECTION_WEIGHT` cases; it knows nothing of what its own model lacks.
        """
        count, broken = self.broken.get(f"{side} {risk_level(projected)}", (0, 0))
        return (broken + PROJECTION_WEIGHT * projected) / (count + PROJECTION_WEIGHT)

    def interval(self, side: Side, expected: float, scale: float) -> tuple[float, float]:
        """Return both ends of the interval of savings; it holds the expected value."""
        low, high = self.scores[side]
        return min(expected, expected + low * scale), max(expected, expected + high * scale)

    def rate(self, side: Side, projected: float) -> Rate:
        """Return how often such a recommendation was right, by the same cases and projection as `probability`.

        Whatever is right kept the promise, so it is at most 1 less that probability.
        """
        own = self.right.get(f"{side} {risk_level(projected)}")
        count, good = (0, 0.0) if own is None else (own.count, own.share * own.count)
        good += PROJECTION_WEIGHT * (1 - projected)
        trials = count + PROJECTION_WEIGHT
        return Rate(count, good / trials, *wilson(good, trials))


def fit(cases: Sequence[Case], source: str, level: float = LEVEL) -> SavingsCalibration:
    """Calibrate by split conformal prediction with both tails apart (Vovk et al. 2005; Romano et al. 2019).

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
            rank = int(np.ceil((len(errors) + 1) * (1 - tail)))  # of the upper end, from 1
            high = errors[min(rank, len(errors)) - 1]
            low = errors[max(len(errors) - rank, 0)]
            scores[side] = float(low), float(high)
    return SavingsCalibration(source, level, scores, right, broken)


def _rate(cases: Sequence[Case]) -> Rate:
    good = sum(c.is_right for c in cases)
    return Rate(len(cases), good / len(cases) if cases else 0.0, *wilson(good, len(cases)))


def covered(cases: Iterable[Case], calibration: SavingsCalibration) -> list[bool]:
    """Return whether realised savings lie in their interval, for recommendations that change something."""
    found = []
    for c in cases:
        if c.expected or c.realised:
            low, high = calibration.interval(c.side, c.expected, c.scale)
            found.append(low <= c.realised <= high)
    return found


def calibration_json(calibration: SavingsCalibration) -> dict[str, Any]:
    """Return a calibration as its file holds it."""
    return {
        "source": calibration.source,
        "level": calibration.level,
        "scores": {k: list(v) for k, v in calibration.scores.items()},
        "right": {k: [r.count, round(r.share * r.count)] for k, r in calibration.right.items()},
        "broken": {k: list(v) for k, v in calibration.broken.items()},
    }


@cache
def shipped_calibration() -> SavingsCalibration:
    """Return the calibration that comes with this version."""
    data = json.loads(files(__package__).joinpath("savings.json").read_text(encoding="utf-8"))
    right = {k: Rate(n, good / n if n else 0.0, *wilson(good, n)) for k, (n, good) in data["right"].items()}
    scores = {k: (v[0], v[1]) for k, v in data["scores"].items()}
    broken = {k: (v[0], v[1]) for k, v in data["broken"].items()}
    return SavingsCalibration(data["source"], data["level"], scores, right, broken)
