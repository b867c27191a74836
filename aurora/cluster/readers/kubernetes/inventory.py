"""The objects of a cluster by kind, each once, with what is needed of them; notices when two clusters are mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from aurora.cluster.readers.kubernetes.documents import Item
from aurora.cluster.readers.kubernetes.fields import MAX_NAME, MAX_SHORT_NAME, Object, mapping, name_of, text
from aurora.cluster.readers.kubernetes.kept import OLD_GROUPS, SHAPES, kept
from aurora.cluster.readers.notes import Notes
from aurora.errors import DataError
from aurora.validation import explain_validation

WORKLOAD_KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "ReplicaSet",
    "ReplicationController",
    "Rollout",
    "DeploymentConfig",
)
"""Kinds that make pods."""

NEVER_MADE_AGAIN = ("Node", "Namespace/kube-system", "Namespace/default")
"""Objects of which two with one name and different uids are of two clusters, or of two times far apart."""

QUIET_KINDS = frozenset({"Event", "Secret", "ConfigMap", "Service", "Endpoints", "EndpointSlice", "ServiceAccount"})
"""Kinds without a bearing on where tasks run."""


class Inventory:
    """The objects that were read so far, by kind and by name.

    Args:
        notes: Receives what is left out or mended.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._by_kind: dict[str, dict[str, Object]] = {}
        self._origins: dict[tuple[str, str], str] = {}
        self._unread: Counter[str] = Counter()

    def add(self, items: Iterable[Item], origin: str) -> tuple[str, ...]:
        """Take in the objects of a source.

        Args:
            items: The objects.
            origin: Name of the source in messages.

        Returns:
            The kinds that it had and that are read.

        Raises:
            DataError: An object has no name, or two objects are of different clusters.
        """
        kinds: Counter[str] = Counter()
        for item in items:
            group = OLD_GROUPS.get(item.group, item.group)
            shape = SHAPES.get((group, item.kind))
            if shape is None:
                self._unread[item.kind[:60] if item.kind.isprintable() else "unprintable"] += 1
                continue
            try:
                fields, was_escaped = kept(item.fields, shape)
                name = name_of(fields)
                if len(name) > MAX_NAME + MAX_SHORT_NAME + 1:
                    raise DataError(
                        f"the name {name[:40]!r}… has {len(name)} characters; at most {MAX_NAME} are allowed"
                    )
            except DataError as error:
                raise DataError(f"{origin}: {item.kind}: {error}") from None
            except RecursionError:
                raise DataError(f"{origin}: {item.kind}: nested too deeply") from None
            if not name or name.endswith("/"):
                raise DataError(f"{origin}: {item.kind} number {kinds[item.kind] + 1} has no metadata.name")
            if was_escaped or item.was_escaped:
                self._notes.repaired(
                    "control-characters",
                    "texts held control characters or were longer than 1,024 characters; they are escaped or cut",
                    name,
                )
            if item.is_guessed:
                self._notes.repaired("kind-by-fields", "objects without a kind are recognised by their fields", name)
            kinds[item.kind] += 1
            self._put(item.kind, name, fields, origin)
        return tuple(sorted(kinds))

    def _put(self, kind: str, name: str, fields: dict[str, Any], origin: str) -> None:
        known = self._by_kind.setdefault(kind, {})
        before = known.get(name)
        if before is None:
            known[name] = fields
            self._origins[kind, name] = origin
            return
        first, second = _uid(before), _uid(fields)
        if first == second:
            self._notes.repaired(
                "listed-twice", "objects that occur twice with one uid are read once", f"{kind} {name}"
            )
        elif kind in NEVER_MADE_AGAIN or f"{kind}/{name}" in NEVER_MADE_AGAIN:
            raise DataError(
                f"{kind} {name} has two uids, in {self._origins[kind, name]} and in {origin}: these are two clusters, "
                "or one at two times; give the files of one cluster taken together"
            )
        else:
            self._notes.repaired(
                "replaced-between-lists",
                "objects of one name have two uids, as if replaced between two lists; the one made last is kept",
                f"{kind} {name}",
            )
            if _created(fields) < _created(before):
                return
        known[name] = fields

    def kinds(self) -> frozenset[str]:
        """Return the kinds that were read."""
        return frozenset(self._by_kind)

    def all(self, kind: str) -> dict[str, Object]:
        """Return the objects of a kind by NAMESPACE/NAME, or NAME."""
        return self._by_kind.get(kind, {})

    def workloads(self) -> Iterator[tuple[str, str, Object]]:
        """Yield kind, name and object of all that makes pods."""
        for kind in WORKLOAD_KINDS:
            for name, item in self.all(kind).items():
                yield kind, name, item

    @contextmanager
    def place(self, kind: str, name: str) -> Iterator[None]:
        """Put the source, the kind and the name of an object before the message of an error.

        Raises:
            DataError: The block raised one, or an error of validation.
        """
        try:
            yield
        except ValidationError as error:
            raise DataError(f"{self._origins[kind, name]}: {kind} {name}: {explain_validation(error)}") from None
        except DataError as error:
            raise DataError(f"{self._origins[kind, name]}: {kind} {name}: {error}") from None

    def origins_of(self, kind: str) -> dict[str, set[str]]:
        """Return the names of a kind's objects by the source in which each was first found."""
        found: dict[str, set[str]] = {}
        for name in self.all(kind):
            found.setdefault(self._origins[kind, name], set()).add(name)
        return found

    def note_unread(self) -> None:
        """Note the kinds that were there and are not read."""
        for kind, count in sorted(self._unread.items()):
            if kind in QUIET_KINDS:
                code, message = "kinds-without-bearing", "kinds that have no bearing on where tasks run are not read"
            else:
                code, message = "kinds-not-read", "kinds that are not read; their effect on tasks is not known here"
            self._notes.not_represented(code, message, kind, count)


def _uid(item: Object) -> str:
    return text(mapping(item, "metadata"), "uid")


def _created(item: Object) -> str:
    return text(mapping(item, "metadata"), "creationTimestamp")
