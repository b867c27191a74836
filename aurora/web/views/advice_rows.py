"""Rows of the page Recommendations: a problem, a container or an account, with evidence, money and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from aurora.cluster.problems import Problem, Severity
from aurora.learning.accounts import Configuration
from aurora.learning.rightsizing.containers import Prices
from aurora.learning.rightsizing.containers.advice import (
    HOURS_PER_MONTH,
    ContainerAdvice,
    ResourceAdvice,
)
from aurora.learning.rightsizing.containers.use import UNITS
from aurora.learning.rightsizing.recommend import Recommendation
from aurora.quantities import count, dollars, percent, plain

RANKS: dict[str, int] = {"error": 3, "warning": 2, "hint": 1, "none": 0}
"""Order of severities, the worst highest; "none" is for what stays as it is."""
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


_NOTES = re.compile(r" \(|: | at ")
"""What parts a name from the note behind it in the subjects of problems."""


def problem_row(number: int, problem: Problem) -> AdviceRow:
    """Return the row of a problem of the cluster."""
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


def container_row(advice: ContainerAdvice, prices: Sequence[Prices], *, can_plan: bool) -> AdviceRow:
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
