"""Decisions on a live state are the kernel's own, to the bit."""

import numpy as np
import pytest

from aurora.cluster.scheduler import scoring
from aurora.cluster.scheduler.state import ClusterState
from aurora.sim.kernel import simulate
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload

EVERYTHING = Policy(
    policy_id="everything",
    allocation_strategy=AllocationStrategy(
        admit="fit.cpu_left > 0.02 or task.priority > 3",
        decision_rules=(
            DecisionRule(
                when="task.accelerators > 0",
                score="-fit.fragmentation_increase - 0.1 * fit.same_class_tasks + node.last_placement / 100",
            ),
            DecisionRule(
                score="fit.energy / 1e6 - fit.cost + cluster.cpu_load * node.memory_load - node.tasks / 7 + "
                "cluster.accelerator_load + cluster.running / 50 + fit.random / 10 + objective.cost_target"
            ),
        ),
    ),
)
NAMES = ("best_fit", "first_fit", "least_allocated", "fgd", "dot_product")


def random_scenario(seed: int, *, nodes: int = 12, tasks: int = 80) -> Scenario:
    rng = np.random.default_rng(seed)
    models = ("A", "B")
    machines = tuple(
        Node(
            node_id=f"n{k}",
            cpu=float(rng.choice([8, 16, 32])),
            memory=float(rng.choice([32, 64])),
            accelerators=int(rng.choice([0, 2, 4])),
            accelerator_model=str(rng.choice(models)),
            price_per_hour=float(rng.uniform(0.1, 3)),
            idle_power=100.0,
            full_power=300.0,
        )
        for k in range(nodes)
    )
    work = []
    for k in range(tasks):
        share = float(rng.choice([0.25, 0.5, 1.0]))
        devices = int(rng.choice([0, 0, 1, 2]))
        work.append(
            Task(
                task_id=f"t{k}",
                arrival_time=float(k),
                cpu_required=float(rng.choice([0.5, 1, 2, 3.3])),
                memory_required=float(rng.uniform(0.5, 9)),
                duration=float(rng.uniform(5, 60)),
                priority=int(rng.integers(1, 6)),
                accelerators=devices,
                accelerator_share=share if devices == 1 else 1.0,
                accelerator_models=(str(rng.choice(models)),) if devices and rng.random() < 0.3 else (),
                patience=0.0,
            )
        )
    return Scenario(
        scenario_id=f"random-{seed}",
        domain="cloud",
        nodes=machines,
        workload_definition=Workload(tasks=tuple(work), time_horizon=tasks),
        seed=seed,
    )


def follow(state: ClusterState, scenario: Scenario, outcome: Outcome) -> int:
    """Compare every traced decision with one on the state, and let the state follow the run."""
    trace = outcome.trace
    assert trace is not None
    running: list[tuple[float, int]] = []
    compared = 0
    for k, t in enumerate(trace.task):
        now = float(trace.time[k])
        for finish, ended in sorted(r for r in running if r[0] <= now):
            state.delete(f"t{ended}", now=finish)
            running.remove((finish, ended))
        task = scenario.tasks[t]
        found = state.decide(task, now=now, slot=int(t))
        ranked = sorted(
            (int(n) for n in found.candidates[found.marks == scoring.SCORED]), key=lambda n: (-found.scores[n], n)
        )
        shown = [int(n) for n in trace.nodes[k] if n >= 0]
        assert ranked[: len(shown)] == shown
        assert [found.scores[n] for n in shown] == list(trace.scores[k][: len(shown)])
        assert int((found.marks != scoring.NO_ROOM).sum()) == trace.feasible[k]
        assert found.node == shown[0]
        state.bind(task, found.node, now=now, slot=int(t))
        running.append((float(outcome.tasks.finish[t]), int(t)))
        compared += len(shown)
    return compared


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", [*NAMES, "everything"])
def test_scores_are_those_of_a_traced_run(name: str, seed: int) -> None:
    policy = EVERYTHING if name == "everything" else REFERENCES[name]
    scenario = random_scenario(seed)
    outcome = simulate(scenario, policy, trace=True)
    state = ClusterState(scenario.nodes, policy, scenario=scenario)
    assert follow(state, scenario, outcome) > 100


def test_what_is_left_for_the_typical_mix_is_that_of_the_task_asked_about() -> None:
    """Both tasks take the same row of the state, and no node changes in between."""
    rule = DecisionRule(score="fit.placements_lost + fit.usable_left - fit.stranded_cpu")
    policy = Policy(policy_id="outlook", allocation_strategy=AllocationStrategy(decision_rules=(rule,)))
    scenario = random_scenario(5)
    small, large = (Task(task_id=f"t{cpu}", arrival_time=0, cpu_required=cpu, duration=5) for cpu in (1.0, 7.0))
    asked_before = ClusterState(scenario.nodes, policy, scenario=scenario)
    asked_before.decide(small)
    fresh = ClusterState(scenario.nodes, policy, scenario=scenario)
    assert np.array_equal(asked_before.decide(large).scores, fresh.decide(large).scores, equal_nan=True)
    assert not np.array_equal(fresh.decide(small).scores, fresh.decide(large).scores, equal_nan=True)
