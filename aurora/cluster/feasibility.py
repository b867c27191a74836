"""Which node fits which task, and why not: the filters of a cluster's scheduler over a snapshot.

The rules are those of kube-scheduler's filter plugins (NodeUnschedulable, NodeName, TaintToleration, NodeAffinity,
NodeResourcesFit, InterPodAffinity, PodTopologySpread; Kubernetes 1.35, `pkg/scheduler/framework/plugins`). Partitions
and features of Slurm are labels here, so the same rules hold for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from aurora.cluster.clearances import CLEAR_NOW, Clearance, end_of
from aurora.cluster.resources import GPU, PODS, TOLERANCE, Amounts, amount_text
from aurora.cluster.selectors import matches, term_text, tolerates
from aurora.cluster.snapshot import Affinity, Node, Snapshot, Spread, Taint, Task, Term

ReasonKind = Literal[
    "insufficient",
    "cordoned",
    "not ready",
    "maintenance",
    "taint",
    "selector",
    "affinity",
    "model",
    "with tasks",
    "apart from tasks",
    "spread",
]

NODE_NAME = "metadata.name"
"""Key by which a requirement names nodes instead of labels."""
HOSTNAME = "kubernetes.io/hostname"
"""Topology key of a single node, which a node has even where its labels lack it."""
UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
NOT_READY = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class Reason(NamedTuple):
    """Why a node does not fit a task.

    Attributes:
        kind: Kind of the reason.
        subject: Resource, taint, label or task that it is about.
        asked, free: Amounts for `insufficient`; 0 otherwise.
    """

    kind: ReasonKind
    subject: str = ""
    asked: float = 0.0
    free: float = 0.0

    @property
    def text(self) -> str:
        """The reason in words, without the node."""
        match self.kind:
            case "insufficient":
                asked, free = amount_text(self.subject, self.asked), amount_text(self.subject, max(0.0, self.free))
                return f"insufficient {self.subject}: asks for {asked}, {free} free"
            case "cordoned" | "not ready":
                return f"is {self.kind}"
            case "maintenance":
                return f"under maintenance: {self.subject}"
            case "taint":
                return f"has the taint {self.subject}, which is not tolerated"
            case "selector":
                return f"lacks the label {self.subject}"
            case "affinity":
                return f"does not match the node affinity {self.subject}"
            case "model":
                return f"has no accelerator of model {self.subject}"
            case "with tasks":
                return f"no task near it that matches {self.subject}"
            case "apart from tasks":
                return f"anti-affinity with {self.subject}"
            case "spread":
                return f"would break the spread over {self.subject}"


class Room:
    """The room of a snapshot's nodes, which tasks take and give back one by one.

    Args:
        snapshot: Nodes, and the tasks that hold resources now.
        at: Time at which maintenance windows are looked at; default: when the snapshot was taken.
        clearance: How long nodes must be clear of maintenance.
    """

    def __init__(self, snapshot: Snapshot, *, at: datetime | None = None, clearance: Clearance = CLEAR_NOW) -> None:
        self.snapshot = snapshot
        self._at = at or snapshot.taken_at
        self._clearance = clearance
        self._until = self._at + timedelta(seconds=clearance.ahead)
        self._maintained = [n for n in snapshot.nodes if n.maintenance]
        self._free: dict[str, dict[str, float]] = {n.node_id: dict(n.allocatable) for n in snapshot.nodes}
        self._shares: dict[str, list[float]] = {}
        self._on: dict[str, dict[str, Task]] = {n.node_id: {} for n in snapshot.nodes}
        self._where: dict[str, str] = {}
        self._keeps_apart: dict[str, Task] = {}
        self._selected: dict[tuple[Term, tuple[str, ...]], dict[str, dict[str, Task]]] = {}
        self._domains: dict[str, dict[str, str | None]] = {}
        self._zeros: dict[tuple[str, int], tuple[Mapping[str, tuple[Reason, ...]], dict[str | None, int]]] = {}
        self._positions = {n.node_id: k for k, n in enumerate(snapshot.nodes)}
        self._static: dict[tuple[object, ...], dict[str, tuple[Reason, ...]]] = {}
        for node_id, tasks in snapshot.tasks_by_node.items():
            for task in tasks:
                self.take(task, node_id)

    def free(self, node_id: str) -> Amounts:
        """Return what is free on a node: allocatable minus requests; negative where it is overcommitted."""
        return self._free[node_id]

    def tasks_on(self, node_id: str) -> tuple[Task, ...]:
        """Return the tasks that hold room on a node."""
        return tuple(self._on[node_id].values())

    def node_of(self, task_id: str) -> str | None:
        """Return the node on which a task holds room, None if on none."""
        return self._where.get(task_id)

    def take(self, task: Task, node_id: str) -> None:
        """Let a task take its room on a node, whether or not it fits."""
        self._change(task, node_id, -1.0)
        self._on[node_id][task.task_id] = task
        self._where[task.task_id] = node_id
        for (selector, spaces), by_node in self._selected.items():
            if task.namespace in spaces and matches(selector, task.labels):
                by_node.setdefault(node_id, {})[task.task_id] = task
        if any(a.is_anti and a.is_required for a in task.affinities):
            self._keeps_apart[task.task_id] = task

    def give_back(self, task: Task) -> str:
        """Let a task give back its room; return the node that it was on."""
        node_id = self._where.pop(task.task_id)
        self._change(task, node_id, 1.0)
        del self._on[node_id][task.task_id]
        for by_node in self._selected.values():
            by_node.get(node_id, {}).pop(task.task_id, None)
        self._keeps_apart.pop(task.task_id, None)
        return node_id

    def _change(self, task: Task, node_id: str, sign: float) -> None:
        free = self._free[node_id]
        for resource, amount in task.requests.items():
            free[resource] = free.get(resource, 0.0) + sign * amount
        if PODS in free and PODS not in task.requests:
            free[PODS] += sign
        devices = task.requests.get(GPU, 0.0)
        if 0 < devices < 1 or node_id in self._shares:
            self._shares[node_id] = _packed(
                self.snapshot.nodes_by_id[node_id].allocatable.get(GPU, 0.0),
                [*(t.requests.get(GPU, 0.0) for t in self._on[node_id].values() if t.task_id != task.task_id)]
                + ([devices] if sign < 0 else []),
            )

    def fitting(self, task: Task) -> list[str]:
        """Return the nodes that fit a task now, in the snapshot's order."""
        return [node_id for node_id, reasons in self.all_reasons(task) if not reasons]

    def all_reasons(self, task: Task) -> Iterator[tuple[str, tuple[Reason, ...]]]:
        """Yield every node with the reasons for which it does not fit a task now."""
        static = self.static_reasons(task)
        between = self._between_all(task, static, self.snapshot.nodes)
        for node in self.snapshot.nodes:
            yield node.node_id, self._of_node(task, node.node_id, static, between)

    def reasons(self, task: Task, node_id: str) -> tuple[Reason, ...]:
        """Return why a node does not fit a task now; empty if it fits."""
        static = self.static_reasons(task)
        nodes = (self.snapshot.nodes_by_id[node_id],)
        return self._of_node(task, node_id, static, self._between_all(task, static, nodes))

    def _between_all(
        self, task: Task, static: Mapping[str, tuple[Reason, ...]], nodes: Sequence[Node]
    ) -> list[dict[str, Reason]]:
        """Return, for each rule between tasks that concerns a task, those of some nodes at which it does not hold."""
        rules = [self._between_tasks(task, a, nodes) for a in task.affinities if a.is_required]
        rules += [self._spread(task, s, static, nodes) for s in task.spreads if s.is_required]
        return [*rules, self._apart_from_others(task, nodes)]

    def _matching(self, selector: Term, spaces: tuple[str, ...]) -> Mapping[str, Mapping[str, Task]]:
        """Return the tasks that a selector selects, by node; kept up to date as tasks come and go."""
        key = (selector, spaces)
        if key not in self._selected:
            self._selected[key] = {}
            for node_id, tasks in self._on.items():
                found = {k: t for k, t in tasks.items() if t.namespace in spaces and matches(selector, t.labels)}
                if found:
                    self._selected[key][node_id] = found
        return self._selected[key]

    def _domains_of(self, key: str) -> Mapping[str, str | None]:
        """Return the topology domain of each node; None where a node has none."""
        if key not in self._domains:
            self._domains[key] = {n.node_id: _domain(n, key) for n in self.snapshot.nodes}
        return self._domains[key]

    def _of_node(
        self, task: Task, node_id: str, static: Mapping[str, tuple[Reason, ...]], between: list[dict[str, Reason]]
    ) -> tuple[Reason, ...]:
        rules = (bad[node_id] for bad in between if node_id in bad)
        return (*static[node_id], *self._lacking(task, node_id), *rules)

    def static_reasons(self, task: Task) -> Mapping[str, tuple[Reason, ...]]:
        """Return, by node, the reasons that hold whatever else runs: labels, taints, cordons, models, maintenance."""
        selector = tuple(sorted(task.node_selector.items()))
        key = (selector, task.node_affinity, task.tolerations, task.accelerator_models, task.kind)
        if key not in self._static:
            self._static[key] = {n.node_id: tuple(_static(task, n, self._at, self._until)) for n in self.snapshot.nodes}
        until = self._until_of(task)
        if until == self._until or not self._maintained:
            return self._static[key]
        own = (*key, until)
        if own not in self._static:
            reasons = {n.node_id: tuple(_static(task, n, self._at, until)) for n in self._maintained}
            self._static[own] = {**self._static[key], **reasons}
        return self._static[own]

    def _until_of(self, task: Task) -> datetime:
        """Return until when a node must be clear of maintenance to take a task."""
        end = end_of(task, self._at) if self._clearance.until_end else None
        return self._until if end is None else end - timedelta(microseconds=1)

    def _lacking(self, task: Task, node_id: str) -> Iterator[Reason]:
        free = self._free[node_id]
        for resource, asked in task.requests.items():
            if asked <= 0:
                continue
            left = free.get(resource, 0.0)
            if resource == GPU and node_id in self._shares:
                shares = self._shares[node_id]
                left = max(shares, default=0.0) if asked < 1 else float(sum(s >= 1 - TOLERANCE for s in shares))
            if asked > left + TOLERANCE:
                yield Reason("insufficient", resource, asked, left)
        if PODS in free and PODS not in task.requests and free[PODS] < 1:
            yield Reason("insufficient", PODS, 1.0, free[PODS])

    def _between_tasks(self, task: Task, affinity: Affinity, nodes: Sequence[Node]) -> dict[str, Reason]:
        """Return the nodes at which an affinity of the task itself does not hold."""
        spaces = affinity.namespaces or (task.namespace,)
        domains = self._domains_of(affinity.topology_key)
        matching = self._matching(affinity.selector, spaces)
        asked = {domains[n.node_id] for n in nodes} - {None}
        near: dict[str, str] = {}
        for node_id in matching if len(matching) == 1 else sorted(matching, key=self._position):
            domain = domains[node_id]
            if domain is None or domain in near:
                continue
            if affinity.is_anti and domain not in asked:
                continue
            other = next((name for name in matching[node_id] if name != task.task_id), None)
            if other is not None:
                near[domain] = other
        if affinity.is_anti:
            return {
                n.node_id: Reason("apart from tasks", near[domain])
                for n in nodes
                if (domain := domains[n.node_id]) is not None and domain in near
            }
        if not near and task.namespace in spaces and matches(affinity.selector, task.labels):
            near = {d: "" for d in domains.values() if d is not None}
        text = term_text(affinity.selector)
        return {n.node_id: Reason("with tasks", text) for n in nodes if domains[n.node_id] not in near}

    def _position(self, node_id: str) -> int:
        return self._positions[node_id]

    def _apart_from_others(self, task: Task, nodes: Sequence[Node]) -> dict[str, Reason]:
        """Return the nodes from which the anti-affinity of a task that is there keeps this one away."""
        bad: dict[tuple[str, str], str] = {}
        for other in self._keeps_apart.values():
            node = self.snapshot.nodes_by_id[self._where[other.task_id]]
            for affinity in other.affinities:
                if not (affinity.is_anti and affinity.is_required):
                    continue
                domain = _domain(node, affinity.topology_key)
                spaces = affinity.namespaces or (other.namespace,)
                if domain is not None and _selects(affinity.selector, spaces, task, other):
                    bad.setdefault((affinity.topology_key, domain), other.task_id)
        if not bad:
            return {}
        keys = {key for key, _ in bad}
        found = {}
        for node in nodes:
            names = [bad[key, d] for key in sorted(keys) if (d := _domain(node, key)) is not None and (key, d) in bad]
            if names:
                found[node.node_id] = Reason("apart from tasks", names[0])
        return found

    def _spread(
        self, task: Task, spread: Spread, static: Mapping[str, tuple[Reason, ...]], nodes: Sequence[Node]
    ) -> dict[str, Reason]:
        """Return the nodes at which one more task would break a spread.

        Nodes that the task's selector and affinity exclude do not count, as with `nodeAffinityPolicy: Honor`.
        """
        domains = self._domains_of(spread.topology_key)
        counts = dict(self._countable(spread.topology_key, static))
        for node_id, tasks in self._matching(spread.selector, (task.namespace,)).items():
            domain = domains[node_id]
            if domain in counts and _is_selectable(static[node_id]):
                counts[domain] += len(tasks) - (task.task_id in tasks)
        least = min(counts.values(), default=0) if len(counts) >= spread.min_domains else 0
        own = int(matches(spread.selector, task.labels))
        reason = Reason("spread", spread.topology_key)
        return {
            n.node_id: reason
            for n in nodes
            if (domain := domains[n.node_id]) is None
            or (domain in counts and counts[domain] + own - least > spread.max_skew)
        }

    def _countable(self, key: str, static: Mapping[str, tuple[Reason, ...]]) -> Mapping[str | None, int]:
        """Return the domains of the nodes that a task's selector and affinity allow, each with 0."""
        own = (key, id(static))
        if own not in self._zeros:
            zeros: dict[str | None, int] = {}
            for node_id, domain in self._domains_of(key).items():
                if domain is not None and _is_selectable(static[node_id]):
                    zeros[domain] = 0
            self._zeros[own] = (static, zeros)  # the reasons are kept too, so that their id stays theirs
        return self._zeros[own][1]


def _is_selectable(reasons: tuple[Reason, ...]) -> bool:
    return not any(r.kind in ("selector", "affinity") for r in reasons)


def _static(task: Task, node: Node, at: datetime, until: datetime) -> Iterator[Reason]:
    """Yield the reasons that hold whatever else runs."""
    stays = task.kind in ("daemon", "static")
    if node.is_cordoned and not stays and not any(tolerates(t, UNSCHEDULABLE) for t in task.tolerations):
        yield Reason("cordoned")
    if not node.is_ready and not stays and not any(t.key in NOT_READY for t in node.taints):
        yield Reason("not ready")
    for start, end, reason in node.maintenance:
        if start <= until and at < end and not stays:
            yield Reason("maintenance", reason)
    for taint in node.taints:
        if taint.effect == "PreferNoSchedule" or (taint.key == UNSCHEDULABLE.key and node.is_cordoned):
            continue
        if not any(tolerates(t, taint) for t in task.tolerations):
            yield Reason("taint", f"{taint.key}={taint.value}:{taint.effect}" if taint.value else taint.key)
    for key, value in task.node_selector.items():
        if _labels(node).get(key) != value:
            yield Reason("selector", f"{key}={value}")
    if task.node_affinity and not any(matches(term, _labels(node)) for term in task.node_affinity):
        yield Reason("affinity", " or ".join(term_text(t) for t in task.node_affinity))
    if task.accelerator_models and node.accelerator_model not in task.accelerator_models:
        yield Reason("model", " or ".join(task.accelerator_models))


def _labels(node: Node) -> Mapping[str, str]:
    return {HOSTNAME: node.node_id, NODE_NAME: node.node_id, **node.labels}


def _domain(node: Node, key: str) -> str | None:
    return node.labels.get(key, node.node_id if key in (HOSTNAME, NODE_NAME) else None)


def _selects(selector: Term, namespaces: tuple[str, ...], other: Task, task: Task) -> bool:
    return other.task_id != task.task_id and other.namespace in namespaces and matches(selector, other.labels)


def _packed(devices: float, asked: Iterable[float]) -> list[float]:
    """Return the free share of each device when shares are packed best fit, whole devices first."""
    free = [1.0] * int(devices)
    for amount in sorted(asked, reverse=True):
        if amount >= 1:
            whole = [i for i, share in enumerate(free) if share >= 1 - TOLERANCE][: int(amount)]
            for i in whole:
                free[i] = 0.0
        elif amount > 0:
            rooms = [(share, i) for i, share in enumerate(free) if share + TOLERANCE >= amount]
            if rooms:
                free[min(rooms)[1]] -= amount
    return free


_FILTER_ORDER: tuple[tuple[ReasonKind, ...], ...] = (
    ("cordoned",),
    ("not ready", "maintenance"),
    ("taint",),
    ("selector", "affinity"),
    ("model",),
    ("insufficient",),
    ("spread",),
    ("with tasks", "apart from tasks"),
)
"""Kinds of reasons in the order in which kube-scheduler filters; a node counts for the first that it fails."""


def summary(reasons: Iterable[tuple[str, tuple[Reason, ...]]]) -> str:
    """Return why no node fits in one line, as `kubectl describe pod` counts it.

    >>> summary([("a", (Reason("insufficient", "cpu", 4, 1),)), ("b", (Reason("cordoned"), Reason("spread", "zone")))])
    '0 of 2 nodes fit: 1 insufficient cpu, 1 cordoned'
    """
    counts: Counter[str] = Counter()
    nodes = fitting = 0
    for _, found in reasons:
        nodes += 1
        fitting += not found
        first = next((kinds for kinds in _FILTER_ORDER if any(r.kind in kinds for r in found)), ())
        counts.update(dict.fromkeys((_short(r) for r in found if r.kind in first), 1))
    listed = ", ".join(f"{n} {text}" for text, n in counts.most_common())
    return f"{fitting} of {nodes} nodes fit" + (f": {listed}" if listed else "")


def _short(reason: Reason) -> str:
    match reason.kind:
        case "insufficient":
            return f"insufficient {reason.subject}"
        case "taint":
            return f"untolerated taint {reason.subject}"
        case "selector" | "affinity":
            return f"node {reason.kind} not matched"
        case "with tasks":
            return "affinity to tasks not met"
        case "apart from tasks":
            return "anti-affinity not met"
        case "spread":
            return f"spread over {reason.subject} broken"
        case "model":
            return "another accelerator model"
        case _:
            return reason.kind
