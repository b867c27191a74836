"""Prints plans and what was done of them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from aurora.cli.terminal.output import emit_table, note, on_terminal, say, terminal_width
from aurora.cli.terminal.tables import wrapped
from aurora.quantities import dollars, plain

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.plans.execution import ApplicationReport
    from aurora.cluster.plans.plan import Estimate, Plan
    from aurora.cluster.plans.report import PlanReport


MAX_REMARKS = 5
"""Remarks that are printed; --json has all."""


def print_plan(report: PlanReport) -> None:
    """Print a plan: changes, how they are carried out, effect, money, risks, what it breaks, and its hash."""
    from aurora.cluster.changes import change_text  # heavy, used here only
    from aurora.cluster.plans.plan import diff_of  # heavy, used here only

    plan = report.plan
    rows = []
    for number, planned in enumerate(plan.changes, 1):
        fields = [line.partition(": ")[2] for line in diff_of(planned)]
        rows.append((str(number), change_text(planned.change), "; ".join(fields), planned.reason or "-"))
    emit_table(f"plan {plan.plan_id} of {plan.snapshot_id}", ("no", "change", "now -> proposed", "reason"), rows)
    if plan.effect is not None:
        measures = [(m.name, m.unit or "-", _interval(m.before), _interval(m.after)) for m in plan.effect.measures]
        title = f"simulated effect, {plan.effect.level:.0%} intervals"
        emit_table(title, ("measure", "unit", "before", "after"), measures)
    width = terminal_width() if on_terminal() else 10_000
    end = [*_made(plan), f"sha256: {plan.sha256}", f"expires: {plan.expires_at:%Y-%m-%d %H:%M} UTC"]
    for text in (*_notes(report), *end):
        say("\n".join(wrapped(text, width, hang="  ")))


def _notes(report: PlanReport) -> Iterator[str]:
    plan = report.plan
    if plan.effect is not None:
        yield f"simulated {plan.effect.runs} times: {plan.effect.method}"
    means: dict[str, list[str]] = {}
    for number, planned in enumerate(plan.changes, 1):
        means.setdefault(planned.carried_out, []).append(str(number))
    for text, numbers in means.items():
        if text:
            yield f"change {', '.join(numbers)}: {text}"
    if plan.money is not None:
        money = plan.money
        now, then = dollars(money.per_hour_now), dollars(money.per_hour_proposed)
        yield f"nodes with work: {now} an hour now, {then} afterwards"
        if money.emptied:
            yield f"emptied, and saved only if given back: {', '.join(money.emptied)}"
    for risk in plan.risks:
        yield f"risk, {risk.code}: {risk.message}"
    for remark in report.remarks[:MAX_REMARKS]:
        yield f"not in the plan: {remark}"
    if len(report.remarks) > MAX_REMARKS:
        yield f"not in the plan: {len(report.remarks) - MAX_REMARKS} more, see --json"
    for violation in report.violations:
        yield f"breaks, {violation.code}: {violation.text}"
    lost = [str(k) for k, c in enumerate(plan.changes, 1) if c.undo is None]
    if lost:
        yield f"a rollback does not undo: {', '.join(lost)}"


def _made(plan: Plan) -> Iterator[str]:
    """Yield how a plan was made, where that was recorded."""
    made = plan.provenance
    if made is None:
        return
    parts = [
        f"policy {made.policy_id}" if made.policy_id else "",
        f"seed {made.seed}" if made.seed is not None else "",
        f"measured use from {made.history}" if made.history else "",
        f"snapshot {plan.snapshot_sha256[:12]}",
        f"edited from {made.edited_from[:12]}" if made.edited_from else "",
    ]
    yield f"made with: {', '.join(p for p in parts if p)}"
    if made.command:
        yield f"made by: {made.command}"


def typed() -> str:
    """Return the command line, as a plan records it."""
    return shlex.join(["aurora", *sys.argv[1:]])


def _interval(estimate: Estimate) -> str:
    return f"{plain(estimate.expected)} [{plain(estimate.low)}, {plain(estimate.high)}]"


def print_next(plan: Plan, *, is_valid: bool) -> None:
    """Say what can be done with a new plan."""
    if is_valid:
        note(f"read it, then: aurora plan approve {plan.plan_id}; aurora plan apply {plan.plan_id}")
    else:
        note(f"plan {plan.plan_id} can't be applied as it is: see what it breaks")


def print_application(report: ApplicationReport) -> None:
    """Print what was done of a plan, step by step."""
    progress = report.progress
    rows = [(str(k + 1), step.text, progress.state_of(k)) for k, step in enumerate(progress.steps)]
    emit_table(f"plan {report.plan_id}: {progress.state}", ("step", "what", "state"), rows)
    for remark in progress.remarks:
        note(remark)
    if progress.state == "applied":
        note(f"undo with: aurora plan rollback {report.plan_id}")
