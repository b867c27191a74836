"""Named tuples of arrays at an address, so that they need not be unpacked for every run of the kernel.

numba unpacks every array that Python passes, 0.25 microseconds each, while no other thread can run. The arrays of a
scenario or a program are described once, in the layout that a `Handle` reads, and passed as one number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.np.numpy_support import as_dtype
from numpy.typing import NDArray

from aurora.sim.kernel.handles import BATCH, PROBLEM, PROGRAM, SCRATCH, STATE, TRACER

_KINDS = {kind.instance_class: kind for kind in (PROBLEM, PROGRAM, TRACER, STATE, SCRATCH, BATCH)}


class Pinned:
    """Addresses of the arrays of a `Problem`, `Program`, `Tracer`, `State`, `Scratch` or `Batch`.

    A copy, also one in another process, describes its own arrays.

    Attributes:
        fields: The named tuple, which lives as long as this object.
        address: Address of the description; valid as long as this object lives.
    """

    __slots__ = ("__weakref__", "_words", "address", "fields")

    def __init__(self, fields: Any) -> None:
        words: list[int] = []
        for value, kind in zip(fields, _KINDS[type(fields)].types, strict=True):
            words += _described(value, kind) if isinstance(kind, types.Array) else [int(value)]
        self.fields = fields
        self._words = np.array(words, np.int64)
        self.address: int = self._words.ctypes.data

    def __reduce__(self) -> tuple[type[Pinned], tuple[Any]]:
        return Pinned, (self.fields,)


class Slices(NamedTuple):
    """The arrays of many scenarios as slices of one array.

    Attributes:
        array: C-contiguous array of which the slices are parts; they may overlap.
        first: int64 [scenarios], index of the first element of each slice.
        shape: int64 [scenarios, dimensions], shape of each slice.
    """

    array: NDArray[Any]
    first: NDArray[np.int64]
    shape: NDArray[np.int64]


class PinnedVariants:
    """Addresses of the arrays of many scenarios, or programs, that differ in some of them.

    Describing a scenario by `Pinned` takes 60 microseconds, twice as long as running one of 240 tasks; here all
    descriptions are written at once.

    Attributes:
        addresses: int64 [scenarios], addresses of the descriptions; valid as long as this object lives.

    Args:
        fields: Arrays that the scenarios share; those of fields in `varying` are ignored.
        varying: Field to the arrays of all scenarios.
    """

    __slots__ = ("_alive", "_words", "addresses")

    def __init__(self, fields: Any, varying: Mapping[str, Slices]) -> None:
        kinds = dict(zip(fields._fields, _KINDS[type(fields)].types, strict=True))
        columns: list[NDArray[np.int64]] = []
        count = len(next(iter(varying.values())).first)
        for name, kind in kinds.items():
            if name not in varying:
                value = getattr(fields, name)
                words = np.array(_described(value, kind) if isinstance(kind, types.Array) else [int(value)], np.int64)
                columns.append(np.broadcast_to(words, (count, len(words))))
                continue
            array, first, shape = varying[name]
            if array.dtype != as_dtype(kind.dtype) or shape.shape[1] != kind.ndim or not array.flags.c_contiguous:
                raise TypeError(f"the kernel expects {kind}, not {shape.shape[1]} dimensions of {array.dtype}")
            sizes = np.cumprod(np.hstack([shape, np.ones((count, 1), np.int64)])[:, ::-1], axis=1)[:, ::-1]
            # The address of an empty array is arbitrary: nothing is read there.
            pointer = array.ctypes.data + first * array.itemsize
            head = [np.zeros(count, np.int64), np.zeros(count, np.int64), sizes[:, 0]]
            own = [*head, np.full(count, array.itemsize, np.int64), pointer]
            columns.append(np.column_stack([*own, shape, sizes[:, 1:] * array.itemsize]))
        self._words = np.ascontiguousarray(np.hstack(columns), np.int64)
        self._alive = (fields, dict(varying))
        self.addresses: NDArray[np.int64] = self._words.ctypes.data + np.arange(count) * self._words.strides[0]


def _described(array: Any, kind: Any) -> list[int]:
    """Return numba's description of an array: owners (none), elements, their size, address, shape, strides."""
    if array.dtype != as_dtype(kind.dtype) or array.ndim != kind.ndim or not array.flags.c_contiguous:
        raise TypeError(f"the kernel expects {kind}, not {array.ndim} dimensions of {array.dtype}")
    return [0, 0, array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides]
