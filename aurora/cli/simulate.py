"""`aurora simulate`: one policy on one scenario, as it is or with something changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.allocation import (
    emit_allocation,
    emit_change,
    emit_decisions,
    emit_measures,
    emit_moves,
    emit_not_completed,
)
from aurora.cli.terminal.output import emit_json, note
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.errors import ConstraintError, ScenarioError

if TYPE_CHECKING:  # heavy at run time
    from aurora.sim.report import Report
    from aurora.sim.scenarios.whatif import Change

SLOW = 100
"""Tasks from which on bounds take so long that it is said before."""
NAMED = 5
"""Tasks that a warning names, with their reasons, at most."""


def simulate(  # one parameter an option
    scenario: Path = options.path_argument(help="A scenario or a scenario spec, JSON; - reads standard input."),
    policy: str = options.text_argument(help="A reference policy's name or a policy file, JSON."),
    every: bool = typer.Option(False, "--all", help="Show every task and decision, not only the first 20."),
    trace: bool = typer.Option(False, "--trace", help="With every decision and its best candidates."),
    bounds: bool = typer.Option(False, "--bounds", help="With what no policy can beat; over a minute at 500 tasks."),
    load: list[str] | None = options.text(
        None, help="What if tasks asked for more: +30%, x1.3, or TASK=+30%; may be given again."
    ),
    fail: list[str] | None = options.text(
        None, help="What if a node failed: node-b@100 (for good) or node-b@100/600 (600 s); may be given again."
    ),
    remove: list[str] | None = options.text(None, help="What if a node were not there: its id; may be given again."),
    price: list[str] | None = options.text(
        None, help="What if prices were others: x2, -20%, or NODE=x0.5; may be given again."
    ),
    strict: bool = typer.Option(False, "--strict", help="Exit with 5 if an explicit plan breaks a constraint."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Simulate a policy on a scenario: what it achieves, where every task goes, and what is not placed.

    Example: aurora simulate scenario.json best_fit --load +30% --fail n1-0@100/600
    """
    from aurora.sim.policies.references import load_policy  # heavy, used here only
    from aurora.sim.report import simulated  # heavy, used here only
    from aurora.sim.scenarios.reader import load_scenario  # heavy, used here only
    from aurora.sim.scenarios.whatif import all_changed, described  # heavy, used here only

    changes = _changes({"load": load, "fail": fail, "remove": remove, "price": price})
    problem, chosen = load_scenario(scenario), load_policy(policy)
    note_compiling()
    report = simulated(problem, chosen, trace=trace and not changes)
    if not changes:
        if bounds:
            report = _bounded(report)
        _warn(report)
        if as_json:
            emit_json(report.to_json())
        else:
            _show(report, every=every, trace=trace)
        _refuse_broken(report, strict=strict)
        return
    if trace or bounds:
        option = "--trace" if trace else "--bounds"
        raise options.usage_error(
            option, "it goes with a simulation as it is, not with --load, --fail, --remove or --price; leave one out"
        )
    after = simulated(all_changed(problem, changes), chosen)
    _warn(after)
    if as_json:
        emit_json(_what_if_json(report, after, changes))
    else:
        emit_change(report, after, [described(c) for c in changes])
        emit_moves(report, after, every=every)
        emit_not_completed(after, every=every)
    _refuse_broken(after, strict=strict)


def _changes(asked: dict[str, list[str] | None]) -> tuple[Change, ...]:
    """Read what-ifs; one that can't be read is wrong usage."""
    from aurora.sim.scenarios.whatif import EXAMPLES, parse_change  # heavy, used here only

    found = []
    for kind in EXAMPLES:
        for text in asked[kind] or ():
            try:
                found.append(parse_change(kind, text))
            except ScenarioError as error:
                raise options.usage_error(f"--{kind}", str(error)) from None
    return tuple(found)


def _what_if_json(before: Report, after: Report, changes: Sequence[Change]) -> dict[str, Any]:
    from aurora.sim.scenarios.whatif import described  # heavy, used here only

    return {
        "scenario_id": before.scenario.scenario_id,
        "policy_id": before.outcome.policy_id,
        "changes": [{**c.model_dump(mode="json"), "text": described(c)} for c in changes],
        "before": before.to_json(),
        "after": after.to_json(),
    }


def _bounded(report: Report) -> Report:
    from aurora.evals.optimality import sharpest  # heavy, used here only
    from aurora.sim.kernel import encode  # heavy, used here only

    tasks = len(report.placements)
    if tasks >= SLOW:
        note(f"computing what no plan can beat for {tasks} tasks; about 20 s for 200 flows, on one core")
    with steps() as tell:
        tell("bounds", 0, 1)
        least = sharpest(encode(report.scenario))
        tell("bounds", 1, 1)
    return report.with_bounds(least)


def _warn(report: Report) -> None:
    """Say on stderr which tasks fit nowhere, and which constraints an explicit plan breaks."""
    hopeless = [p for p in report.placements if p.status == "unplaceable"]
    if hopeless:
        shown = "; ".join(f"{p.task_id} ({p.reason})" for p in hopeless[:NAMED])
        more = f"; and {len(hopeless) - NAMED} more" if len(hopeless) > NAMED else ""
        note(f"warning: {len(hopeless)} of {len(report.placements)} tasks can never be placed: {shown}{more}")
    for broken in report.violations[:NAMED]:
        note(f"warning: the plan breaks a constraint ({broken.constraint}): {broken.message}")
    if len(report.violations) > NAMED:
        note(f"warning: and {len(report.violations) - NAMED} more; --json lists all as `violations`")
    if report.violations:
        note("tasks that a plan can't have when and where it says start later, or not at all; see their starts")


def _refuse_broken(report: Report, *, strict: bool) -> None:
    if strict and report.violations:
        count = len(report.violations)
        raise ConstraintError(
            f"the plan breaks {count} constraint{'s' if count > 1 else ''}; the first is: "
            f"{report.violations[0].message}"
        )


def _show(report: Report, *, every: bool, trace: bool) -> None:
    emit_measures(report)
    emit_allocation(report, every=every)
    emit_not_completed(report, every=every)
    if trace:
        emit_decisions(report, every=every)
