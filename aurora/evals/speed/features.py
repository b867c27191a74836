"""Measures what each feature of the policy language costs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from aurora.evals.speed.simulator import policy
from aurora.sim.kernel import EncodedScenario, encode, evaluate, run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.features import FEATURES, Feature
from aurora.sim.policies.program import Program
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload

NODES, TASKS = 200, 1200
REQUESTS = ((2, 0, 1.0), (4, 1, 0.25), (8, 1, 0.5), (8, 1, 1.0), (16, 2, 1.0), (32, 4, 1.0))
"""Cores, devices and share of the kinds of tasks."""
SHARES = (0.3, 0.2, 0.15, 0.2, 0.1, 0.05)
BASE = "fit.random"
"""Score to which each feature is added: one that is computed anew at every decision."""


def bench_features(repeats: int) -> dict[str, Any]:
    """Measure the processor time of each feature of nodes, fit, tasks and the cluster; keys of the command's `--json`.

    Args:
        repeats: Number of runs of each feature; the shortest counts.
    """
    encoded = encode(accelerated(NODES, TASKS))
    base = compile_policy(policy("base", BASE))
    trace = run(encoded, base, trace_top=1).trace
    assert trace is not None  # it was asked for
    decisions, candidates = len(trace.time), int(trace.feasible.sum())
    rows = [f for f in FEATURES if f.scope in ("node", "fit", "task", "cluster") and f.name != BASE]
    seconds = _shortest(encoded, base, repeats)
    return {
        "nodes": NODES,
        "decisions": decisions,
        "candidates": candidates,
        "features": [_row(f, encoded, seconds, decisions, candidates, repeats) for f in rows],
    }


def accelerated(nodes: int, tasks: int) -> Scenario:
    """Generate Poisson arrivals on nodes with eight devices each, of which about 70 % are in use."""
    rng = np.random.default_rng(nodes)
    kinds = [REQUESTS[k] for k in rng.choice(len(REQUESTS), tasks, p=SHARES)]
    demand = float(np.mean([devices * share for _, devices, share in kinds]))
    arrival, duration = np.cumsum(rng.exponential(1.0, tasks)), rng.exponential(0.7 * 8 * nodes / demand, tasks)
    return Scenario(
        scenario_id="features",
        domain="cloud",
        nodes=tuple(
            Node(node_id=str(i), cpu=96, memory=512, accelerators=8, price_per_hour=0.8, idle_power=100, full_power=300)
            for i in range(nodes)
        ),
        workload_definition=Workload(
            tasks=tuple(
                Task(
                    task_id=str(i),
                    arrival_time=float(arrival[i]),
                    cpu_required=cpu,
                    memory_required=4,
                    accelerators=devices,
                    accelerator_share=share,
                    duration=float(duration[i]) + 0.01,
                )
                for i, (cpu, devices, share) in enumerate(kinds)
            ),
            time_horizon=float(arrival[-1]) + 1,
        ),
    )


def _row(
    feature: Feature, encoded: EncodedScenario, base: float, decisions: int, candidates: int, repeats: int
) -> dict[str, Any]:
    program = compile_policy(policy("with it", f"{BASE} + 0 * {feature.name}"))
    nanoseconds = 1e9 * (_shortest(encoded, program, repeats) - base)
    varies = feature.scope in ("node", "fit")
    return {
        "feature": feature.name,
        "ns_per_candidate": max(0.0, nanoseconds / candidates) if varies else None,
        "ns_per_decision": max(0.0, nanoseconds / decisions),
        "may_be_kept": not feature.changes_idle,
    }


def _shortest(encoded: EncodedScenario, program: Program, repeats: int) -> float:
    """Return the least processor time of a run, seconds; other load on the machine matters less than by the clock."""
    evaluate(encoded, program)
    times = []
    for _ in range(repeats):
        started = time.process_time()
        evaluate(encoded, program)
        times.append(time.process_time() - started)
    return min(times)
