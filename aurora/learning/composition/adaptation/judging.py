"""When a candidate is better than what runs: levels, the margin of accuracy, and the verdict in words and figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aurora.errors import InputError
from aurora.learning.composition.adaptation.application import Shadow
from aurora.learning.composition.adaptation.paired import ALPHA, Comparison
from aurora.learning.composition.scores.objective import Measured, Weights, reward


@dataclass(frozen=True)
class RecompositionSettings:
    """How a recomposition goes about it.

    Attributes:
        weights: What accuracy, latency and cost are worth.
        budget: Most compositions that are measured, the running one included.
        patience: Trials in a row that may bring nothing, after which no more is measured.
        worthwhile: Gain of the best reward below which a trial has brought nothing: requests go on while trials do.
        finalists: Most candidates that answer in the shadow, the best first.
        shadow_requests: Live requests that each of them answers.
        least_gain: Gain of reward above which a candidate is better.
        alpha: Largest probability that any of the finalists is called better and is not.
        most_failures: Most live requests that a candidate may fail.
        most_slowdown: Largest quotient of the median times on live requests; infinite: the reward alone judges time.
    """

    weights: Weights
    budget: int = 20
    patience: int = 3
    worthwhile: float = 0.002
    finalists: int = 3
    shadow_requests: int = 2000
    least_gain: float = 0.0
    alpha: float = ALPHA
    most_failures: int = 0
    most_slowdown: float = math.inf

    def __post_init__(self) -> None:
        for name in ("budget", "patience", "finalists", "shadow_requests"):
            if getattr(self, name) < 1:
                raise InputError("give at least 1", parameter=name, value=getattr(self, name))
        if not 0 < self.alpha < 1:
            raise InputError("give a number between 0 and 1", parameter="alpha", value=self.alpha)

    def worth(self, measured: Measured) -> float:
        """Return the reward of a measurement; minus infinity for a composition that is overloaded."""
        return reward(measured, self.weights) if math.isfinite(measured.latency) else -math.inf


def refusal(seen: Shadow, settings: RecompositionSettings) -> str:
    """Return why a candidate may not take over after what was seen in the shadow; empty if it may."""
    if seen.failures > settings.most_failures:
        return f"it failed {seen.failures} of {seen.requests} live requests that the running one answered"
    if seen.slowdown > settings.most_slowdown:
        return f"it took {seen.slowdown:.3g} times as long; at most {settings.most_slowdown:g} is allowed"
    return ""


def margin(old: Measured | None, new: Measured, settings: RecompositionSettings, least_gain: float) -> float:
    """Return the difference of accuracy, new less old, at which the rewards are apart by a least gain.

    Args:
        old: Measurement of the running composition; None: it can't be run.
        new: Measurement of the candidate.
        settings: Weights.
        least_gain: Gain of reward above which the candidate is better.

    Returns:
        Minus infinity where the old one is worth nothing, infinity where the new one is.
    """
    weights = settings.weights
    if old is None or not math.isfinite(settings.worth(old)):
        return -math.inf
    if not math.isfinite(settings.worth(new)):
        return math.inf
    saved = weights.latency * (old.latency - new.latency) / weights.latency_scale
    saved += weights.cost * (old.cost - new.cost) / weights.cost_scale
    needed = least_gain - saved
    if weights.accuracy == 0:
        return math.inf if needed >= 0 else -math.inf
    return needed / weights.accuracy


def in_words(found: Comparison) -> str:
    """Return a comparison as a sentence: the verdict with its counts, and what was needed."""
    counts = f"{found.only_candidate} right only by it, {found.only_running} only by the other"
    asked = "" if found.margin == 0 or not math.isfinite(found.margin) else f"; {100 * found.margin:+.2f} are needed"
    return f"{found.verdict} after {found.requests} labels ({100 * found.difference:+.2f} points, {counts}{asked})"


def finite(**values: float) -> dict[str, float]:
    """Return the values that are finite: JSON has no other."""
    return {name: value for name, value in values.items() if math.isfinite(value)}


def shadow_figures(seen: Shadow) -> dict[str, float]:
    """Return what was seen in the shadow as figures of a step."""
    return finite(
        requests=float(seen.requests),
        failures=float(seen.failures),
        agreement=seen.agreement,
        slowdown=seen.slowdown,
    )


def comparison_figures(found: Comparison) -> dict[str, float]:
    """Return a comparison as figures of a step."""
    return finite(
        labels=float(found.requests),
        difference=found.difference,
        margin=found.margin,
        only_candidate=float(found.only_candidate),
        only_running=float(found.only_running),
        evidence_better=found.evidence[0],
        evidence_worse=found.evidence[1],
    )
