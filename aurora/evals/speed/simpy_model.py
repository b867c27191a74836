"""The speed benchmark's model in SimPy: best fit over all nodes, first come first served, without blocking.

It accumulates the same totals as the kernel, so that both do the same work and can be compared: use over time,
cost of each task, energy of each node.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aurora.errors import AuroraError
from aurora.sim.kernel.layout import TOLERANCE
from aurora.sim.kernel.observe import SECONDS_PER_HOUR
from aurora.sim.kernel.summary import BOUNDED_SLOWDOWN_THRESHOLD
from aurora.sim.outcome import Summary
from aurora.sim.scenarios.scenario import Scenario


def simulate_in_simpy(scenario: Scenario) -> Summary:
    """Simulate a scenario whose tasks ask for cores only and whose nodes stay up, with constant prices.

    Raises:
        AuroraError: SimPy, a development dependency, is not installed.
    """
    try:
        import simpy  # noqa: PLC0415  # a development dependency
    except ImportError:
        raise AuroraError("SimPy is not installed; pip install -c constraints.txt -e '.[dev]'") from None

    environment = simpy.Environment()
    tasks, nodes = scenario.tasks, scenario.nodes
    cores = [n.cpu for n in nodes]
    free = list(cores)
    hosted = [0] * len(nodes)
    power = [0.0] * len(nodes)
    energy = [0.0] * len(nodes)
    since = [0.0] * len(nodes)
    waiting: list[int] = []
    start, end, cost = [0.0] * len(tasks), [0.0] * len(tasks), [0.0] * len(tasks)
    used = integral = last = 0.0

    def account(node: int, change: float) -> None:
        """Accumulate totals up to now, then change the cores in use on a node."""
        nonlocal used, integral, last
        now = environment.now
        integral += used * (now - last)
        last = now
        used += change
        energy[node] += power[node] * (now - since[node])
        since[node] = now
        free[node] -= change
        if hosted[node]:
            share = (cores[node] - free[node]) / cores[node]
            power[node] = nodes[node].idle_power + (nodes[node].full_power - nodes[node].idle_power) * share
        else:
            free[node], power[node] = cores[node], 0.0

    def place() -> None:
        for t in list(waiting):
            need = tasks[t].cpu_required
            best, least = -1, float("inf")
            for n, amount in enumerate(free):
                if amount + TOLERANCE >= need and amount - need < least:
                    best, least = n, amount - need
            if best >= 0:
                waiting.remove(t)
                hosted[best] += 1
                account(best, need)
                start[t] = environment.now
                environment.process(execute(t, best))

    def execute(t: int, node: int) -> Any:
        need = tasks[t].cpu_required
        yield environment.timeout(tasks[t].duration)
        end[t] = environment.now
        hosted[node] -= 1
        account(node, -need)
        cost[t] = nodes[node].price_per_hour * (end[t] - start[t]) / SECONDS_PER_HOUR * need / cores[node]
        place()

    def arrive() -> Any:
        for t, task in enumerate(tasks):
            yield environment.timeout(task.arrival_time - environment.now)
            waiting.append(t)
            place()

    environment.process(arrive())
    environment.run()
    arrival, execution = np.array([t.arrival_time for t in tasks]), np.array(end) - start
    latency = np.array(start) - arrival
    slowdown = np.maximum(1, (latency + execution) / np.maximum(execution, BOUNDED_SLOWDOWN_THRESHOLD))
    return Summary(
        tasks=len(tasks),
        completed=len(tasks),
        unplaced=0,
        sla_violations=0,
        latency_mean=float(latency.mean()),
        latency_p95=float(np.quantile(latency, 0.95)),
        latency_max=float(latency.max()),
        bounded_slowdown=float(slowdown.mean()),
        makespan=max(end),
        cpu_utilization=integral / (sum(cores) * (max(end) - min(arrival))),
        memory_utilization=0.0,
        accelerator_utilization=0.0,
        bandwidth_utilization=0.0,
        cost=sum(cost),
        energy=sum(energy),
        decisions=len(tasks),
    )
