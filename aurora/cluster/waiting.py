"""Explains why a task waits or is not on a node, and the smallest changes that would put it there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import combinations
from typing import Any, Literal, NamedTuple

from aurora.cluster.feasibility import Reason, Room, summary
from aurora.cluster.resources import PODS, TOLERANCE, amount_text
from aurora.cluster.snapshot import Snapshot, Task
from aurora.errors import InputError

MAX_MOVED_TOGETHER = 3
"""Most tasks whose moving elsewhere is considered to make room."""
MAX_CONSIDERED = 24
"""Most tasks of a node among which those that move are sought."""
MAX_REMEDIES = 5


class Step(NamedTuple):
    """One of the changes that would let a node take a task.

    Attributes:
        kind: `move` another task away, `free` an amount, `allow` what a constraint forbids, `wait` for its end, or
            `enlarge` a node.
        text: The change in words.
        task_id: The task that moves; empty for other kinds.
        to_node: Where it would fit.
        reason: The reason that the change removes.
    """

    kind: Literal["move", "free", "allow", "wait", "enlarge"]
    text: str
    reason: Reason
    task_id: str = ""
    to_node: str = ""


class Remedy(NamedTuple):
    """Changes that would let a node take a task.

    Attributes:
        node_id: The node.
        steps: The changes; empty if it fits now.
        likewise: Other nodes for which the same changes do the same, where such nodes are told together.
    """

    node_id: str
    steps: tuple[Step, ...]
    likewise: tuple[str, ...] = ()

    @property
    def sense(self) -> tuple[str, ...]:
        """What is to be done, in words that don't name the node; equal for nodes that can be told together."""
        return tuple(
            s.text.partition(": ")[0] if s.kind == "enlarge" else _unnamed(s, self.node_id) for s in self.steps
        )

    def command(self, task_id: str) -> str | None:
        """Return the command that makes a plan of it for a task; None where no plan can do it."""
        if not all(s.kind == "move" or s.reason.kind == "cordoned" for s in self.steps):
            return None
        return f"aurora plan new SNAPSHOT --remedy {shlex.quote(f'{task_id}={self.node_id}')}"


class WhyWaiting(NamedTuple):
    """Why a task waits.

    Attributes:
        task_id: The task.
        seconds: How long it has waited when the snapshot was taken; None if not known.
        system_reason: The words of its own system; empty if there are none.
        summary: How many nodes fit, and what the others lack.
        nodes: Every node with its reasons; empty where it fits.
        fits_now: Nodes that fit now.
        never: Why no node could take it even if everything were free; empty if one could.
        remedies: The smallest changes that would place it, the fewest first; nodes that need the same are together.
    """

    task_id: str
    seconds: float | None
    system_reason: str
    summary: str
    nodes: tuple[tuple[str, tuple[Reason, ...]], ...]
    fits_now: tuple[str, ...]
    never: str
    remedies: tuple[Remedy, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as JSON values."""
        return {
            **self._asdict(),
            "nodes": [{"node_id": n, "reasons": [r.text for r in reasons]} for n, reasons in self.nodes],
            "remedies": [
                {
                    "node_id": r.node_id,
                    "likewise": list(r.likewise),
                    "steps": [s.text for s in r.steps],
                    "command": r.command(self.task_id),
                }
                for r in self.remedies
            ],
        }


def why_waiting(snapshot: Snapshot, task_id: str, *, room: Room | None = None) -> WhyWaiting:
    """Explain why a task waits.

    Args:
        snapshot: The system.
        task_id: A waiting task.
        room: Room of the snapshot, if there is one already.

    Raises:
        InputError: The snapshot has no such task, or it does not wait.
    """
    task = known_task(snapshot, task_id)
    if task.state != "pending" or task.node_id is not None:
        where = f" on {task.node_id}" if task.node_id else ""
        raise InputError(f"{task_id!r} does not wait: it is {task.state}{where}", parameter="task_id")
    room = room or Room(snapshot)
    nodes = tuple(room.all_reasons(task))
    seconds = None if task.created_at is None else (snapshot.taken_at - task.created_at).total_seconds()
    remedies = _ranked(room, task, [(n, why) for n, why in nodes if why])
    return WhyWaiting(
        task_id,
        seconds,
        task.pending_reason,
        summary(nodes),
        nodes,
        tuple(n for n, why in nodes if not why),
        never_fits(snapshot, task),
        tuple(_together(remedies)[:MAX_REMEDIES]),
    )


def _together(remedies: list[Remedy]) -> list[Remedy]:
    """Return remedies with the nodes that need the same changes in one, in the order of the first of each.

    Left out is what asks for a larger node and more besides where a larger node alone is enough.
    """
    alike: dict[tuple[str, ...], list[Remedy]] = {}
    for remedy in remedies:
        alike.setdefault(remedy.sense, []).append(remedy)
    larger = [set(sense) for sense, (first, *_) in alike.items() if all(s.kind == "enlarge" for s in first.steps)]
    alike = {sense: found for sense, found in alike.items() if not any(one < set(sense) for one in larger if one)}
    return [first._replace(likewise=tuple(r.node_id for r in others)) for first, *others in alike.values()]


def _unnamed(step: Step, node_id: str) -> str:
    """Return what a step does, in words that don't name its node."""
    if step.kind == "enlarge":
        return step.text.partition(": ")[0]
    return re.sub(rf"(?<![\w./-]){re.escape(node_id)}(?![\w./-])", "it", step.text)


def remedies_of(snapshot: Snapshot, task_id: str) -> list[Remedy]:
    """Return the smallest changes that would let each node take a waiting task, the fewest first.

    Raises:
        InputError: The snapshot has no such task.
    """
    task, room = known_task(snapshot, task_id), Room(snapshot)
    return _ranked(room, task, list(room.all_reasons(task)))


def _ranked(room: Room, task: Task, nodes: list[tuple[str, tuple[Reason, ...]]]) -> list[Remedy]:
    return sorted((_remedy(room, task, n, why) for n, why in nodes), key=_effort)


def why_not(snapshot: Snapshot, task_id: str, node_id: str, *, room: Room | None = None) -> Remedy:
    """Return the smallest changes that would let a node take a task; none if it fits.

    A task that runs elsewhere is judged as if it had given back its room.

    Raises:
        InputError: The snapshot has no such task or node, or the task is on that node.
    """
    task = known_task(snapshot, task_id)
    if node_id not in snapshot.nodes_by_id:
        raise InputError(f"no node {node_id!r}; there are {_few(list(snapshot.nodes_by_id))}", parameter="node_id")
    if task.holds_resources and task.node_id == node_id:
        raise InputError(f"{task_id!r} is on {node_id!r}", parameter="node_id")
    room = room or Room(snapshot)
    previous = room.give_back(task) if room.node_of(task_id) is not None else None
    try:
        return _remedy(room, task, node_id, room.reasons(task, node_id))
    finally:
        if previous is not None:
            room.take(task, previous)


def known_task(snapshot: Snapshot, task_id: str) -> Task:
    """Return a task of a snapshot.

    Raises:
        InputError: There is none of that id.
    """
    if task_id not in snapshot.tasks_by_id:
        near = [t for t in snapshot.tasks_by_id if task_id.lower() in t.lower()]
        hint = f"did you mean {_few(near)}?" if near else f"there are {_few(list(snapshot.tasks_by_id))}"
        raise InputError(f"no task {task_id!r}; {hint}", parameter="task_id")
    return snapshot.tasks_by_id[task_id]


def _few(names: list[str]) -> str:
    return ", ".join(names[:MAX_REMEDIES]) + (
        f" and {len(names) - MAX_REMEDIES} more" if len(names) > MAX_REMEDIES else ""
    )


def _effort(remedy: Remedy) -> tuple[int, int]:
    """Order remedies: those that only move tasks or free room first, then the fewest steps."""
    hard = sum(s.kind in ("allow", "enlarge") for s in remedy.steps)
    return hard, len(remedy.steps)


def _remedy(room: Room, task: Task, node_id: str, reasons: tuple[Reason, ...]) -> Remedy:
    steps: list[Step] = []
    lacking = [r for r in reasons if r.kind == "insufficient"]
    if lacking:
        steps += _make_room(room, task, node_id, lacking)
    steps += [_allow(room, task, node_id, r) for r in reasons if r.kind != "insufficient"]
    return Remedy(node_id, tuple(steps))


def _make_room(room: Room, task: Task, node_id: str, lacking: list[Reason]) -> list[Step]:
    node = room.snapshot.nodes_by_id[node_id]
    too_small = [r for r in lacking if r.asked > node.allocatable.get(r.subject, 0.0) + TOLERANCE]
    if too_small:
        return [
            Step(
                "enlarge",
                f"a node with {amount_text(r.subject, r.asked)}: {node_id} has "
                f"{amount_text(r.subject, node.allocatable.get(r.subject, 0.0))} in all",
                r,
            )
            for r in too_small
        ]
    moved = _moves(room, task, node_id, lacking)
    if moved:
        return [
            Step("move", f"move {other.task_id} to {target}", lacking[0], other.task_id, target)
            for other, target in moved
        ]
    return [Step("free", f"free {amount_text(r.subject, r.asked - max(0.0, r.free))} on {node_id}", r) for r in lacking]


def _ends(room: Room, node_id: str, lacking: list[Reason]) -> list[Task]:
    """Return the tasks of a node after whose known ends there is enough room, the earliest first; none if unknown."""
    chosen: list[Task] = []
    missing = {r.subject: r.asked - r.free for r in lacking}
    for task in sorted((t for t in room.tasks_on(node_id) if t.ends_at is not None), key=lambda t: str(t.ends_at)):
        gives = {r: task.requests.get(r, float(r == PODS)) for r in missing}
        if not any(gives[r] > 0 for r in missing if missing[r] > TOLERANCE):
            continue
        chosen.append(task)
        missing = {r: left - gives[r] for r, left in missing.items()}
        if all(left <= TOLERANCE for left in missing.values()):
            return chosen
    return []


def _moves(room: Room, task: Task, node_id: str, lacking: list[Reason]) -> list[tuple[Task, str]]:
    """Return the fewest tasks that can move elsewhere so that `task` fits, each with where it would go."""
    movable = [
        t
        for t in room.tasks_on(node_id)
        if t.kind == "pod" and any(t.requests.get(r.subject, float(r.subject == PODS)) > 0 for r in lacking)
    ]
    first = lacking[0]
    movable.sort(key=lambda t: t.requests.get(first.subject, 0.0))
    for count in range(1, MAX_MOVED_TOGETHER + 1):
        for group in combinations(movable[:MAX_CONSIDERED], count):
            if all(
                sum(t.requests.get(r.subject, float(r.subject == PODS)) for t in group) + max(r.free, 0.0) + TOLERANCE
                >= r.asked
                for r in lacking
            ):
                targets = _elsewhere(room, group, node_id)
                if targets is not None:
                    return list(zip(group, targets, strict=True))
    return []


def _elsewhere(room: Room, group: tuple[Task, ...], node_id: str) -> list[str] | None:
    """Return a node for each task of a group, all of them other than `node_id`; None if one fits nowhere else."""
    for task in group:
        room.give_back(task)
    targets: list[str] = []
    try:
        for task in group:
            fitting = [n for n in room.fitting(task) if n != node_id]
            if not fitting:
                return None
            target = max(fitting, key=lambda n: room.free(n).get("cpu", 0.0))
            room.take(task, target)
            targets.append(target)
        return targets
    finally:
        for task in group:
            if room.node_of(task.task_id) is not None:
                room.give_back(task)
            room.take(task, node_id)


def _allow(room: Room, task: Task, node_id: str, reason: Reason) -> Step:
    texts = {
        "cordoned": f"uncordon {node_id}",
        "not ready": f"bring {node_id} back",
        "taint": f"let {task.task_id} tolerate {reason.subject}, or remove the taint from {node_id}",
        "selector": f"label {node_id} with {reason.subject}, or drop the selector of {task.task_id}",
        "affinity": f"widen the node affinity of {task.task_id}",
        "model": f"allow {task.task_id} the accelerator model of {node_id}",
        "with tasks": f"run a task that matches {reason.subject} near {node_id}",
        "apart from tasks": f"move {reason.subject} away from {node_id}",
        "spread": f"add a task in another domain of {reason.subject} first, or allow a larger skew",
    }
    if reason.kind == "maintenance":
        ends = [e for _, e, why in room.snapshot.nodes_by_id[node_id].maintenance if why == reason.subject]
        until = f" at {ends[0]:%Y-%m-%d %H:%M} UTC" if ends else ""
        return Step("wait", f"wait until {reason.subject} on {node_id} ends{until}", reason)
    return Step("allow", texts[reason.kind], reason)


def never_fits(snapshot: Snapshot, task: Task, *, empty: Room | None = None) -> str:
    """Explain that no node could take a task even if everything were free; empty if one could.

    Args:
        snapshot: The system.
        task: A task.
        empty: Room of the snapshot without its tasks, if there is one already.
    """
    empty = empty or Room(snapshot.model_copy(update={"tasks": ()}))
    others = task.model_copy(update={"affinities": tuple(a for a in task.affinities if a.is_anti)})
    if not snapshot.nodes:
        return "the snapshot has no node"
    found = list(empty.all_reasons(others))
    lasting = [(n, tuple(r for r in why if r.kind not in ("cordoned", "not ready", "maintenance"))) for n, why in found]
    if any(not why for _, why in lasting):
        return ""
    return "; ".join(_lacks(snapshot, task, lasting))


def _lacks(snapshot: Snapshot, task: Task, found: list[tuple[str, tuple[Reason, ...]]]) -> Iterator[str]:
    for resource, asked in task.requests.items():
        most = max(n.allocatable.get(resource, 0.0) for n in snapshot.nodes)
        if asked > most + TOLERANCE:
            yield f"it asks for {amount_text(resource, asked)}, and the largest node has {amount_text(resource, most)}"
            return
    yield f"even with everything free, {summary(found)}"
