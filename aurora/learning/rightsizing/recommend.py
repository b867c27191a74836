"""Recommendation for an account: finding, reasons, savings, confidence, and what would change the finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from aurora.learning.accounts import Account, Catalogue, Configuration
from aurora.learning.accounts.workload import DAY
from aurora.learning.experts.experts import ExpertStates
from aurora.learning.experts.precedents import Precedents, precedents_for
from aurora.learning.rightsizing.projection import Projector, Utilisation, measured_utilisation, next_months
from aurora.learning.rightsizing.reasons import disagreement, named, reasons_for
from aurora.learning.rightsizing.rightsizing import Choice, Goals, Side, candidates, choose, least_instances
from aurora.learning.rightsizing.savings import Rate, SavingsCalibration, risk_level, savings_of
from aurora.learning.rightsizing.savings_ledger import PromiseCalibration
from aurora.learning.rightsizing.sensitivity import Flip, flips
from aurora.learning.rightsizing.usage import RESOURCES, Usage, usage_of, was_measured
from aurora.learning.rightsizing.utilisation import Entry, usage_of_series
from aurora.learning.series.series import Series

FindingKind = Literal["under", "over", "optimised", "no_data", "conflict"]
MIN_DAYS = 7.0
"""Fewest days of measurements: one of every day of the week."""
MAX_RISK = 2
"""Highest level of risk of a change that may go into a plan."""
FROZEN_TAG = "do-not-resize"
"""The tag that forbids any change."""


@dataclass(frozen=True, slots=True)
class Savings:
    """Savings by a change, dollars a month of 30 days; negative where it costs more.

    Attributes:
        expected: Mean over the futures.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: Probability with which the interval holds.
        price_source: Source of the prices, with its date.
    """

    expected: float
    low: float
    high: float
    level: float
    price_source: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """Confidence in a recommendation: how often one like it was right.

    Attributes:
        value: Share of right ones, 0 to 1. "over" was right if it saved something and kept the promise, the others if
            the promise was kept. At most 1 less the probability of breaking the promise.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
        basis: Cases that it was measured on, in words.
        is_calibrated: Whether a ledger of this user's own changes is given, and the intervals in it hold.
    """

    value: float
    low: float
    high: float
    basis: str
    is_calibrated: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Recommendation for one account.

    Attributes:
        account: Name of the account.
        finding: Finding. "under": the account is too small for its promise; "over": a cheaper configuration keeps the
            promise; "conflict": resources contradict each other, or a constraint forbids the change.
        reasons: Reasons of the finding, with their numbers.
        have: Number of measured values.
        need: Number of values below which the account is not judged.
        measured: Whether a resource (cpu, memory, io, bandwidth) was measured; one that was not stays as it is.
        assumptions: Assumptions about the data, in sentences.
        now: Present configuration.
        proposed: Proposed configuration; None if nothing is to change, or nothing better was found.
        is_applicable: Whether `proposed` may go into a plan: not in a conflict, and not with a risk above `MAX_RISK`.
        utilisation_now: Measured utilisation.
        utilisation_now_projected: Projected utilisation in the next month under `now`.
        utilisation: Projected utilisation in the next month under `proposed`.
        cost_now: Projected cost of the next month under `now`, dollars.
        cost_proposed: Projected cost of the next month under `proposed`, dollars.
        savings: Savings by the change.
        risk: Level of risk of what is recommended, 0 to 4; see `savings.risk_level`.
        probability: Calibrated probability of breaking the promise in the next month, from which `risk` follows.
        risk_basis: Cases that the probability rests on, in words.
        probability_now: Projected probability of breaking the promise under `now`, not calibrated.
        confidence: Confidence in the recommendation.
        precedents: Similar situations in which experts chose.
        flips: Smallest changes that lead to another finding.
    """

    account: str
    finding: FindingKind
    reasons: tuple[str, ...]
    have: int
    need: int
    measured: dict[str, bool] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    now: Configuration | None = None
    proposed: Configuration | None = None
    is_applicable: bool = False
    utilisation_now: Utilisation | None = None
    utilisation_now_projected: Utilisation | None = None
    utilisation: Utilisation | None = None
    cost_now: float | None = None
    cost_proposed: float | None = None
    savings: Savings | None = None
    risk: int | None = None
    probability: float | None = None
    risk_basis: str = ""
    probability_now: float | None = None
    confidence: Confidence | None = None
    precedents: Precedents | None = None
    flips: tuple[Flip, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """Basis of recommendations: all that they depend on except the account itself.

    Attributes:
        catalogue: Catalogue of prices, with their source.
        calibration: Calibration of savings and confidence, measured on generated accounts.
        goals: Goals of a configuration.
        earned: Calibration of this user's own promises, from a ledger; None without one.
        need_days: Fewest days of measurements.
        experts: Situations of experts to compare with; None for no comparison.
        with_flips: Whether to search for what would change a finding, which takes most of the time.
    """

    catalogue: Catalogue
    calibration: SavingsCalibration
    goals: Goals = Goals()  # noqa: RUF009  # frozen
    earned: PromiseCalibration | None = None
    need_days: float = MIN_DAYS
    experts: ExpertStates | None = None
    with_flips: bool = True


def recommend_account(account: Account, basis: Basis) -> Recommendation:
    """Return the recommendation for an account, from its history.

    Args:
        account: History of the account.
        basis: Prices, calibration, goals.
    """
    need = ceil(basis.need_days * DAY / account.period)
    measured = {r: was_measured(account.metric(r)) for r in RESOURCES}
    if len(account) < need or not measured["cpu"]:
        return refusal(account.account_id, len(account), need, measured, account.present)
    return recommend_usage(usage_of(account, basis.catalogue), basis, have=len(account), need=need)


def recommend_workload(name: str, metrics: Mapping[str, Series], entry: Entry, basis: Basis) -> Recommendation:
    """Return the recommendation for a workload, from its series of utilisation.

    Args:
        name: Name of the workload.
        metrics: Series of the workload by metric; see `utilisation.usage_of_series`.
        entry: Configuration of the workload.
        basis: Prices, calibration, goals.

    Raises:
        DataError: As `utilisation.usage_of_series`.
    """
    cpu = metrics.get("cpu")
    measured = {r: r in metrics for r in RESOURCES}
    need = ceil(basis.need_days * DAY / (60 if cpu is None else cpu.step))
    have = 0 if cpu is None else int(cpu.observed.sum())
    if cpu is None or have < need or not cpu.y.max() > 0:
        return refusal(name, have, need, measured, entry.configuration)
    return recommend_usage(usage_of_series(name, metrics, entry, basis.catalogue), basis, have=have, need=need)


def refusal(
    name: str, have: int, need: int, measured: dict[str, bool] | None = None, now: Configuration | None = None
) -> Recommendation:
    """Return the recommendation for an account of which too little was measured.

    Args:
        name: Name of the account.
        have: Number of measured values.
        need: Number of values that are needed.
        measured: Whether a resource was measured, as far as it is known.
        now: Present configuration, if it is known.
    """
    short = f"have {have} of {need} values"
    reason = short if 0 < have < need else "CPU was not measured (or is 0 all the time): nothing can be said without it"
    return Recommendation(name, "no_data", (reason,), have, need, measured or {}, now=now)


def recommend_usage(usage: Usage, basis: Basis, *, have: int, need: int) -> Recommendation:
    """Return the recommendation for an account whose usage is known.

    Args:
        usage: Usage of at least a day, with its CPU.
        basis: Prices, calibration, goals.
        have: Number of measured values.
        need: Number of values that are needed.
    """
    goals = basis.goals
    projector = Projector(usage, basis.catalogue, next_months(usage))
    choice = choose(projector, goals, candidates(projector, goals))
    measured, projected = measured_utilisation(usage), projector.utilisation(usage.configuration)
    obstacles = _obstacles(projector, basis, choice, projected)
    exceeds = choice.outcome.exceeds(goals.misses)
    probability = basis.calibration.probability(choice.side, exceeds)
    risk = risk_level(probability)
    return Recommendation(
        usage.account,
        "conflict" if obstacles else choice.side,
        (*obstacles, *reasons_for(projector, choice, goals, measured, projected)),
        have,
        need,
        usage.measured,
        usage.assumptions,
        usage.configuration,
        choice.best,
        is_applicable=choice.best is not None and not obstacles and risk <= MAX_RISK,
        utilisation_now=measured,
        utilisation_now_projected=projected,
        utilisation=None if choice.best is None else projector.utilisation(choice.best),
        cost_now=float(choice.now.cost.mean()),
        cost_proposed=float(choice.outcome.cost.mean()),
        savings=_savings(choice, usage, basis),
        risk=risk,
        probability=probability,
        risk_basis=_risk_basis(choice, exceeds, usage, basis),
        probability_now=choice.now.exceeds(goals.misses),
        confidence=_confidence(choice.side, exceeds, basis),
        precedents=_precedents(usage, choice, basis),
        flips=flips(projector, goals, choice) if basis.with_flips else (),
    )


def _risk_basis(choice: Choice, exceeds: float, usage: Usage, basis: Basis) -> str:
    count = basis.calibration.rate(choice.side, exceeds).count
    what = "the proposal" if choice.best is not None else "the present configuration"
    told = (
        f"that more than {basis.goals.misses:.2%} of next month's requests are late under {what}; from {count} "
        f"generated accounts with this finding and projected risk ({exceeds:.0%})"
    )
    rest = usage.unmeasured
    return f"{told}; as far as {named([r for r in RESOURCES if r not in rest])} can tell" if rest else told


def _obstacles(projector: Projector, basis: Basis, choice: Choice, projected: Utilisation) -> tuple[str, ...]:
    """Return the reasons against making a change."""
    found = []
    usage = projector.usage
    if choice.side != "optimised" and FROZEN_TAG in usage.tags:
        found.append(f"the tag {FROZEN_TAG} forbids any change")
    least = least_instances(usage.tags)
    if least > 1:
        free = choose(projector, basis.goals, candidates(projector, basis.goals, with_tags=False))
        if free.best is not None and free.best.minimum < least and _is_dearer(choice, free):
            saved = float(choice.outcome.cost.mean() - free.outcome.cost.mean())
            found.append(
                f"the tag minimum={least} forbids {free.best.minimum} instances, which would save ${saved:.0f} more "
                "a month"
            )
    contradiction = disagreement(projected, choice)
    if contradiction:
        found.append(contradiction)
    return tuple(found)


def _is_dearer(choice: Choice, free: Choice) -> bool:
    here, there = float(choice.outcome.cost.mean()), float(free.outcome.cost.mean())
    return here > 1.01 * there


def _savings(choice: Choice, usage: Usage, basis: Basis) -> Savings | None:
    if choice.best is None:
        return None
    expected, scale = savings_of(choice, usage)
    low, high = basis.calibration.interval(choice.side, expected, scale)
    return Savings(expected, low, high, basis.calibration.level, basis.catalogue.source)


def _confidence(side: Side, projected: float, basis: Basis) -> Confidence:
    rate: Rate = basis.calibration.rate(side, projected)
    meant = "saved something and kept the promise" if side == "over" else "kept the promise"
    text = f"{meant}: {rate.share:.0%}, from {rate.count} generated accounts with this finding and projected risk"
    earned = basis.earned
    if earned is None:
        text += "; nothing is realised yet with which to compare it here"
    else:
        text += (
            f"; of {earned.count} changes realised here, {earned.within:.0%} saved what their interval said "
            f"(stated: {earned.level:.0%})"
        )
    return Confidence(rate.share, rate.low, rate.high, text, earned is not None and earned.is_calibrated)


def _precedents(usage: Usage, choice: Choice, basis: Basis) -> Precedents | None:
    if basis.experts is None or usage.account_history is None:
        return None
    proposed = choice.best or usage.configuration
    return precedents_for(usage.account_history, proposed, basis.catalogue, basis.experts)


def applicable(found: Sequence[Recommendation]) -> list[Recommendation]:
    """Return the recommendations that may go into a plan, largest savings first."""
    return sorted(
        (r for r in found if r.is_applicable), key=lambda r: -(r.savings.expected if r.savings is not None else 0.0)
    )
