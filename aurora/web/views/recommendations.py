"""Data of the page Recommendations: what is wrong or wasted, the evidence, the money, and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, NamedTuple

from aurora.cluster.container_use import container_uses
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.proposals import propose_advice
from aurora.cluster.plans.provenance import record
from aurora.cluster.plans.report import PlanReport, new_plan
from aurora.cluster.problems import Problem, Severity, find_problems
from aurora.cluster.resource_prices import resource_prices
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.learning.accounts import Configuration
from aurora.learning.rightsizing.containers import Prices, advise
from aurora.learning.rightsizing.containers.advice import (
    HOURS_PER_MONTH,
    ContainerAdvice,
    ContainerReport,
    ResourceAdvice,
)
from aurora.learning.rightsizing.containers.files import read_containers
from aurora.learning.rightsizing.containers.use import UNITS
from aurora.learning.rightsizing.recommend import Recommendation
from aurora.learning.rightsizing.report import RecommendationReport, recommend
from aurora.quantities import count, dollars, percent, plain
from aurora.tools.desk import Desk
from aurora.types import Progress, no_progress
from aurora.web.settings import WebSettings
from aurora.web.views.series_sources import allowed

CPU_SHARES = (0.25, 0.75)
"""Parts of a node's price that are for its cores, between which savings of containers are stated: providers differ."""
RANKS: dict[str, int] = {"error": 3, "warning": 2, "hint": 1, "none": 0}
"""Order of severities, the worst highest; "none" is for what stays as it is."""
ACCOUNT_SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")
CONTAINER_SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz")
LIKELY_KILL = 0.5
"""Probability of a kill for lack of memory in a week from which a container counts as failing."""


class Money(NamedTuple):
    """Savings by a change, dollars a month; negative where it costs more.

    Attributes:
        expected: Expected savings.
        low, high: Ends of their interval.
    """

    expected: float
    low: float
    high: float

    @property
    def value(self) -> str:
        """The expected savings."""
        return dollars(self.expected)

    @property
    def range(self) -> str:
        """Both ends of the interval."""
        return f"{dollars(self.low)} to {dollars(self.high)}"

    @property
    def text(self) -> str:
        """The savings with their interval."""
        return f"{self.value} ({self.range})"


@dataclass(frozen=True, slots=True)
class AdviceRow:
    """A recommendation.

    Attributes:
        key: Unique key.
        kind: `cluster`, `container` or `account`.
        subject: What it is about.
        severity: How bad it is; "none": nothing is to be done.
        finding: What is the matter, in a few words.
        action: What to do; "" where the finding says it, or nobody knows.
        money: Savings a month; None where none are known.
        confidence: How sure it is, with what that means; "" where nobody measured it.
        evidence: What it rests on, in sentences.
        would_change: What would change it, in sentences.
        can_plan: Whether a plan can be made of it.
    """

    key: str
    kind: str
    subject: str
    severity: Severity | str
    finding: str
    action: str
    money: Money | None = None
    confidence: str = ""
    evidence: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    can_plan: bool = False

    def to_row(self) -> dict[str, Any]:
        """Return the row of a table, with values to sort by."""
        return {
            "id": self.key,
            "severity": self.severity,
            "rank": RANKS[self.severity],
            "subject": self.subject,
            "finding": self.finding,
            "action": self.action,
            "savings": None if self.money is None else self.money.expected,
            "range": "" if self.money is None else self.money.range,
            "money": "–" if self.money is None else self.money.value,
            "confidence": self.confidence or "–",
        }


@dataclass(frozen=True, slots=True)
class RecommendationsView:
    """Recommendations of a source.

    Attributes:
        title: What they are for.
        rows: The recommendations, the worst first, then those that save most.
        money_note: What savings and their intervals rest on, in a sentence.
        remarks: Repairs and what was left out, in sentences.
        advice: Advice for containers, of which plans are made; None without any.
        report: Recommendations for accounts; None without any.
    """

    title: str
    rows: tuple[AdviceRow, ...]
    money_note: str = ""
    remarks: tuple[str, ...] = ()
    advice: ContainerReport | None = None
    report: RecommendationReport | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by severity."""
        return {s: sum(r.severity == s for r in self.rows) for s in RANKS}

    @property
    def savings(self) -> Money | None:
        """Sum of the savings of all rows that lower costs; None where no money is known.

        The ends are sums of ends, so the interval is too wide rather than too narrow.
        """
        known = [r.money for r in self.rows if r.money is not None]
        lower = [m for m in known if m.expected > 0]
        return Money(*(sum(m[k] for m in lower) for k in range(3))) if known else None

    @property
    def most(self) -> AdviceRow | None:
        """The recommendation that saves most; None where none saves anything."""
        saving = [r for r in self.rows if r.money is not None and r.money.expected > 0]
        return max(saving, key=lambda r: r.money.expected if r.money is not None else 0.0, default=None)

    def row(self, key: str) -> AdviceRow:
        """Return a row by its key.

        Raises:
            InputError: There is none.
        """
        found = next((r for r in self.rows if r.key == key), None)
        if found is None:
            raise InputError("there is no such recommendation", parameter="key", value=key)
        return found


def cluster_recommendations(desk: Desk) -> RecommendationsView:
    """Return what is wrong in the open cluster, and the sizes of containers where their use was measured.

    Args:
        desk: What is open.

    Raises:
        InputError: No cluster is open.
        DataError: The measured series belong to no container of it.
    """
    cluster = desk.cluster
    rows = [_problem_row(k, p) for k, p in enumerate(find_problems(cluster).problems)]
    remarks: tuple[str, ...] = ()
    advice, note = None, ""
    series = desk.container_series()
    if series:
        uses = container_uses(cluster, series)
        low, middle, high = (_prices(cluster, share) for share in (CPU_SHARES[0], 0.5, CPU_SHARES[1]))
        advice = advise(uses, prices=middle)
        every = tuple(p for p in (low, middle, high) if p is not None)
        rows += [_container_row(a, every, can_plan=True) for a in advice.containers]
        if advice.prices is not None:
            note = (
                f"Savings are those of a month of {HOURS_PER_MONTH:.0f} hours at the prices of the nodes. The interval "
                f"is from {percent(CPU_SHARES[0])} to {percent(CPU_SHARES[1])} of a node's price for its cores, the "
                "rest for its memory. A negative amount costs more."
            )
    else:
        remarks = (
            "No use of containers was measured, so no sizes are proposed: start with `aurora serve --history FILE`.",
        )
    return RecommendationsView(cluster.snapshot_id, _sorted(rows), note, remarks, advice)


def container_file(name: str, settings: WebSettings, prices: Prices | None = None) -> RecommendationsView:
    """Return the sizes of containers whose histories are in a file.

    Args:
        name: Path of the file, in a served folder.
        settings: The settings of the desk.
        prices: Prices of requests; None for no money.

    Raises:
        InputError: The file lies elsewhere.
        FileError: It is absent, or can't be read.
        DataError: It holds no histories of containers.
    """
    read = read_containers(allowed(name, settings))
    advice = advise(read.uses, prices=prices)
    rows = [_container_row(a, () if prices is None else (prices,), can_plan=False) for a in advice.containers]
    note = "Savings are exact at the prices given: requests of all pods for a month of 730 hours."
    remarks = tuple(f"{f.unique_id}: {f.message}" for f in read.findings)
    return RecommendationsView(name, _sorted(rows), note if prices else "", remarks, advice)


def account_file(name: str, settings: WebSettings, progress: Progress = no_progress) -> RecommendationsView:
    """Return recommendations for accounts whose histories are in a file, without the search for flips.

    Args:
        name: Path of the file, in a served folder.
        settings: The settings of the desk.
        progress: Receives the accounts done.

    Raises:
        InputError: The file lies elsewhere, or holds series instead of histories.
        FileError: It is absent, or can't be read.
        DataError: It holds no histories of accounts.
    """
    report = recommend(allowed(name, settings), with_flips=False, progress=progress)
    rows = [account_row(r) for r in report.recommendations]
    note = (
        "Savings are those of a month of 30 days, with their 80 % interval; negative: it costs more. "
        f"Prices: {report.price_source}."
    )
    return RecommendationsView(name, _sorted(rows), note, (*report.remarks, *report.assumptions), None, report)


def plan_of(view: RecommendationsView, keys: Collection[str], desk: Desk, who: str) -> PlanReport:
    """Make a plan of the sizes of some containers and keep it in the folder of plans.

    Args:
        view: Recommendations of the open cluster.
        keys: Keys of their rows.
        desk: What is open.
        who: Who makes it.

    Raises:
        InputError: No row of the keys can go into a plan, or no folder of plans is open.
        DataError: The changes don't fit the snapshot.
        FileError: The folder can't be written.
    """
    wanted = {r.subject for r in view.rows if r.key in keys and r.can_plan}
    if view.advice is None or not wanted:
        raise InputError("choose recommendations that change the size of a container", parameter="keys")
    rows = [
        row
        for row, a in zip(view.advice.to_json()["containers"], view.advice.containers, strict=True)
        if a.name in wanted
    ]
    history = [desk.series(name) for name in desk.series_ids]
    return new_plan(
        desk.cluster,
        propose_advice(desk.cluster, rows),
        desk.plans,
        source=f"recommendations of the web desk, {who}",
        effect_of=partial(simulate_effect, policy=DEFAULT_POLICY, history=history),
        provenance=record(DEFAULT_POLICY, seed=0, command=f"page /recommendations: {', '.join(sorted(wanted))}"),
    )


def _sorted(rows: Sequence[AdviceRow]) -> tuple[AdviceRow, ...]:
    return tuple(sorted(rows, key=lambda r: (-RANKS[r.severity], -(r.money.expected if r.money else 0.0), r.subject)))


_NOTES = re.compile(r" \(|: | at ")
"""What parts a name from the note behind it in the subjects of problems."""


def _problem_row(number: int, problem: Problem) -> AdviceRow:
    more = problem.cases - len(problem.subjects)
    first = _NOTES.split(problem.subjects[0], maxsplit=1)[0] if problem.subjects else count(problem.cases)
    subject = first if problem.cases == 1 else f"{first} and {count(problem.cases - 1)} more"
    return AdviceRow(
        key=f"problem-{number}",
        kind="cluster",
        subject=subject,
        severity=problem.severity,
        finding=problem.message,
        action="",
        evidence=(*problem.subjects, *((f"and {count(more)} more",) if more > 0 and problem.subjects else ())),
    )


def _prices(cluster: Snapshot, cpu_share: float) -> Prices | None:
    """Return the prices of requests in a cluster; None where no node has a price."""
    prices = resource_prices(cluster, cpu_share)
    return Prices(prices["cpu"], prices["memory"]) if {"cpu", "memory"} <= set(prices) else None


def _container_row(advice: ContainerAdvice, prices: Sequence[Prices], *, can_plan: bool) -> AdviceRow:
    """Return the row of a container; its savings are at the middle one of some prices, which span the interval."""
    parts = (advice.cpu, advice.memory)
    is_changed = any(p.now != p.proposed for p in parts)
    saved = [s for p in prices if (s := _saved(advice, p)) is not None]
    kept = [p.confidence for p in parts if p.confidence is not None]
    return AdviceRow(
        key=f"container-{advice.name}",
        kind="container",
        subject=advice.name,
        severity=_container_severity(advice),
        finding=", ".join(f"{_RESOURCES[p.resource]} {_FINDINGS[p.finding]}" for p in parts),
        action="; ".join(filter(None, (_size_text(p) for p in parts))) or "leave it as it is",
        money=Money(saved[len(saved) // 2], min(saved), max(saved)) if saved and is_changed else None,
        confidence=f"{percent(round(min(kept), 3))} of back-tests kept the promise" if kept and is_changed else "",
        evidence=tuple(
            text for p in parts for text in (*(f"{_RESOURCES[p.resource]}: {r}" for r in p.reasons), *_chances(p))
        ),
        would_change=tuple(f"{_RESOURCES[p.resource]}: {t}" for p in parts for t in p.would_change),
        can_plan=can_plan and is_changed,
    )


_RESOURCES = {"cpu": "CPU", "memory": "memory"}
_FINDINGS = {
    "over": "too large",
    "under": "too small",
    "fits": "fits",
    "unmeasured": "not measured",
    "too_little": "measured too briefly",
    "held": "held by a rule",
}


def _saved(advice: ContainerAdvice, prices: Prices) -> float | None:
    """Return what the proposed requests of all pods save in a month, dollars; None where a request is not set."""
    saved = 0.0
    for part, price in ((advice.cpu, prices.core_hour), (advice.memory, prices.gib_hour)):
        if part.now.request is None or part.proposed.request is None:
            return None
        saved += (part.now.request - part.proposed.request) * price
    return HOURS_PER_MONTH * advice.replicas * saved


def _container_severity(advice: ContainerAdvice) -> str:
    findings = {advice.cpu.finding, advice.memory.finding}
    if "under" in findings:
        killed = advice.memory.finding == "under" and (advice.memory.chance_now or 0.0) >= LIKELY_KILL
        return "error" if killed else "warning"
    return "hint" if "over" in findings else "none"


def _size_text(part: ResourceAdvice) -> str:
    changes = [
        f"{name} {_amount(now)} to {_amount(then)}"
        for name, now, then in (
            ("request", part.now.request, part.proposed.request),
            ("limit", part.now.limit, part.proposed.limit),
        )
        if now != then
    ]
    return f"{_RESOURCES[part.resource]} {' and '.join(changes)} {UNITS[part.resource]}" if changes else ""


def _amount(value: float | None) -> str:
    return "none" if value is None else plain(value, 3)


def _chances(part: ResourceAdvice) -> tuple[str, ...]:
    if part.chance_now is None:
        return ()
    what = "throttling at a moment" if part.resource == "cpu" else "a kill for lack of memory in a week"
    then = "not known" if part.chance is None else percent(round(part.chance, 4))
    return (
        f"{_RESOURCES[part.resource]}: probability of {what} {percent(round(part.chance_now, 4))} now, {then} proposed",
    )


_ACCOUNT_SEVERITIES = {
    "under": "warning",
    "conflict": "warning",
    "over": "hint",
    "no_data": "hint",
    "optimised": "none",
}
_ACCOUNT_FINDINGS = {
    "under": "too small",
    "conflict": "resources contradict each other",
    "over": "too large",
    "no_data": "measured too briefly",
    "optimised": "fits",
}


def account_row(r: Recommendation) -> AdviceRow:
    """Return the row of an account.

    Args:
        r: Its recommendation.
    """
    saved, sure = r.savings, r.confidence
    return AdviceRow(
        key=f"account-{r.account}",
        kind="account",
        subject=r.account,
        severity=_ACCOUNT_SEVERITIES[r.finding],
        finding=_ACCOUNT_FINDINGS[r.finding],
        action=_account_action(r),
        money=None if saved is None else Money(saved.expected, saved.low, saved.high),
        confidence=""
        if sure is None
        else f"{percent(round(sure.value, 3))} ({percent(round(sure.low, 3))} to {percent(round(sure.high, 3))}, 95 %)",
        evidence=(
            *r.reasons,
            *(
                (f"risk {r.risk} of 4: probability {percent(round(r.probability, 3))} {r.risk_basis}",)
                if r.probability is not None
                else ()
            ),
            *((f"confidence: {sure.basis}",) if sure is not None else ()),
        ),
        would_change=tuple(f.text for f in r.flips),
    )


def _account_action(r: Recommendation) -> str:
    if r.now is None or r.proposed is None:
        return (
            f"measure {count(max(0, r.need - r.have))} more periods" if r.finding == "no_data" else "leave it as it is"
        )
    changes = [
        f"{f.name} {getattr(r.now, f.name)} to {getattr(r.proposed, f.name)}"
        for f in fields(Configuration)
        if getattr(r.now, f.name) != getattr(r.proposed, f.name)
    ]
    return ", ".join(changes) + ("" if r.is_applicable else " (too risky for a plan)")
