"""Briefings of agents: scenarios in numbers, tables of values, measured strengths and weaknesses.

They are short on purpose: a model reads statistics, never 500 tasks. Every figure is computed here from scenarios and
outcomes; texts from elsewhere are quote_texts as JSON strings, so that they read as data.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from aurora.sim.objectives import WITH_TARGET, Objective
from aurora.sim.policies.features import GENERAL_FEATURES
from aurora.sim.scenarios.scenario import Node, Scenario
from aurora.sim.scenarios.spec import ScenarioSpec

MIN_SCENARIOS_OF_TRAIT = 2
"""Fewest scenarios with a trait for which a success rate is given."""
MAX_NODE_KINDS = 6
"""Most kinds of node described one by one, most frequent first."""
MAX_TRAITS = 6
"""Most traits listed on either side."""
TYPICAL = (
    "Typical tasks, the typical mix: the scenario's most frequent classes of tasks (cores, devices, share, models), "
    "each weighted by its frequency."
)
"""Note on the features of the typical mix."""
_ABOUT_DEVICES = re.compile(r"accelerator|device|model_|fragmentation|same_class|usable|stranded|whole_nodes")
_ABOUT_NODES = re.compile(
    r"node\.|fit\.(rank_)?(cpu|memory|typical|placements)|task\.(cpu|memory|dominant)"
    r"|cluster\.(cpu|memory|nodes|idle|typical)"
)
_IN_UNITS = frozenset(
    {
        *("node.price", "node.idle_power", "node.full_power", "node.battery"),
        *("fit.cost", "fit.energy", "fit.latency", "cluster.price_factor", "task.sla_latency", "task.slack"),
    }
)
"""Features of prices, energy and latency."""


def brief_all(scenarios: Sequence[Scenario], *, in_units: bool = True) -> str:
    """Describe scenarios as `brief` does; nodes of the same kinds as an earlier one's are named by its id."""
    first: dict[tuple[str, ...], str] = {}
    return "\n".join(
        brief(s, in_units=in_units, nodes_of=None if known == s.scenario_id else known)
        for s in scenarios
        for known in [first.setdefault(tuple(_node_kinds(s, in_units=in_units)), s.scenario_id)]
    )


def brief(scenario: Scenario, *, in_units: bool = True, nodes_of: str | None = None) -> str:
    """Describe a scenario in numbers, one fact per line.

    Args:
        scenario: Scenario to describe.
        in_units: True: latency, cost and energy make up the value. False: weights, targets, prices and power are
            left out.
        nodes_of: Id of a scenario described before with nodes of the same kinds; None: they are described.
    """
    tasks, conditions = scenario.tasks, scenario.environmental_conditions
    arrivals = np.array([t.arrival_time for t in tasks])
    lines = [
        f"- {scenario.scenario_id}: {scenario.domain}, {len(tasks)} tasks on {len(scenario.nodes)} nodes, "
        f"{len(scenario.links)} links; arrivals from {arrivals.min():.4g} to {arrivals.max():.4g} s, "
        f"{len(np.unique(arrivals))} instants",
        *(_objectives(scenario) if in_units else []),
        "  tasks: " + "; ".join(_quantities(scenario)),
    ]
    nodes = (
        [f"  nodes: the same kinds and numbers as {nodes_of}"] if nodes_of else _node_kinds(scenario, in_units=in_units)
    )
    lines += [*nodes, *_links(scenario), *_device_mix(scenario)]
    if scenario.nodes:
        busy = sum(t.cpu_required * t.duration for t in tasks)
        cores, speed = sum(n.cpu for n in scenario.nodes), sum(n.cpu * n.speed for n in scenario.nodes)
        asked = sum(t.cpu_required for t in tasks)
        devices = sum(n.accelerators for n in scenario.nodes)
        shares = sum(t.accelerators * t.accelerator_share for t in tasks)
        also = f" and {shares / devices:.2f} times the accelerators" if devices and shares else ""
        lines.append(
            f"  all tasks together ask for {asked / max(1e-9, cores):.2f} times the cores{also}; "
            f"their work takes {busy / max(1e-9, speed):.4g} s of the whole"
        )
    trouble = [
        f"{len(events)} {name}"
        for name, events in (
            ("node failures", conditions.node_failures),
            ("congestions", conditions.network_congestion),
            ("price changes", conditions.dynamic_pricing),
        )
        if events
    ]
    lines.append(f"  trouble: {', '.join(trouble) or 'none'}")
    return "\n".join(lines)


def _objectives(scenario: Scenario) -> list[str]:
    targets, counted = scenario.objective_targets, scenario.counted
    return [
        "  weights: " + ", ".join(f"{o} {w:.2f}" for o, w in scenario.weights().items()),
        "  targets of the whole: "
        + ", ".join(_target(o, getattr(targets, o.name)) for o in WITH_TARGET if o.name in counted),
    ]


def _target(objective: Objective, value: float) -> str:
    amount = f"${value:.4g}" if objective.unit == "$" else f"{value:.4g} {objective.unit}"
    return f"{objective.name} {amount}"


def _node_kinds(scenario: Scenario, *, in_units: bool) -> list[str]:
    """List the most frequent kinds of node, a line each, and the total of all others."""
    kinds: dict[tuple[Any, ...], int] = defaultdict(int)
    for node in scenario.nodes:
        kinds[_kind(node)] += 1
    order = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    lines = []
    for (cpu, memory, devices, model, factor, price, idle, full), count in order[:MAX_NODE_KINDS]:
        accelerators = f", {devices} accelerators{f' {json.dumps(model)}' if model else ''}" if devices else ""
        paid = f", ${price:g}/h, {idle:g} to {full:g} W" if in_units else ""
        lines.append(f"  {count} nodes: {cpu:g} cores, {memory:g} GiB{accelerators}, speed {factor:g}{paid}")
    rest = order[MAX_NODE_KINDS:]
    if rest:
        cores, devices = (sum(count * kind[k] for kind, count in rest) for k in (0, 2))
        lines.append(
            f"  {sum(count for _, count in rest)} nodes of {len(rest)} other kinds: {cores:g} cores and {devices} "
            "accelerators in all"
        )
    return lines


def _links(scenario: Scenario) -> list[str]:
    if not scenario.links:
        return []
    sites = {site for link in scenario.links for site in (link.source, link.target)}
    low, middle, high = np.quantile([link.bandwidth for link in scenario.links], (0.1, 0.5, 0.9))
    return [f"  {len(sites)} sites, links of {low:.3g} | {middle:.3g} | {high:.3g} Gbit/s (10 % | median | 90 %)"]


def _device_mix(scenario: Scenario) -> list[str]:
    """List the classes of requests for devices, which policies often treat differently."""
    tasks = scenario.tasks
    if not any(t.accelerators for t in tasks):
        return []
    classes = {
        "no device": sum(t.accelerators == 0 for t in tasks),
        "a share of one": sum(t.accelerators == 1 and t.accelerator_share < 1 for t in tasks),
        "one": sum(t.accelerators == 1 and t.accelerator_share == 1 for t in tasks),
        "several": sum(t.accelerators > 1 for t in tasks),
        "of certain models only": sum(bool(t.accelerator_models) for t in tasks),
    }
    shares = ", ".join(f"{name} {count / len(tasks):.0%}" for name, count in classes.items() if count)
    return [f"  devices asked for, share of tasks: {shares}"]


def _kind(node: Node) -> tuple[Any, ...]:
    return (
        node.cpu,
        node.memory,
        node.accelerators,
        node.accelerator_model or "",
        node.speed,
        round(node.price_per_hour, 3),
        node.idle_power,
        node.full_power,
    )


def _quantities(scenario: Scenario) -> list[str]:
    tasks = scenario.tasks
    lines = []
    for name, values in (
        ("cores", [t.cpu_required for t in tasks]),
        ("GiB", [t.memory_required for t in tasks]),
        ("duration s", [t.duration for t in tasks]),
        ("accelerators", [t.accelerators * t.accelerator_share for t in tasks]),
        ("Gbit/s", [t.bandwidth for t in tasks]),
        ("data GiB", [t.data_size for t in tasks]),
        ("SLA s", [t.sla_latency_ms / 1000 for t in tasks if t.sla_latency_ms is not None]),
    ):
        if values and max(values) > 0:
            low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
            lines.append(f"{name} {low:.3g} | {middle:.3g} | {high:.3g}")
    waiting = sum(bool(t.dependencies) for t in tasks)
    lines.append(f"{waiting} depend on others" if waiting else "no dependencies")
    return [*lines[:-1], f"{lines[-1]} (10 % | median | 90 %)"]


def features_told(scenarios: Sequence[Scenario] = (), *, in_units: bool = True) -> str:
    """List the feature table, a line per feature.

    Args:
        scenarios: Scenarios that a policy is written for. Features of what none of them has are left out; all are
            listed if there is no scenario.
        in_units: False: features of prices, energy, latency and objectives are left out, which the value ignores.
    """
    absent = set[str]()
    if scenarios and not any(s.links for s in scenarios):
        absent |= {"path", "task.bandwidth"}
    if scenarios and not any(n.accelerators for s in scenarios for n in s.nodes):
        absent |= {f.name for f in GENERAL_FEATURES if _ABOUT_DEVICES.search(f.name)}
    if scenarios and not any(s.nodes for s in scenarios):
        absent |= {f.name for f in GENERAL_FEATURES if _ABOUT_NODES.match(f.name)}
    if not in_units:
        absent |= {"objective", *_IN_UNITS, *(name.replace("fit.", "fit.rank_") for name in _IN_UNITS)}
    told = [f for f in GENERAL_FEATURES if not {f.name, f.name.partition(".")[0]} & absent]
    lines = [f"- {f.name}{f' ({f.unit})' if f.unit else ''}: {f.meaning}" for f in told]
    return "\n".join([*lines, *([TYPICAL] if any("typical" in line for line in lines) else [])])


def value_table(values: Mapping[str, Sequence[float]], scenarios: Sequence[str], limit: int) -> str:
    """List policies by mean value, best first, with their values on each scenario and the best of each column."""
    means = {name: float(np.mean(row)) for name, row in values.items()}
    order = sorted(means, key=lambda n: (-means[n], n))
    listed = {name: " ".join(f"{v:.4f}" for v in values[name]) for name in order[:limit]}
    lines = [f"- {name}: mean {means[name]:.4f}; {row}" for name, row in listed.items()]
    mark = np.max(np.array(list(values.values())), axis=0)
    return "\n".join([*lines, f"- mark: {' '.join(f'{v:.4f}' for v in mark)}  (columns: {', '.join(scenarios)})"])


_TRAITS: Mapping[str, Callable[[ScenarioSpec], bool]] = {
    "cloud": lambda s: s.domain == "cloud",
    "edge": lambda s: s.domain == "edge",
    "network": lambda s: s.domain == "network",
    "hybrid": lambda s: s.domain == "hybrid",
    "bursty arrivals": lambda s: any(g.pattern == "bursty" for g in s.groups),
    "dependencies": lambda s: any(g.dependency != "none" for g in s.groups),
    "accelerators": lambda s: any(g.accelerators for g in s.groups),
    "SLAs": lambda s: any(g.sla_latency_ms is not None for g in s.groups),
    "node failures": lambda s: s.trouble.node_failures > 0,
    "congestion": lambda s: s.trouble.congestions > 0,
    "price changes": lambda s: s.trouble.price_changes > 0,
    "several node classes": lambda s: len(s.node_classes) > 1,
    "batteries": lambda s: any(c.battery is not None for c in s.node_classes),
}


def weak_areas(played: Iterable[tuple[ScenarioSpec, float]]) -> str:
    """List measured success rates by traits of scenarios, lowest first, with the number of scenarios."""
    rates: dict[str, list[float]] = defaultdict(list)
    for spec, success in played:
        for name, has in _TRAITS.items():
            if has(spec):
                rates[name].append(success)
    known = sorted(((float(np.mean(r)), n, len(r)) for n, r in rates.items() if len(r) >= MIN_SCENARIOS_OF_TRAIT))
    shown = known if len(known) <= 2 * MAX_TRAITS else known[:MAX_TRAITS] + known[-MAX_TRAITS:]
    return "\n".join(f"- {name}: {rate:.2f}, {count}" for rate, name, count in shown) or "- nothing measured yet"


def quote_texts(texts: Iterable[str]) -> str:
    """Quote texts from elsewhere as JSON strings, a line each, so that they read as data."""
    return "\n".join(f"- {json.dumps(t)}" for t in texts) or "- none"
