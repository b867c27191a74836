"""Lists of node names, as numbers and as JSON that is put together once.

A question about 5,000 nodes carries 5,000 names, and the answer names them again. Python objects for each of them cost
more than the decision. So a list is resolved with array operations, answers are joined from encoded pieces, and lists
that come again are remembered: kube-scheduler sends to `prioritize` what `filter` answered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from itertools import compress, repeat
from threading import Lock

import numpy as np
import orjson
from numpy.typing import NDArray

from aurora.errors import DataError

KEPT_LISTS = 16
"""Lists that are remembered; 5,000 names have about a megabyte."""
MAX_KEPT_BYTES = 4 << 20
"""Longest list that is remembered, bytes of JSON."""
_ZERO = ord("0")


class NameTable:
    """The names of a cluster's nodes.

    Args:
        names: Names, by number.

    Attributes:
        number_of: Numbers, by name.
        quoted: object [nodes], names as JSON.
    """

    def __init__(self, names: Sequence[str]) -> None:
        own = orjson.loads(orjson.dumps(list(names)))  # side by side in memory: fewer cache misses
        self.number_of = {name: k for k, name in enumerate(own)}
        self.names = np.array(own, dtype=object)
        self.quoted = _objects([orjson.dumps(name) for name in names])
        self.lengths = np.array([len(q) for q in self.quoted.tolist()], np.int64)
        self.entries = _objects([_entry(q) for q in self.quoted.tolist()])

    @cached_property
    def all(self) -> NodeList:
        """All nodes, in the order of their numbers."""
        everyone = np.arange(len(self.names))
        return NodeList(self, tuple(self.number_of), everyone, everyone, everyone)

    def resolve(self, names: Sequence[str], raw: bytes | None = None) -> NodeList:
        """Return a list of names with the numbers of the nodes.

        Args:
            names: The names.
            raw: The same as the JSON list that was sent; None where they were not sent so.
        """
        numbers = np.fromiter(map(self.number_of.get, names, repeat(-1)), np.int64, len(names))
        is_asked = np.zeros(len(self.names), np.bool_)
        is_asked[numbers[numbers >= 0]] = True
        places = np.where(numbers >= 0, (np.cumsum(is_asked) - 1)[numbers], -1)
        return NodeList(self, tuple(names), numbers, np.flatnonzero(is_asked), places, raw)


class NodeList:
    """Nodes that are asked about.

    Args:
        table: The names of the cluster.
        names: Their names.
        numbers: int64 [names], numbers of the nodes; -1 for a name that the cluster does not have.
        candidates: int64 [n], rising numbers of the nodes, each once.
        places: int64 [names], places of the nodes among the candidates; -1 for a name that the cluster does not have.
        raw: The names as the JSON list that was sent; None where they were not sent so.
    """

    def __init__(
        self,
        table: NameTable,
        names: tuple[str, ...],
        numbers: NDArray[np.int64],
        candidates: NDArray[np.int64],
        places: NDArray[np.int64],
        raw: bytes | None = None,
    ) -> None:
        self.table = table
        self.names = names
        self.candidates = candidates
        self._numbers = numbers
        self._raw = raw
        self.places = places
        self._quoted: list[bytes] | None = None
        self._scored: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None

    @property
    def quoted(self) -> list[bytes]:
        """The names as JSON."""
        if self._quoted is None:
            self._quoted = self.table.quoted[self._numbers].tolist()
            for k in np.flatnonzero(self._numbers < 0).tolist():
                self._quoted[k] = orjson.dumps(self.names[k])
        return self._quoted

    def passed(self, is_out: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return by name whether a node is not out; a name that the cluster does not have is not.

        Args:
            is_out: bool [n], by candidate.
        """
        return np.append(~is_out, True)[self.places]

    def encode_names(self, is_kept: NDArray[np.bool_]) -> bytes:
        """Return the names that are kept as a JSON list."""
        if is_kept.all() and self._raw is not None:
            return self._raw
        return b"[" + b",".join(compress(self.quoted, is_kept.tolist())) + b"]"

    def encode_texts(self, is_meant: NDArray[np.bool_], text: str) -> bytes:
        """Return one text for some candidates as the inside of a JSON object, name to text."""
        if not is_meant.any():
            return b""
        value = b":" + orjson.dumps(text)
        return (value + b",").join(self.table.quoted[self.candidates[is_meant]].tolist()) + value

    def encode_scores(self, scores: NDArray[np.int64]) -> bytes:
        """Return `HostPriorityList`.

        Args:
            scores: int64 [n], by candidate, from 0 to 10; names that the cluster does not have get 0.
        """
        values = np.append(scores, 0)[self.places]
        template, digits = self._template()
        filled = template.copy()
        filled[digits] = _ZERO + values % 10
        cuts = digits[values >= 10].tolist()  # noqa: PLR2004  # two digits
        if not cuts:
            return filled.tobytes()
        parts, begin = [], 0
        for cut in cuts:
            parts += [filled[begin:cut].tobytes(), b"1"]
            begin = cut
        return b"".join([*parts, filled[begin:].tobytes()])

    def _template(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the answer with every score 0, and the places of the scores' digits."""
        if self._scored is None:
            entries, lengths = self.table.entries[self._numbers].tolist(), self.table.lengths[self._numbers]
            for k in np.flatnonzero(self._numbers < 0).tolist():
                entries[k], lengths[k] = _entry(self.quoted[k]), len(self.quoted[k])
            whole = b"[" + b",".join(entries) + b"]"
            ends = np.cumsum(lengths + len(_entry(b"")) + 1)
            self._scored = np.frombuffer(whole, np.uint8), ends - 2
        return self._scored


class ListCache:
    """Lists that came before, by their JSON; the least recently used goes first. Safe for threads."""

    def __init__(self) -> None:
        self._lists: OrderedDict[bytes, NodeList] = OrderedDict()
        self._lock = Lock()

    def find(self, raw: bytes, table: NameTable) -> NodeList | None:
        """Return a list that came before; None if it did not, or for another cluster."""
        with self._lock:
            known = self._lists.get(raw)
            if known is None or known.table is not table:
                return None
            self._lists.move_to_end(raw)
            return known

    def keep(self, raw: bytes, nodes: NodeList) -> None:
        """Remember a list."""
        if len(raw) > MAX_KEPT_BYTES:
            return
        with self._lock:
            self._lists[raw] = nodes
            if len(self._lists) > KEPT_LISTS:
                self._lists.popitem(last=False)

    def read(self, raw: bytes, table: NameTable) -> NodeList:
        """Return the list of a JSON text.

        Raises:
            DataError: It is no list of names.
        """
        known = self.find(raw, table)
        if known is None:
            known = table.resolve(names_of(orjson.loads(raw)), raw)
            self.keep(raw, known)
        return known


def names_of(value: object) -> list[str]:
    """Return a list of names.

    Raises:
        DataError: It is none.
    """
    if not isinstance(value, list) or not set(map(type, value)) <= {str}:
        raise DataError("NodeNames: it is no list of names")
    return value


def _entry(quoted: bytes) -> bytes:
    return b'{"Host":' + quoted + b',"Score":0}'


def _objects(values: list[bytes]) -> NDArray[np.object_]:
    found = np.empty(len(values), object)
    found[:] = values
    return found
