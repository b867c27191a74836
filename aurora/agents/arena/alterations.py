"""Generated scenarios that all change in one way: nodes fail, prices rise, deadlines shorten, or weights are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.source import Source
from aurora.errors import InputError
from aurora.sim.objectives import ObjectiveName
from aurora.sim.scenarios.scenario import NodeFailure, Scenario

ChangeName = Literal["", "node_failures", "prices", "sla"]
"""Name of a change; "" for none."""
FAILED_SHARE = 0.25
"""Share of the nodes that fail."""
FAILURE_START, FAILURE_END = 0.25, 0.75
"""Begin and end of the failures, as shares of the time in which tasks arrive."""
PRICE_FACTOR, SLA_FACTOR = 3.0, 0.5


def _nodes_fail(scenario: Scenario) -> Scenario:
    """Let every fourth node fail for the middle half of the time, and never the last node that stays up."""
    span = max((t.arrival_time for t in scenario.tasks), default=0.0) or 1.0
    chosen = scenario.nodes[:: round(1 / FAILED_SHARE)][: len(scenario.nodes) - 1]
    failures = tuple(
        NodeFailure(node_id=n.node_id, start=FAILURE_START * span, duration=(FAILURE_END - FAILURE_START) * span)
        for n in chosen
    )
    conditions = scenario.environmental_conditions
    changed = conditions.model_copy(update={"node_failures": (*conditions.node_failures, *failures)})
    return scenario.model_copy(update={"environmental_conditions": changed})


def _prices_triple(scenario: Scenario) -> Scenario:
    nodes = tuple(n.model_copy(update={"price_per_hour": PRICE_FACTOR * n.price_per_hour}) for n in scenario.nodes)
    links = tuple(
        link.model_copy(update={"price_per_gbps_hour": PRICE_FACTOR * link.price_per_gbps_hour})
        for link in scenario.links
    )
    return scenario.model_copy(update={"nodes": nodes, "links": links})


def _sla_halves(scenario: Scenario) -> Scenario:
    tasks = tuple(
        t if t.sla_latency_ms is None else t.model_copy(update={"sla_latency_ms": SLA_FACTOR * t.sla_latency_ms})
        for t in scenario.tasks
    )
    workload = scenario.workload_definition.model_copy(update={"tasks": tasks})
    return scenario.model_copy(update={"workload_definition": workload})


CHANGES: Mapping[ChangeName, tuple[str, Callable[[Scenario], Scenario]]] = {
    "node_failures": ("every fourth node fails for the middle half of the time", _nodes_fail),
    "prices": ("nodes and links cost three times as much", _prices_triple),
    "sla": ("every latency limit is halved", _sla_halves),
}
"""Every change by its name: its description, and the function that changes a scenario."""


def with_change(source: Source, change: ChangeName) -> Source:
    """Return a source whose scenarios all have a change, or unchanged without one.

    Raises:
        InputError: The source has other scenarios than generated ones.
    """
    if not change:
        return source
    if not isinstance(source, GeneratedSource):
        raise InputError(f"only generated scenarios can change, not those of {source.name}", parameter="changed")
    return replace(source, alterations=(*source.alterations, CHANGES[change][1]))


def with_weights(source: Source, weights: Mapping[ObjectiveName, float]) -> Source:
    """Return a source whose scenarios all have these weights of the objectives; empty: the source itself.

    Raises:
        InputError: The source has other scenarios than generated ones.
    """
    if not weights:
        return source
    if not isinstance(source, GeneratedSource):
        raise InputError(f"only generated scenarios have weights of objectives, not those of {source.name}")
    return replace(source, alterations=(*source.alterations, partial(_weigh, dict(weights))))


def _weigh(weights: Mapping[ObjectiveName, float], scenario: Scenario) -> Scenario:
    return scenario.model_copy(update={"objectives": tuple(weights), "objective_weights": dict(weights)})
