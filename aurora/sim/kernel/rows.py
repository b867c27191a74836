"""Rows of doubles by address, so that a row of a scenario serves as a register without a copy."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


def _pointer(matrix: Any, context: Any, builder: Any, values: Any) -> Any:
    array = make_array(matrix)(context, builder, values[0])
    columns = cgutils.unpack_tuple(builder, array.shape)[1]
    return builder.gep(array.data, [builder.mul(values[1], columns)])


@intrinsic
def row_of(_context: Any, matrix: Any, _row: Any) -> Any:
    """Return a row of a matrix; indices count from the start only."""
    kind = types.CPointer(matrix.dtype)(matrix, types.int64)
    return kind, lambda context, builder, _, values: _pointer(matrix, context, builder, values)


@intrinsic
def address_of(_context: Any, matrix: Any, _row: Any) -> Any:
    """Return the address of a row of a matrix."""

    def generate(context: Any, builder: Any, _: Any, values: Any) -> Any:
        return builder.ptrtoint(_pointer(matrix, context, builder, values), ir.IntType(64))

    return types.int64(matrix, types.int64), generate


@intrinsic
def data_of(_context: Any, array: Any) -> Any:
    """Return the elements of a vector; indices count from the start only."""

    def generate(context: Any, builder: Any, _: Any, values: Any) -> Any:
        return make_array(array)(context, builder, values[0]).data

    return types.CPointer(array.dtype)(array), generate


@intrinsic
def row_at(_context: Any, _address: Any) -> Any:
    """Return the row at an address, to be read and written by index; valid as long as the matrix is."""
    pointer = types.CPointer(types.float64)
    double = ir.DoubleType().as_pointer()
    return pointer(types.int64), lambda _, builder, __, values: builder.inttoptr(values[0], double)
