"""Say in short why a task did not complete; `aurora explain` says it with all evidence."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.sim.outcome import Outcome, Status
from aurora.sim.scenario import Node, Scenario, Task

NAMED = 5
"""Tasks that a sentence names at most."""

_RESOURCES = (("cpu_required", "cpu", "cores"), ("memory_required", "memory", "GiB"))


def reason(scenario: Scenario, outcome: Outcome, index: int) -> str | None:
    """Return why a task did not complete; None if it did.

    Args:
        scenario: The scenario.
        outcome: What came of it.
        index: Of the task in the scenario.
    """
    task, status = scenario.tasks[index], Status(int(outcome.tasks.status[index]))
    match status:
        case Status.COMPLETED:
            return None
        case Status.UNPLACEABLE:
            return _fits_nowhere(scenario, task)
        case Status.DROPPED:
            return f"left unserved after {task.patience:g} s, its patience"
        case Status.FAILED:
            return f"lost to node failures {scenario.workload_definition.max_attempts} times"
        case Status.UNPLACED:
            undone = _undone(scenario, outcome, task.dependencies)
            if undone:
                return f"depends on {named(undone)}, not completed"
            return "still waiting when nothing more could happen: no candidate had room, or the policy held it back"


def named(names: Sequence[str]) -> str:
    """Return the first few of some names and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _undone(scenario: Scenario, outcome: Outcome, dependencies: Sequence[str]) -> list[str]:
    wanted = set(dependencies)
    return [
        t.task_id
        for t, status in zip(scenario.tasks, outcome.tasks.status, strict=True)
        if t.task_id in wanted and status != Status.COMPLETED
    ]


def _fits_nowhere(scenario: Scenario, task: Task) -> str:
    """Name the first resource that no node or path has enough of, even when everything is free."""
    if task.destination_site is not None:
        return f"no path from {task.source_site} to {task.destination_site} has {task.bandwidth:g} Gbit/s"
    for ask, have, unit in _RESOURCES:
        wanted, most = getattr(task, ask), max(getattr(n, have) for n in scenario.nodes)
        if wanted > most:
            return f"asks for {wanted:g} {unit}, the largest node has {most:g}"
    return _lacks_devices(scenario.nodes, task) or (
        "no single node has all of what it asks for"
        if task.source_site is None
        else f"no node that can be reached from {task.source_site} has all of what it asks for"
    )


def _lacks_devices(nodes: Sequence[Node], task: Task) -> str:
    most = max(n.accelerators for n in nodes)
    if task.accelerators > most:
        return f"asks for {task.accelerators} devices, the largest node has {most}"
    allowed = [n for n in nodes if not task.accelerator_models or n.accelerator_model in task.accelerator_models]
    if task.accelerators and not any(n.accelerators >= task.accelerators for n in allowed):
        lacking = f"no node has {task.accelerators} devices of model {' or '.join(task.accelerator_models)}"
        meant = sorted({str(n.accelerator_model) for n in nodes} & _in_other_case(task, nodes))
        return lacking + (f"; models are told apart by case, and nodes have {' and '.join(meant)}" if meant else "")
    return ""


def _in_other_case(task: Task, nodes: Sequence[Node]) -> set[str]:
    """Models of nodes that differ from one of the task's by upper and lower case only."""
    asked = {model.casefold() for model in task.accelerator_models}
    return {n.accelerator_model for n in nodes if n.accelerator_model and n.accelerator_model.casefold() in asked}
