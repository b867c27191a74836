"""How far promised savings and promised safety can be believed: measured on accounts whose truth is known."""

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
from aurora.learning.rightsizing.projection import MONTH
from aurora.learning.rightsizing.rightsizing import Choice, Goals, Side
from aurora.learning.rightsizing.usage import Usage
from aurora.statistics import wilson

LEVEL = 0.8
"""Probability of the interval of savings."""
FLOOR = 0.01
"""Of the present cost: the least scale of an error of savings."""
HIDDEN = 0.1
"""Likewise, for each share of periods with a full CPU; chosen on the calibration's accounts."""
RISKS = (0.02, 0.05, 0.2, 0.5)
"""Probabilities of breaking the promise at which risk becomes 1, 2, 3 and 4."""
WEIGHT = 5.0
"""Cases that the projection counts for, beside those that were measured."""
ENOUGH = 20
"""Cases of a finding without which nothing is calibrated."""


def risk_level(probability: float) -> int:
    """Risk from 0 (the promise is broken with less than 2 %) over 1 (5 %), 2 (20 %) and 3 (50 %) to 4."""
    return int(np.searchsorted(RISKS, probability, side="right"))


@dataclass(frozen=True, slots=True)
class Case:
    """A recommendation for a generated account, and what came of it.

    Attributes:
        side: The finding.
        expected: Savings, dollars a month.
        scale: Of their error, dollars a month.
        realised: Dollars a month.
        cost: Of staying, dollars a month, as projected.
        probability: Of breaking the promise, as projected.
        is_broken: Whether it was broken.
        is_right: Of "over": something was saved and the promise kept; of the others: the promise was kept.
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
    """Expected savings and the scale of their error, dollars a month.

    The error is that of the futures, and more where the CPU was full and hid the demand.
    """
    saved = choice.now.cost - choice.outcome.cost
    hidden = (FLOOR + HIDDEN * usage.saturated) * float(choice.now.cost.mean())
    return float(saved.mean()), float(np.hypot(saved.std(), hidden))


def case_of(
    truth: Truth, usage: Usage, choice: Choice, goals: Goals, *, seed: int, catalogue: Catalogue | None = None
) -> Case:
    """Play the next month of a generated account with and without the change.

    Args:
        truth: Of the account.
        usage: What was made out of it.
        choice: What was recommended.
        goals: That were to be kept.
        seed: Of the month.
        catalogue: What can be rented.
    """
    now = usage.configuration
    proposed = now if choice.best is None else choice.best
    stay = simulate(truth, now, MONTH * PER_DAY, seed, catalogue=catalogue)
    move = simulate(truth, proposed, MONTH * PER_DAY, seed, catalogue=catalogue)
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
    """Share of a month's requests that were late."""
    return float(np.average(misses, weights=np.maximum(throughput, 1e-9)))


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something was right.

    Attributes:
        count: Of cases.
        share: That were right.
        low: Of its 95 % interval.
        high: Likewise.
    """

    count: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SavingsCalibration:
    """What was measured on generated accounts.

    Attributes:
        source: The command that measured it.
        level: Of the intervals.
        scores: By finding, the two ends of the interval of (realised - expected) / scale.
        right: By finding and level of the projected risk ("over 0").
        broken: Cases, and those in which the promise was broken, by finding and level of the projected risk.
    """

    source: str
    level: float
    scores: Mapping[str, tuple[float, float]]
    right: Mapping[str, Rate]
    broken: Mapping[str, tuple[int, int]]

    def probability(self, side: Side, projected: float) -> float:
        """Probability of breaking the promise: what was measured where so much was projected, and the projection.

        The projection counts as much as `WEIGHT` cases; it knows nothing of what its own model lacks.
        """
        count, broken = self.broken.get(f"{side} {risk_level(projected)}", (0, 0))
        return (broken + WEIGHT * projected) / (count + WEIGHT)

    def interval(self, side: Side, expected: float, scale: float) -> tuple[float, float]:
        """Ends of the interval of savings; it holds the expected value."""
        low, high = self.scores[side]
        return min(expected, expected + low * scale), max(expected, expected + high * scale)

    def rate(self, side: Side, projected: float) -> Rate:
        """How often such a recommendation was right, by the same cases and projection as `probability`.

        Whatever is right kept the promise, so it is at most 1 less that probability.
        """
        own = self.right.get(f"{side} {risk_level(projected)}")
        count, good = (0, 0.0) if own is None else (own.count, own.share * own.count)
        good += WEIGHT * (1 - projected)
        trials = count + WEIGHT
        return Rate(count, good / trials, *wilson(good, trials))


def fit(cases: Sequence[Case], source: str, level: float = LEVEL) -> SavingsCalibration:
    """Calibrate by split conformal prediction with both tails apart (Vovk et al. 2005; Romano et al. 2019).

    Raises:
        DataError: A finding with a change has fewer than `ENOUGH` cases.
    """
    scores: dict[str, tuple[float, float]] = {}
    right: dict[str, Rate] = {}
    broken: dict[str, tuple[int, int]] = {}
    sides: tuple[Side, ...] = ("under", "over", "optimised")
    for side in sides:
        own = [c for c in cases if c.side == side]
        if len(own) < ENOUGH and side != "optimised":
            raise DataError(f"{len(own)} cases of {side!r}; {ENOUGH} are needed: take more accounts or seeds")
        for risk in range(len(RISKS) + 1):
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
    """Whether each realised saving lies in its interval; of recommendations that change something."""
    found = []
    for c in cases:
        if c.expected or c.realised:
            low, high = calibration.interval(c.side, c.expected, c.scale)
            found.append(low <= c.realised <= high)
    return found


def calibration_json(calibration: SavingsCalibration) -> dict[str, Any]:
    """As it is kept in a file."""
    return {
        "source": calibration.source,
        "level": calibration.level,
        "scores": {k: list(v) for k, v in calibration.scores.items()},
        "right": {k: [r.count, round(r.share * r.count)] for k, r in calibration.right.items()},
        "broken": {k: list(v) for k, v in calibration.broken.items()},
    }


@cache
def shipped_calibration() -> SavingsCalibration:
    """What was measured before this version was made."""
    data = json.loads(files(__package__).joinpath("savings.json").read_text(encoding="utf-8"))
    right = {k: Rate(n, good / n if n else 0.0, *wilson(good, n)) for k, (n, good) in data["right"].items()}
    scores = {k: (v[0], v[1]) for k, v in data["scores"].items()}
    broken = {k: (v[0], v[1]) for k, v in data["broken"].items()}
    return SavingsCalibration(data["source"], data["level"], scores, right, broken)
