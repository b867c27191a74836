"""How fast the kernel is: beside the same model in SimPy, per decision, per scenario."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from aurora.errors import DataError
from aurora.sim.compiler import compile_policy
from aurora.sim.expansion import expand
from aurora.sim.generators import FAMILIES, sample_spec
from aurora.sim.kernel import EncodedScenario, encode, evaluate, run
from aurora.sim.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.program import Program
from aurora.sim.scenario import Node, Scenario, Task, Workload

FLAVOURS = (1.0, 2.0, 4.0, 8.0)
CORES = 16.0
TWENTY_OPERATIONS = (
    "0.3 * node.cpu_free - 0.2 * task.cpu * node.cpu_load + min(node.memory_free, 4) / (node.cpu_total + 1)"
    " + max(node.tasks, 1) * 0.1 - abs(node.cpu_free - task.cpu) * 0.5 + node.cpu_load * node.cpu_load"
    " + sqrt(node.cpu_free) * 0.01"
)


def _policy(name: str, score: str) -> Policy:
    return Policy(policy_id=name, allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score=score),)))


BEST_FIT = _policy("least-cores-left", "-(node.cpu_free - task.cpu)")


def _workload(nodes: int, tasks: int, *, flavours: bool) -> Scenario:
    """Poisson arrivals at about 70 % of capacity; sizes from four flavours or all different."""
    rng = np.random.default_rng(nodes)
    cpu = rng.choice(FLAVOURS, tasks) if flavours else rng.uniform(1, 6.5, tasks)
    duration = rng.exponential(0.7 * CORES * nodes / 3.75, tasks) + 0.01
    arrival = np.cumsum(rng.exponential(1.0, tasks))
    return Scenario(
        scenario_id="speed",
        domain="cloud",
        nodes=tuple(Node(node_id=str(i), cpu=CORES) for i in range(nodes)),
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


def simpy_starts(scenario: Scenario) -> list[float]:
    """The same model in SimPy: best fit over all nodes, whatever fits is placed, first come first.

    Raises:
        DataError: SimPy, a development dependency, is not installed.
    """
    try:
        import simpy  # noqa: PLC0415  # a development dependency
    except ImportError:
        raise DataError("SimPy is not installed; pip install -c constraints.txt -e '.[dev]'") from None

    environment = simpy.Environment()
    free = [n.cpu for n in scenario.nodes]
    waiting: list[int] = []
    starts = [0.0] * len(scenario.tasks)

    def place() -> None:
        for t in list(waiting):
            need = scenario.tasks[t].cpu_required
            best, best_left = -1, float("inf")
            for n, amount in enumerate(free):
                if amount + 1e-9 >= need and amount - need < best_left:
                    best, best_left = n, amount - need
            if best >= 0:
                waiting.remove(t)
                free[best] -= need
                starts[t] = environment.now
                environment.process(execute(t, best))

    def execute(t: int, node: int) -> Any:
        yield environment.timeout(scenario.tasks[t].duration)
        free[node] += scenario.tasks[t].cpu_required
        if free[node] > CORES - 1e-9:
            free[node] = CORES
        place()

    def arrive() -> Any:
        for t, task in enumerate(scenario.tasks):
            yield environment.timeout(task.arrival_time - environment.now)
            waiting.append(t)
            place()

    environment.process(arrive())
    environment.run()
    return starts


def _seconds(function: Callable[[], Any]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def bench_speed(repeats: int) -> dict[str, Any]:
    """All measurements; keys of `aurora bench speed --json`."""
    return {
        "event_loop": [
            _event_loop(nodes, flavours, repeats) for nodes in (10, 100, 1_000, 10_000) for flavours in (True, False)
        ],
        "decisions": [_decisions(nodes, repeats) for nodes in (100, 1_000)],
        "scenarios": [_scenarios(level, repeats) for level in range(1, 6)],
    }


def _event_loop(nodes: int, flavours: bool, repeats: int) -> dict[str, Any]:
    tasks = {10: 4000, 100: 4000, 1_000: 1500, 10_000: 600}[nodes]
    scenario = _workload(nodes, tasks, flavours=flavours)
    encoded, program = encode(scenario), compile_policy(BEST_FIT)
    outcome = run(encoded, program)
    slow = simpy_starts(scenario)
    if not np.allclose(outcome.tasks.start, slow, rtol=1e-9, atol=1e-6):
        raise DataError("the kernel and SimPy disagree; this is a bug, please report it")
    # The kernel is timed on copies of the workload until a run is long enough for the clock.
    ratios, fast_rates, slow_rates = [], [], []
    loops = 20
    for _ in range(repeats):
        quick = _seconds(lambda: [evaluate(encoded, program) for _ in range(loops)]) / loops
        other = _seconds(lambda: simpy_starts(scenario))
        ratios.append(other / quick)
        fast_rates.append(2 * tasks / quick)
        slow_rates.append(2 * tasks / other)
    return {
        "nodes": nodes,
        "cached": flavours,
        "ratio_min": min(ratios),
        "ratio_median": float(np.median(ratios)),
        "ratio_max": max(ratios),
        "events_per_second": float(np.median(fast_rates)),
        "simpy_events_per_second": float(np.median(slow_rates)),
    }


def _decisions(nodes: int, repeats: int) -> dict[str, Any]:
    """Decisions a second of a policy of 20 operations, every candidate scored anew each time."""
    scenario = _workload(nodes, 4000, flavours=False)
    encoded, program = encode(scenario), compile_policy(_policy("twenty", TWENTY_OPERATIONS))
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
    copies = 200 if level <= 2 else 40 if level <= 4 else 4  # noqa: PLR2004  # enough for the clock
    work: list[EncodedScenario] = encoded * copies
    random.Random(0).shuffle(work)

    def chunk(part: list[EncodedScenario], program: Program) -> None:
        for each in part:
            evaluate(each, program)

    def two() -> None:
        Parallel(n_jobs=2, backend="threading")(delayed(chunk)(work[i::2], program) for i in range(2))

    chunk(encoded, program)
    one_core = [len(work) / _seconds(lambda: chunk(work, program)) for _ in range(repeats)]
    two_cores = [len(work) / _seconds(two) for _ in range(repeats)]
    return {"level": level, "one_core": float(np.median(one_core)), "two_cores": float(np.median(two_cores))}
