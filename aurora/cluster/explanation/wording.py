"""Puts the claims about a plan that hold into sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from aurora.cluster.explanation.claims import (
    AvoidedClaim,
    CameClaim,
    ChangedClaim,
    ExpectedClaim,
    ExpectedOfTasksClaim,
    ForecastClaim,
    FullestClaim,
    GroupClaim,
    MadeClaim,
    NearClaim,
    PlanClaim,
    RiskClaim,
    RoomClaim,
    SpikeClaim,
    UpcomingClaim,
    WaitsClaim,
)
from aurora.cluster.explanation.replay import PlanCase
from aurora.cluster.plans.plan import Value, value_text
from aurora.cluster.resources import CPU, GPU, MEMORY, unit_of
from aurora.quantities import dollars, duration, percent, plain
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import NOUNS

C = TypeVar("C", bound=PlanClaim)
MAX_NAMED = 6
"""Most names in a list."""
SHORTEST_ROW = 3
"""Fewest names with consecutive numbers that are told by the first and the last."""
MAX_CHANGES_NAMED = 10
"""Most changes that are told one by one."""
RESOURCES = {CPU: "CPU", MEMORY: "memory", GPU: "GPUs"}
RISKS: Mapping[str, tuple[str, str]] = {
    "no disruption budget": ("no disruption budget protects {}",) * 2,
    "single replica": ("{} serves alone", "{} serve alone, each in its workload"),
    "stateful": ("{} keeps state", "{} keep state"),
    "nothing makes it again": ("nothing makes {} again",) * 2,
    "full afterwards": ("{} is nearly full afterwards", "{} are nearly full afterwards"),
    "starts again": ("{} starts again", "{} start again"),
    "node not chosen": ("the cluster's scheduler chooses the node of {}",) * 2,
    "autoscaled": ("an autoscaler also sets {}",) * 2,
    "managed": ("another tool owns {}",) * 2,
    "limit below use": ("the new limit is below the use of {}",) * 2,
    "not undone": ("a rollback does not bring back {}",) * 2,
    "maintenance ahead": ("a node near maintenance takes {}",) * 2,
}
"""Each risk in words, for one subject and for several."""
MEASURES: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "network_latency": ("to the data", lambda v: duration(v) if v else "0 ms"),
    "fullest_node_cpu": ("of CPU used on the fullest node", percent),
    "fullest_node_memory": ("of memory used on the fullest node", percent),
    "cost_per_task_hour": ("for a task", lambda v: f"{dollars(v)} an hour"),
    "cost_per_hour": ("for all nodes", lambda v: f"{dollars(v)} an hour"),
    "pending": ("tasks without a node", plain),
}
"""Words and format of each measure, in the order in which they are told."""


def text_of(claims: Sequence[PlanClaim], case: PlanCase) -> str:
    """Return the explanation of a plan from claims that hold."""
    lines = [_opening(case), *_because(claims, case), *_changes(claims), *_passed_over(claims), *_load(claims)]
    lines += [f"Note: {_upcoming(c)}." for c in _all(claims, UpcomingClaim)]
    lines += [_fullest(c) for c in _all(claims, FullestClaim)]
    lines += _waiting(claims, case)
    lines += _outcomes(claims, case)
    risks = [_risk(c) for c in _all(claims, RiskClaim)]
    lines += [f"Risks: {'; '.join(risks)}."] if risks else []
    lines += [f"{_made(c)}." for c in _all(claims, MadeClaim)]
    return "\n".join(lines)


def clause(claim: PlanClaim) -> str:
    """Return a claim as a clause that stands alone."""
    match claim:
        case GroupClaim():
            return f"{_reason(claim)}: {names(claim.tasks)} on {names(claim.nodes)}"
        case RoomClaim():
            return f"{percent(claim.share)} of the {_called(claim.resource)} of {names(claim.nodes)} is {claim.basis}"
        case AvoidedClaim():
            return f"{names(claim.nodes)}: {_why_avoided(claim)}"
        case UpcomingClaim():
            return _upcoming(claim)
        case NearClaim():
            return f"{_latency(claim.latency)} to the data of {_counted(claim.tasks)} on average"
        case ForecastClaim():
            return _forecast(claim)
        case SpikeClaim():
            return _spike(claim)
        case FullestClaim():
            return _fullest(claim).rstrip(".")
        case ChangedClaim():
            return _change(claim)
        case WaitsClaim():
            return f"{shown_name(claim.task)} waits after the plan: {claim.summary}"
        case RiskClaim():
            return _risk(claim)
        case ExpectedClaim():
            return f"expected {_expected(claim)}"
        case ExpectedOfTasksClaim():
            return f"expected {_measured(claim.measure, claim.value)}"
        case MadeClaim():
            return _made(claim)
        case CameClaim():
            return f"came {_came(claim)}"


def _risk(claim: RiskClaim) -> str:
    """Return a risk; what its subjects say in brackets is AURORA's own, and not quoted."""
    listed = []
    for subject in claim.subjects[:MAX_NAMED]:
        name, bracket, rest = subject.partition(" (")
        for resource, called in RESOURCES.items():
            rest = rest.replace(f"% of {resource})", f" % of {called})")
        listed.append(f"{shown_name(name)}{bracket}{rest}")
    more = len(claim.subjects) - len(listed)
    return RISKS[claim.code][len(claim.subjects) > 1].format(_joined([*listed, *([f"{more} more"] if more else [])]))


def _made(claim: MadeClaim) -> str:
    seed = "" if claim.seed is None else f", simulated with seed {claim.seed}"
    other = "" if claim.is_asked else "; another policy is asked here"
    return f"Made with the policy {shown_name(claim.policy)} from snapshot {claim.snapshot}{seed}{other}"


def _upcoming(claim: UpcomingClaim) -> str:
    start = datetime.fromisoformat(claim.since)
    return f"{shown_name(claim.node)} goes into maintenance at {start:%Y-%m-%d %H:%M} UTC ({shown_name(claim.subject)})"


def _waiting(claims: Sequence[PlanClaim], case: PlanCase) -> Iterator[str]:
    waiting = _all(claims, WaitsClaim)
    for summary in dict.fromkeys(c.summary for c in waiting):
        tasks = [c.task for c in waiting if c.summary == summary]
        yield f"{names(tasks)} still {'waits' if len(tasks) == 1 else 'wait'}: {summary}."
    more = sum(t.state == "pending" and t.node_id is None for t in case.after.tasks) - len(waiting)
    if waiting and more > 0:
        yield f"{more} more {'waits' if more == 1 else 'wait'}."


def names(known: Sequence[str]) -> str:
    """Return names as a list: a row of consecutive numbers by its ends, and a long list cut.

    >>> names(["node-1", "node-2", "node-3", "node-7"])
    'node-1 to node-3 and node-7'
    """
    rows: list[list[str]] = []
    for name in known:
        if rows and _follows(rows[-1][-1], name):
            rows[-1].append(name)
        else:
            rows.append([name])
    parts = [p for row in rows for p in ([row] if len(row) >= SHORTEST_ROW else [[n] for n in row])]
    shown = parts if len(parts) <= MAX_NAMED else parts[: MAX_NAMED - 1]
    texts = [shown_name(p[0]) if len(p) == 1 else f"{shown_name(p[0])} to {shown_name(p[-1])}" for p in shown]
    more = len(known) - sum(len(p) for p in shown)
    return _joined([*texts, *([f"{more} more"] if more else [])])


def _follows(first: str, second: str) -> bool:
    """Return whether two names differ in a last number that is higher by one."""
    numbered = [re.fullmatch(r"(.*?)([0-9]{1,9})", n) for n in (first, second)]
    if numbered[0] is None or numbered[1] is None or numbered[0][1] != numbered[1][1]:
        return False
    before, after = numbered[0][2], numbered[1][2]
    is_alike = len(before) == len(after) or not (before.startswith("0") or after.startswith("0"))
    return is_alike and int(before) + 1 == int(after)


def _joined(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _all(claims: Sequence[PlanClaim], kind: type[C]) -> list[C]:
    return [c for c in claims if isinstance(c, kind)]


def _opening(case: PlanCase) -> str:
    placed, plan = case.planned, case.plan
    if not placed:
        return f"Plan {plan.plan_id} makes {_number(len(plan.changes), 'change')} and places no task."
    nodes = tuple(dict.fromkeys(placed.values()))
    noun = "" if all("node" in n for n in nodes) else "node " if len(nodes) == 1 else "nodes "
    return f"Plan {plan.plan_id} puts {_counted(tuple(placed))} on {noun}{names(nodes)}."


def _because(claims: Sequence[PlanClaim], case: PlanCase) -> Iterator[str]:
    groups = _all(claims, GroupClaim)
    total = len(case.planned)
    reasons = []
    for group in groups:
        if len(group.tasks) == total:
            reasons.append(f"{_reason(group)}{f' (all {total})' if total > 1 else ''}")
        else:
            reasons.append(f"{names(group.tasks)} on {names(group.nodes)} ({_reason(group)})")
    rooms = [f"{percent(c.share)} of {_called(c.resource)} {c.basis}" for c in _all(claims, RoomClaim)]
    reasons += [f"they had room ({', '.join(rooms)} on average)"] if rooms else []
    near = _all(claims, NearClaim)
    reasons += [f"they are near the data ({_latency(c.latency)} on average)" for c in near if c.is_reason]
    if reasons:
        yield f"Because, by the policy {shown_name(case.policy.policy_id)}: {'; '.join(reasons)}."
    for claim in near:
        if not claim.is_reason:
            yield f"The data is {_latency(claim.latency)} away on average, which the policy does not read."


def _reason(claim: GroupClaim) -> str:
    match claim.reason:
        case "features":
            return f"best on {_joined([NOUNS[f].words for f in claim.features])}"
        case "draw":
            return "as good as the best other node, and first in the list"
        case "many":
            return "the highest score, by more than three features"
        case "only":
            return "no other node fits"
        case "another":
            return "not the policy's choice, which is another node"
        case "none":
            return "not the policy's choice, which finds no node"


def _changes(claims: Sequence[PlanClaim]) -> Iterator[str]:
    changes = _all(claims, ChangedClaim)
    if changes:
        more = f"; and {len(changes) - MAX_CHANGES_NAMED} more" if len(changes) > MAX_CHANGES_NAMED else ""
        yield f"It changes: {'; '.join(_change(c) for c in changes[:MAX_CHANGES_NAMED])}{more}."


def _change(claim: ChangedClaim) -> str:
    now, then = _value(claim.field, claim.now), _value(claim.field, claim.proposed)
    return f"{shown_name(claim.subject)}, {claim.field} from {now} to {then}"


def _value(field: str, value: Value) -> str:
    return shown_name(value) if isinstance(value, str) else value_text(field, value)


def _passed_over(claims: Sequence[PlanClaim]) -> Iterator[str]:
    avoided = _all(claims, AvoidedClaim)
    if avoided:
        yield f"Passed over: {'; '.join(f'{names(c.nodes)} ({_why_avoided(c)})' for c in avoided)}."


def _why_avoided(claim: AvoidedClaim) -> str:
    subject = shown_name(claim.subject) if claim.subject else ""
    match claim.kind:
        case "maintenance":
            at = f" from {datetime.fromisoformat(claim.since):%H:%M} UTC" if claim.since else ""
            return f"maintenance{at}{f', {subject}' if subject else ''}"
        case "insufficient":
            return f"not enough free {_called(claim.subject)}" if subject else "not enough free room"
        case "cordoned" | "not ready":
            return claim.kind
        case "taint":
            return f"the taint {subject} is not tolerated" if subject else "a taint is not tolerated"
        case "selector":
            return f"the label {subject} is missing" if subject else "a label is missing"
        case "affinity":
            return "the node affinity does not match"
        case "model":
            return f"no accelerator of model {subject}" if subject else "another accelerator model"
        case "with tasks":
            return "no task near it that must be near"
        case "apart from tasks":
            return f"must be apart from {subject}" if subject else "must be apart from tasks there"
        case "spread":
            return f"the spread over {subject} would break" if subject else "a spread would break"
        case "several":
            return "each task is kept away, for different reasons"
        case "filled":
            return "its room went to tasks placed before"
        case "outscored":
            listed = _joined([NOUNS[f].words for f in claim.features])
            return f"room, but worse on {listed}" if listed else "room, but ranked lower by the policy"


def _load(claims: Sequence[PlanClaim]) -> Iterator[str]:
    for claim in claims:
        if isinstance(claim, ForecastClaim):
            yield f"{_forecast(claim)}."
        elif isinstance(claim, SpikeClaim):
            yield f"{_spike(claim)}."


def _forecast(claim: ForecastClaim) -> str:
    now, median, low, high = (plain(v, 3) for v in (claim.now, claim.median, claim.low, claim.high))
    return (
        f"{shown_name(claim.series)} is forecast to peak at {median} {unit_of(CPU)} within {duration(claim.ahead)} "
        f"(80 % between {low} and {high}; {now} now)"
    )


def _spike(claim: SpikeClaim) -> str:
    return (
        f"Its spike is forecast to last {duration(claim.median)} (80 % between {duration(claim.low)} and "
        f"{duration(claim.high)}, by {claim.episodes} earlier ones); so far {duration(claim.so_far)}: "
        f"{shown_name(claim.series)} above {plain(claim.level, 3)} {unit_of(CPU)}"
    )


def _fullest(claim: FullestClaim) -> str:
    share = percent(claim.share)
    return f"Afterwards no node has more than {share} of its {_called(claim.resource)} requested ({claim.node})."


def _outcomes(claims: Sequence[PlanClaim], case: PlanCase) -> Iterator[str]:
    stated: list[ExpectedClaim | ExpectedOfTasksClaim] = [*_all(claims, ExpectedClaim)]
    stated += _all(claims, ExpectedOfTasksClaim)
    expected = [
        _expected(c) if isinstance(c, ExpectedClaim) else _measured(c.measure, c.value)
        for c in sorted(stated, key=_place)
    ]
    if expected:
        yield f"Expected: {'; '.join(expected)}."
    came = [_came(c) for c in sorted(_all(claims, CameClaim), key=_place)]
    if came and case.later is not None:
        yield f"Came, at {case.later.taken_at:%Y-%m-%d %H:%M} UTC: {'; '.join(came)}."


def _place(claim: ExpectedClaim | ExpectedOfTasksClaim | CameClaim) -> int:
    """Return the place of a measure among those that are told; what came as planned is first."""
    known = list(MEASURES)
    return -1 if claim.measure == "as_planned" else known.index(claim.measure) if claim.measure in known else len(known)


def _expected(claim: ExpectedClaim) -> str:
    _, written = MEASURES.get(claim.measure, ("", plain))
    then = _measured(claim.measure, claim.after)
    if written(claim.low) != written(claim.high):
        width = f"{percent(claim.level)} between {written(claim.low)} and {written(claim.high)}"
        return f"{then} ({width}; {written(claim.before)} without the plan)"
    unchanged = written(claim.before) == written(claim.after)
    return f"{then} ({'as' if unchanged else written(claim.before)} without the plan)"


def _came(claim: CameClaim) -> str:
    if claim.measure == "as_planned":
        return f"{plain(claim.value)} of {_number(claim.of, 'task')} where planned"
    return _measured(claim.measure, claim.value)


def _measured(measure: str, value: float) -> str:
    words, written = MEASURES.get(measure, (measure.replace("_", " "), plain))
    if measure == "pending" and value in (0, 1):
        return "no task without a node" if not value else "1 task without a node"
    return f"{written(value)} {words}"


def _called(resource: str) -> str:
    return RESOURCES.get(resource) or shown_name(resource)


def _latency(value: float) -> str:
    return duration(value) if value else "0 ms"


def _counted(tasks: Sequence[str]) -> str:
    return _number(len(tasks), "task")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
