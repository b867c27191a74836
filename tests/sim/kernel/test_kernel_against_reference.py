"""The kernel and the reference simulator agree task by task, on random scenarios of every domain."""

import functools
import itertools

import numpy as np
import pytest

from aurora.sim.kernel import simulate
from aurora.sim.outcome import Status
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS, scale_of
from aurora.sim.policies.network import scoring_network
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import (
    CarbonChange,
    Conditions,
    Congestion,
    Link,
    Node,
    NodeFailure,
    PriceChange,
    Scenario,
    Task,
    Workload,
)
from tests.sim.reference_simulator import ReferenceSimulator


def with_carbon(scenario: Scenario) -> Scenario:
    """Return the scenario with carbon intensities, most of which change, and with carbon among its objectives."""
    rng = np.random.default_rng([scenario.seed, 1])
    nodes = tuple(
        n.model_copy(update={"carbon_intensity": None if rng.random() < 0.2 else float(rng.choice([0, 64, 512]))})
        for n in scenario.nodes
    )
    changes = tuple(
        CarbonChange(
            time=float(rng.integers(0, 40)),
            factor=float(rng.choice([0, 0.5, 4])),
            node_id=str(rng.choice([n.node_id for n in nodes])) if rng.random() < 0.5 else None,
        )
        for _ in range(int(rng.integers(0, 5)))
    )
    conditions = scenario.environmental_conditions.model_copy(update={"dynamic_carbon": changes})
    objectives = ("carbon", *scenario.objectives)
    return scenario.model_copy(
        update={"nodes": nodes, "environmental_conditions": conditions, "objectives": objectives}
    )


def with_allowed_nodes(scenario: Scenario) -> Scenario:
    """Return the scenario with half of the tasks limited to some nodes: often one, sometimes all."""
    rng = np.random.default_rng([scenario.seed, 2])
    ids = [n.node_id for n in scenario.nodes]
    tasks = tuple(
        t.model_copy(
            update={"allowed_nodes": tuple(map(str, rng.permutation(ids)[: int(rng.integers(1, len(ids) + 1))]))}
        )
        if t.destination_site is None and rng.random() < 0.5
        else t
        for t in scenario.tasks
    )
    workload = scenario.workload_definition.model_copy(update={"tasks": tasks})
    return scenario.model_copy(update={"workload_definition": workload})


@functools.cache  # of every policy
def random_scenario(seed: int) -> Scenario:
    """Return a small scenario with every kind of feature; amounts are multiples of powers of two, so sums are exact."""
    rng = np.random.default_rng(seed)
    pick = rng.choice
    sites = [f"s{i}" for i in range(4)] if rng.random() < 0.6 else []
    links = []
    if sites:
        pairs = [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3)][: int(rng.integers(3, 6))]
        for k, (a, b) in enumerate(pairs):
            links.append(
                Link(
                    link_id=f"l{k}",
                    source=sites[a],
                    target=sites[b],
                    bandwidth=float(pick([1, 2, 4])),
                    latency_ms=float(pick([0, 4, 16, 64])),
                    price_per_gbps_hour=float(pick([0, 1])),
                )
            )
    used_sites = sorted({s for link in links for s in (link.source, link.target)})
    devices = rng.random() < 0.5
    nodes = tuple(
        Node(
            node_id=f"n{i}",
            cpu=float(pick([4, 8, 16])),
            memory=float(pick([8, 16])),
            accelerators=int(pick([0, 1, 2, 4])) if devices else 0,
            accelerator_model=str(pick(["A", "B"])),
            speed=float(pick([0.5, 1, 2])),
            price_per_hour=float(pick([0, 1, 4])),
            idle_power=16.0,
            full_power=64.0,
            site=str(pick(used_sites)) if used_sites and rng.random() < 0.7 else None,
            battery=float(pick([512, 4096])) if rng.random() < 0.2 else None,
        )
        for i in range(int(rng.integers(1, 6)))
    )
    tasks: list[Task] = []
    for i in range(int(rng.integers(3, 22))):
        flow = bool(used_sites) and rng.random() < 0.3
        count = 0 if flow or not devices else int(pick([0, 1, 1, 2]))
        share = float(pick([0.25, 0.5, 1])) if count == 1 else 1.0
        source = str(pick(used_sites)) if used_sites and (flow or rng.random() < 0.6) else None
        tasks.append(
            Task(
                task_id=f"t{i}",
                arrival_time=float(rng.integers(0, 12) * 2),
                cpu_required=0.0 if flow else float(pick([0, 1, 2, 4, 8])),
                memory_required=0.0 if flow else float(pick([0, 1, 4])),
                duration=float(pick([0, 1, 2, 8, 16, 32])),
                requested_duration=float(pick([4, 16, 64])) if rng.random() < 0.5 else None,
                user=None if i % 4 == 3 else f"user{i % 3}",
                priority=int(rng.integers(1, 6)),
                sla_latency_ms=float(pick([16, 1000, 8000])) if rng.random() < 0.5 else None,
                dependencies=(f"t{int(rng.integers(i))}",) if i and rng.random() < 0.2 else (),
                accelerators=count,
                accelerator_share=share,
                accelerator_models=("A",) if count and rng.random() < 0.3 else (),
                bandwidth=float(pick([0, 0.25, 0.5, 1])),
                data_size=float(pick([0, 0.125, 1])),
                source_site=source,
                destination_site=str(pick(used_sites)) if flow else None,
                patience=float(pick([0, 4, 16])) if rng.random() < 0.2 else None,
            )
        )
    return Scenario(
        scenario_id=f"random{seed}",
        domain="hybrid",
        nodes=nodes,
        links=tuple(links),
        workload_definition=Workload(
            tasks=tuple(tasks),
            time_horizon=100,
            simultaneous_events=str(pick(["together", "one_by_one"])),  # type: ignore[arg-type]
            max_attempts=int(pick([1, 2, 4])),
        ),
        environmental_conditions=Conditions(
            node_failures=tuple(
                NodeFailure(
                    node_id=str(pick([n.node_id for n in nodes])),
                    start=float(rng.integers(1, 40)),
                    duration=float(pick([2, 8])) if rng.random() < 0.8 else None,
                )
                for _ in range(int(rng.integers(0, 4)))
            ),
            network_congestion=tuple(
                Congestion(
                    link_id=str(pick([x.link_id for x in links])) if rng.random() < 0.7 else None,
                    start=float(rng.integers(0, 20)),
                    duration=8.0,
                    factor=float(pick([2, 4])),
                )
                for _ in range(int(rng.integers(0, 3)) if links else 0)
            ),
            dynamic_pricing=tuple(
                PriceChange(
                    time=float(rng.integers(0, 30)),
                    factor=float(pick([0.5, 2])),
                    node_id=str(pick([n.node_id for n in nodes])) if rng.random() < 0.5 else None,
                )
                for _ in range(int(rng.integers(0, 3)))
            ),
        ),
        paths_per_pair=int(rng.integers(1, 4)),
        seed=seed,
    )


def policy(name: str, **strategy: object) -> Policy:
    rules = strategy.pop("rules", None) or (DecisionRule(score="-node.index"),)
    return Policy(
        policy_id=name,
        allocation_strategy=AllocationStrategy(decision_rules=rules, **strategy),  # type: ignore[arg-type]
    )


def network(name: str, hidden: tuple[int, ...], activation: str, base: str) -> Policy:
    rng = np.random.default_rng(len(hidden))
    inputs = (*CANDIDATE_INPUTS, *CONTEXT_INPUTS)
    layers = [
        (rng.normal(0, 1, (units, size)) / np.sqrt(size), rng.normal(0, 0.1, units))
        for size, units in itertools.pairwise((len(inputs), *hidden, 1))
    ]
    made = scoring_network(inputs, [scale_of(t) for t in inputs], layers, activation=activation, base=REFERENCES[base])
    return made.model_copy(update={"policy_id": name})


ZOO = [
    network("network", (6,), "relu", "worst_fit"),
    network("deep network", (5, 4), "tanh", "sjf+easy"),
    *(REFERENCES[n] for n in ("random", "round_robin", "best_fit", "gpu_packing", "gpu_clustering", "fgd", "cheapest")),
    *(REFERENCES[n] for n in ("fcfs", "fcfs+easy", "sjf+easy", "wfp3+easy", "priority", "greenest", "nearest")),
    policy("admits", admit="node.cpu_load < 0.5 or task.wait > 4", order="-task.wait * task.priority"),
    policy(
        "told",
        order="objective.latency * task.duration - objective.qos * task.slack",
        rules=(
            DecisionRule(
                score="-objective.cost * fit.cost / objective.cost_target - objective.energy * fit.energy"
                " / objective.energy_target - objective.latency * fit.latency / objective.latency_target",
            ),
        ),
    ),
    policy(
        "green",
        admit="node.carbon_intensity < 600 or task.wait > 8",
        order="objective.carbon_target * task.duration",
        rules=(DecisionRule(score="-objective.carbon * fit.carbon - node.carbon_intensity / 1e4"),),
    ),
    policy("waits", admit="cluster.cpu_load < 0.75 or cluster.price_factor < 1", order="task.slack + cluster.time"),
    policy(
        "rules",
        order="task.duration * task.dominant_share - task.dependents",
        rules=(
            DecisionRule(when="task.accelerators > 0", score="fit.accelerators_left - 2 * fit.fragmentation_increase"),
            DecisionRule(when="task.bandwidth > 0", score="path.bandwidth_free - path.hops - 9 * path.load"),
            DecisionRule(when="cluster.queue_length < 9", score="-fit.cost - node.battery + node.model_demand"),
        ),
        device_choice="worst_fit",
    ),
    policy(
        "outlook",
        rules=(
            DecisionRule(
                when="task.accelerators > 0",
                score="floor(4096 * (fit.usable_lost + fit.typical_lost - fit.next_device_left)) - fit.stranded_cpu",
            ),
            DecisionRule(score="floor(64 * fit.placements_left) - 64 * fit.stranded_accelerators_increase"),
        ),
        device_choice="worst_fit",
    ),
    policy(
        "ranks",
        admit="fit.rank_cost < 0.9 or task.wait > 4",
        order="task.expected_start + task.duration * task.room",
        rules=(
            DecisionRule(
                when="cluster.next_release < 8 or cluster.cpu_free_median < 0.5",
                score="-fit.rank_energy - 2 * fit.rank_latency - node.next_release / 64",
            ),
            DecisionRule(score="fit.rank_cpu_left - cluster.idle_nodes * fit.rank_cost + cluster.whole_nodes"),
        ),
    ),
    policy(
        "expected+easy",
        order="floor(task.expected_start / 4) - cluster.cpu_free_high + floor(64 * cluster.typical_fit)",
        head_of_line_blocking=True,
        backfill="easy",
    ),
    policy(
        "predicted",
        order="task.predicted_duration * task.cpu",
        rules=(DecisionRule(score="-task.predicted_duration * node.cpu_free"),),
    ),
    policy("predicted, blocking", order="task.predicted_duration", head_of_line_blocking=True, backfill="easy"),
    policy("expected, blocking", order="task.expected_start", head_of_line_blocking=True),
    policy(
        "mixed",
        rules=(DecisionRule(score="sqrt(node.cpu_free) % 3 + log(fit.duration) / node.tasks + exp(fit.energy)"),),
    ),
]


def assert_as_reference(scenario: Scenario, which: Policy) -> None:
    """Compare the kernel's outcome with that of the reference simulator, task by task."""
    slow, label = ReferenceSimulator(scenario, which).simulate(), f"seed {scenario.seed}"
    for trace in (False, True):
        fast = simulate(scenario, which, trace=trace)
        assert [Status(int(s)).name for s in fast.tasks.status] == [s.name for s in slow.status if s is not None], label
        assert fast.tasks.attempts.tolist() == slow.attempts, label
        np.testing.assert_allclose(fast.tasks.start, slow.start, atol=1e-9, err_msg=label)
        np.testing.assert_allclose(fast.tasks.finish, slow.finish, atol=1e-9, err_msg=label)
        np.testing.assert_allclose(fast.tasks.latency, slow.latency, atol=1e-9, err_msg=label)
        np.testing.assert_allclose(fast.tasks.cost, slow.cost, atol=1e-9, err_msg=label)
        started = np.array(slow.attempts) > 0
        assert fast.tasks.node[started].tolist() == np.array(slow.node)[started].tolist(), label
        assert fast.summary.energy == pytest.approx(slow.energy, abs=1e-6), label
        assert fast.summary.carbon == pytest.approx(slow.carbon, abs=1e-9), label
        assert fast.summary.makespan == pytest.approx(slow.makespan), label
        capacity = sum(n.cpu for n in scenario.nodes)
        first = min(t.arrival_time for t in scenario.tasks)
        if slow.makespan > first:
            share = slow.used / (capacity * (slow.makespan - first))
            assert fast.summary.cpu_utilization == pytest.approx(share, abs=1e-9), label


SEEDS = 60
FOURTHS = [pytest.param(p, range(k % 4, SEEDS, 4), id=p.policy_id) for k, p in enumerate(ZOO)]
"""Every policy with a quarter of the seeds: each seed is there for some policies."""
ALL = [pytest.param(p, range(SEEDS), id=f"{p.policy_id}, all seeds", marks=pytest.mark.slow) for p in ZOO]


@pytest.mark.parametrize(("which", "seeds"), FOURTHS + ALL)
def test_kernel_and_reference_agree(which: Policy, seeds: range) -> None:
    for seed in seeds:
        scenario = random_scenario(seed)
        assert_as_reference(with_carbon(scenario) if seed % 3 == 0 else scenario, which)


@pytest.mark.parametrize(("which", "seeds"), FOURTHS + ALL)
def test_kernel_and_reference_agree_where_tasks_may_use_some_nodes_only(which: Policy, seeds: range) -> None:
    for seed in seeds:
        assert_as_reference(with_allowed_nodes(random_scenario(seed)), which)
