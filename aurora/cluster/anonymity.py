"""Replaces the names in a snapshot by pseudonyms, the same name by the same one, so that it can be shared.

Pseudonyms are keyed hashes, see `aurora.learning.series.pseudonyms`: one key gives the same names every time, so two
anonymised snapshots can be compared. Amounts, times, prices, states and structure stay. Types of machines and models
of devices stay too: they are products.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from aurora.cluster.snapshot import Snapshot
from aurora.learning.series.pseudonyms import pseudonym
from aurora.types import Frozen

DIGITS = 8
"""Hexadecimal digits of a pseudonym; they are made longer where two names would get the same one."""
KNOWN_DOMAINS = ("kubernetes.io", "k8s.io", "nvidia.com", "amd.com", "intel.com", "habana.ai", "slurm")
"""Domains of labels and resources that name no owner."""
PLAIN = re.compile(
    r"|true|false|yes|no|linux|windows|amd64|arm64|spot|on-demand|-?\d+(\.\d+)?([KMGT]i?)?", re.IGNORECASE
)
"""Values of labels that name nobody."""
KEPT_VALUES = ("instance-type", "/os", "/arch", "gpu.product", "gpu.memory", "gpu.count", "mig.strategy", "lifecycle")
"""Ends of label keys whose values stay."""
KEPT_NAMES = ("", "default", "kube-system", "kube-public", "kube-node-lease", "argocd", "flux", "helm")
_WORDS = re.compile(r"[\w.-]+(?:/[\w.-]+)*")
M = TypeVar("M", bound=Frozen)


class Anonymised(NamedTuple):
    """An anonymised snapshot.

    Attributes:
        snapshot: The snapshot with pseudonyms.
        names: Number of names that were replaced.
        texts: Number of free texts (reasons, notes) in which known names were replaced and the rest was kept.
    """

    snapshot: Snapshot
    names: int
    texts: int


def anonymise(snapshot: Snapshot, key: str) -> Anonymised:
    """Replace the names in a snapshot by pseudonyms.

    Args:
        snapshot: The snapshot.
        key: Secret of 16 characters or more; the same key gives the same pseudonyms.

    Raises:
        InputError: The key is too short.
    """
    return _Names(key).apply(snapshot)


class _Names:
    """Pseudonyms given so far."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._of: dict[str, str] = {}
        self._taken: set[str] = set()
        self._task_ids: dict[str, str] = {}
        self._origins: tuple[str, ...] = ()
        self._texts = 0
        pseudonym("", key)  # refuses a short key

    def apply(self, snapshot: Snapshot) -> Anonymised:
        """Return the snapshot with pseudonyms."""
        self._origins = tuple(s.origin for s in snapshot.sources if len(s.origin) > 1)
        for node in snapshot.nodes:
            self.name(node.node_id, "node")
            self.name(node.zone, "zone")
        for link in snapshot.links:
            self.name(link.source, "zone")
            self.name(link.target, "zone")
        for workload in snapshot.workloads:
            self.workload(workload.workload_id)
        for task in snapshot.tasks:
            self._task_ids[task.task_id] = self.task_id(task.task_id, task.workload_id)
        tasks = [self._task(t) for t in snapshot.tasks]
        nodes = [self._node(n) for n in snapshot.nodes]
        links = [
            _changed(
                link,
                link_id=self.name(link.link_id, "link"),
                source=self.name(link.source, "zone"),
                target=self.name(link.target, "zone"),
            )
            for link in snapshot.links
        ]
        workloads = [
            _changed(
                w,
                workload_id=self.workload(w.workload_id),
                containers=tuple(_changed(c, name=self.name(c.name, "container")) for c in w.containers),
                managed_by=self.name(w.managed_by, "tool"),
            )
            for w in snapshot.workloads
        ]
        sources = [_changed(s, origin="removed", source_id=f"S{k + 1}") for k, s in enumerate(snapshot.sources)]
        notes = [
            _changed(n, message=self.text(n.message), subjects=tuple(self.text(s, whole=True) for s in n.subjects))
            for n in snapshot.notes
        ]
        found = _changed(
            snapshot,
            snapshot_id=self.name(snapshot.snapshot_id, "system"),
            sources=tuple(sources),
            nodes=tuple(nodes),
            tasks=tuple(tasks),
            workloads=tuple(workloads),
            links=tuple(links),
            notes=tuple(notes),
        )
        return Anonymised(found, len(self._of), self._texts)

    def name(self, name: str | None, kind: str) -> Any:
        """Return the pseudonym of a name; the kind under which it was first seen stays in it."""
        if name is None or name in KEPT_NAMES:
            return name
        if name not in self._of:
            digits = pseudonym(name, self._key)
            length = DIGITS
            while f"{kind}-{digits[:length]}" in self._taken and length < len(digits):
                length += 1
            self._of[name] = f"{kind}-{digits[:length]}"
            self._taken.add(self._of[name])
        return self._of[name]

    def workload(self, workload_id: str | None) -> Any:
        """Return `NAMESPACE/KIND/NAME` with the namespace and the name replaced."""
        if workload_id is None:
            return None
        namespace, slash, rest = workload_id.partition("/")
        kind, second, name = rest.partition("/")
        if not slash or not second:
            return self.name(workload_id, "workload")
        shown = name if name.isdigit() else self.name(name, "app")
        return f"{self.name(namespace, 'space')}/{kind}/{shown}"

    def task_id(self, task_id: str, workload_id: str | None) -> str:
        """Return the id of a task; the name of its workload in it becomes that of the workload."""
        namespace, slash, name = task_id.rpartition("/")
        before = self.name(namespace, "space") + slash if slash else ""
        owner = (workload_id or "").rpartition("/")[2]
        if owner and (name == owner or name.startswith(f"{owner}-")):
            shown = owner if owner.isdigit() else self.name(owner, "app")
            return f"{before}{shown}{name[len(owner) :]}"
        if re.fullmatch(r"\d+([_+]\d+)?(\.n\d+)?", name):  # the number of a job
            return before + name
        return before + str(self.name(name, "task"))

    def key(self, key: str) -> str:
        """Return the key of a label, or the name of a resource."""
        prefix, slash, name = key.rpartition("/")
        if key in ("cpu", "memory", "pods", "metadata.name", "app", "name", "user", "account", "partition", "qos"):
            return key
        if key.startswith(("ephemeral-storage", "hugepages-", "gres/", "attachable-volumes-")):
            return key
        if not slash:
            return str(self.name(key, "key"))
        if prefix.endswith(KNOWN_DOMAINS):
            return f"{prefix}/{self.name(name, 'feature')}" if prefix.endswith("slurm") else key
        return f"{self.name(prefix, 'domain')}/{self.name(name, 'key')}"

    def value(self, key: str, value: str) -> str:
        """Return the value of a label."""
        if PLAIN.fullmatch(value) or key.endswith(KEPT_VALUES):
            return value
        return str(self.name(value, "value"))

    def text(self, text: str, *, whole: bool = False) -> str:
        """Return a free text with the known names in it replaced.

        A name of one letter stays: `a` is a word of most texts.
        """
        given = self._known(text)
        if given is not None or not text:
            return given or text
        self._texts += not whole and " " in text
        for origin in self._origins:  # paths and addresses
            text = text.replace(origin, "a source")
        return _WORDS.sub(lambda match: self._path(match[0]), text)

    def _path(self, path: str) -> str:
        """Return a word of a text, which may be a path with names as its parts, with the names replaced."""
        for name in (path, path.rstrip(".")):
            given = self._known(name)
            if given is not None and len(name) > 1:
                return given + path[len(name) :]
        if "/" not in path or path.rpartition("/")[0].endswith(KNOWN_DOMAINS):
            return path
        return "/".join(self._known(part) or part for part in path.split("/"))

    def _known(self, name: str) -> str | None:
        return self._of.get(name) or self._task_ids.get(name)

    def _amounts(self, amounts: dict[str, float]) -> dict[str, float]:
        return {self.key(r): a for r, a in amounts.items()}

    def _labels(self, labels: dict[str, str]) -> dict[str, str]:
        return {self.key(k): self.value(k, v) for k, v in labels.items()}

    def _term(self, term: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(
            _changed(r, key=self.key(r.key), values=tuple(self.value(r.key, v) for v in r.values)) for r in term
        )

    def _node(self, node: Any) -> Any:
        return _changed(
            node,
            node_id=self.name(node.node_id, "node"),
            zone=self.name(node.zone, "zone"),
            capacity=self._amounts(node.capacity),
            allocatable=self._amounts(node.allocatable),
            used=self._amounts(node.used),
            labels=self._labels(node.labels),
            taints=tuple(_changed(t, key=self.key(t.key), value=self.value(t.key, t.value)) for t in node.taints),
            conditions=tuple(c.partition(":")[0] for c in node.conditions),
            maintenance=tuple((start, end, "maintenance") for start, end, _ in node.maintenance),
        )

    def _task(self, task: Any) -> Any:
        return _changed(
            task,
            task_id=self._task_ids[task.task_id],
            workload_id=self.workload(task.workload_id),
            node_id=self.name(task.node_id, "node"),
            requests=self._amounts(task.requests),
            limits=self._amounts(task.limits),
            used=self._amounts(task.used),
            containers=tuple(
                _changed(
                    c,
                    name=self.name(c.name, "container"),
                    requests=self._amounts(c.requests),
                    limits=self._amounts(c.limits),
                )
                for c in task.containers
            ),
            priority_class=self._priority(task.priority_class),
            labels=self._labels(task.labels),
            node_selector=self._labels(task.node_selector),
            node_affinity=tuple(self._term(t) for t in task.node_affinity),
            preferred_nodes=tuple((w, self._term(t)) for w, t in task.preferred_nodes),
            tolerations=tuple(
                _changed(t, key=None if t.key is None else self.key(t.key), value=self.value(t.key or "", t.value))
                for t in task.tolerations
            ),
            affinities=tuple(
                _changed(
                    a,
                    topology_key=self.key(a.topology_key),
                    selector=self._term(a.selector),
                    namespaces=tuple(self.name(n, "space") for n in a.namespaces),
                )
                for a in task.affinities
            ),
            spreads=tuple(
                _changed(s, topology_key=self.key(s.topology_key), selector=self._term(s.selector))
                for s in task.spreads
            ),
            dependencies=tuple(self._task_ids.get(d) or self.task_id(d, None) for d in task.dependencies),
            gang=self._gang(task.gang),
            data_zone=self.name(task.data_zone, "zone"),
            pending_reason=self.text(task.pending_reason),
        )

    def _priority(self, name: str | None) -> Any:
        return name if name is not None and name.startswith("system-") else self.name(name, "priority")

    def _gang(self, gang: str | None) -> Any:
        if gang is None or gang.isdigit():
            return gang
        return self.workload(gang) if gang.count("/") == 2 else self.name(gang, "gang")  # noqa: PLR2004


def _changed(model: M, **fields: Any) -> M:
    return model.model_copy(update=fields)
