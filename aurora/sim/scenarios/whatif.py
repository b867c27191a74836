"""What-if changes of a scenario, to be simulated and compared with the original."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from aurora.errors import ScenarioError
from aurora.sim.scenarios.scenario import Conditions, NodeFailure, Scenario, Task, parse_scenario
from aurora.types import Frozen, Identifier, NonNegative, Positive
from aurora.validation import explain_validation

LOAD_FIELDS = ("cpu_required", "memory_required", "bandwidth", "data_size")
"""Fields of a task that a change of load multiplies. More bandwidth without more data would make transfers faster."""


class NodeFails(Frozen):
    """A node goes down."""

    kind: Literal["node_fails"] = "node_fails"
    node_id: Identifier
    start: NonNegative = Field(description="seconds")
    duration: Positive | None = Field(default=None, description="seconds; null: for good")


class LoadChanges(Frozen):
    """Tasks ask for more or less, all of them or one; devices and durations stay as they are."""

    kind: Literal["load_changes"] = "load_changes"
    factor: float = Field(gt=0, le=100, description="times the cores, memory, bandwidth and data asked for")
    task_id: Identifier | None = Field(default=None, description="null: every task")


class PriceChanges(Frozen):
    """A node's price is another, or every node's."""

    kind: Literal["price_changes"] = "price_changes"
    factor: float = Field(ge=0, le=1000, description="times the price per hour")
    node_id: Identifier | None = Field(default=None, description="null: every node")


class CarbonChanges(Frozen):
    """The carbon intensity of a node is another, or that of every node that states one."""

    kind: Literal["carbon_changes"] = "carbon_changes"
    factor: float = Field(ge=0, le=1000, description="times the carbon intensity, g CO2/kWh")
    node_id: Identifier | None = Field(default=None, description="null: every node that states an intensity")


class NodeRemoved(Frozen):
    """A node was never there."""

    kind: Literal["node_removed"] = "node_removed"
    node_id: Identifier


Asked = Literal["load", "fail", "remove", "price", "carbon"]
"""Kinds of change as people ask for them."""

EXAMPLES: Mapping[Asked, str] = {
    "load": "+30% for every task, or TASK=+30% for one",
    "fail": "node-b@100 for good, or node-b@100/600 for 600 s",
    "remove": "node-b",
    "price": "x2 for every node, or node-b=x0.5 for one",
    "carbon": "x2 for every node, or node-b=x0.5 for one",
}

Change = Annotated[NodeFails | LoadChanges | PriceChanges | CarbonChanges | NodeRemoved, Field(discriminator="kind")]


def parse_change(kind: Asked, text: str) -> Change:
    """Read a change from a short text.

    Args:
        kind: Kind of change.
        text: The change, written as `EXAMPLES` shows. Factors: `x1.3`, `1.3`, `+30%`, `-30%`. Times: `90` seconds,
            `90s`, `10m`, `2h`.

    Raises:
        ScenarioError: The text says something else; the message has an example.

    Example:
        >>> parse_change("fail", "node-b@100/600").start
        100.0
    """
    try:
        match kind:
            case "load":
                task_id, _, factor = text.rpartition("=")
                return LoadChanges(factor=_factor(factor), task_id=task_id or None)
            case "price":
                node_id, _, factor = text.rpartition("=")
                return PriceChanges(factor=_factor(factor), node_id=node_id or None)
            case "carbon":
                node_id, _, factor = text.rpartition("=")
                return CarbonChanges(factor=_factor(factor), node_id=node_id or None)
            case "fail":
                node_id, _, times = text.rpartition("@")
                start, _, duration = times.partition("/")
                return NodeFails(
                    node_id=node_id, start=_seconds(start), duration=_seconds(duration) if duration else None
                )
            case "remove":
                return NodeRemoved(node_id=text)
    except ValidationError as error:
        raise ScenarioError(f"{kind} {text!r}: {explain_validation(error)}; for example {EXAMPLES[kind]}") from None
    except ValueError:
        raise ScenarioError(f"{kind} {text!r} can't be read; for example {EXAMPLES[kind]}") from None


def _factor(text: str) -> float:
    """Read `x1.3`, `1.3`, `+30%` or `-30%` as a factor.

    Raises:
        ValueError: It is none of these.
    """
    text = text.strip()
    if text.endswith("%"):
        if text[0] not in "+-":
            raise ValueError(text)  # 30% may mean 0.3 or 1.3
        return round(1 + float(text[:-1]) / 100, 12)
    return float(text.removeprefix("x"))


def _seconds(text: str) -> float:
    """Read `90`, `90s`, `10m` or `2h` as seconds.

    Raises:
        ValueError: It is none of these.
    """
    factor = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    return float(text[:-1]) * factor if factor else float(text)


def described(change: Change) -> str:
    """Describe a change."""
    match change:
        case LoadChanges():
            who = "every task asks" if change.task_id is None else f"task {change.task_id} asks"
            return f"{who} for {change.factor:g} times its cores, memory, bandwidth and data"
        case PriceChanges():
            who = "every node costs" if change.node_id is None else f"node {change.node_id} costs"
            return f"{who} {change.factor:g} times its price"
        case CarbonChanges():
            who = "every node emits" if change.node_id is None else f"node {change.node_id} emits"
            return f"{who} {change.factor:g} times its g CO2/kWh"
        case NodeFails():
            end = "for good" if change.duration is None else f"for {change.duration:g} s"
            return f"node {change.node_id} fails at {change.start:g} s {end}"
        case NodeRemoved():
            return f"node {change.node_id} is not there"


def all_changed(scenario: Scenario, changes: Iterable[Change]) -> Scenario:
    """Return the scenario with several changes, one after the other.

    Raises:
        ScenarioError: See `changed`.
    """
    for change in changes:
        scenario = changed(scenario, change)
    return scenario


def changed(scenario: Scenario, change: Change) -> Scenario:
    """Return the scenario with a change.

    Raises:
        ScenarioError: The change names an unknown task or node, leaves tasks nowhere to run, or makes a number too
            small or too large. A node that a task may use and no other can't be removed either: with empty
            `allowed_nodes` the task could run anywhere. `NodeFails` at 0 s is possible.
    """
    copied = _copied(scenario, change)  # pydantic does not validate copies
    return parse_scenario(copied.model_dump(), where="the scenario after the change")


def _copied(scenario: Scenario, change: Change) -> Scenario:
    match change:
        case NodeFails():
            _require_node(scenario, change.node_id)
            conditions = scenario.environmental_conditions
            failure = NodeFailure(node_id=change.node_id, start=change.start, duration=change.duration)
            trouble = conditions.model_copy(update={"node_failures": (*conditions.node_failures, failure)})
            return scenario.model_copy(update={"environmental_conditions": trouble})
        case LoadChanges():
            return _with_load(scenario, change)
        case PriceChanges():
            if change.node_id is not None:
                _require_node(scenario, change.node_id)
            nodes = tuple(
                n.model_copy(update={"price_per_hour": n.price_per_hour * change.factor})
                if change.node_id in (None, n.node_id)
                else n
                for n in scenario.nodes
            )
            return scenario.model_copy(update={"nodes": nodes})
        case CarbonChanges():
            return _with_carbon(scenario, change)
        case NodeRemoved():
            return _without(scenario, change.node_id)


def _require_node(scenario: Scenario, node_id: str) -> None:
    if all(n.node_id != node_id for n in scenario.nodes):
        raise ScenarioError(f"scenario {scenario.scenario_id} has no node {node_id!r}; {_nearest(scenario, node_id)}")


def _nearest(scenario: Scenario, node_id: str) -> str:
    names = [n.node_id for n in scenario.nodes]
    near = difflib.get_close_matches(node_id, names, n=3)
    return f"did you mean {', '.join(near)}?" if near else f"its nodes are {', '.join(names[:5]) or 'none'}"


def _with_load(scenario: Scenario, change: LoadChanges) -> Scenario:
    if change.task_id is not None and all(t.task_id != change.task_id for t in scenario.tasks):
        raise ScenarioError(f"scenario {scenario.scenario_id} has no task {change.task_id!r}")
    tasks = tuple(
        t.model_copy(update={name: getattr(t, name) * change.factor for name in LOAD_FIELDS})
        if change.task_id in (None, t.task_id)
        else t
        for t in scenario.tasks
    )
    workload = scenario.workload_definition.model_copy(update={"tasks": tasks})
    return scenario.model_copy(update={"workload_definition": workload})


def _without_allowed(task: Task, node_id: str) -> Task:
    """Return a task without a node among those that it may use."""
    if node_id not in task.allowed_nodes:
        return task
    left = tuple(n for n in task.allowed_nodes if n != node_id)
    if not left:
        raise ScenarioError(
            f"node {node_id!r} can't be removed: task {task.task_id} may use no other (allowed_nodes); let the node "
            "fail at 0 s instead, or allow another"
        )
    return task.model_copy(update={"allowed_nodes": left})


def _with_carbon(scenario: Scenario, change: CarbonChanges) -> Scenario:
    if change.node_id is not None:
        _require_node(scenario, change.node_id)
    changed_nodes = {
        n.node_id: n.model_copy(update={"carbon_intensity": n.carbon_intensity * change.factor})
        for n in scenario.nodes
        if n.carbon_intensity is not None and change.node_id in (None, n.node_id)
    }
    if not changed_nodes:
        where = "no node states" if change.node_id is None else f"node {change.node_id!r} doesn't state"
        raise ScenarioError(
            f"scenario {scenario.scenario_id}: {where} a carbon_intensity that could change; add it, in g CO2/kWh"
        )
    nodes = tuple(changed_nodes.get(n.node_id, n) for n in scenario.nodes)
    return scenario.model_copy(update={"nodes": nodes})


def _without(scenario: Scenario, node_id: str) -> Scenario:
    _require_node(scenario, node_id)
    nodes = tuple(n for n in scenario.nodes if n.node_id != node_id)
    before = scenario.environmental_conditions
    conditions = Conditions(
        node_failures=tuple(f for f in before.node_failures if f.node_id != node_id),
        network_congestion=before.network_congestion,
        dynamic_pricing=tuple(p for p in before.dynamic_pricing if p.node_id != node_id),
        dynamic_carbon=tuple(c for c in before.dynamic_carbon if c.node_id != node_id),
    )
    workload = scenario.workload_definition
    tasks = tuple(_without_allowed(t, node_id) for t in workload.tasks)
    fewer = scenario.model_copy(
        update={
            "nodes": nodes,
            "environmental_conditions": conditions,
            "workload_definition": workload.model_copy(update={"tasks": tasks}),
        }
    )
    ends = {s for t in scenario.tasks for s in (t.source_site, t.destination_site) if s is not None}
    if not ends <= fewer.sites() or (not nodes and any(t.destination_site is None for t in scenario.tasks)):
        raise ScenarioError(f"scenario {scenario.scenario_id} can't do without {node_id!r}: tasks need it or its site")
    return fewer
