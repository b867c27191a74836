"""The nearest of many vectors: exact, whatever their order and whatever was added before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROUGH_ERROR = 1e-4
"""More than a product of two vectors of length 1 can be off in single precision: 1024 terms of 6e-8 each."""


class Near(NamedTuple):
    """A neighbour: its key, and the cosine of the angle to what was asked for, -1 to 1."""

    key: str
    similarity: float


class Vectors:
    """Vectors of length 1 by key; they are only ever added."""

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._places: dict[str, int] = {}
        self._rows: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def add(self, keys: Sequence[str], rows: NDArray[np.float32]) -> None:
        """Add vectors under new keys.

        Args:
            keys: One a row; none of them known.
            rows: Of length 1.
        """
        count = len(self._keys)
        if count + len(keys) > len(self._rows):  # doubled, so that adding costs the same however many there are
            grown = np.empty((max(64, 2 * (count + len(keys))), rows.shape[1]), np.float32)
            grown[:count] = self._rows[:count].reshape(count, rows.shape[1])
            self._rows = grown
        self._rows[count : count + len(keys)] = rows
        for key in keys:
            self._places[key] = len(self._keys)
            self._keys.append(key)

    def nearest(self, asked: NDArray[np.float32], limit: int) -> list[Near]:
        """The `limit` vectors with the largest cosine, nearest first, ties by key.

        A matrix product finds who may be among them; its last bits depend on the shapes. Who is, and in
        which order, is then decided in double precision row by row, which depends on nothing else.
        """
        rows = self._rows[: len(self._keys)]
        if not len(rows) or limit < 1:
            return []
        rough = rows @ asked
        least = np.partition(rough, -limit)[-limit] - ROUGH_ERROR if limit < len(rows) else -np.inf
        places = np.flatnonzero(rough >= least)
        exact = (rows[places].astype(np.float64) * asked.astype(np.float64)).sum(axis=1)
        found = [Near(self._keys[p], float(s)) for p, s in zip(places, exact, strict=True)]
        return sorted(found, key=lambda n: (-n.similarity, n.key))[:limit]
