"""What to do with an account: the finding, why, what it would bring, how sure that is, and what would change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from aurora.learning.accounts import Account, Catalogue, Configuration
from aurora.learning.accounts.workload import DAY
from aurora.learning.experts import ExpertStates
from aurora.learning.ledger import Calibration
from aurora.learning.precedents import Precedents, precedents_for
from aurora.learning.projection import Projector, Utilisation, next_months
from aurora.learning.reasons import disagreement, reasons_for
from aurora.learning.rightsizing import Choice, Goals, Side, candidates, choose, least_instances
from aurora.learning.savings import Rate, SavingsCalibration, risk_level, savings_of
from aurora.learning.sensitivity import Flip, flips
from aurora.learning.usage import Usage, usage_of

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
        value: Share, 0 to 1; of a change: it brought what was said and kept the promise; otherwise: the promise held.
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
        now: The present configuration.
        proposed: Instead; None if nothing is to change, or nothing better was found.
        is_applicable: Whether `proposed` may go into a plan: not in a conflict, and not with a risk above `MOST_RISK`.
        utilisation_now: Projected for the next month.
        utilisation: Projected under `proposed`.
        savings: Of the change.
        risk: Of what is recommended, 0 to 4, see `savings.risk_level`.
        probability: Of breaking the promise in the next month, behind `risk`; calibrated.
        probability_now: Likewise if nothing is changed, as projected.
        confidence: In the recommendation.
        precedents: Similar situations in which experts chose.
        flips: What would change the finding.
    """

    account: str
    finding: Verdict
    reasons: tuple[str, ...]
    have: int
    need: int
    now: Configuration | None = None
    proposed: Configuration | None = None
    is_applicable: bool = False
    utilisation_now: Utilisation | None = None
    utilisation: Utilisation | None = None
    savings: Savings | None = None
    risk: int | None = None
    probability: float | None = None
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
    earned: Calibration | None = None
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
    if len(account) < need:
        return refusal(account.account_id, len(account), need)
    return recommend(usage_of(account, basis.catalogue), basis, have=len(account), need=need)


def refusal(name: str, have: int, need: int) -> Recommendation:
    """Too little was measured to say anything."""
    return Recommendation(name, "no_data", (f"have {have} of {need} values",), have, need)


def recommend(usage: Usage, basis: Basis, *, have: int, need: int) -> Recommendation:
    """What to do with an account whose usage is known.

    Args:
        usage: At least a day.
        basis: Prices, calibration, goals.
        have: Values that were measured.
        need: Values that are needed.
    """
    goals = basis.goals
    projector = Projector(usage, basis.catalogue, next_months(usage))
    least = least_instances(usage.tags)
    choice = choose(projector, goals, candidates(projector, least))
    utilisation_now = projector.utilisation(usage.configuration)
    used = None if choice.best is None else projector.utilisation(choice.best)
    obstacles = _obstacles(projector, basis, choice, utilisation_now, least)
    finding: Verdict = "conflict" if obstacles else choice.side
    told = reasons_for(projector, choice, goals, utilisation_now)
    projected = choice.outcome.exceeds(goals.misses)
    probability = basis.calibration.probability(choice.side, projected)
    risk = risk_level(probability)
    return Recommendation(
        usage.account,
        finding,
        (*obstacles, *told),
        have,
        need,
        usage.configuration,
        choice.best,
        choice.best is not None and not obstacles and risk <= MOST_RISK,
        utilisation_now,
        used,
        _savings(choice, usage, basis),
        risk,
        probability,
        choice.now.exceeds(goals.misses),
        _confidence(choice.side, projected, basis),
        _precedents(usage, choice, basis),
        flips(projector, goals, choice, least) if basis.with_flips else (),
    )


def _obstacles(
    projector: Projector, basis: Basis, choice: Choice, utilisation: Utilisation, least: int
) -> tuple[str, ...]:
    """Why a change may not simply be made."""
    found = []
    usage = projector.usage
    if choice.side != "optimised" and FROZEN in usage.tags:
        found.append(f"the tag {FROZEN} forbids any change")
    if least > 1:
        free = choose(projector, basis.goals, candidates(projector))
        if free.best is not None and free.best.minimum < least and _is_dearer(choice, free):
            saved = float(choice.outcome.cost.mean() - free.outcome.cost.mean())
            found.append(
                f"the tag minimum={least} forbids {free.best.minimum} instances, which would save ${saved:.0f} more"
            )
    contradiction = disagreement(utilisation, choice)
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
    text = f"right for {rate.share:.0%} of {rate.count} generated accounts with this finding and risk"
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
