"""`aurora simulate`: one policy on one scenario, as it is or with changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
    from aurora.sim.report import SimulationReport, WhatIfReport
    from aurora.sim.scenarios.whatif import Change

SLOW_TASKS = 100
"""Least number of tasks for which a note says that bounds take long."""
MAX_TASKS_NAMED = 5
"""Most tasks, or broken constraints, that a warning names."""


def simulate(  # one parameter an option
    scenario: Path = options.path_argument(help="Scenario or scenario spec, JSON; - reads standard input."),
    policy: str = options.policy_argument(help="Name of a reference or champion, or policy file, JSON."),
    every: bool = typer.Option(False, "--all", help="Show all tasks and decisions, not only the first 20."),
    trace: bool = typer.Option(False, "--trace", help="Add every decision with its best candidates."),
    bounds: bool = typer.Option(
        False, "--bounds", help="Add bounds that no policy beats; over a minute for 500 tasks."
    ),
    load: list[str] | None = options.text(
        None, help="Change of what tasks ask for: +30%, x1.3, or TASK=+30%; may be repeated."
    ),
    fail: list[str] | None = options.text(
        None, help="Failure of a node: node-b@100 (for good) or node-b@100/600 (600 s); may be repeated."
    ),
    remove: list[str] | None = options.text(None, help="Id of a node to leave out; may be repeated."),
    price: list[str] | None = options.text(None, help="Change of prices: x2, -20%, or NODE=x0.5; may be repeated."),
    carbon: list[str] | None = options.text(
        None, help="Change of carbon intensities (g CO2/kWh): x2, -20%, or NODE=x0.5; may be repeated."
    ),
    strict: bool = typer.Option(False, "--strict", help="Exit with code 5 if an explicit plan breaks a constraint."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Simulate a policy on a scenario: scores, where every task goes, and what is not placed.

    Example: aurora simulate scenario.json best_fit --load +30% --fail n1-0@100/600
    """
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.sim.report import report_simulation, report_what_if  # heavy, used here only
    from aurora.sim.scenarios.reader import load_scenario  # heavy, used here only

    changes = _changes({"load": load, "fail": fail, "remove": remove, "price": price, "carbon": carbon})
    if changes and (trace or bounds):
        raise options.usage_error(
            "--trace" if trace else "--bounds",
            "it goes with a simulation as it is, not with --load, --fail, --remove, --price or --carbon; leave one out",
        )
    loaded_scenario, loaded_policy = load_scenario(scenario), load_policy(policy)
    note_compiling()
    if changes:
        what_if = report_what_if(loaded_scenario, loaded_policy, changes)
        _warn(what_if.after)
        if as_json:
            emit_json(what_if.to_json())
        else:
            _show_what_if(what_if, every=every)
        _refuse_broken(what_if.after, strict=strict)
        return
    report = report_simulation(loaded_scenario, loaded_policy, trace=trace)
    if bounds:
        report = _with_bounds(report)
    _warn(report)
    if as_json:
        emit_json(report.to_json())
    else:
        _show(report, every=every, trace=trace)
    _refuse_broken(report, strict=strict)


def _changes(texts: dict[str, list[str] | None]) -> tuple[Change, ...]:
    """Parse the changes of a what-if; one that can't be parsed is wrong usage."""
    from aurora.sim.scenarios.whatif import EXAMPLES, parse_change  # heavy, used here only

    changes = []
    for kind in EXAMPLES:
        for text in texts[kind] or ():
            try:
                changes.append(parse_change(kind, text))
            except ScenarioError as error:
                raise options.usage_error(f"--{kind}", str(error)) from None
    return tuple(changes)


def _with_bounds(report: SimulationReport) -> SimulationReport:
    from aurora.extras import is_installed
    from aurora.sim.kernel import encode  # heavy, used here only
    from aurora.sim.optimum.solver import can_be_solved  # heavy, used here only

    tasks = len(report.placements)
    if tasks >= SLOW_TASKS:
        note(f"computing what no plan can beat for {tasks} tasks; about 20 s for 200 flows, on one core")
    if not is_installed("solver") and can_be_solved(encode(report.scenario)):
        note("without a solver, bounds of small scenarios are looser; pip install 'aurora-alloc[solver]'")
    with steps() as progress:
        return report.with_bounds(progress)


def _warn(report: SimulationReport) -> None:
    """Warn on stderr of tasks that fit nowhere, and of constraints that an explicit plan breaks."""
    unplaceable = [p for p in report.placements if p.status == "unplaceable"]
    if unplaceable:
        shown = "; ".join(f"{p.task_id} ({p.reason})" for p in unplaceable[:MAX_TASKS_NAMED])
        more = f"; and {len(unplaceable) - MAX_TASKS_NAMED} more" if len(unplaceable) > MAX_TASKS_NAMED else ""
        note(f"warning: {len(unplaceable)} of {len(report.placements)} tasks can never be placed: {shown}{more}")
    for violation in report.violations[:MAX_TASKS_NAMED]:
        note(f"warning: the plan breaks a constraint ({violation.constraint}): {violation.message}")
    if len(report.violations) > MAX_TASKS_NAMED:
        note(f"warning: and {len(report.violations) - MAX_TASKS_NAMED} more; --json lists all as `violations`")
    if report.violations:
        note("where a plan can't be carried out, tasks start later or not at all; see their starts")


def _refuse_broken(report: SimulationReport, *, strict: bool) -> None:
    if strict and report.violations:
        count = len(report.violations)
        raise ConstraintError(
            f"the plan breaks {count} constraint{'s' if count > 1 else ''}; the first is: "
            f"{report.violations[0].message}"
        )


def _show(report: SimulationReport, *, every: bool, trace: bool) -> None:
    emit_measures(report)
    emit_allocation(report, every=every)
    emit_not_completed(report, every=every)
    if trace:
        emit_decisions(report, every=every)


def _show_what_if(what_if: WhatIfReport, *, every: bool) -> None:
    from aurora.sim.scenarios.whatif import described  # heavy, used here only

    emit_change(what_if.before, what_if.after, [described(c) for c in what_if.changes])
    emit_moves(what_if.before, what_if.after, every=every)
    emit_not_completed(what_if.after, every=every)
