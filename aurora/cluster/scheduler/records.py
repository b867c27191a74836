"""Reads the log of a shadow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

from pydantic import ValidationError

from aurora import journal
from aurora.cluster.scenario import short_name
from aurora.cluster.scheduler.shadow import FORMAT, WORK_FIELDS
from aurora.errors import DataError, PolicyError
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.policies.references import DeviceChoice
from aurora.sim.scenarios.scenario import Scenario, Task
from aurora.validation import explain_validation


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
        device_choice: Which device of a node the cluster gave to a task that shares one; None: not known.
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
    device_choice: DeviceChoice | None = None
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
        part.device_choice = _device_choice(record.get("device_choice"))
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


def _device_choice(name: Any) -> DeviceChoice | None:
    if name is not None and name not in get_args(DeviceChoice):
        raise ValueError(f"device_choice: {str(name)[:40]!r}")
    return cast("DeviceChoice | None", name)


def _life(part: Part, name: str) -> str:
    """Return the id of a task; one that ended and came again under its name, as those of stateful sets, is another."""
    life = part.lives[name]
    return short_name(name) if not life else f"{short_name(name)[:110]}#{life + 1}"


def _known(part: Part, name: Any) -> str:
    if name not in part.numbers:
        raise ValueError(f"{str(name)[:40]!r} is no node of it")
    return str(name)
