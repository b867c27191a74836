"""Scenarios and policies that mean the same: other names, another order, other units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario

NAMES = frozenset(("node_id", "task_id", "link_id", "site", "source", "target", "source_site", "destination_site"))
"""Fields that hold a name."""
LISTS_OF_NAMES = frozenset(("dependencies", "allowed_nodes"))
MEBIBYTES, CENTS = 1024.0, 100.0
"""Of a GiB, and of a dollar."""
_AMOUNTS: Mapping[str, float] = {
    **dict.fromkeys(("node.price", "fit.cost"), CENTS),
    **dict.fromkeys(("node.memory_free", "node.memory_total", "task.memory"), MEBIBYTES),
}
"""Features in dollars and GiB, and their value in a unit of the other system."""


def new_name(name: str, salt: int) -> str:
    """Return another name for one, the same each time."""
    return f"x{salt}q{name.encode().hex()}z"


def old_name(text: str) -> str:
    """Return a text with the names that `new_name` made replaced by those that it made them from."""
    return re.sub(r"x\d+q([0-9a-f]+)z", lambda m: bytes.fromhex(m.group(1)).decode(), text)


def renamed(scenario: Scenario, salt: int) -> Scenario:
    """Return a scenario whose tasks, nodes, links and sites have other names."""
    return Scenario.model_validate(_renamed(scenario.model_dump(mode="json"), salt))


def _renamed(value: Any, salt: int) -> Any:
    if isinstance(value, list):
        return [_renamed(item, salt) for item in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for key, item in value.items():
        if key in NAMES and isinstance(item, str):
            made[key] = new_name(item, salt)
        elif key in LISTS_OF_NAMES:
            made[key] = [new_name(name, salt) for name in item]
        else:
            made[key] = _renamed(item, salt)
    return made


def permuted(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """Return a scenario with its nodes, links and tasks in another order."""
    nodes, links, tasks = (
        tuple(items[k] for k in rng.permutation(len(items)))
        for items in (scenario.nodes, scenario.links, scenario.tasks)
    )
    workload = scenario.workload_definition.model_copy(update={"tasks": tasks})
    return scenario.model_copy(update={"nodes": nodes, "links": links, "workload_definition": workload})


def in_other_units(scenario: Scenario, policy: Policy) -> tuple[Scenario, Policy]:
    """Return a scenario in MiB and cents, and the policy for it."""
    nodes = tuple(
        n.model_copy(update={"memory": n.memory * MEBIBYTES, "price_per_hour": n.price_per_hour * CENTS})
        for n in scenario.nodes
    )
    links = tuple(l.model_copy(update={"price_per_gbps_hour": l.price_per_gbps_hour * CENTS}) for l in scenario.links)
    tasks = tuple(t.model_copy(update={"memory_required": t.memory_required * MEBIBYTES}) for t in scenario.tasks)
    workload = scenario.workload_definition.model_copy(update={"tasks": tasks})
    other = scenario.model_copy(update={"nodes": nodes, "links": links, "workload_definition": workload})
    strategy = policy.allocation_strategy
    rules = tuple(r.model_copy(update={"score": _converted(r.score)}) for r in strategy.decision_rules)
    return other, policy.model_copy(
        update={"allocation_strategy": strategy.model_copy(update={"decision_rules": rules})}
    )


def _converted(expression: str) -> str:
    for name, factor in _AMOUNTS.items():
        expression = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", f"({name} / {factor:g})", expression)
    return expression
