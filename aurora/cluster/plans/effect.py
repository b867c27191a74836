"""Simulates the effect of changes: what waits, what it costs, and how full the fullest node gets, with intervals.

The uncertain part is the load. Each simulation draws an hour of the measured past, the same one before and after the
changes, and lets every workload use what it used then, spread evenly over its tasks. Without a history there is one
simulation with the use that the snapshot holds, and the intervals have no width.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from aurora.cluster.changes import Change, apply_changes
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.plan import Effect, Estimate, Measure
from aurora.cluster.resources import CPU, MEMORY
from aurora.cluster.snapshot import Snapshot
from aurora.cluster.what_if import outlook
from aurora.learning.series.series import Series
from aurora.sim.policies.policy import Policy
from aurora.types import FloatArray

RUNS = 500
"""Simulations of each side, where there is a history."""
HOUR = 3600
LEVEL = 0.8
"""Share of the simulations that an interval holds."""


def simulate_effect(
    snapshot: Snapshot,
    changes: Sequence[Change],
    policy: Policy = DEFAULT_POLICY,
    *,
    history: Sequence[Series] = (),
    runs: int = RUNS,
    seed: int = 0,
) -> Effect:
    """Return the simulated effect of changes.

    Args:
        snapshot: The cluster before.
        changes: Changes, made one after the other; tasks that they leave without a node are placed by the policy.
        policy: Policy that places.
        history: Measured use of whole workloads, with the labels `workload` and `metric` (cpu or memory), in cores and
            GiB. Of workloads without a series, the snapshot's measured use stands still.
        runs: Simulations of each side.
        seed: Random seed of the hours that are drawn.

    Raises:
        InputError: A change names something that is not there.
        PolicyError: An expression of the policy is not valid.
    """
    sides = (outlook(snapshot, policy), outlook(apply_changes(snapshot, changes), policy))
    measures = [_exact("pending", "", *(len(o.waiting) for o, _ in sides))]
    prices = [o.price_per_hour for o, _ in sides]
    if prices[0] is not None and prices[1] is not None:
        measures.append(_exact("cost_per_hour", "$", prices[0], prices[1]))
    drawn = 1
    for resource, name in ((CPU, "fullest_node_cpu"), (MEMORY, "fullest_node_memory")):
        series = [s for s in history if s.labels.get("metric") == resource and s.labels.get("workload")]
        before, after = (_fullest(after, series, resource, runs, seed) for _, after in sides)
        if before is None or after is None:
            continue
        drawn = max(drawn, len(before))
        measures.append(Measure(name=name, unit="share", before=_estimate(before), after=_estimate(after)))
    past = (
        f"{drawn} hours drawn from {_days(history):g} days of measured use" if drawn > 1 else "measured use of one time"
    )
    return Effect(
        measures=tuple(measures),
        level=LEVEL,
        runs=drawn,
        method=f"{past}; tasks without a node are placed by {policy.policy_id}; every workload keeps its total use",
    )


def _exact(name: str, unit: str, before: float, after: float) -> Measure:
    sides = [Estimate(expected=v, low=v, high=v) for v in (before, after)]
    return Measure(name=name, unit=unit, before=sides[0], after=sides[1])


def _estimate(values: FloatArray) -> Estimate:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(expected=float(values.mean()), low=float(low), high=float(high))


def _days(history: Sequence[Series]) -> float:
    return round(max(len(s) * s.step for s in history) / (24 * HOUR), 1) if history else 0.0


def _fullest(snapshot: Snapshot, history: Sequence[Series], resource: str, runs: int, seed: int) -> FloatArray | None:
    """Return the share of a resource that the fullest node uses at the peak of each drawn hour, float64 [runs].

    None where nothing is measured.
    """
    nodes = {n.node_id: k for k, n in enumerate(snapshot.nodes) if n.allocatable.get(resource, 0.0) > 0}
    room = np.array([n.allocatable.get(resource, 0.0) for n in snapshot.nodes])
    running = [t for t in snapshot.tasks if t.state == "running" and t.node_id in nodes]
    known = {s.labels["workload"]: s for s in history}
    steady = np.zeros(len(snapshot.nodes))
    is_measured = False
    for task in running:
        if task.workload_id not in known and resource in task.used:
            steady[nodes[str(task.node_id)]] += task.used[resource]
            is_measured = True
    counts = Counter(str(t.workload_id) for t in running if t.workload_id in known)
    if not counts:
        return np.array([(steady[room > 0] / room[room > 0]).max()]) if is_measured else None
    length = min(len(known[w]) for w in counts)
    step = max(known[w].step for w in counts)
    use = np.zeros((len(snapshot.nodes), length))
    for task in running:
        if task.workload_id in counts:
            workload = str(task.workload_id)
            use[nodes[str(task.node_id)]] += known[workload].y[-length:] / counts[workload]
    share = (steady[:, None] + use)[room > 0] / room[room > 0, None]
    fullest = share.max(axis=0)
    width = min(length, max(1, HOUR // step))
    peaks = np.lib.stride_tricks.sliding_window_view(fullest, width).max(axis=1)
    return np.asarray(peaks[np.random.default_rng(seed).integers(0, len(peaks), runs)], np.float64)
