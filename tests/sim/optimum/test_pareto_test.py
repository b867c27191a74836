from itertools import permutations, product

import numpy as np
import pytest

from aurora.sim.kernel import encode, run
from aurora.sim.optimum.pareto_test import TOLERANCE, pareto_test
from aurora.sim.optimum.plans import run_plan
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload


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
    tasks, nodes = scenario.tasks, scenario.nodes
    points = []
    for places in product(range(len(nodes)), repeat=len(tasks)):
        lengths = [t.duration / nodes[n].speed for t, n in zip(tasks, places, strict=True)]
        cost = sum(
            length / 3600 * nodes[n].price_per_hour * t.cpu_required / nodes[n].cpu
            for t, n, length in zip(tasks, places, lengths, strict=True)
        )
        for order in permutations(range(len(tasks))):
            held: list[tuple[int, float, float, float]] = []
            wait = 0.0
            for t in order:
                task, n, length = tasks[t], places[t], lengths[t]
                for start in sorted({task.arrival_time, *(e for m, _, e, _ in held if m == n)}):
                    moments = [start, *(s for m, s, _, _ in held if m == n and start < s < start + length)]
                    if start >= task.arrival_time and all(
                        sum(c for m, s, e, c in held if m == n and s <= at < e) + task.cpu_required <= nodes[n].cpu
                        for at in moments
                    ):
                        break
                held.append((n, start, start + length, task.cpu_required))
                wait += start - task.arrival_time
            points.append((wait / len(tasks), cost))
    return points


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
            assert (again.latency_mean, again.cost) == pytest.approx((result.better_latency, result.better_cost))
            assert again.latency_mean <= latency + 1e-9
            assert again.cost <= cost + 1e-9


def test_an_outcome_that_leaves_tasks_is_not_optimal() -> None:
    scenario = _drawn(np.random.default_rng(1))
    hurried = tuple(t.model_copy(update={"patience": 0.0}) for t in scenario.tasks)
    encoded = encode(scenario.model_copy(update={"workload_definition": Workload(tasks=hurried, time_horizon=10.0)}))
    outcome = run(encoded, compile_policy(REFERENCES["most_allocated"]))
    assert outcome.summary.completed < 4
    assert pareto_test(encoded, outcome).verdict == "incomplete"
