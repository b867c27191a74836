"""Clusters driven by measured utilisation: of single machines (Google 2011), or of a whole cluster (Alibaba 2018).

The data have utilisation in per cent over time. Machines and their prices, and the sizes of jobs where only the sum
is known, are assumed, as constants here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.sim.scenarios.expansion import usual_targets
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from aurora.sim.scenarios.traces.tables import number, rows, scenario_of, whole

STEP_SECONDS = 300.0
"""Seconds between two measurements."""
SERVICE_CORES, SERVICE_GIB = 8.0, 32.0
"""Size of a machine whose utilisation was measured, as the data have none."""
PERIOD = 12
"""Measurements that a task covers: an hour. It asks for the largest of them."""
JOB_CORES = (1.0, 2.0, 4.0, 8.0)
JOB_WEIGHTS = (0.4, 0.3, 0.2, 0.1)
JOB_GIB_PER_CORE = (2.0, 4.0, 8.0)
JOB_SECONDS = 900.0
"""Sizes and mean duration of drawn jobs."""
DEADLINE_SHARE, DEADLINE_MS = 0.5, (60_000.0, 900_000.0)
"""Share of tasks that are to start within a limit, and the range of these limits."""
MOST_STEPS = 1_000_000
MOST_PER_CENT = 1000.0
"""Largest utilisation; a machine may use more than it was assigned."""
SERVERS = (
    {"cpu": 32.0, "memory": 128.0, "speed": 1.0, "price_per_hour": 1.5, "idle_power": 110.0, "full_power": 360.0},
    {"cpu": 16.0, "memory": 96.0, "speed": 0.8, "price_per_hour": 0.6, "idle_power": 90.0, "full_power": 240.0},
    {"cpu": 48.0, "memory": 128.0, "speed": 1.25, "price_per_hour": 3.0, "idle_power": 120.0, "full_power": 420.0},
)
"""Kinds of servers, in turn: common, old, and new."""


def read_machines(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read the utilisation of machines: a CSV file with `vm`, `t` (number of the step), `cpu_pct` and `mem_pct`.

    Returns:
        Machine -> shares of its cores and its memory, float64 [steps, 2]; steps without a measurement are NaN.

    Raises:
        DataError: A column is absent, or a value out of range.
    """
    measured: dict[str, dict[int, tuple[float, float]]] = {}
    for line, row in rows(path, ("vm", "t", "cpu_pct", "mem_pct")):
        step = whole(path, line, "t", row["t"], most=MOST_STEPS)
        shares = _share(path, line, "cpu_pct", row["cpu_pct"]), _share(path, line, "mem_pct", row["mem_pct"])
        measured.setdefault(row["vm"], {})[step] = shares
    if not measured:
        raise DataError(f"{path} lists no machine")
    length = 1 + max(max(steps) for steps in measured.values())
    machines = {}
    for name, steps in measured.items():
        machines[name] = np.full((length, 2), np.nan)
        machines[name][list(steps)] = list(steps.values())
    return machines


def read_cluster(path: Path) -> NDArray[np.float64]:
    """Read the utilisation of a cluster's cores: a CSV file with `cpu_util_percent`, a row for each step.

    Returns:
        Shares, float64 [steps].

    Raises:
        DataError: The column is absent, a value is out of range, or there is no row.
    """
    shares = [
        _share(path, line, "cpu_util_percent", row["cpu_util_percent"])
        for line, row in rows(path, ("cpu_util_percent",))
    ]
    if not shares:
        raise DataError(f"{path} has no measurement")
    return np.array(shares)


def _share(path: Path, line: int, field: str, text: str) -> float:
    value = number(path, line, field, text)
    if not 0 <= value <= MOST_PER_CENT:
        raise DataError(f"{path}, line {line}, {field}: {value:g} is not within 0 and {MOST_PER_CENT:g} per cent")
    return value / 100


@scenario_of("the utilisation")
def services_scenario(
    name: str, machines: Sequence[NDArray[np.float64]], *, first: int, periods: int, load: float, seed: int
) -> Scenario:
    """Return the hours of machines as tasks: each asks for the largest use of its hour, and runs for the hour.

    Args:
        name: Name of the scenario.
        machines: Shares of cores and memory of each machine, float64 [steps, 2].
        first: Index of the first step.
        periods: Number of hours.
        load: Cores requested in the busiest hour over the cores of all servers.
        seed: Random seed of the start within the hour, and of the deadlines.

    Raises:
        DataError: No machine has a measurement in this time.
    """
    rng = np.random.default_rng([seed, 9])
    tasks: list[Task] = []
    asked = np.zeros(periods)
    for k, shares in enumerate(machines):
        shift = float(rng.uniform(0, PERIOD * STEP_SECONDS))
        for p in range(periods):
            window = shares[first + p * PERIOD : first + (p + 1) * PERIOD]
            if not len(window) or np.isnan(window).all():
                continue
            use = np.nanmax(window, axis=0)
            cores, memory = max(0.1, use[0] * SERVICE_CORES), max(0.1, use[1] * SERVICE_GIB)
            asked[p] += cores
            arrival = p * PERIOD * STEP_SECONDS + shift
            tasks.append(_task(f"m{k}-h{p}", arrival, cores, memory, PERIOD * STEP_SECONDS, rng))
    if not tasks:
        raise DataError(f"no machine has a measurement in the steps {first} to {first + periods * PERIOD}")
    return _scenario(name, tasks, float(asked.max()) / load, periods * PERIOD * STEP_SECONDS)


@scenario_of("the utilisation")
def jobs_scenario(
    name: str, shares: NDArray[np.float64], *, first: int, steps: int, jobs: int, load: float, seed: int
) -> Scenario:
    """Return jobs whose arrivals follow a cluster's utilisation: a Poisson process with a rate in proportion to it.

    Args:
        name: Name of the scenario.
        shares: Share of the cores in use, float64 [steps].
        first: Index of the first step.
        steps: Number of steps.
        jobs: Mean number of jobs.
        load: Cores requested at the highest rate over the cores of all servers.
        seed: Random seed of arrivals, sizes, durations and deadlines.

    Raises:
        DataError: The series is shorter, or zero in this time.
    """
    rate = shares[first : first + steps]
    if first < 0 or len(rate) < steps or not rate.sum():
        raise DataError(f"steps {first} to {first + steps} were asked for, the series has {len(shares)} with any use")
    rng = np.random.default_rng([seed, 10])
    counts = rng.poisson(jobs * rate / rate.sum())
    arrival = np.sort(np.repeat(np.arange(steps), counts) + rng.uniform(0, 1, counts.sum())) * STEP_SECONDS
    cores = rng.choice(JOB_CORES, len(arrival), p=JOB_WEIGHTS)
    memory = cores * rng.choice(JOB_GIB_PER_CORE, len(arrival))
    seconds = rng.lognormal(np.log(JOB_SECONDS) - 0.5, 1.0, len(arrival))
    tasks = [
        _task(f"j{k}", float(arrival[k]), float(cores[k]), float(memory[k]), float(max(1.0, seconds[k])), rng)
        for k in range(len(arrival))
    ]
    if not tasks:
        raise DataError("no job was drawn; ask for more jobs")
    mean_cores = float(np.dot(JOB_CORES, JOB_WEIGHTS))
    busiest = jobs * float(rate.max() / rate.sum()) / STEP_SECONDS * JOB_SECONDS * mean_cores
    return _scenario(name, tasks, busiest / load, steps * STEP_SECONDS)


def _task(name: str, arrival: float, cores: float, memory: float, seconds: float, rng: np.random.Generator) -> Task:
    limit = float(rng.uniform(*DEADLINE_MS)) if rng.uniform() < DEADLINE_SHARE else None
    return Task(
        task_id=name,
        arrival_time=round(arrival, 1),
        cpu_required=round(cores, 3),
        memory_required=round(memory, 3),
        duration=round(seconds, 1),
        sla_latency_ms=None if limit is None else round(limit),
    )


def _scenario(name: str, tasks: list[Task], cores: float, horizon: float) -> Scenario:
    """Return tasks on servers of all kinds in turn that have at least these cores in sum."""
    nodes: list[Node] = []
    while not nodes or sum(n.cpu for n in nodes) < cores or len(nodes) < len(SERVERS):
        nodes.append(Node(node_id=f"server-{len(nodes)}", **SERVERS[len(nodes) % len(SERVERS)]))
    tasks.sort(key=lambda t: t.arrival_time)
    return Scenario(
        scenario_id=name[:128],
        domain="cloud",
        nodes=tuple(nodes),
        workload_definition=Workload(tasks=tuple(tasks), time_horizon=horizon),
        objective_targets=usual_targets(tasks, nodes, ()),
    )
