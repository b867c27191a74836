"""Tools on accounts: what to do with one, and where an experiment stands."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import Field

from aurora.learning.experiments.experiment import Experiment
from aurora.learning.rightsizing.recommend import Recommendation
from aurora.learning.rightsizing.report import recommend as recommend_accounts
from aurora.tools.desk import Desk
from aurora.types import Frozen


class RecommendArguments(Frozen):
    """Which accounts to look at."""

    account_ids: tuple[str, ...] = Field(min_length=1, max_length=5, description="ids of accounts that are open")
    misses: float = Field(default=0.01, gt=0, le=0.5, description="share of requests that may be late")
    flips: bool = Field(default=False, description="whether to search for what would change the findings: seconds each")


class Recommended(Frozen):
    """What to do with an account."""

    account: str
    finding: str = Field(description="under, over, optimised, no_data or conflict")
    reasons: tuple[str, ...]
    not_measured: tuple[str, ...] = Field(description="resources of which nothing was measured; they stay as they are")
    change: dict[str, str] = Field(description="field -> now and proposed; empty: none")
    is_applicable: bool = Field(description="whether the change may go into a plan")
    savings: float | None = Field(description="dollars a month, expected; negative: it costs more")
    low: float | None = Field(description="of the interval of savings")
    high: float | None = Field(description="of the interval of savings")
    price_source: str | None
    cpu_p50: float | None = Field(description="projected CPU utilisation under what is recommended")
    cpu_p95: float | None
    memory_p95: float | None
    risk: int | None = Field(description="0 to 4; of breaking the promise next month")
    confidence: float | None = Field(description="how often such recommendations were right, 0 to 1")
    basis: str = Field(description="what the confidence rests on")
    would_change: tuple[str, ...] = Field(description="the smallest changes that lead to another finding")


class Recommendations(Frozen):
    """What to do with some accounts."""

    recommendations: tuple[Recommended, ...]


def recommend(desk: Desk, arguments: RecommendArguments) -> Recommendations:
    """Whether accounts are too large or too small, what to change, what it saves, and how sure that is."""
    accounts = [desk.account(name) for name in dict.fromkeys(arguments.account_ids)]
    report = recommend_accounts(accounts, misses=arguments.misses, with_flips=arguments.flips, with_precedents=False)
    return Recommendations(recommendations=tuple(_row(r) for r in report.recommendations))


def _row(r: Recommendation) -> Recommended:
    now, new = (asdict(c) if c is not None else {} for c in (r.now, r.proposed))
    used = r.utilisation if r.utilisation is not None else r.utilisation_now_projected
    saved, sure = r.savings, r.confidence
    return Recommended(
        account=r.account,
        finding=r.finding,
        reasons=r.reasons,
        not_measured=tuple(name for name, is_measured in r.measured.items() if not is_measured),
        change={k: f"{now[k]} -> {v}" for k, v in new.items() if now[k] != v},
        is_applicable=r.is_applicable,
        savings=None if saved is None else saved.expected,
        low=None if saved is None else saved.low,
        high=None if saved is None else saved.high,
        price_source=None if saved is None else saved.price_source,
        cpu_p50=None if used is None else used.p50["cpu"],
        cpu_p95=None if used is None else used.p95["cpu"],
        memory_p95=None if used is None else used.p95["memory"],
        risk=r.risk,
        confidence=None if sure is None else sure.value,
        basis="" if sure is None else sure.basis,
        would_change=tuple(f.text for f in r.flips),
    )


class ExperimentArguments(Frozen):
    """Which experiment."""

    experiment_id: str = Field(description="id of an experiment that is open")


class ExperimentStanding(Frozen):
    """Where an experiment stands."""

    decision: str = Field(description="continue, stop_benefit, stop_harm, stop_futility or stop_end")
    reason: str
    day: int = Field(description="of the decision, from 1; 0 before anything is measured")
    metric: str
    estimate: float | None = Field(description="treated less control, by intention to treat")
    low: float | None = Field(description="of the interval, valid whenever it is looked at")
    high: float | None
    p_value: float | None = Field(description="likewise valid at any time")
    treated: int = Field(description="accounts")
    control: int = Field(description="accounts")
    crossed: int = Field(description="accounts that had the other arm's treatment")


def experiment(desk: Desk, arguments: ExperimentArguments) -> ExperimentStanding:
    """Where an experiment stands by its registered rules: to go on or to stop, and the effect so far."""
    status = Experiment.open(desk.experiment(arguments.experiment_id)).status()
    now, effect = status.standing, status.effect or (None, None, None)
    treated = int(status.registration.treated.sum())
    return ExperimentStanding(
        decision="continue" if now is None else now.verdict.decision,
        reason="no day is measured yet" if now is None else now.verdict.reason,
        day=0 if now is None else now.verdict.day,
        metric=status.registration.rules.metric,
        estimate=effect[0],
        low=effect[1],
        high=effect[2],
        p_value=None if now is None else now.p_value,
        treated=treated,
        control=len(status.registration.subjects) - treated,
        crossed=0 if now is None else now.treated.crossed + now.control.crossed,
    )
