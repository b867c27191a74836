"""Replays arrivals of tasks on a cluster under a policy, decision by decision as the extender takes them.

Waiting tasks are tried again whenever a task ends, the most urgent first and then the oldest, as kube-scheduler does.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.cluster.readers.scenarios import snapshot_of
from aurora.cluster.scheduler.cluster import LiveCluster
from aurora.cluster.scheduler.shadow import Shadow, ShadowLog, work_fields
from aurora.cluster.scheduler.state import ClusterState
from aurora.errors import InputError
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario, Task
from aurora.types import FloatArray, Progress, no_progress

Starts = Callable[[int, int, float], None]
Ends = Callable[[int, float], None]


class Arrival(NamedTuple):
    """A task that arrives.

    Attributes:
        task: The task; its duration is how long it holds its room, infinite if it stays to the end.
        allowed: Rising numbers of the nodes that it may use; None: all.
    """

    task: Task
    duration: float
    allowed: NDArray[np.int64] | None = None


class Measures(NamedTuple):
    """The cluster at each arrival, before the arriving task is placed.

    Attributes:
        fragmentation: float64 [arrivals], share of all devices that the typical mix of tasks can't use.
        nodes_in_use: float64 [arrivals], nodes that hold a task.
        price_in_use: float64 [arrivals], dollars an hour of those nodes.
    """

    fragmentation: FloatArray
    nodes_in_use: FloatArray
    price_in_use: FloatArray


class Run(NamedTuple):
    """What became of the tasks.

    Attributes:
        start: float64 [arrivals], seconds; NaN for a task that was not placed before the end.
        node: int64 [arrivals], number of its node; -1 for none.
        measures: The cluster at each arrival.
    """

    start: FloatArray
    node: NDArray[np.int64]
    measures: Measures


class Meter:
    """Measures a state at each arrival.

    Args:
        state: The state.
        arrivals: Number of arrivals.
    """

    def __init__(self, state: ClusterState, arrivals: int) -> None:
        self._state = state
        self._prices = np.array([n.price_per_hour for n in state.frame.nodes])
        self.measures = Measures(np.zeros(arrivals), np.zeros(arrivals), np.zeros(arrivals))

    def take(self, k: int) -> None:
        """Measure at arrival `k`."""
        used = self._state.in_use()
        self.measures.fragmentation[k] = self._state.fragmentation()
        self.measures.nodes_in_use[k] = used.sum()
        self.measures.price_in_use[k] = self._prices[used].sum()


def run_arrivals(
    state: ClusterState,
    arrivals: Sequence[Arrival],
    *,
    until: float,
    ends: Mapping[str, float] | None = None,
    started: Starts | None = None,
    ended: Ends | None = None,
) -> Run:
    """Place arriving tasks by the policy of a state.

    Args:
        state: The cluster at the start, with the tasks that run there; it is changed.
        arrivals: The tasks in the order of their arrival.
        until: Time after which nothing is placed any more.
        ends: Times at which tasks end that run at the start, by id.
        started: Called with the number of the arrival, of its node, and the time, before the task takes its room.
        ended: Called with the number of the arrival and the time.
    """
    events = [(a.task.arrival_time, 1, k) for k, a in enumerate(arrivals)]
    others = [t for t in (ends or {}) if (ends or {})[t] <= until]
    events += [((ends or {})[t], 0, -1 - i) for i, t in enumerate(others)]
    heapq.heapify(events)
    start, node = np.full(len(arrivals), np.nan), np.full(len(arrivals), -1, np.int64)
    meter = Meter(state, len(arrivals))
    keys = [_key(a) for a in arrivals]
    waiting: list[tuple[int, int]] = []
    while events and events[0][0] <= until:
        now, has_freed, fresh = events[0][0], False, []
        while events and events[0][0] == now:
            _, kind, k = heapq.heappop(events)
            if kind == 1:
                meter.take(k)
                heapq.heappush(waiting, (-arrivals[k].task.priority, k))
                fresh.append(k)
            else:
                has_freed = True
                state.delete(others[-1 - k] if k < 0 else arrivals[k].task.task_id, now=now)
                if k >= 0 and ended is not None:
                    ended(k, now)
        tried = [k for _, k in sorted(waiting)] if has_freed else fresh
        failed: set[Hashable] = set()
        for k in tried:
            if keys[k] in failed:
                continue
            task = arrivals[k].task
            decision = state.decide(task, arrivals[k].allowed, now=now, waiting=len(waiting))
            if decision.node < 0:
                failed.add(keys[k])
                continue
            if started is not None:
                started(k, decision.node, now)
            state.bind(task, decision.node, now=now)
            start[k], node[k] = now, decision.node
            waiting.remove((-task.priority, k))
            if math.isfinite(arrivals[k].duration):
                heapq.heappush(events, (now + arrivals[k].duration, 0, k))
    return Run(start, node, meter.measures)


def _key(arrival: Arrival) -> Hashable:
    """Return what decides whether a task fits: of tasks with one key, all fit or none."""
    allowed = None if arrival.allowed is None else arrival.allowed.tobytes()
    return *work_fields(arrival.task).values(), allowed


def replay_scenario(
    scenario: Scenario,
    cluster_policy: Policy,
    policy: Policy,
    log: ShadowLog,
    *,
    progress: Progress = no_progress,
) -> Shadow:
    """Let one policy schedule a scenario as the cluster's scheduler, and another watch it in shadow mode.

    Args:
        scenario: Nodes, and tasks that arrive.
        cluster_policy: Stands for the cluster's scheduler.
        policy: Decides in the shadow.
        log: Receives the records.
        progress: Receives the tasks that were placed.

    Returns:
        The shadow, with its counts.

    Raises:
        InputError: A task is a flow or depends on others, which a cluster's scheduler does not know.
        FileError: The log can't be written.
    """
    odd = next((t for t in scenario.tasks if t.destination_site is not None or t.dependencies), None)
    if odd is not None:
        raise InputError(f"task {odd.task_id} is a flow or depends on others; a pod does not", parameter="scenario")
    snapshot = snapshot_of(scenario, scenario.scenario_id)
    real = {t.task_id: t for t in snapshot.tasks}
    now = [0.0]
    live = LiveCluster(snapshot.model_copy(update={"tasks": ()}), policy, clock=lambda: now[0], frame=scenario)
    shadow = Shadow(
        live,
        log,
        source=f"replay of {scenario.scenario_id}",
        is_checked=False,
        device_choice=cluster_policy.allocation_strategy.device_choice,
    )
    ordered = sorted(scenario.tasks, key=lambda t: t.arrival_time)
    placed = [0]

    def arrived(task: Task) -> None:
        shadow.update(real[task.task_id])

    def started(k: int, node: int, time: float) -> None:
        now[0] = time
        task = real[ordered[k].task_id]
        shadow.update(task.model_copy(update={"state": "running", "node_id": state.node_ids[node]}))
        placed[0] += 1
        progress("tasks", placed[0], len(ordered), task.task_id)

    def ended(k: int, time: float) -> None:
        now[0] = time
        shadow.remove(ordered[k].task_id)

    state = ClusterState(scenario.nodes, cluster_policy, scenario=scenario)
    last = ordered[-1].arrival_time
    result = run_arrivals(state, [Arrival(t, t.duration) for t in ordered], until=last, started=started, ended=ended)
    now[0] = last
    for k in np.flatnonzero(np.isnan(result.start)):
        arrived(ordered[int(k)])
    log.write({"kind": "stop", "at": last})
    return shadow
