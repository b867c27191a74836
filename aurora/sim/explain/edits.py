"""Changes of a scenario that could have brought a task to another candidate, and the scenario with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

from pydantic import ValidationError

from aurora.errors import ScenarioError
from aurora.sim.scenarios.scenario import Link, Node, Scenario, Task

P = TypeVar("P", Node, Link)
EditKind = Literal[
    "allow",
    "model",
    "up",
    "cpu",
    "memory",
    "accelerators",
    "bandwidth",
    "battery",
    "price",
    "speed",
    "latency",
    "carbon",
]
"""allow: the task may use the node; model: it may use the node's device model; up: the node does not fail; cpu, memory,
accelerators: capacity of the node in cores, GiB, devices; bandwidth: Gbit/s of a link; battery: joules of the node;
price: dollars an hour; speed: speed factor; latency: milliseconds of a link; carbon: g CO2/kWh."""
NODE_FIELDS: dict[str, str] = {
    "cpu": "cpu",
    "memory": "memory",
    "accelerators": "accelerators",
    "battery": "battery",
    "price": "price_per_hour",
    "speed": "speed",
    "carbon": "carbon_intensity",
}
"""Kinds of edits that set a field of a node."""
LINK_FIELDS: dict[str, str] = {"bandwidth": "bandwidth", "latency": "latency_ms"}
"""Kinds of edits that set a field of a link."""


class Edit(NamedTuple):
    """A change of one quantity, or of what a task may use.

    Attributes:
        kind: See `EditKind`.
        subject: Id of the node or the link.
        now, then: Value before and after, for kinds with a value; 0 for others.
    """

    kind: EditKind
    subject: str
    now: float = 0.0
    then: float = 0.0


def edited(scenario: Scenario, task_id: str, edits: Sequence[Edit]) -> Scenario:
    """Return a scenario with edits.

    Args:
        scenario: The scenario.
        task_id: Task that `allow` and `model` are about.
        edits: The edits.

    Raises:
        ScenarioError: A value is none that a node or a link can have.
    """
    nodes = tuple(_node(n, [e for e in edits if e.subject == n.node_id]) for n in scenario.nodes)
    links = tuple(_link(l, [e for e in edits if e.subject == l.link_id]) for l in scenario.links)
    tasks = tuple(_task(t, scenario, edits) if t.task_id == task_id else t for t in scenario.tasks)
    conditions = scenario.environmental_conditions
    up = {e.subject for e in edits if e.kind == "up"}
    failures = tuple(f for f in conditions.node_failures if f.node_id not in up)
    return scenario.model_copy(
        update={
            "nodes": nodes,
            "links": links,
            "workload_definition": scenario.workload_definition.model_copy(update={"tasks": tasks}),
            "environmental_conditions": conditions.model_copy(update={"node_failures": failures}),
        }
    )


def rounded(now: float, then: float, digits: int = 3) -> float:
    """Return a value with few digits, rounded away from the present one.

    >>> rounded(2.0, 0.98765), rounded(2.0, 3.14159)
    (0.987, 3.15)
    """
    if then == 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(then))) - digits + 1)
    places = max(0, digits - 1 - math.floor(math.log10(abs(then))))
    return round((math.ceil if then > now else math.floor)(round(then / step, 6)) * step, places)


def _node(node: Node, edits: Sequence[Edit]) -> Node:
    fields = {
        NODE_FIELDS[e.kind]: int(e.then) if e.kind == "accelerators" else e.then for e in edits if e.kind in NODE_FIELDS
    }
    return _valid(node, fields) if fields else node


def _link(link: Link, edits: Sequence[Edit]) -> Link:
    fields = {LINK_FIELDS[e.kind]: e.then for e in edits if e.kind in LINK_FIELDS}
    return _valid(link, fields) if fields else link


def _valid(part: P, fields: Mapping[str, float]) -> P:
    """Return a node or link with other fields, checked against its schema."""
    try:
        return type(part).model_validate({**part.model_dump(), **fields})
    except ValidationError as error:
        values = ", ".join(f"{name} {value:g}" for name, value in fields.items())
        raise ScenarioError(f"{type(part).__name__.lower()} can't have {values}") from error


def _task(task: Task, scenario: Scenario, edits: Sequence[Edit]) -> Task:
    allowed = tuple(e.subject for e in edits if e.kind == "allow")
    models = {n.node_id: n.accelerator_model for n in scenario.nodes}
    more = tuple(m for e in edits if e.kind == "model" and (m := models.get(e.subject)) is not None)
    return task.model_copy(
        update={
            "allowed_nodes": (*task.allowed_nodes, *allowed) if task.allowed_nodes else (),
            "accelerator_models": (*task.accelerator_models, *more) if task.accelerator_models else (),
        }
    )
