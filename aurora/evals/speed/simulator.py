"""Measures the speed of the kernel: against the same model in SimPy, per decision and per scenario."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from aurora.errors import AuroraError
from aurora.evals.speed.simpy_model import simulate_in_simpy
from aurora.sim.kernel import EncodedScenario, encode, evaluate
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload

FLAVOURS = (1.0, 2.0, 4.0, 8.0)
CORES = 16.0
TWENTY_OPERATIONS = (
    "0.3 * node.cpu_free - 0.2 * task.cpu * node.cpu_load + min(node.memory_free, 4) / (node.cpu_total + 1)"
    " + max(node.tasks, 1) * 0.1 - abs(node.cpu_free - task.cpu) * 0.5 + node.cpu_load * node.cpu_load"
    " + sqrt(node.cpu_free) * 0.01"
)


def policy(name: str, score: str) -> Policy:
    """Make a policy of one rule that scores nodes."""
    return Policy(policy_id=name, allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score=score),)))


BEST_FIT = policy("least-cores-left", "-(node.cpu_free - task.cpu)")


def workload(nodes: int, tasks: int, *, flavours: bool) -> Scenario:
    """Generate Poisson arrivals at about 70 % of capacity, with sizes from four flavours or all different."""
    rng = np.random.default_rng(nodes)
    cpu = rng.choice(FLAVOURS, tasks) if flavours else rng.uniform(1, 6.5, tasks)
    duration = rng.exponential(0.7 * CORES * nodes / 3.75, tasks) + 0.01
    arrival = np.cumsum(rng.exponential(1.0, tasks))
    return Scenario(
        scenario_id="speed",
        domain="cloud",
        nodes=tuple(
            Node(node_id=str(i), cpu=CORES, price_per_hour=0.8, idle_power=100, full_power=300) for i in range(nodes)
        ),
        workload_definition=Workload(
            tasks=tuple(
                Task(
                    task_id=str(i),
                    arrival_time=float(arrival[i]),
                    cpu_required=float(cpu[i]),
                    duration=float(duration[i]),
                )
                for i in range(tasks)
            ),
            time_horizon=float(arrival[-1]) + 1,
        ),
    )


def check_agreement(actual: Summary, expected: Summary) -> None:
    """Check that two models give the same summary.

    Raises:
        AuroraError: A field differs by more than rounding.
    """
    for name in Summary.__slots__:
        value, other = float(getattr(actual, name)), float(getattr(expected, name))
        if not math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-6):
            raise AuroraError(
                f"the kernel and SimPy disagree in {name}: {value} and {other}; please report this as a bug"
            )


def _seconds(function: Callable[[], Any]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def bench_speed(repeats: int) -> dict[str, Any]:
    """Run all measurements; keys of `aurora bench speed --json`."""
    return {
        "event_loop": [
            _event_loop(nodes, flavours, repeats) for nodes in (10, 100, 1_000, 10_000) for flavours in (True, False)
        ],
        "decisions": [_decisions(nodes, repeats) for nodes in (100, 1_000)],
        "scenarios": [_scenarios(level, repeats) for level in range(1, 6)],
    }


def _event_loop(nodes: int, flavours: bool, repeats: int) -> dict[str, Any]:
    tasks = {10: 4000, 100: 4000, 1_000: 1500, 10_000: 600}[nodes]
    scenario = workload(nodes, tasks, flavours=flavours)
    encoded, program = encode(scenario), compile_policy(BEST_FIT)
    check_agreement(evaluate(encoded, program), simulate_in_simpy(scenario))
    # The kernel is timed on copies of the workload, enough for the resolution of the clock.
    ratios, fast_rates, slow_rates = [], [], []
    loops = 20
    for _ in range(repeats):
        quick = _seconds(lambda: [evaluate(encoded, program) for _ in range(loops)]) / loops
        other = _seconds(lambda: simulate_in_simpy(scenario))
        ratios.append(other / quick)
        fast_rates.append(2 * tasks / quick)
        slow_rates.append(2 * tasks / other)
    return {
        "nodes": nodes,
        "sizes": "four" if flavours else "all different",
        "ratio_min": min(ratios),
        "ratio_median": float(np.median(ratios)),
        "ratio_max": max(ratios),
        "events_per_second": float(np.median(fast_rates)),
        "simpy_events_per_second": float(np.median(slow_rates)),
    }


def _decisions(nodes: int, repeats: int) -> dict[str, Any]:
    """Measure decisions per second of a policy of 20 operations that scores every candidate at each decision."""
    scenario = workload(nodes, 4000, flavours=False)
    encoded, program = encode(scenario), compile_policy(policy("twenty", TWENTY_OPERATIONS))
    evaluate(encoded, program)
    rates = [4000 / _seconds(lambda: evaluate(encoded, program)) for _ in range(repeats)]
    return {
        "nodes": nodes,
        "decisions_per_second": float(np.median(rates)),
        "min": min(rates),
        "max": max(rates),
    }


def _scenarios(level: int, repeats: int) -> dict[str, Any]:
    rng = np.random.default_rng(level)
    encoded = [encode(expand(sample_spec(family, level, rng))) for family in FAMILIES]
    program = compile_policy(BEST_FIT)
    copies = 200 if level <= 2 else 40 if level <= 4 else 4  # noqa: PLR2004  # long enough to time
    work: list[EncodedScenario] = encoded * copies
    random.Random(0).shuffle(work)

    def each(work: list[EncodedScenario]) -> None:
        for scenario in work:
            evaluate(scenario, program)

    def two() -> None:
        Parallel(n_jobs=2, backend="threading")(delayed(each)(work) for _ in range(2))

    each(encoded)
    one_core = [len(work) / _seconds(lambda: each(work)) for _ in range(repeats)]
    two_cores = [2 * len(work) / _seconds(two) for _ in range(repeats)]
    return {"level": level, "one_core": float(np.median(one_core)), "two_cores": float(np.median(two_cores))}
