import numpy as np
import pytest

from aurora.sim.kernel import encode, run
from aurora.sim.optimum.pareto_test import TESTED, TOLERANCE, pareto_test
from aurora.sim.optimum.plans import run_plan
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from tests.sim.optimum.enumeration import active_schedules


def _drawn(rng: np.random.Generator) -> Scenario:
    tasks = tuple(
        Task(
            task_id=f"t{i}",
            arrival_time=float(rng.integers(0, 3)),
            cpu_required=float(rng.integers(1, 4)),
            duration=float(rng.integers(2, 9)),
        )
        for i in range(4)
    )
    nodes = tuple(
        Node(node_id=f"n{k}", cpu=4.0, memory=8.0, speed=speed, price_per_hour=price)
        for k, (speed, price) in enumerate(((1.0, 1.0), (2.0, float(rng.integers(2, 5)))))
    )
    return Scenario(
        scenario_id="small", domain="cloud", nodes=nodes, workload_definition=Workload(tasks=tasks, time_horizon=10.0)
    )


def _front(scenario: Scenario) -> list[tuple[float, float]]:
    """Return mean latency and cost of all active schedules, which hold the front: placements determine the cost."""
    return [
        (
            schedule.wait,
            sum(
                length / 3600 * scenario.nodes[n].price_per_hour * task.cpu_required / scenario.nodes[n].cpu
                for task, n, length in zip(scenario.tasks, schedule.places, schedule.lengths, strict=True)
            ),
        )
        for schedule in active_schedules(scenario)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_verdict_is_that_of_enumeration(seed: int) -> None:
    scenario = _drawn(np.random.default_rng(seed))
    encoded = encode(scenario)
    points = _front(scenario)
    for name in ("first_fit", "cheapest", "fastest", "worst_fit", "random"):
        outcome = run(encoded, compile_policy(REFERENCES[name]))
        latency, cost = outcome.summary.latency_mean, outcome.summary.cost
        assert min(abs(cost - b) for _, b in points) < 1e-9  # the enumeration has the same costs
        beaten = any(
            a <= latency + 1e-9
            and b <= cost + 1e-12
            and (a < latency - max(TOLERANCE * latency, 1e-6) or b < cost * (1 - TOLERANCE))
            for a, b in points
        )
        result = pareto_test(encoded, outcome)
        assert result.verdict == ("dominated" if beaten else "optimal"), name
        if beaten:
            again = run_plan(encoded, result.plan).summary
            assert (again.latency_mean, again.cost) == pytest.approx((result.better["latency"], result.better["cost"]))
            assert again.latency_mean <= latency + 1e-9
            assert again.cost <= cost + 1e-9


def test_an_outcome_that_leaves_tasks_is_not_optimal() -> None:
    scenario = _drawn(np.random.default_rng(1))
    hurried = tuple(t.model_copy(update={"patience": 0.0}) for t in scenario.tasks)
    encoded = encode(scenario.model_copy(update={"workload_definition": Workload(tasks=hurried, time_horizon=10.0)}))
    outcome = run(encoded, compile_policy(REFERENCES["most_allocated"]))
    assert outcome.summary.completed < 4
    assert pareto_test(encoded, outcome).verdict == "incomplete"


def test_other_objectives_count_where_they_are_asked_for() -> None:
    """Of two nodes that differ in power alone the hungry one is as fast and as cheap, and the first."""
    nodes = tuple(
        Node(node_id=name, cpu=4.0, price_per_hour=1.0, idle_power=idle, full_power=full)
        for name, idle, full in (("hungry", 100.0, 400.0), ("frugal", 10.0, 40.0))
    )
    task = Task(task_id="t", arrival_time=0.0, cpu_required=2.0, duration=100.0, sla_latency_ms=1000.0)
    workload = Workload(tasks=(task,), time_horizon=10.0)
    encoded = encode(Scenario(scenario_id="two", domain="cloud", nodes=nodes, workload_definition=workload))
    hungry = run(encoded, compile_policy(REFERENCES["first_fit"]))
    frugal = run(encoded, compile_policy(REFERENCES["greenest"]))
    assert frugal.summary.energy < hungry.summary.energy / 9
    assert pareto_test(encoded, hungry, effort=0.2).verdict == "optimal"
    found = pareto_test(encoded, hungry, objectives=TESTED, effort=0.2)
    assert found.verdict == "dominated"
    assert found.better["energy"] == pytest.approx(frugal.summary.energy)
    assert pareto_test(encoded, frugal, objectives=TESTED, effort=0.2).verdict == "optimal"
