"""What to do with an account: the finding, why, what it would bring, how sure that is, and what would change it."""

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

Verdict = Literal["under", "over", "optimised", "no_data", "conflict"]
NEED_DAYS = 7.0
"""Of measurements: one of every day of the week."""
MOST_RISK = 2
"""Of a change that may go into a plan."""
FROZEN = "do-not-resize"
"""The tag that forbids any change."""


@dataclass(frozen=True, slots=True)
class Savings:
    """What a change saves, dollars a month of 30 days; negative where it costs more.

    Attributes:
        expected: Mean over the futures.
        low: Of the interval.
        high: Likewise.
        level: Probability with which the interval holds.
        price_source: Where the prices are from, with their date.
    """

    expected: float
    low: float
    high: float
    level: float
    price_source: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """How often a recommendation like this one was right.

    Attributes:
        value: Share, 0 to 1; of "over": it saved something and kept the promise; otherwise: the promise was kept. At
            most 1 less the probability of breaking the promise.
        low: Of its 95 % interval.
        high: Likewise.
        basis: What it was measured on.
        is_calibrated: Whether that is the ledger of this user's own changes, and the intervals in it hold.
    """

    value: float
    low: float
    high: float
    basis: str
    is_calibrated: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do with one account.

    Attributes:
        account: Its name.
        finding: What is the matter. "under": it is too small for what was promised; "over": a cheaper configuration
            keeps the promise; "conflict": resources contradict each other, or a constraint forbids the change.
        reasons: Why, with the numbers.
        have: Values that were measured.
        need: Values without which nothing is said.
        measured: By resource (cpu, memory, io, bandwidth), whether anything was measured of it; what was not stays.
        assumptions: What was taken for granted, in sentences.
        now: The present configuration.
        proposed: Instead; None if nothing is to change, or nothing better was found.
        is_applicable: Whether `proposed` may go into a plan: not in a conflict, and not with a risk above `MOST_RISK`.
        utilisation_now: Measured.
        utilisation_now_projected: For the next month, if nothing is changed.
        utilisation: Projected for the next month under `proposed`.
        cost_now: Dollars in the next month, as projected, if nothing is changed.
        cost_proposed: Likewise under `proposed`.
        savings: Of the change.
        risk: Of what is recommended, 0 to 4, see `savings.risk_level`.
        probability: Of breaking the promise in the next month, behind `risk`; calibrated.
        risk_basis: What that probability rests on.
        probability_now: Likewise if nothing is changed, as projected, not calibrated.
        confidence: In the recommendation.
        precedents: Similar situations in which experts chose.
        flips: What would change the finding.
    """

    account: str
    finding: Verdict
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
    """What recommendations rest on, beside the account itself.

    Attributes:
        catalogue: What can be rented, with the source of its prices.
        calibration: Of savings and confidence, measured on generated accounts.
        goals: To keep to.
        earned: Of this user's own changes, from a ledger; None without one.
        need_days: Of measurements.
        experts: With whose situations to compare; None for no comparison.
        with_flips: Whether to search for what would change a finding; most of the time goes into it.
    """

    catalogue: Catalogue
    calibration: SavingsCalibration
    goals: Goals = Goals()  # noqa: RUF009  # frozen
    earned: PromiseCalibration | None = None
    need_days: float = NEED_DAYS
    experts: ExpertStates | None = None
    with_flips: bool = True


def recommend_account(account: Account, basis: Basis) -> Recommendation:
    """What to do with an account, from its history.

    Args:
        account: Its history.
        basis: Prices, calibration, goals.
    """
    need = ceil(basis.need_days * DAY / account.period)
    measured = {r: was_measured(account.metric(r)) for r in RESOURCES}
    if len(account) < need or not measured["cpu"]:
        return refusal(account.account_id, len(account), need, measured, account.present)
    return recommend(usage_of(account, basis.catalogue), basis, have=len(account), need=need)


def recommend_workload(name: str, metrics: Mapping[str, Series], entry: Entry, basis: Basis) -> Recommendation:
    """Return what to do with a workload, from its series of utilisation.

    Args:
        name: Of the workload.
        metrics: Its series, by what they measure; see `utilisation.usage_of_series`.
        entry: Its configuration.
        basis: Prices, calibration, goals.

    Raises:
        DataError: See `utilisation.usage_of_series`.
    """
    cpu = metrics.get("cpu")
    measured = {r: r in metrics for r in RESOURCES}
    need = ceil(basis.need_days * DAY / (60 if cpu is None else cpu.step))
    have = 0 if cpu is None else int(cpu.observed.sum())
    if cpu is None or have < need or not cpu.y.max() > 0:
        return refusal(name, have, need, measured, entry.configuration)
    return recommend(usage_of_series(name, metrics, entry, basis.catalogue), basis, have=have, need=need)


def refusal(
    name: str, have: int, need: int, measured: dict[str, bool] | None = None, now: Configuration | None = None
) -> Recommendation:
    """Too little was measured to say anything.

    Args:
        name: Of the account.
        have: Values that were measured.
        need: Values that are needed.
        measured: By resource, as far as it is known.
        now: The present configuration, if it is known.
    """
    short = f"have {have} of {need} values"
    reason = short if 0 < have < need else "CPU was not measured (or is 0 all the time): nothing can be said without it"
    return Recommendation(name, "no_data", (reason,), have, need, measured or {}, now=now)


def recommend(usage: Usage, basis: Basis, *, have: int, need: int) -> Recommendation:
    """What to do with an account whose usage is known.

    Args:
        usage: At least a day, with its CPU.
        basis: Prices, calibration, goals.
        have: Values that were measured.
        need: Values that are needed.
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
        is_applicable=choice.best is not None and not obstacles and risk <= MOST_RISK,
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
    """Why a change may not simply be made."""
    found = []
    usage = projector.usage
    if choice.side != "optimised" and FROZEN in usage.tags:
        found.append(f"the tag {FROZEN} forbids any change")
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


def changed(found: Sequence[Recommendation]) -> list[Recommendation]:
    """Those that may go into a plan, largest savings first."""
    return sorted(
        (r for r in found if r.is_applicable), key=lambda r: -(r.savings.expected if r.savings is not None else 0.0)
    )
