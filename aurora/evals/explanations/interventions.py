"""Changes a quantity of the world from the time of a decision on, and decides again by simulating the run."""

from __future__ import annotations

import math

import numpy as np

from aurora.evals.explanations.sampling import SampledRun
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.decision import MS_PER_SECOND, Decision, Option, decisions, features_read
from aurora.sim.explain.flip import Lever
from aurora.sim.scenarios.scenario import CarbonChange, Conditions, Node, PriceChange, Scenario, Task

FILLER = "filler-of-the-evaluation"
"""Task that takes room on a node."""
MOMENT = 1e-6
"""Seconds before the decision at which the filler arrives."""
FOR_EVER = 1e9
"""Duration of what lasts to the end of the run, seconds."""
REACHED = 1e-6
"""Relative difference up to which a quantity has the intended value."""


def moved(scenario: Scenario, decision: Decision, option: Option, feature: str, value: float) -> Scenario | None:
    """Return the scenario in which a quantity of a candidate has another value from the decision on.

    Price and carbon intensity come by an event, a higher load by a task that takes room. Speed and latency change for
    the whole run, the latter on links that the winner does not use.

    Args:
        scenario: Scenario of the run.
        decision: Decision that the change precedes.
        option: Candidate whose quantity changes.
        feature: Feature that shows the quantity.
        value: Its new value.

    Returns:
        The scenario; None where nothing brings the quantity there.
    """
    node = next((n for n in scenario.nodes if n.node_id == option.name), None)
    now, conditions = option.features[feature], scenario.environmental_conditions
    if feature == "fit.latency":
        return _farther(scenario, decision, option, value - now)
    if node is None:
        return None
    if feature == "node.speed":
        nodes = tuple(n.model_copy(update={"speed": value}) if n is node else n for n in scenario.nodes)
        return scenario.model_copy(update={"nodes": nodes})
    if feature == "node.price" and node.price_per_hour > 0:
        price = PriceChange(time=decision.time, factor=value / node.price_per_hour, node_id=node.node_id)
        return _with(scenario, conditions.model_copy(update={"dynamic_pricing": (*conditions.dynamic_pricing, price)}))
    if feature == "node.carbon_intensity" and node.carbon_intensity:
        carbon = CarbonChange(time=decision.time, factor=value / node.carbon_intensity, node_id=node.node_id)
        return _with(scenario, conditions.model_copy(update={"dynamic_carbon": (*conditions.dynamic_carbon, carbon)}))
    if feature in ("node.cpu_load", "node.memory_load") and value > now and decision.time > MOMENT:
        return _filled(scenario, decision, node, feature, value - now)
    return None


def _farther(scenario: Scenario, decision: Decision, option: Option, seconds: float) -> Scenario | None:
    """Return the scenario with slower links, or faster ones, on the part of a path that the winner does not use."""
    own = {l.link_id: l.latency_ms for l in scenario.links if l.link_id in option.path}
    own = {name: latency for name, latency in own.items() if name not in decision.chosen.path}
    if not own or scenario.environmental_conditions.network_congestion:
        return None
    total = sum(own.values())
    after = total + MS_PER_SECOND * seconds
    if after < 0:
        return None
    shares = {name: latency / total if total else 1 / len(own) for name, latency in own.items()}
    links = [
        l.model_copy(update={"latency_ms": shares[l.link_id] * after}) if l.link_id in shares else l
        for l in scenario.links
    ]
    return scenario.model_copy(update={"links": tuple(links)})


def _filled(scenario: Scenario, decision: Decision, node: Node, feature: str, share: float) -> Scenario:
    """Return the scenario with a task that takes a share of a node just before the decision."""
    is_cpu = feature == "node.cpu_load"
    filler = Task(
        task_id=FILLER,
        arrival_time=decision.time - MOMENT,
        cpu_required=share * node.cpu if is_cpu else 0.0,
        memory_required=0.0 if is_cpu else share * node.memory,
        duration=FOR_EVER,
        priority=5,
        allowed_nodes=(node.node_id,),
    )
    workload = scenario.workload_definition
    tasks = (*workload.tasks, filler)
    return scenario.model_copy(update={"workload_definition": workload.model_copy(update={"tasks": tasks})})


def _with(scenario: Scenario, conditions: Conditions) -> Scenario:
    return scenario.model_copy(update={"environmental_conditions": conditions})


def decided_again(run: SampledRun, decision: Decision, scenario: Scenario) -> Decision | None:
    """Return the decision about the same task at the same time in a changed scenario; None if there is none.

    Raises:
        ScenarioError: The scenario can't be encoded.
    """
    history = run_of(scenario, run.history.policy)
    trace = history.outcome.trace
    assert trace is not None  # `run_of` traces
    task = next(k for k, t in enumerate(scenario.tasks) if t.task_id == decision.task_id)
    if not np.any((trace.task == task) & (np.abs(trace.time - decision.time) <= MOMENT)):
        return None
    return next(
        d
        for d in decisions(scenario, run.history.policy, history.outcome)
        if d.task_id == decision.task_id and abs(d.time - decision.time) <= MOMENT
    )


def winner_after(run: SampledRun, decision: Decision, option: Option, lever: Lever, value: float) -> str | None:
    """Return which candidate wins once a quantity of one of them has another value, by simulating.

    Returns:
        Name of the winner. None where nothing brings the quantity there, or where the policy reads something else that
        changed too: the task is decided about at another time, among other candidates, or with other values.
    """
    scenario = moved(run.history.scenario, decision, option, lever.feature, value)
    again = None if scenario is None else decided_again(run, decision, scenario)
    if again is None:
        return None
    intended = {o.name: o.features for o in decision.options} | {option.name: lever.moved(option.features, value)}
    read = {*features_read(decision), lever.feature}
    simulated = {o.name: o.features for o in again.options}
    if set(simulated) != set(intended):
        return None
    is_alike = all(
        math.isclose(simulated[name][f], intended[name][f], rel_tol=REACHED, abs_tol=REACHED * REACHED)
        for name in intended
        for f in read
    )
    return again.chosen.name if is_alike else None
