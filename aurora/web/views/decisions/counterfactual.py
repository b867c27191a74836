"""What would have brought a task elsewhere, and the run with that beside the run as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aurora.agents.explain.contrast import edit_text, why_not
from aurora.agents.explain.explainer import case_of
from aurora.errors import InputError
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.edits import edited
from aurora.sim.measures import Compared, compared
from aurora.sim.report import Placement, report_outcome
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.whatif import EXAMPLES, Asked, all_changed, described, parse_change
from aurora.web.views.decisions.runs import Run, Tell

MAX_CHANGES = 5
"""Most changes of a what-if."""


class Moved(NamedTuple):
    """A task whose place, start or status is another one.

    Attributes:
        task_id: The task.
        before, after: Where it is and from when, or why not.
    """

    task_id: str
    before: str
    after: str


class Counterfactual(NamedTuple):
    """A run beside the same run with something changed.

    Attributes:
        lines: Why it is as it is; empty where it was not asked.
        changes: What is changed, in words; empty: nothing was found that would do.
        after: The changed run; None: there is none.
        measures: Measures of both.
        moved: Tasks that are elsewhere, start at another time, or end otherwise.
    """

    lines: tuple[str, ...]
    changes: tuple[str, ...]
    after: Run | None
    measures: tuple[Compared, ...]
    moved: tuple[Moved, ...]


def instead(run: Run, task_id: str, candidate: str, tell: Tell = lambda step: None) -> Counterfactual:
    """Return why a task did not go to a candidate, the smallest changes that would have brought it there, and the run.

    Args:
        run: The run.
        task_id: The task.
        candidate: Node, or name of a path.
        tell: Receives the step that is under way.

    Raises:
        ScenarioError: There is no such task or candidate.
    """
    tell("Looking for the smallest change; each is simulated")
    contrast = why_not(case_of(run.history, task_id), task_id, candidate)
    lines = tuple(line for line in contrast.text.split("\n") if line.strip())
    if not contrast.changes:
        return Counterfactual(lines, (), None, (), ())
    tell("Simulating the change")
    return _beside(
        run,
        edited(run.history.scenario, task_id, contrast.changes),
        lines,
        tuple(edit_text(e) for e in contrast.changes),
    )


def what_if(run: Run, texts: Sequence[str], tell: Tell = lambda step: None) -> Counterfactual:
    """Return a run beside the same run with changes of its scenario.

    Args:
        run: The run.
        texts: Changes such as `remove:node-b`, `fail:node-b@100/600`, `load:+30%` and `price:x2`.
        tell: Receives the step that is under way.

    Raises:
        InputError: A text is none, or there are too many.
        ScenarioError: A change can't be read, or names what is not there.
    """
    if not 1 <= len(texts) <= MAX_CHANGES:
        raise InputError(f"give 1 to {MAX_CHANGES} changes", parameter="changes")
    changes = tuple(parse_change(*_parted(text)) for text in texts)
    tell("Simulating the change")
    scenario = all_changed(run.history.scenario, changes)
    return _beside(run, scenario, (), tuple(described(c) for c in changes))


def _parted(text: str) -> tuple[Asked, str]:
    kind, colon, rest = text.partition(":")
    for known in EXAMPLES:
        if kind == known and colon:
            return known, rest
    kinds = ", ".join(EXAMPLES)
    raise InputError(f"{text[:80]!r} is no change; there are {kinds}, as in remove:node-b", parameter="changes")


def _beside(run: Run, scenario: Scenario, lines: tuple[str, ...], changes: tuple[str, ...]) -> Counterfactual:
    policy = run.history.policy
    history = run_of(scenario, policy)
    after = Run(run.scenario_key, run.policy_key, history, report_outcome(scenario, policy, history.outcome))
    return Counterfactual(lines, changes, after, compared(run.report, after.report), moved(run, after))


def moved(before: Run, after: Run) -> tuple[Moved, ...]:
    """Return the tasks that are elsewhere, start at another time, or end otherwise."""
    now = {p.task_id: p for p in after.report.placements}
    return tuple(
        Moved(old.task_id, _short(old), _short(now[old.task_id]))
        for old in before.report.placements
        if old.task_id in now and _place(old) != _place(now[old.task_id])
    )


def _place(p: Placement) -> tuple[object, ...]:
    return p.node_id, p.path, p.start, p.status


def _short(p: Placement) -> str:
    if p.start is None:
        return p.status
    where = p.node_id or "-".join(p.path or ()) or "no link"
    return f"{where}, from {p.start:.4g} s" + ("" if p.reason is None else f", {p.status}")
