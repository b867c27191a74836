"""The features of waiting tasks and of the cluster that take the state of every node, at an instant of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.sim.explain.history import Attempt, History, free_shares
from aurora.sim.explain.shortage import Place, down_since, on_node, on_path, places_of
from aurora.sim.kernel import layout as at
from aurora.sim.policies.features import FEATURE_INDEX

OVERVIEW = frozenset(
    (
        *("cluster.next_release", "cluster.idle_nodes", "cluster.whole_nodes", "cluster.typical_fit"),
        *("cluster.cpu_free_median", "cluster.cpu_free_high"),
    )
)
"""Features of the cluster that `overview` returns."""


class Instant(NamedTuple):
    """A moment of a run.

    Attributes:
        run: The run.
        time: Time, seconds.
        running: Attempts that hold resources.
    """

    run: History
    time: float
    running: Sequence[Attempt]


def room(now: Instant, task: int) -> float:
    """Return `task.room`: the share of a task's candidates that have room for it."""
    places = places_of(now.run.encoded, task)
    return sum(_fits(now, task, place) for place in places) / len(places) if places else 0.0


def _fits(now: Instant, task: int, place: Place) -> bool:
    run, scenario, asked = now.run, now.run.scenario, now.run.scenario.tasks[task]
    if place.node >= 0:
        if down_since(run, place.node, now.time) is not None:
            return False
        node, on = scenario.nodes[place.node], [a for a in now.running if a.node == place.node]
        cpu = node.cpu - sum(scenario.tasks[a.task].cpu_required for a in on)
        memory = node.memory - sum(scenario.tasks[a.task].memory_required for a in on)
        if on_node(asked, node, cpu, memory, free_shares(scenario, place.node, on)):
            return False
    links = run.outcome.paths[place.path] if place.path >= 0 else ()
    held = {l: sum(scenario.tasks[a.task].bandwidth for a in now.running if l in _links(run, a)) for l in links}
    return not on_path(asked, [scenario.links[l].bandwidth - held[l] for l in links])


def _links(run: History, attempt: Attempt) -> tuple[int, ...]:
    return run.outcome.paths[attempt.path] if attempt.path >= 0 else ()


def expected_start(now: Instant, task: int) -> float:
    """Return `task.expected_start`: seconds until a candidate has room if running tasks end as requested."""
    if room(now, task) > 0:
        return 0.0
    ends = {a.decision: max(now.time, requested_end(now.run, a)) for a in now.running}
    for end in sorted(set(ends.values())):
        left = [a for a in now.running if ends[a.decision] > end]
        if room(now._replace(running=left), task) > 0:
            return end - now.time
    return at.NO_LIMIT


def requested_end(run: History, attempt: Attempt) -> float:
    """Return the time at which an attempt ends as its task requested."""
    trace = run.outcome.trace
    assert trace is not None  # a history has one
    latency = float(trace.features[attempt.decision, 0, FEATURE_INDEX["fit.latency"]])
    speed = run.scenario.nodes[attempt.node].speed if attempt.node >= 0 else 1.0
    return attempt.start + latency + float(run.encoded.problem.task_f[attempt.task, at.T_REQUESTED]) / speed


def overview(now: Instant) -> dict[str, float]:
    """Return the features of the cluster that take a pass over its nodes (docs/reference/outlook.md)."""
    scenario, run = now.run.scenario, now.run
    up = [n for n in range(len(scenario.nodes)) if down_since(run, n, now.time) is None]
    on = {n: [a for a in now.running if a.node == n] for n in up}
    devices = {n: free_shares(scenario, n, on[n]) for n in up}
    cores = {n: scenario.nodes[n].cpu - sum(scenario.tasks[a.task].cpu_required for a in on[n]) for n in up}
    shares = sorted(cores[n] / scenario.nodes[n].cpu for n in up if scenario.nodes[n].cpu)
    free = sum(sum(devices[n]) for n in up)
    whole = sum(sum(d) for d in devices.values() if all(f == at.DEVICE for f in d))
    ends = [requested_end(run, a) for a in now.running]
    fits = [_typical_fit(run, n, cores[n], devices[n]) for n in up]
    return {
        "cluster.next_release": max(0.0, min(ends) - now.time) if ends else 0.0,
        "cluster.idle_nodes": sum(not on[n] for n in up) / len(up) if up else 0.0,
        "cluster.whole_nodes": whole / free if free else 0.0,
        "cluster.cpu_free_median": _quantile(shares, 0.5),
        "cluster.cpu_free_high": _quantile(shares, 0.9),
        "cluster.typical_fit": sum(fits) / len(up) if up else 0.0,
    }


def _quantile(values: Sequence[float], share: float) -> float:
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def _typical_fit(run: History, node: int, cores: float, devices: Sequence[int]) -> float:
    """Return the share of the typical mix that fits on a node with so much free."""
    problem = run.encoded.problem
    model, total = int(problem.node_i[at.N_MODEL, node]), 0.0
    for (wanted, share), start, stop in zip(
        problem.mix_kind.T.tolist(), problem.mix_start[:-1], problem.mix_start[1:], strict=True
    ):
        idle, largest = sum(f == at.DEVICE for f in devices), max(devices, default=0)
        if wanted and (idle < wanted if share == at.DEVICE else largest < share):
            continue
        cpu, frequency = problem.mix_f[0, start:stop], problem.mix_f[1, start:stop]
        fits = cpu <= cores + at.TOLERANCE
        if wanted:
            fits &= (problem.mix_models[start:stop] >> np.int64(model)) & 1 == 1
        total += float(frequency[fits].sum())
    return total
