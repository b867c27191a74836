"""All active schedules of a small scenario, as a check of solvers."""

from collections.abc import Iterator
from itertools import permutations, product
from typing import NamedTuple

from aurora.sim.scenarios.scenario import Scenario


class Schedule(NamedTuple):
    """A schedule: node, length and start of each task, the mean wait and the last end; times in seconds."""

    places: tuple[int, ...]
    lengths: tuple[float, ...]
    starts: tuple[float, ...]
    wait: float
    makespan: float


def active_schedules(scenario: Scenario) -> Iterator[Schedule]:
    """Yield the schedules of all orders and placements in which each task starts as early as it can.

    They hold an optimum of makespan and mean latency (Sprecher, Kolisch & Drexl, EJOR 80, 1995).
    """
    tasks, nodes = scenario.tasks, scenario.nodes
    usable = [[n for n, node in enumerate(nodes) if node.node_id in (t.allowed_nodes or {node.node_id})] for t in tasks]
    for places in product(*usable):
        if any(t.cpu_required > nodes[n].cpu for t, n in zip(tasks, places, strict=True)):
            continue
        lengths = tuple(t.duration / nodes[n].speed for t, n in zip(tasks, places, strict=True))
        for order in permutations(range(len(tasks))):
            held: list[tuple[int, float, float, float]] = []
            wait, starts = 0.0, dict[int, float]()
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
                starts[t] = start
            yield Schedule(
                places, lengths, tuple(starts[t] for t in range(len(tasks))), wait / len(tasks), max(h[2] for h in held)
            )
