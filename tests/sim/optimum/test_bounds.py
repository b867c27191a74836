import numpy as np
import pytest

from aurora.errors import ScenarioError
from aurora.sim.kernel import encode, run
from aurora.sim.optimum.bounds import best_reward, bounds
from aurora.sim.optimum.options import task_options
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import score
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Conditions, Node, NodeFailure, PriceChange, Scenario, Task, Workload
from tests.sim.kernel.test_kernel_against_reference import random_scenario, with_allowed_nodes

PLAYERS = ("first_fit", "worst_fit", "fastest", "cheapest", "nearest", "greenest", "random", "sjf+easy", "fcfs+easy")


def scenario(tasks: list[Task], nodes: list[Node], **conditions: object) -> Scenario:
    return Scenario(
        scenario_id="s",
        domain="cloud",
        nodes=tuple(nodes),
        workload_definition=Workload(tasks=tuple(tasks), time_horizon=100),
        environmental_conditions=Conditions(**conditions),  # type: ignore[arg-type]
    )


def assert_nobody_is_better(what: Scenario) -> int:
    """Assert that no reference that completes every task beats a bound; return their number."""
    encoded = encode(what)
    try:
        least = bounds(encoded)
    except ScenarioError:
        return 0
    most = best_reward(least, what)
    judged = 0
    for name in PLAYERS:
        summary = run(encoded, compile_policy(REFERENCES[name])).summary
        if summary.completed < len(what.tasks):
            continue
        judged += 1
        assert summary.latency_mean >= least.latency - 1e-9, name
        assert summary.cost >= least.cost - 1e-12, name
        assert summary.energy >= least.energy - 1e-9, name
        assert summary.sla_violations >= least.violations, name
        assert score(summary, what).reward <= most + 1e-9, name
    return judged


@pytest.mark.parametrize(
    ("seeds", "least"), [(range(5, 60, 10), 20), pytest.param(range(60), 20, marks=pytest.mark.slow)]
)
def test_no_reference_beats_a_bound_where_tasks_may_use_some_nodes_only(seeds: range, least: int) -> None:
    assert sum(assert_nobody_is_better(with_allowed_nodes(random_scenario(seed))) for seed in seeds) > least


def test_a_bound_counts_only_the_nodes_that_a_task_may_use() -> None:
    nodes = [Node(node_id="dear", cpu=1, price_per_hour=3600), Node(node_id="cheap", cpu=1, price_per_hour=36)]
    free = Task(task_id="t", arrival_time=0, cpu_required=1, duration=10)
    assert bounds(scenario([free], nodes)).cost == pytest.approx(0.1, rel=1e-3)
    limited = free.model_copy(update={"allowed_nodes": ("dear",)})
    assert bounds(scenario([limited], nodes)).cost == pytest.approx(10, rel=1e-3)
    large = limited.model_copy(update={"cpu_required": 2.0})
    with pytest.raises(ScenarioError, match="task t of s fits on none of its allowed nodes"):
        bounds(scenario([large], [*nodes, Node(node_id="large", cpu=9)]))


@pytest.mark.parametrize(
    ("seeds", "least"), [(range(4, 50, 10), 20), pytest.param(range(50), 100, marks=pytest.mark.slow)]
)
def test_no_reference_beats_a_bound_on_random_scenarios(seeds: range, least: int) -> None:
    assert sum(assert_nobody_is_better(random_scenario(seed)) for seed in seeds) > least


@pytest.mark.parametrize("family", FAMILIES)
def test_no_reference_beats_a_bound_on_generated_scenarios(family: str) -> None:
    for level in (1, 2, 3, 4):
        assert_nobody_is_better(expand(sample_spec(family, level, np.random.default_rng([level, 3]))))


def test_the_bound_is_nearly_tight_for_one_machine() -> None:
    """Equal tasks that arrive together and run one by one wait 0, 1, 2, ... times their length."""
    tasks = [Task(task_id=f"t{i}", arrival_time=0, cpu_required=4, duration=10) for i in range(12)]
    found = bounds(encode(scenario(tasks, [Node(node_id="n", cpu=4)]))).latency
    assert 0.85 * 55 <= found <= 55


def test_tasks_that_must_be_late_are_counted() -> None:
    tasks = [Task(task_id=f"t{i}", arrival_time=0, cpu_required=4, duration=10, sla_latency_ms=1) for i in range(6)]
    assert bounds(encode(scenario(tasks, [Node(node_id="n", cpu=8)]))).violations == 4


def test_an_outage_raises_the_bound() -> None:
    tasks = [Task(task_id=f"t{i}", arrival_time=0, cpu_required=4, duration=10) for i in range(4)]
    nodes = [Node(node_id="a", cpu=8), Node(node_id="b", cpu=8)]
    down = [NodeFailure(node_id="a", start=0, duration=50), NodeFailure(node_id="a", start=20, duration=10)]
    whole = bounds(encode(scenario(tasks, nodes))).latency
    broken = bounds(encode(scenario(tasks, nodes, node_failures=tuple(down)))).latency
    assert whole == 0
    assert 3 < broken <= 5


def test_the_bound_uses_the_cheapest_moment_of_changing_prices() -> None:
    task = Task(task_id="t", arrival_time=10, cpu_required=1, duration=3600)
    changes = (PriceChange(time=7200, factor=0.5), PriceChange(time=9000, factor=4))
    node = Node(node_id="n", cpu=1, price_per_hour=2)
    found = task_options(encode(scenario([task], [node], dynamic_pricing=changes)))[0].options[0].cost
    assert found == pytest.approx(2 * 0.5 + 2 * 0.5 * 0.5)


def test_a_task_that_fits_nowhere_is_named() -> None:
    tasks = [Task(task_id="wide", arrival_time=0, cpu_required=9, duration=1)]
    with pytest.raises(ScenarioError, match="wide"):
        bounds(encode(scenario(tasks, [Node(node_id="n", cpu=4)])))
