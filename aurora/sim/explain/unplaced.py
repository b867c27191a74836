"""Short reasons why tasks did not complete; `aurora explain` gives them with all evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aurora.sim.outcome import Outcome, Status
from aurora.sim.scenarios.scenario import Node, Scenario, Task

MAX_TASKS_NAMED = 5
"""Most tasks that a sentence names."""

_RESOURCES = (
    ("cpu_required", "cpu", "cores"),
    ("memory_required", "memory", "GiB"),
    ("accelerators", "accelerators", "devices"),
)
"""Field of the task, field of the node, and unit of each resource."""


class _Cluster(NamedTuple):
    """The nodes of a scenario.

    Attributes:
        nodes: All nodes by id.
        largest: Largest amount that one of them has, by field.
    """

    nodes: Mapping[str, Node]
    largest: Mapping[str, float]


def reasons(scenario: Scenario, outcome: Outcome) -> list[str | None]:
    """Return the reason why each task did not complete, in the scenario's order; None for those that did."""
    statuses = [Status(status) for status in outcome.tasks.status.tolist()]
    undone = {t.task_id: k for k, t in enumerate(scenario.tasks) if statuses[k] != Status.COMPLETED}
    cluster = _Cluster({n.node_id: n for n in scenario.nodes}, _largest(scenario.nodes))
    return [
        _reason(scenario, task, status, undone, cluster) for task, status in zip(scenario.tasks, statuses, strict=True)
    ]


def _largest(nodes: Sequence[Node]) -> dict[str, float]:
    return {have: max((getattr(n, have) for n in nodes), default=0) for _, have, _ in _RESOURCES}


def _reason(scenario: Scenario, task: Task, status: Status, undone: Mapping[str, int], cluster: _Cluster) -> str | None:
    match status:
        case Status.COMPLETED:
            return None
        case Status.UNPLACEABLE:
            return _fits_nowhere(task, cluster)
        case Status.DROPPED:
            return f"left unserved after {task.patience:g} s, its patience"
        case Status.FAILED:
            return f"lost to node failures {scenario.workload_definition.max_attempts} times"
        case Status.UNPLACED:
            lacking = sorted(undone.keys() & set(task.dependencies), key=undone.__getitem__)
            if lacking:
                return f"depends on {_named(lacking)}, not completed"
            return "still waiting when nothing more could happen: no candidate had room, or the policy held it back"


def _named(names: Sequence[str]) -> str:
    """Return the first few names, and the number of the others."""
    more = len(names) - MAX_TASKS_NAMED
    return ", ".join(names[:MAX_TASKS_NAMED]) + (f" and {more} more" if more > 0 else "")


def _fits_nowhere(task: Task, cluster: _Cluster) -> str:
    """Name the first resource that no node or path has enough of, even when everything is free.

    `waiting_claims.infeasible_claims` gives evidence instead; it goes through all candidates for each task.
    """
    if task.destination_site is not None:
        return f"no path from {task.source_site} to {task.destination_site} has {task.bandwidth:g} Gbit/s"
    if task.allowed_nodes:
        return _fits_no_allowed(task, [cluster.nodes[n] for n in dict.fromkeys(task.allowed_nodes)])
    return _too_large(task, cluster.largest, "the largest node has") or (
        _lacks_models(list(cluster.nodes.values()), task, "node")
        or (
            "no single node has all of what it asks for"
            if task.source_site is None
            else f"no node that can be reached from {task.source_site} has all of what it asks for"
        )
    )


def _fits_no_allowed(task: Task, allowed: Sequence[Node]) -> str:
    only = f"its only allowed node, {allowed[0].node_id}, has" if len(allowed) == 1 else ""
    reached = "" if task.source_site is None else f" that can be reached from {task.source_site}"
    return (
        _too_large(task, _largest(allowed), only or f"the largest of its {len(allowed)} allowed nodes has")
        or _lacks_models(allowed, task, "allowed node")
        or f"none of its allowed nodes{reached} has all of what it asks for"
    )


def _too_large(task: Task, largest: Mapping[str, float], has: str) -> str:
    """Name the first resource that no single node has enough of; "" if there is none."""
    for ask, have, unit in _RESOURCES:
        wanted = getattr(task, ask)
        if wanted > largest[have]:
            return f"asks for {wanted:g} {unit}, {has} {largest[have]:g}"
    return ""


def _lacks_models(nodes: Sequence[Node], task: Task, kind: str) -> str:
    """Explain that no node has enough devices of an allowed model; "" if one has. Names models that differ by case."""
    allowed = [n for n in nodes if not task.accelerator_models or n.accelerator_model in task.accelerator_models]
    if not task.accelerators or any(n.accelerators >= task.accelerators for n in allowed):
        return ""
    lacking = f"no {kind} has {task.accelerators} devices of model {' or '.join(task.accelerator_models)}"
    others = {n.accelerator_model for n in nodes if n.accelerator_model} - set(task.accelerator_models)
    asked = {model.casefold() for model in task.accelerator_models}
    meant = sorted(model for model in others if model.casefold() in asked)
    return lacking + (f"; models are told apart by case, and nodes have {' and '.join(meant)}" if meant else "")
