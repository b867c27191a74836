"""Named tuples of arrays at an address, so that a run of the kernel need not take them apart.

numba unpacks every array that Python hands over, 0.25 microseconds each while no other thread can run. What
belongs to a scenario or to a program is described once, in the layout that a `Handle` reads, and handed over as
one number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.np.numpy_support import as_dtype

from aurora.sim.kernel.handles import BATCH, BENCH, PROBLEM, PROGRAM, STATE, TRACER

_KINDS = {kind.instance_class: kind for kind in (PROBLEM, PROGRAM, TRACER, STATE, BENCH, BATCH)}


class Pinned:
    """Where the arrays of a `Problem`, `Program`, `Tracer`, `State`, `Bench` or `Batch` lie.

    A copy, also one in another process, finds out anew where its own arrays lie.

    Attributes:
        fields: The named tuple, which lives as long as this does.
        address: Of the description; valid as long as this lives.
    """

    __slots__ = ("_words", "address", "fields")

    def __init__(self, fields: Any) -> None:
        words: list[int] = []
        for value, kind in zip(fields, _KINDS[type(fields)].types, strict=True):
            words += _described(value, kind) if isinstance(kind, types.Array) else [int(value)]
        self.fields = fields
        self._words = np.array(words, np.int64)
        self.address: int = self._words.ctypes.data

    def __reduce__(self) -> tuple[type[Pinned], tuple[Any]]:
        return Pinned, (self.fields,)


def _described(array: Any, kind: Any) -> list[int]:
    """An array as numba describes it: owners (none), elements, their size, address, shape, strides."""
    if array.dtype != as_dtype(kind.dtype) or array.ndim != kind.ndim or not array.flags.c_contiguous:
        raise TypeError(f"the kernel expects {kind}, not {array.ndim} dimensions of {array.dtype}")
    return [0, 0, array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides]
