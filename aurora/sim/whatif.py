"""A scenario with something changed: what would have happened is then a simulation away."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aurora.errors import ScenarioError
from aurora.sim.scenario import (
    Conditions,
    Frozen,
    Identifier,
    NodeFailure,
    NonNegative,
    Positive,
    Scenario,
)


class NodeFails(Frozen):
    """A node goes down."""

    kind: Literal["node_fails"] = "node_fails"
    node_id: Identifier
    start: NonNegative = Field(description="seconds")
    duration: Positive | None = Field(default=None, description="seconds; null: for good")


class LoadChanges(Frozen):
    """Tasks ask for more or less, all of them or one."""

    kind: Literal["load_changes"] = "load_changes"
    factor: float = Field(gt=0, le=100, description="times the cores, memory and bandwidth asked for")
    task_id: Identifier | None = Field(default=None, description="null: every task")


class PriceChanges(Frozen):
    """A node's price is another, or every node's."""

    kind: Literal["price_changes"] = "price_changes"
    factor: float = Field(ge=0, le=1000, description="times the price per hour")
    node_id: Identifier | None = Field(default=None, description="null: every node")


class NodeRemoved(Frozen):
    """A node was never there."""

    kind: Literal["node_removed"] = "node_removed"
    node_id: Identifier


Change = Annotated[NodeFails | LoadChanges | PriceChanges | NodeRemoved, Field(discriminator="kind")]


def changed(scenario: Scenario, change: Change) -> Scenario:
    """The scenario with a change; it is validated anew.

    Raises:
        ScenarioError: The change names what the scenario doesn't have, or nothing is left to run on.
    """
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
        case NodeRemoved():
            return _without(scenario, change.node_id)


def _require_node(scenario: Scenario, node_id: str) -> None:
    if all(n.node_id != node_id for n in scenario.nodes):
        raise ScenarioError(f"scenario {scenario.scenario_id} has no node {node_id!r}")


def _with_load(scenario: Scenario, change: LoadChanges) -> Scenario:
    if change.task_id is not None and all(t.task_id != change.task_id for t in scenario.tasks):
        raise ScenarioError(f"scenario {scenario.scenario_id} has no task {change.task_id!r}")
    tasks = tuple(
        t.model_copy(
            update={name: getattr(t, name) * change.factor for name in ("cpu_required", "memory_required", "bandwidth")}
        )
        if change.task_id in (None, t.task_id)
        else t
        for t in scenario.tasks
    )
    workload = scenario.workload_definition.model_copy(update={"tasks": tasks})
    return scenario.model_copy(update={"workload_definition": workload})


def _without(scenario: Scenario, node_id: str) -> Scenario:
    _require_node(scenario, node_id)
    nodes = tuple(n for n in scenario.nodes if n.node_id != node_id)
    before = scenario.environmental_conditions
    conditions = Conditions(
        node_failures=tuple(f for f in before.node_failures if f.node_id != node_id),
        network_congestion=before.network_congestion,
        dynamic_pricing=tuple(p for p in before.dynamic_pricing if p.node_id != node_id),
    )
    fewer = scenario.model_copy(update={"nodes": nodes, "environmental_conditions": conditions})
    ends = {s for t in scenario.tasks for s in (t.source_site, t.destination_site) if s is not None}
    if not ends <= fewer.sites() or (not nodes and any(t.destination_site is None for t in scenario.tasks)):
        raise ScenarioError(f"scenario {scenario.scenario_id} can't do without {node_id!r}: tasks need it or its site")
    return fewer
