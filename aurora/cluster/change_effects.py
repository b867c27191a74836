"""A snapshot in the making: what each change of `aurora.cluster.changes` does to nodes, tasks and workloads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from itertools import count as numbers
from typing import Literal

from aurora.cluster.resources import TOLERANCE, Amounts, amount_text, total, unit_of
from aurora.cluster.snapshot import Container, Node, Snapshot, Task, Workload
from aurora.errors import InputError

BOUND_KINDS = ("daemon", "static")
"""Kinds of tasks that stay with their node."""
CORDON_TAINT = "node.kubernetes.io/unschedulable"
"""Key of the taint that Kubernetes gives a cordoned node."""
_NAMES_LISTED = 3
_NAMES_COMPARED = 5_000
"""Most names among which the nearest are looked for."""


class Draft:
    """Nodes, tasks and workloads of a snapshot by id, which changes replace.

    Args:
        snapshot: Where it starts from; it is not changed.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.before = snapshot
        self.nodes = dict(snapshot.nodes_by_id)
        self.tasks = dict(snapshot.tasks_by_id)
        self.workloads = dict(snapshot.workloads_by_id)

    def snapshot(self) -> Snapshot:
        """Return the snapshot as it is now."""
        # Not model_copy, which would keep the cached lookups of the snapshot before.
        fields = {name: getattr(self.before, name) for name in Snapshot.model_fields}
        fields |= {"nodes": tuple(self.nodes.values()), "tasks": tuple(self.tasks.values())}
        return Snapshot(**fields | {"workloads": tuple(self.workloads.values())})

    def node(self, node_id: str, parameter: str = "node_id") -> Node:
        """Return a node.

        Raises:
            InputError: There is none of that id; the message has the nearest.
        """
        if node_id not in self.nodes:
            raise unknown("node", node_id, self.nodes, parameter)
        return self.nodes[node_id]

    def task(self, task_id: str) -> Task:
        """Return a task; see `node`."""
        if task_id not in self.tasks:
            raise unknown("task", task_id, self.tasks, "task_id")
        return self.tasks[task_id]

    def workload(self, workload_id: str) -> Workload:
        """Return a workload; see `node`."""
        if workload_id not in self.workloads:
            raise unknown("workload", workload_id, self.workloads, "workload_id")
        return self.workloads[workload_id]

    def container(self, workload_id: str, name: str) -> Container:
        """Return a container of a workload; see `node`."""
        containers = {c.name: c for c in self.workload(workload_id).containers}
        if name not in containers:
            raise unknown(f"container of {workload_id}", name, containers, "container")
        return containers[name]

    def replicas(self, workload_id: str) -> int:
        """Return how many tasks a workload wants; as many as it has where that is not known."""
        wanted = self.workload(workload_id).replicas
        return len(self.live(workload_id)) if wanted is None else wanted

    def live(self, workload_id: str) -> list[Task]:
        """Return the pending and running tasks of a workload."""
        return [t for t in self.tasks.values() if t.workload_id == workload_id and t.state in ("pending", "running")]

    def on(self, node_id: str) -> list[Task]:
        """Return the tasks that hold resources of a node."""
        return [t for t in self.tasks.values() if t.node_id == node_id and t.holds_resources]

    def leaving(self, node_id: str) -> list[Task]:
        """Return the tasks that a drain takes off a node."""
        return [t for t in self.on(node_id) if t.kind not in BOUND_KINDS]

    def put(self, task: Task, **fields: object) -> None:
        """Replace fields of a task."""
        self.tasks[task.task_id] = task.model_copy(update=fields)

    def stop(self, task: Task) -> None:
        """Take a task off its node: it waits, or has failed where nothing makes it again."""
        if self.is_made_again(task):
            self.put(task, state="pending", node_id=None, started_at=None)
        else:
            self.put(task, state="failed")

    def is_made_again(self, task: Task) -> bool:
        """Return whether a task comes back after it is stopped: a pod without a workload does not."""
        return self.before.system != "kubernetes" or task.workload_id is not None


def unknown(what: str, name: str, known: Collection[str], parameter: str) -> InputError:
    """Return the error for a name that is not there, with the nearest that are."""
    some = list(known)[:_NAMES_COMPARED]
    near = get_close_matches(name, some, n=_NAMES_LISTED, cutoff=0.4) or some[:_NAMES_LISTED]
    hint = f"; nearest: {', '.join(near)}" if near else "; there is none at all"
    return InputError(f"no such {what}{hint}", parameter=parameter, value=name)


def place(draft: Draft, task_id: str, node_id: str) -> None:
    """Put a pending task on a node.

    Raises:
        InputError: The task is not pending, or on a node.
    """
    task, _ = draft.task(task_id), draft.node(node_id)
    if task.state != "pending" or task.node_id is not None:
        where = f" on {task.node_id}" if task.node_id else ""
        raise InputError(
            f"it is {task.state}{where}; only a pending task can be placed", parameter="task_id", value=task_id
        )
    draft.put(task, state="running", node_id=node_id, pending_reason="")


def move(draft: Draft, task_id: str, node_id: str) -> None:
    """Put a running task on another node.

    Raises:
        InputError: The task does not run, runs there already, or stays with its node.
    """
    task, _ = draft.task(task_id), draft.node(node_id)
    if task.state != "running":
        raise InputError(f"it is {task.state}; only a running task can be moved", parameter="task_id", value=task_id)
    if task.node_id == node_id:
        raise InputError(f"{task_id} runs there already", parameter="node_id", value=node_id)
    if task.kind in BOUND_KINDS:
        raise InputError(f"it is {task.kind} and stays with its node", parameter="task_id", value=task_id)
    draft.put(task, node_id=node_id)


def evict(draft: Draft, task_id: str) -> None:
    """Take a task off its node.

    Raises:
        InputError: The task is on no node, or stays with it.
    """
    task = draft.task(task_id)
    if not task.holds_resources:
        raise InputError(f"it is {task.state} and on no node", parameter="task_id", value=task_id)
    if task.kind in BOUND_KINDS:
        raise InputError(f"it is {task.kind} and stays with its node", parameter="task_id", value=task_id)
    draft.stop(task)


def cordon(draft: Draft, node_id: str, is_cordoned: bool) -> None:
    """Close a node to new tasks, or open it."""
    node = draft.node(node_id)
    taints = node.taints if is_cordoned else tuple(t for t in node.taints if t.key != CORDON_TAINT)
    draft.nodes[node_id] = node.model_copy(update={"is_cordoned": is_cordoned, "taints": taints})


def scale(draft: Draft, workload_id: str, replicas: int) -> None:
    """Add pending tasks to a workload, or take away: waiting ones first, then where most are, the newest first.

    Raises:
        InputError: It is a DaemonSet.
    """
    workload, live = draft.workload(workload_id), draft.live(workload_id)
    if workload.kind == "DaemonSet":
        raise InputError("a DaemonSet has a task on every node it fits", parameter="workload_id", value=workload_id)
    draft.workloads[workload_id] = workload.model_copy(update={"replicas": replicas})
    for task in _first_to_go(live)[: max(0, len(live) - replicas)]:
        del draft.tasks[task.task_id]
    for _ in range(replicas - len(live)):
        added = _another(draft, workload, live)
        draft.tasks[added.task_id] = added


def _first_to_go(tasks: list[Task]) -> list[Task]:
    crowd = Counter(t.node_id for t in tasks)
    newest = (
        sorted(tasks, key=lambda t: (t.created_at is not None, t.created_at, t.task_id), reverse=True)
        if all(t.created_at is not None for t in tasks)
        else sorted(tasks, key=lambda t: t.task_id, reverse=True)
    )
    return sorted(newest, key=lambda t: (t.node_id is not None, t.state == "running", -crowd[t.node_id]))


def _another(draft: Draft, workload: Workload, live: list[Task]) -> Task:
    """Return a new pending task of a workload, like those it has."""
    namespace, _, rest = workload.workload_id.partition("/")
    stem = f"{namespace}/{rest.rpartition('/')[2]}" if rest else workload.workload_id
    task_id = next(name for k in numbers(1) if (name := f"{stem}-added-{k}") not in draft.tasks)
    if not live:
        requests, limits = (pod_total(workload.containers, field) for field in ("requests", "limits"))
        return Task(
            task_id=task_id,
            workload_id=workload.workload_id,
            state="pending",
            containers=workload.containers,
            requests=requests,
            limits=limits,
            used={},
        )
    fresh = {"state": "pending", "node_id": None, "created_at": None, "started_at": None, "pending_reason": ""}
    return live[0].model_copy(update={"task_id": task_id, **fresh, "restarts": 0, "out_of_memory_kills": 0})


def pod_total(containers: Iterable[Container], field: Literal["requests", "limits"]) -> dict[str, float]:
    """Return what the containers of a task need at once: the larger of what runs for good and of any start step.

    Sidecars count for both. The task's overhead is not included.
    """
    amounts: dict[str, list[Amounts]] = {"main": [], "init": [], "sidecar": []}
    for container in containers:
        amounts[container.kind].append(container.requests if field == "requests" else container.limits)
    steady = total([*amounts["main"], *amounts["sidecar"]])
    starts = [total([init, *amounts["sidecar"]]) for init in amounts["init"]]
    return {
        r: max(a.get(r, 0.0) for a in (steady, *starts)) for r in dict.fromkeys(r for a in (steady, *starts) for r in a)
    }


def resize(
    draft: Draft,
    workload_id: str,
    name: str,
    requests: Mapping[str, float | None],
    limits: Mapping[str, float | None],
) -> None:
    """Give a container of a workload, and of each of its live tasks, other requests and limits.

    Raises:
        InputError: Nothing is to change, or a request would be above its limit.
    """
    if not requests and not limits:
        raise InputError("give a request or a limit to change", parameter="requests")
    resized = _resized(draft.container(workload_id, name), requests, limits)
    for resource, asked in resized.requests.items():
        limit = resized.limits.get(resource)
        if limit is not None and asked > limit + TOLERANCE:
            what = f"{resource} of {amount_text(resource, asked)} is above the limit of {amount_text(resource, limit)}"
            raise InputError(f"{what}; change both", parameter="requests")
    workload = draft.workload(workload_id)
    containers = tuple(resized if c.name == name else c for c in workload.containers)
    draft.workloads[workload_id] = workload.model_copy(update={"containers": containers})
    for task in draft.live(workload_id):
        after = tuple(_resized(c, requests, limits) if c.name == name else c for c in task.containers)
        draft.put(
            task,
            containers=after,
            requests=_shifted(task.requests, pod_total(task.containers, "requests"), pod_total(after, "requests")),
            limits=_shifted(task.limits, pod_total(task.containers, "limits"), pod_total(after, "limits")),
        )


def _resized(
    container: Container, requests: Mapping[str, float | None], limits: Mapping[str, float | None]
) -> Container:
    return container.model_copy(
        update={"requests": _merged(container.requests, requests), "limits": _merged(container.limits, limits)}
    )


def _merged(amounts: Amounts, new: Mapping[str, float | None]) -> dict[str, float]:
    return {r: value for r, value in {**amounts, **new}.items() if value is not None}


def _shifted(amounts: Amounts, before: Amounts, after: Amounts) -> dict[str, float]:
    """Return a task's amounts after its containers' total has changed; its overhead stays."""
    shifted = {
        r: max(0.0, after.get(r, 0.0) + (amounts.get(r, 0.0) - before.get(r, 0.0))) for r in {**amounts, **after}
    }
    return {r: value for r, value in shifted.items() if value > TOLERANCE or r in after or r not in before}


def fail_node(draft: Draft, node_id: str) -> None:
    """Take a node down; its daemons and static tasks fail, others wait."""
    draft.nodes[node_id] = draft.node(node_id).model_copy(update={"is_ready": False, "used": {}})
    for task in draft.on(node_id):
        if task.kind in BOUND_KINDS:
            draft.put(task, state="failed")
        else:
            draft.stop(task)


def remove_node(draft: Draft, node_id: str) -> None:
    """Take a node away with its daemons and static tasks; others wait."""
    fail_node(draft, node_id)
    del draft.nodes[node_id]
    for task in [t for t in draft.tasks.values() if t.node_id == node_id and t.kind in BOUND_KINDS]:
        del draft.tasks[task.task_id]


def add_nodes(draft: Draft, like: str, count: int) -> None:
    """Add empty nodes like a given one, each with its daemons."""
    model = draft.node(like, "like")
    daemons = [t for t in draft.on(like) if t.kind == "daemon"]
    free = (f"{like}-added-{k}" for k in numbers(1))
    for node_id in [next(name for name in free if name not in draft.nodes) for _ in range(count)]:
        labels = {k: node_id if v == like else v for k, v in model.labels.items()}
        fresh = {"is_ready": True, "is_cordoned": False, "conditions": (), "maintenance": (), "used": {}}
        taints = tuple(t for t in model.taints if not t.key.startswith("node.kubernetes.io/"))
        draft.nodes[node_id] = model.model_copy(
            update={"node_id": node_id, "labels": labels, "taints": taints, **fresh}
        )
        for daemon in daemons:
            task_id = f"{daemon.task_id}-{node_id}"
            draft.tasks[task_id] = daemon.model_copy(update={"task_id": task_id, "node_id": node_id})


def load(draft: Draft, factor: float, workload_id: str | None, of: Literal["requests", "use", "both"]) -> None:
    """Multiply the cores, memory and disk that tasks ask for or use; counts of devices stay."""
    if workload_id is not None:
        draft.workload(workload_id)
    more: Counter[tuple[str, str]] = Counter()
    for task in [t for t in draft.tasks.values() if t.state in ("pending", "running")]:
        if workload_id is not None and task.workload_id != workload_id:
            continue
        fields: dict[str, object] = {}
        if of != "use":
            fields["requests"] = _times(task.requests, factor)
            fields["containers"] = tuple(
                c.model_copy(update={"requests": _times(c.requests, factor)}) for c in task.containers
            )
        if of != "requests":
            fields["used"] = _times(task.used, factor)
            if task.node_id is not None:
                more.update({(task.node_id, r): (factor - 1) * value for r, value in task.used.items() if unit_of(r)})
        draft.put(task, **fields)
    for (node_id, resource), extra in more.items():
        node = draft.nodes[node_id]
        if resource in node.used:
            used = {**node.used, resource: max(0.0, node.used[resource] + extra)}
            draft.nodes[node_id] = node.model_copy(update={"used": used})


def _times(amounts: Amounts, factor: float) -> dict[str, float]:
    """Return amounts times a factor; counts, such as devices, stay."""
    return {r: value * factor if unit_of(r) else value for r, value in amounts.items()}


def price(draft: Draft, factor: float, node_id: str | None) -> None:
    """Multiply the price of one node, or of all that have one.

    Raises:
        InputError: No node concerned has a price.
    """
    concerned = list(draft.nodes.values()) if node_id is None else [draft.node(node_id)]
    priced = [n for n in concerned if n.price_per_hour is not None]
    if not priced:
        which = "no node of the snapshot has a price" if node_id is None else f"the price of {node_id} is not known"
        raise InputError(f"{which}; read prices into the snapshot first", parameter="node_id")
    for node in priced:
        draft.nodes[node.node_id] = node.model_copy(update={"price_per_hour": (node.price_per_hour or 0.0) * factor})
