import numpy as np
import pytest

from aurora.errors import ScenarioError
from aurora.sim.kernel import encode, run
from aurora.sim.optimum.bounds import bounds
from aurora.sim.optimum.objective_space import Cut, axes_of, highest
from aurora.sim.optimum.options import task_options
from aurora.sim.optimum.plans import run_plan
from aurora.sim.optimum.reward_bound import reward_bound, weighted_bounds
from aurora.sim.optimum.weighted_goal import can_be_weighed, least_weighted
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import PlannedTask
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import score
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Node, NodeFailure, PriceChange, Scenario, Task
from tests.sim.kernel.test_kernel_against_reference import random_scenario, with_allowed_nodes, with_carbon
from tests.sim.optimum.enumeration import active_schedules
from tests.sim.optimum.test_bounds import scenario

STEPS = 25
"""Steps of prices; the bound holds after any number."""


def assert_weighted_bounds_hold(what: Scenario, rng: np.random.Generator) -> int:
    """Assert that no reference that completes every task has a weighted sum below its bound; return their number."""
    encoded = encode(what)
    try:
        every = task_options(encoded)
    except ScenarioError:
        return 0
    axes = axes_of(what)
    summaries = [run(encoded, compile_policy(policy)).summary for policy in REFERENCES.values()]
    points = [axes.of(s) for s in summaries if s.completed == s.tasks]
    if not points:
        return 0
    weighted = weighted_bounds(encoded, every, axes)
    for _ in range(2):
        weights = rng.dirichlet(np.full(len(axes.names), 0.5))
        least = min(float(weights @ p) for p in points)
        assert weighted.bound(weights, least, STEPS) <= least * (1 + 1e-9), weights
        if can_be_weighed(encoded, 50):
            rates = weighted.rates(weights)
            solved = least_weighted(encoded, every, rates, aim=least, hint=None, effort=0.02)
            assert solved.bound <= least * (1 + 1e-9), weights
            if solved.outcome is not None and solved.outcome.summary.completed == len(every):
                assert solved.bound <= float(weights @ axes.of(solved.outcome.summary)) * (1 + 1e-9)
    return len(points)


@pytest.mark.parametrize(
    ("seeds", "least"), [(range(3, 60, 12), 40), pytest.param(range(200), 800, marks=pytest.mark.slow)]
)
def test_no_reference_beats_a_weighted_bound_on_random_scenarios(seeds: range, least: int) -> None:
    """They have failures, prices, batteries, links, congestion, devices, allowed nodes and carbon."""
    drawn = [with_carbon(random_scenario(s)) if s % 2 else with_allowed_nodes(random_scenario(s)) for s in seeds]
    assert sum(assert_weighted_bounds_hold(what, np.random.default_rng(7)) for what in drawn) > least


@pytest.mark.parametrize("family", FAMILIES)
def test_no_reference_beats_the_bound_of_the_reward(family: str) -> None:
    for level in (1, 2):
        what = expand(sample_spec(family, level, np.random.default_rng([level, 5])))
        encoded = encode(what)
        found = reward_bound(encoded, bounds(encoded), cuts=4)
        assert found.bound <= found.apart
        for name, policy in REFERENCES.items():
            summary = run(encoded, compile_policy(policy)).summary
            if summary.completed == summary.tasks:
                assert score(summary, what).reward <= found.bound + 1e-9, name


def _tiny(seed: int) -> Scenario:
    rng = np.random.default_rng([seed, 11])
    tasks = [
        Task(
            task_id=f"t{i}",
            arrival_time=float(rng.integers(0, 6)),
            cpu_required=float(rng.integers(1, 5)),
            memory_required=float(rng.integers(0, 5)),
            duration=float(rng.integers(2, 9)),
            sla_latency_ms=float(rng.integers(1, 6) * 1000) if rng.random() < 0.5 else None,
        )
        for i in range(4)
    ]
    nodes = [
        Node(
            node_id=f"n{k}",
            cpu=4.0,
            memory=8.0,
            speed=float(rng.choice([1, 2])),
            price_per_hour=float(rng.integers(1, 5)),
            idle_power=float(rng.integers(0, 40)),
            full_power=float(rng.integers(40, 90)),
        )
        for k in range(2)
    ]
    changes = {}
    if rng.random() < 0.5:
        changes["dynamic_pricing"] = (PriceChange(time=4, factor=float(rng.choice([0.25, 4]))),)
    if rng.random() < 0.5:
        changes["node_failures"] = (NodeFailure(node_id="n0", start=3, duration=4),)
    what = scenario(tasks, nodes, **changes)
    targets = what.objective_targets.model_copy(update={"latency": 2.0, "cost": 0.01, "energy": 1500.0})
    weights = dict(zip(("latency", "cost", "energy", "qos"), map(float, rng.dirichlet(np.ones(4))), strict=True))
    return what.model_copy(update={"objective_targets": targets, "objective_weights": weights})


def _best_of_all(what: Scenario) -> float:
    """Return the highest reward of all active schedules, each run as a plan by the kernel, and of all references."""
    encoded = encode(what)
    best = 0.0
    for schedule in active_schedules(what):
        plan = tuple(
            PlannedTask(task_id=t.task_id, node_id=what.nodes[n].node_id, start=start)
            for t, n, start in zip(what.tasks, schedule.places, schedule.starts, strict=True)
        )
        summary = run_plan(encoded, plan).summary
        if summary.completed == summary.tasks:
            best = max(best, score(summary, what).reward)
    return best


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(s, marks=pytest.mark.slow) for s in range(2, 30))])
def test_no_schedule_of_all_beats_the_bound(seed: int) -> None:
    what = _tiny(seed)
    encoded = encode(what)
    found = reward_bound(encoded, bounds(encoded), effort=0.1, cuts=6)
    best = _best_of_all(what)
    assert best > 0
    assert best <= found.bound + 1e-9
    assert found.plan is not None
    assert found.plan <= found.bound


def test_the_bound_weighs_a_cheap_node_against_a_fast_one() -> None:
    """Alone, cost takes the cheap node and latency never waits: together they can't."""
    tasks = [Task(task_id=f"t{i}", arrival_time=0, cpu_required=4, duration=10) for i in range(2)]
    nodes = [
        Node(node_id="dear", cpu=4, price_per_hour=3600),
        Node(node_id="cheap", cpu=4, price_per_hour=36),
    ]
    what = scenario(tasks, nodes)
    weights = {"latency": 1.0, "cost": 1.0}
    targets = what.objective_targets.model_copy(update={"latency": 5.0, "cost": 5.0})
    what = what.model_copy(update={"objective_targets": targets, "objective_weights": weights})
    encoded = encode(what)
    found = reward_bound(encoded, bounds(encoded))
    # One after the other on the cheap node: latency 5 s, $0.20; at once: latency 0, $10.10.
    best = max((1 / 2 + 1 / (1 + 0.2 / 5)) / 2, (1 + 1 / (1 + 10.1 / 5)) / 2)
    assert found.apart == pytest.approx((1 / (1 + 0.25 / 5) + 1 / (1 + 0.2 / 5)) / 2, abs=0.05)
    assert best - 1e-9 <= found.bound < found.apart - 0.1


def test_the_bound_is_the_same_again() -> None:
    encoded = encode(expand(sample_spec("video", 2, np.random.default_rng(1))))
    least = bounds(encoded)
    assert reward_bound(encoded, least, cuts=3) == reward_bound(encoded, least, cuts=3)


def test_the_highest_reward_of_cuts_is_that_of_a_fine_grid() -> None:
    axes = axes_of(_tiny(1))
    size = len(axes.names)
    rng = np.random.default_rng(0)
    for _ in range(5):
        low = rng.uniform(0, 0.5, size)
        cuts = [Cut(w, float(w @ low + rng.uniform(0.1, 0.5))) for w in rng.dirichlet(np.ones(size), 4)]
        found = highest(axes, low, np.full(size, np.inf), cuts, -np.inf)
        points = low + rng.exponential(0.7, (200_000, size))
        kept = points[np.all([points @ c.weights >= c.value for c in cuts], axis=0)]
        on_axes = np.array([axes.reward(p) for p in kept[:: max(1, len(kept) // 5000)]])
        assert on_axes.max() <= found.bound + 1e-9
        assert axes.reward(found.point) >= found.bound - 2e-3
