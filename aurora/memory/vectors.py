"""Exact search for nearest vectors; results don't depend on the order in which vectors were added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROUGH_ERROR = 1e-4
"""Bound on the error of a single-precision product of two unit vectors: 1024 terms of 6e-8 each."""


class Near(NamedTuple):
    """A neighbour: its key, and its cosine similarity to the query, -1 to 1."""

    key: str
    similarity: float


class Vectors:
    """Vectors of length 1 by key; vectors are added but never removed."""

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
            keys: Keys of the rows, all of them new.
            rows: Vectors of length 1, float32 [keys, dimensions].
        """
        count = len(self._keys)
        if count + len(keys) > len(self._rows):  # doubled, so that adding takes constant time per vector
            grown = np.empty((max(64, 2 * (count + len(keys))), rows.shape[1]), np.float32)
            grown[:count] = self._rows[:count].reshape(count, rows.shape[1])
            self._rows = grown
        self._rows[count : count + len(keys)] = rows
        for key in keys:
            self._places[key] = len(self._keys)
            self._keys.append(key)

    def nearest(self, asked: NDArray[np.float32], limit: int) -> list[Near]:
        """Return the `limit` vectors with the largest cosine similarity, nearest first, ties by key.

        A matrix product finds the possible neighbours, but its last bits depend on its shape. They are therefore ranked
        in double precision row by row, which depends on nothing else.
        """
        rows = self._rows[: len(self._keys)]
        if not len(rows) or limit < 1:
            return []
        rough = rows @ asked
        least = np.partition(rough, -limit)[-limit] - ROUGH_ERROR if limit < len(rows) else -np.inf
        places = np.flatnonzero(rough >= least)
        exact = (rows[places].astype(np.float64) * asked.astype(np.float64)).sum(axis=1)
        neighbours = [Near(self._keys[p], float(s)) for p, s in zip(places, exact, strict=True)]
        return sorted(neighbours, key=lambda n: (-n.similarity, n.key))[:limit]
