import numpy as np
import pytest

from aurora.errors import ScenarioError
from aurora.sim.kernel import encode, run
from aurora.sim.optimum.bounds import bounds
from aurora.sim.optimum.plans import run_plan
from aurora.sim.optimum.solver import achieved, is_small, solve
from aurora.sim.optimum.witness import witness
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from tests.sim.kernel.test_kernel_against_reference import random_scenario, with_allowed_nodes
from tests.sim.optimum.enumeration import active_schedules
from tests.sim.optimum.test_bounds import scenario


def by_enumeration(what: Scenario) -> tuple[float, float]:
    """Return the least makespan and mean latency of all active schedules."""
    schedules = list(active_schedules(what))
    return min(s.makespan for s in schedules), min(s.wait for s in schedules)


@pytest.mark.parametrize("seed", range(4))
def test_optima_equal_those_of_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tasks = [
        Task(
            task_id=f"t{i}",
            arrival_time=float(rng.integers(0, 4)),
            cpu_required=float(rng.integers(1, 5)),
            duration=float(rng.integers(1, 9)),
        )
        for i in range(5)
    ]
    what = scenario(tasks, [Node(node_id="a", cpu=4), Node(node_id="b", cpu=5, speed=2)])
    makespan, latency = by_enumeration(what)
    encoded = encode(what)
    for goal, value in (("makespan", makespan), ("latency", latency)):
        found = solve(encoded, goal)  # type: ignore[arg-type]
        assert found.status == "optimal"
        assert found.value == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_optima_of_tasks_that_may_use_some_nodes_only_equal_those_of_enumeration(seed: int) -> None:
    rng = np.random.default_rng([seed, 7])
    sets = [(), ("a",), ("b",), ("a", "c"), ("c", "b")]
    tasks = [
        Task(
            task_id=f"t{i}",
            arrival_time=float(rng.integers(0, 4)),
            cpu_required=float(rng.integers(1, 4)),
            duration=float(rng.integers(1, 9)),
            allowed_nodes=sets[int(rng.integers(len(sets)))],
        )
        for i in range(4)
    ]
    what = scenario(tasks, [Node(node_id=n, cpu=4, speed=s) for n, s in (("a", 1), ("b", 2), ("c", 3))])
    encoded, optima = encode(what), by_enumeration(what)
    for goal, value in zip(("makespan", "latency"), optima, strict=True):
        found = solve(encoded, goal)  # type: ignore[arg-type]
        assert found.status == "optimal"
        assert found.value == pytest.approx(value, abs=1e-3)
    found_witness = witness(encoded, REFERENCES)
    nodes = {line.task_id: line.node_id for line in found_witness.plan}
    assert all(not t.allowed_nodes or nodes[t.task_id] in t.allowed_nodes for t in tasks)


def test_a_task_too_large_for_its_allowed_nodes_is_named() -> None:
    tasks = [Task(task_id="t", arrival_time=0, cpu_required=2, duration=1, allowed_nodes=("small",))]
    encoded = encode(scenario(tasks, [Node(node_id="small", cpu=1), Node(node_id="large", cpu=4)]))
    reason = "no allowed node or path is large enough, even when everything is free, for t"
    assert witness(encoded, REFERENCES).reason == reason


@pytest.mark.parametrize(
    ("seeds", "limited"),
    [
        (range(1, 10, 3), False),
        (range(4, 8), True),
        *(pytest.param(range(10), limited, marks=pytest.mark.slow) for limited in (False, True)),
    ],
)
def test_no_reference_is_better_than_a_proven_bound(seeds: range, limited: bool) -> None:
    proved = 0
    for seed in seeds:
        what = with_allowed_nodes(random_scenario(seed)) if limited else random_scenario(seed)
        encoded = encode(what)
        try:
            least = bounds(encoded)
            found = solve(encoded, "latency", effort=0.03)
        except ScenarioError:
            continue
        proved += found.status == "optimal"
        if found.value is not None:
            assert found.bound <= found.value + 1e-3
            assert least.latency <= found.value + 1e-9
        for name in ("fastest", "first_fit", "sjf+easy", "random"):
            outcome = run(encoded, compile_policy(REFERENCES[name]))
            if outcome.summary.completed == len(what.tasks):
                assert achieved(outcome, what, "latency") >= found.bound - 1e-3, (seed, name)
    assert proved >= max(1, len(seeds) // 5)


@pytest.mark.parametrize("family", FAMILIES)
def test_first_levels_are_solved_for_cost_and_makespan(family: str) -> None:
    encoded = encode(expand(sample_spec(family, 1, np.random.default_rng(4))))
    for goal in ("makespan", "cost"):
        found = solve(encoded, goal, effort=2.0)  # type: ignore[arg-type]
        assert found.plan
        outcome = run_plan(encoded, found.plan)
        assert outcome.summary.completed == len(encoded.scenario.tasks)
        assert achieved(outcome, encoded.scenario, goal) == found.value  # type: ignore[arg-type]


def test_the_solver_is_deterministic() -> None:
    encoded = encode(expand(sample_spec("video", 2, np.random.default_rng(1))))
    first, second = (solve(encoded, "weighted_latency", effort=0.5) for _ in range(2))
    assert first[:3] == second[:3]  # of plans with equal value, either may come


def impatient(count: int) -> Scenario:
    tasks = [Task(task_id=f"t{i}", arrival_time=0, cpu_required=1, duration=10, patience=5) for i in range(count)]
    return scenario(tasks, [Node(node_id="n", cpu=2)])


def test_infeasibility_is_proved() -> None:
    found = witness(encode(impatient(3)), REFERENCES)
    assert not found.is_solvable
    assert "2 of 3" in found.reason
    assert "proved" in found.reason


def test_a_reference_is_a_witness_of_feasibility() -> None:
    encoded = encode(impatient(2))
    found = witness(encoded, REFERENCES)
    assert found.by in REFERENCES
    assert run_plan(encoded, found.plan).summary.completed == 2


def test_the_solver_finds_what_no_reference_does() -> None:
    """Only if the small node is left to the small task that comes later do all find a place."""
    tasks = [
        Task(task_id="first", arrival_time=0, cpu_required=2, duration=10, patience=0),
        Task(task_id="second", arrival_time=1, cpu_required=4, duration=10, patience=0),
        Task(task_id="third", arrival_time=2, cpu_required=3, duration=10, patience=0),
    ]
    encoded = encode(scenario(tasks, [Node(node_id="a", cpu=5), Node(node_id="b", cpu=4)]))
    plain = {n: REFERENCES[n] for n in ("best_fit", "random")}
    lost = {n: p for n, p in plain.items() if run(encoded, compile_policy(p)).summary.completed < 3}
    found = witness(encoded, lost)
    assert found.by == "solver"
    assert run_plan(encoded, found.plan).summary.completed == 3


def test_infeasibility_names_a_task_that_fits_nowhere() -> None:
    tasks = [Task(task_id="wide", arrival_time=0, cpu_required=9, duration=1)]
    assert "for wide" in witness(encode(scenario(tasks, [Node(node_id="n", cpu=4)])), REFERENCES).reason


def test_a_scenario_too_large_for_the_solver_is_reported() -> None:
    tasks = tuple(Task(task_id=f"t{i}", arrival_time=0, cpu_required=1, duration=10, patience=0) for i in range(90))
    nodes = tuple(Node(node_id=f"n{i}", cpu=1) for i in range(50))
    what = Scenario(
        scenario_id="s", domain="cloud", nodes=nodes, workload_definition=Workload(tasks=tasks, time_horizon=1)
    )
    encoded = encode(what)
    assert not is_small(encoded)
    assert "too large" in witness(encoded, {"first_fit": REFERENCES["first_fit"]}).reason
