"""What the difference between a cluster's scheduler and a policy is worth, from the log of a shadow.

What happened is taken from the log. What would have happened is simulated: the same tasks arrive at the same times on
the same cluster, hold their room as long as they did, and are placed by the policy.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from aurora import journal
from aurora.cluster.scenario import short_name
from aurora.cluster.scheduler.replay import Arrival, Meter, Run, run_arrivals
from aurora.cluster.scheduler.shadow import FORMAT, WORK_FIELDS
from aurora.cluster.scheduler.state import ClusterState
from aurora.errors import DataError, PolicyError
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.scenarios.scenario import Scenario, Task
from aurora.statistics.intervals import paired_interval
from aurora.types import FloatArray
from aurora.validation import explain_validation

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


class Bind(NamedTuple):
    """A placement by the cluster.

    Attributes:
        at: Seconds.
        cluster: The node.
        policy: The node that the policy chose at that moment; None for none.
    """

    at: float
    cluster: str
    policy: str | None


@dataclass(slots=True)
class Part:
    """A part of a log without a break: one start of the shadow.

    Attributes:
        policy: The policy.
        frame: Nodes and objectives.
        names: Names of the nodes.
        down: Nodes that take no tasks at the start.
        running: Node and task of what runs at the start or belongs to its node, by id.
        arrivals: Tasks that came, by id, each with the number of the set of nodes that it may use; None: all.
        binds: Where the cluster placed a task, by id.
        ends: When tasks ended, by id.
        sets: Sets of nodes, by number.
        until: Time of the last record.
        lives: How often a task of a name has ended.
        numbers: Numbers of the nodes, by name.
    """

    policy: Policy
    frame: Scenario
    names: Sequence[str]
    down: Sequence[str] = ()
    running: dict[str, tuple[str, Task]] = field(default_factory=dict)
    arrivals: dict[str, tuple[Task, int | None]] = field(default_factory=dict)
    binds: dict[str, Bind] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    sets: dict[int, Sequence[str]] = field(default_factory=dict)
    until: float = 0.0
    lives: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = {name: k for k, name in enumerate(self.names)}


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


def read_log(path: Path) -> list[Part]:
    """Read the log of a shadow; a torn last line is left out.

    Raises:
        FileError: It can't be read.
        DataError: It is no log of a shadow, or of another format.
    """
    if not journal.is_there(path):
        raise DataError(f"there is no log {path}; `aurora schedule shadow` and `aurora schedule replay` write one")
    parts: list[Part] = []
    for number, record in enumerate(journal.read(path), 1):
        try:
            _take(parts, record)
        except ValidationError as error:
            raise DataError(f"{path}, line {number}: {explain_validation(error)}") from None
        except (KeyError, TypeError, ValueError, IndexError, PolicyError, DataError) as error:
            raise DataError(
                f"{path}, line {number} is no record of a shadow: {type(error).__name__} {str(error)[:80]}"
            ) from None
    if not parts:
        raise DataError(f"{path} is empty; let the shadow write to it first")
    return parts


def _take(parts: list[Part], record: Mapping[str, Any]) -> None:
    kind = record["kind"]
    if kind == "start":
        if record["format"] != FORMAT:
            raise ValueError(f"format {record['format']}, this version reads {FORMAT}")
        frame, names = Scenario.model_validate(record["scenario"]), [str(n) for n in record["names"]]
        if len(names) != len(frame.nodes):
            raise ValueError("names and nodes differ in number")
        part = Part(parse_policy(record["policy"]), frame, names)
        part.down = [_known(part, name) for name in record["down"]]
        part.running = {short_name(r["task"]): (_known(part, r["node"]), _task(r, 0.0)) for r in record["running"]}
        parts.append(part)
        return
    part = parts[-1]
    if kind == "nodes":
        part.sets[int(record["set"])] = [_known(part, name) for name in record["names"]]
        return
    now = float(record["at"])
    if not 0 <= now < math.inf:
        raise ValueError(f"at: {now}")
    part.until = max(part.until, now)
    name = _life(part, record["task"]) if "task" in record else ""
    if kind in ("wait", "bind", "hold"):
        task, allowed = _task(record, float(record["created"])), record.get("allowed")
        task = task.model_copy(update={"task_id": name})
        if kind == "hold":
            part.running[name] = (_known(part, record["node"]), task)
            return
        if name in part.arrivals:
            task = task.model_copy(update={"arrival_time": part.arrivals[name][0].arrival_time})
        if allowed is not None:
            part.sets[allowed]
        part.arrivals[name] = (task, allowed)
        if kind == "bind":
            chosen = record["policy"]
            part.binds[name] = Bind(now, _known(part, record["cluster"]), chosen and _known(part, chosen))
    elif kind == "end":
        part.ends[name] = now
        part.lives[record["task"]] += 1


def _task(record: Mapping[str, Any], created: float) -> Task:
    """Return the task of a record; how long it holds its room is found later."""
    work = {name: record["work"][name] for name in WORK_FIELDS}
    return Task(task_id=short_name(record["task"]), arrival_time=max(0.0, created), duration=1.0, **work)


def _life(part: Part, name: str) -> str:
    """Return the id of a task; one that ended and came again under its name, as those of stateful sets, is another."""
    life = part.lives[name]
    return short_name(name) if not life else f"{short_name(name)[:110]}#{life + 1}"


def _known(part: Part, name: Any) -> str:
    if name not in part.numbers:
        raise ValueError(f"{str(name)[:40]!r} is no node of it")
    return str(name)


class _Pair(NamedTuple):
    """A part under both schedulers.

    Attributes:
        created: float64 [tasks].
        real: What happened.
        other: What the policy would have done.
        until: Seconds.
        stays: Tasks whose end is not known.
        is_priced: Whether a node has a price.
        devices: Devices of the cluster.
    """

    created: FloatArray
    real: Run
    other: Run
    until: float
    stays: int
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
    real = _as_it_was(part, order, arrivals)
    ends = {t: part.ends[t] for t in part.running if t in part.ends}
    other = run_arrivals(_beginning(part), arrivals, until=part.until, ends=ends)
    return _Pair(
        np.array([a.task.arrival_time for a in arrivals]),
        real,
        other,
        part.until,
        sum(math.isinf(a.duration) for a in arrivals),
        any(n.price_per_hour for n in part.frame.nodes),
        sum(n.accelerators for n in part.frame.nodes),
    )


def _beginning(part: Part) -> ClusterState:
    """Return the cluster at the start of a part."""
    state = ClusterState(part.frame.nodes, part.policy, scenario=part.frame, names=part.names)
    for node, task in part.running.values():
        state.bind(task, node)
    for name in part.down:
        state.set_up(name, False)
    return state


def _as_it_was(part: Part, order: Sequence[str], arrivals: Sequence[Arrival]) -> Run:
    """Return what happened, measured on the same model of the cluster."""
    state = _beginning(part)
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
            state.bind(arrivals[k].task, int(node[k]), now=now)
            if part.ends.get(task_id, math.inf) <= now:
                state.delete(task_id, now=now)
    return Run(start, node, meter.measures)


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
