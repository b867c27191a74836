"""What the difference between a cluster's scheduler and a policy is worth, from the log of a shadow.

What happened is taken from the log. What would have happened is simulated: the same tasks arrive at the same times on
the same cluster, hold their room as long as they did, and are placed by the policy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.cluster.scheduler.records import Part, read_log
from aurora.cluster.scheduler.replay import Arrival, Meter, Run, run_arrivals
from aurora.cluster.scheduler.state import ClusterState
from aurora.errors import DataError
from aurora.sim.policies.policy import Policy
from aurora.statistics.intervals import paired_interval
from aurora.types import FloatArray

MIN_TASKS = 30
"""Least number of tasks for an interval."""
MIN_SECONDS, MAX_SECONDS = 1e-3, 1e9
"""Shortest and longest duration of a task that a policy reads."""
MAX_BLOCKS = 100
"""Most blocks of consecutive arrivals that are resampled: tasks close in time depend on one another."""


class Difference(NamedTuple):
    """A measure under both schedulers.

    Attributes:
        measure: Its name.
        unit: Its unit.
        cluster: Under the cluster's scheduler; None where it is not known.
        policy: Under the policy, simulated.
        difference: Policy minus cluster; less is better for every measure.
        low: Lower bound of the 95 % interval of the difference; None with too few tasks.
        high: Upper bound.
    """

    measure: str
    unit: str
    cluster: float | None
    policy: float | None
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What a shadow found.

    Attributes:
        policy_id: The policy.
        parts: Parts of the log, each from a start of the shadow.
        tasks: Tasks that arrived.
        decisions: Tasks that the cluster placed.
        same: Of these, those for which the policy chose the same node.
        none: Of these, those for which the policy chose no node.
        seconds: Seconds that the log covers.
        differences: Measures under both.
        unknown: What is not known, and what follows from it.
    """

    policy_id: str
    parts: int
    tasks: int
    decisions: int
    same: int
    none: int
    seconds: float
    differences: tuple[Difference, ...]
    unknown: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "policy": self.policy_id,
            "parts": self.parts,
            "tasks": self.tasks,
            "decisions": self.decisions,
            "same": self.same,
            "none": self.none,
            "seconds": self.seconds,
            "differences": [d._asdict() for d in self.differences],
            "unknown": list(self.unknown),
        }


def report_shadow(path: Path) -> ShadowReport:
    """Read the log of a shadow and compare what happened with what the policy would have done.

    Raises:
        FileError: The log can't be read.
        DataError: It is no log of a shadow, of another format, or has no decision.
    """
    parts = read_log(path)
    policies = {p.policy.model_dump_json() for p in parts}
    if len(policies) > 1:
        raise DataError(f"{path} has decisions of several policies; write a log for each")
    if not any(p.binds for p in parts):
        raise DataError(f"{path} has no decision yet; let the shadow watch the cluster for longer")
    pairs = [_compared(p) for p in parts if p.arrivals]
    binds = [b for p in parts for b in p.binds.values()]
    return ShadowReport(
        policy_id=parts[0].policy.policy_id,
        parts=len(parts),
        tasks=sum(len(p.arrivals) for p in parts),
        decisions=len(binds),
        same=sum(b.policy == b.cluster for b in binds),
        none=sum(b.policy is None for b in binds),
        seconds=sum(p.until for p in parts),
        differences=_differences(pairs),
        unknown=_unknown(parts, pairs),
    )


class _Pair(NamedTuple):
    """A part under both schedulers.

    Attributes:
        created: float64 [tasks].
        real: What happened.
        other: What the policy would have done.
        until: Seconds.
        stays: Tasks whose end is not known.
        astray: Tasks for which no device had room on the node where the cluster placed them.
        has_guess: Whether it is not known which devices tasks shared.
        is_priced: Whether a node has a price.
        devices: Devices of the cluster.
    """

    created: FloatArray
    real: Run
    other: Run
    until: float
    stays: int
    astray: int
    has_guess: bool
    is_priced: bool
    devices: int


def _compared(part: Part) -> _Pair:
    order = sorted(part.arrivals, key=lambda t: (part.arrivals[t][0].arrival_time, t))
    arrivals = []
    for task_id in order:
        task, allowed = part.arrivals[task_id]
        bind = part.binds.get(task_id)
        length = part.ends.get(task_id, math.inf) - bind.at if bind else math.inf
        usable = None
        if allowed is not None:
            usable = np.unique(np.array([part.numbers[n] for n in part.sets[allowed]], np.int64))
        duration = min(max(length, MIN_SECONDS), MAX_SECONDS)
        arrivals.append(Arrival(task.model_copy(update={"duration": duration}), max(0.0, length), usable))
    real, astray = _as_it_was(part, order, arrivals)
    ends = {t: part.ends[t] for t in part.running if t in part.ends}
    other = run_arrivals(_beginning(part, part.policy), arrivals, until=part.until, ends=ends)
    return _Pair(
        np.array([a.task.arrival_time for a in arrivals]),
        real,
        other,
        part.until,
        sum(math.isinf(a.duration) for a in arrivals),
        astray,
        part.device_choice is None and any(a.task.accelerators and a.task.accelerator_share < 1 for a in arrivals),
        any(n.price_per_hour for n in part.frame.nodes),
        sum(n.accelerators for n in part.frame.nodes),
    )


def _beginning(part: Part, policy: Policy) -> ClusterState:
    """Return the cluster at the start of a part, for a policy."""
    state = ClusterState(part.frame.nodes, policy, scenario=part.frame, names=part.names)
    for node, task in part.running.values():
        state.bind(task, node)
    for name in part.down:
        state.set_up(name, False)
    return state


def _as_it_was(part: Part, order: Sequence[str], arrivals: Sequence[Arrival]) -> tuple[Run, int]:
    """Return what happened, measured on the same model of the cluster, and for how many tasks no device had room."""
    strategy = part.policy.allocation_strategy
    known = strategy.model_copy(update={"device_choice": part.device_choice or strategy.device_choice})
    state, astray = _beginning(part, part.policy.model_copy(update={"allocation_strategy": known})), 0
    start, node = np.full(len(order), np.nan), np.full(len(order), -1, np.int64)
    meter = Meter(state, len(order))
    events: list[tuple[float, int, int, str]] = [(a.task.arrival_time, 1, k, "") for k, a in enumerate(arrivals)]
    for k, task_id in enumerate(order):
        bind = part.binds.get(task_id)
        if bind is not None:
            start[k], node[k] = bind.at, part.numbers[bind.cluster]
            events.append((start[k], 2, k, task_id))
    events += [(at, 0, -1, t) for t, at in part.ends.items()]
    for now, kind, k, task_id in sorted(events):
        if kind == 1:
            meter.take(k)
        elif kind == 0:
            state.delete(task_id, now=now)
        elif arrivals[k].task.task_id not in state:
            astray += not state.bind(arrivals[k].task, int(node[k]), now=now)
            if part.ends.get(task_id, math.inf) <= now:
                state.delete(task_id, now=now)
    return Run(start, node, meter.measures), astray


def _differences(pairs: Sequence[_Pair]) -> tuple[Difference, ...]:
    rows = [
        _difference("wait", "s, mean, to the end at most", pairs, _waits),
        _difference("unplaced", "share of tasks", pairs, lambda _, r: np.isnan(r.start).astype(float)),
        _difference("nodes in use", "mean at arrivals", pairs, lambda _, r: r.measures.nodes_in_use),
    ]
    if any(p.devices for p in pairs):
        rows.append(_difference("fragmentation", "share of devices", pairs, lambda _, r: r.measures.fragmentation))
    if any(p.is_priced for p in pairs):
        rows.append(_difference("price in use", "$/h, mean at arrivals", pairs, lambda _, r: r.measures.price_in_use))
    else:
        rows.append(Difference("price in use", "$/h, mean at arrivals", None, None, None, None, None))
    return tuple(rows)


def _waits(pair: _Pair, run: Run) -> FloatArray:
    """Return how long tasks waited; those that were not placed, until the end."""
    ends = np.where(np.isnan(run.start), pair.until, run.start)
    return np.asarray(np.maximum(0.0, ends - pair.created))


def _difference(measure: str, unit: str, pairs: Sequence[_Pair], values: Any) -> Difference:
    real = np.concatenate([values(p, p.real) for p in pairs])
    other = np.concatenate([values(p, p.other) for p in pairs])
    low = high = None
    if len(real) >= MIN_TASKS:
        blocks = np.array_split(other - real, min(MAX_BLOCKS, max(2, int(math.sqrt(len(real))))))
        interval = paired_interval(np.array([b.mean() for b in blocks]))
        low, high = interval.low, interval.high
    return Difference(measure, unit, float(real.mean()), float(other.mean()), float((other - real).mean()), low, high)


def _unknown(parts: Sequence[Part], pairs: Sequence[_Pair]) -> tuple[str, ...]:
    found = ["the policy's side is simulated: it was never in charge, and users may have reacted to what they saw"]
    waits = np.concatenate([_waits(p, p.real) for p in pairs])
    if float(np.median(waits)) > 0:
        found.append(
            f"half of the tasks waited for {float(np.median(waits)):.3g} s or less; that includes the time that the "
            "cluster takes to decide, which the simulated side does not have: a difference in waits up to that is none"
        )
    stays = sum(p.stays for p in pairs)
    if stays:
        found.append(f"{stays} tasks had not ended, or not begun, when the log ends; they are taken to stay until then")
    if any(p.has_guess for p in pairs):
        found.append("which device of a node a task shares is not recorded; it is taken to be as the policy chooses")
    astray = sum(p.astray for p in pairs)
    if astray:
        found.append(f"{astray} tasks found no room on a device where the cluster placed them; they count without one")
    if any(p.sets for p in parts):
        found.append("affinities and spreads between tasks are those of the moment when the cluster placed a task")
    if not any(p.is_priced for p in pairs):
        found.append("no node has a price, so nothing is said of money")
    if sum(len(p.created) for p in pairs) < MIN_TASKS:
        found.append(f"there are fewer than {MIN_TASKS} tasks, too few for an interval")
    if len(parts) > 1:
        found.append(f"the shadow was started {len(parts)} times; what happened in between is not known")
    found.append("run times are taken as they were, on whichever node; nodes that went down or came are not simulated")
    return tuple(found)
