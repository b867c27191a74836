"""Tables of a simulation: measures, placements, and differences of a what-if."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aurora import quantities
from aurora.cli.terminal.output import emit_table, note

if TYPE_CHECKING:  # heavy at run time
    from aurora.sim.measures import Measure
    from aurora.sim.report import Placement, SimulationReport

MAX_ROWS = 20
"""Most rows of a table of tasks or decisions without `--all`."""


def emit_measures(report: SimulationReport) -> None:
    """Print the measures, their bounds if the report has any, and the score of each objective."""
    from aurora.sim.measures import measures_of  # heavy, used here only
    from aurora.sim.objectives import WITH_TARGET

    rows = [_measure_row(report, m) for m in measures_of(report)]
    title = f"{report.outcome.policy_id} on {report.scenario.scenario_id}"
    if report.bounds is None:
        emit_table(title, ("measure", "value"), [row[:2] for row in rows])
    else:
        emit_table(
            f"{title}, and what no plan that completes every task can beat",
            ("measure", "value", "bound", "value / bound"),
            rows,
        )
    weights, targets = report.scenario.weights(), report.scenario.objective_targets
    one_half = {o.name: quantities.with_unit(getattr(targets, o.name), o.shown_unit) for o in WITH_TARGET}
    emit_table(
        "scores: 1 is best; the reward is their weighted sum",
        ("objective", "score", "weight", "value that scores one half"),
        [
            (name, f"{value:.4f}", quantities.percent(weights[name]), one_half.get(name, ""))
            for name, value in report.scores.objectives.items()
        ],
    )


def _measure_row(report: SimulationReport, measure: Measure) -> tuple[str, str, str, str]:
    value = measure.read(report)
    bound = None
    if report.bounds is not None:
        bound = report.best_reward if measure.name == "reward" else measure.bound and measure.bound(report.bounds)
    if bound is None:
        return measure.name, quantities.with_unit(value, measure.unit), "", ""
    ratio = ""
    if bound > 0:
        is_reward = measure.name == "reward"
        ratio = quantities.percent(value / bound) if is_reward else f"{quantities.plain(value / bound, 3)} ×"
    return measure.name, quantities.with_unit(value, measure.unit), quantities.with_unit(bound, measure.unit), ratio


def emit_allocation(report: SimulationReport, *, every: bool) -> None:
    """Print the placement of every task that was placed."""
    where = "node" if not report.scenario.links else "node or path"
    rows = [_placement_row(p) for p in report.placements if p.start is not None]
    if rows:
        columns = ("task", where, "arrival", "start", "wait", "end", "late?")
        emit_table("allocation", columns, _first(rows, every, "tasks that were placed"))


def emit_not_completed(report: SimulationReport, *, every: bool) -> None:
    """Print the tasks that did not complete, each with the reason."""
    rows = [(p.task_id, p.status, p.reason) for p in report.not_completed]
    if rows:
        emit_table("not completed", ("task", "status", "reason"), _first(rows, every, "tasks that did not complete"))


def _first(rows: Sequence[tuple[object, ...]], every: bool, what: str) -> Sequence[tuple[object, ...]]:
    if every or len(rows) <= MAX_ROWS:
        return rows
    note(f"{MAX_ROWS} of {len(rows)} {what} are shown; --all shows every one")
    return rows[:MAX_ROWS]


def _placement_row(placement: Placement) -> tuple[object, ...]:
    p = placement
    attempts = f" (start {p.attempts})" if p.attempts > 1 else ""
    return (
        p.task_id,
        _where(p.node_id, p.path) + attempts,
        quantities.duration(p.arrival),
        quantities.duration(p.start or 0.0),
        quantities.duration(p.wait or 0.0),
        "never" if p.finish is None else quantities.duration(p.finish),
        _late(p),
    )


def _late(placement: Placement) -> str:
    p = placement
    if p.finish is None:
        return p.status
    if p.limit is None or p.latency is None:
        return "no limit"
    over = p.latency - p.limit
    return f"late by {quantities.duration(over)}" if p.is_late else "in time"


def _where(node_id: str | None, path: Sequence[str] | None) -> str:
    route = "-".join(path or ())
    if node_id is None:
        return route or "no link"
    return f"{node_id} via {route}" if route else node_id


def emit_decisions(report: SimulationReport, *, every: bool) -> None:
    """Print the decisions: time, task, winner, number of candidates and runner-up."""
    rows = []
    for decision in report.decisions:  # adding 0.0 turns -0 into 0
        best, *others = decision.candidates
        runner_up = others[0] if others else None
        rows.append(
            (
                quantities.duration(decision.time),
                decision.task_id,
                _where(best.node_id, best.path),
                f"{best.score + 0.0:.6g}",
                decision.feasible,
                "none" if runner_up is None else _where(runner_up.node_id, runner_up.path),
                None if runner_up is None else f"{runner_up.score + 0.0:.6g}",
            )
        )
    columns = ("time", "task", "goes to", "score", "candidates", "runner-up", "its score")
    emit_table("decisions", columns, _first(rows, every, "decisions"), keys=2)


def emit_change(before: SimulationReport, after: SimulationReport, changes: Sequence[str]) -> None:
    """Print the measures before and after changes, and their differences."""
    from aurora.sim.measures import compared  # heavy, used here only

    rows = [(c.name, c.before, c.after, c.difference, c.relative) for c in compared(before, after)]
    title = f"{before.outcome.policy_id} on {before.scenario.scenario_id} if {'; '.join(changes)}"
    emit_table(title, ("measure", "before", "after", "difference", "in per cent"), rows)


def emit_moves(before: SimulationReport, after: SimulationReport, *, every: bool) -> None:
    """Print the tasks whose place, start or status differs after the changes."""
    rows = []
    new = {p.task_id: p for p in after.placements}
    for old in before.placements:
        now = new[old.task_id]
        if (old.node_id, old.path, old.start, old.status) != (now.node_id, now.path, now.start, now.status):
            rows.append((old.task_id, *_short(old), *_short(now)))
    if rows:
        columns = ("task", "before", "start", "after", "its start")
        emit_table("tasks that changed", columns, _first(rows, every, "tasks that changed"))


def _short(p: Placement) -> tuple[str, str]:
    if p.start is None:
        return p.status, "never"
    place = _where(p.node_id, p.path)
    return (place if p.reason is None else f"{place}, {p.status}"), quantities.duration(p.start)
