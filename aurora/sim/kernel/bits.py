"""Bit patterns of doubles as integers.

A processor compares integers faster than doubles, and LLVM vectorises the maximum of integers, but not of doubles. The
bit patterns of doubles from 0 up are in the order of the doubles (IEEE 754, section 5.10); NaN comes last.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from aurora.sim.kernel.jit import inlined

ALL_BUT_SIGN = (1 << 63) - 1


@intrinsic
def bits_of(_context: Any, _value: Any) -> Any:
    """Return the bits of a double as an int64."""
    return types.int64(types.float64), lambda _, builder, __, values: builder.bitcast(values[0], ir.IntType(64))


@intrinsic
def double_of(_context: Any, _value: Any) -> Any:
    """Return the double with these bits."""
    return types.float64(types.int64), lambda _, builder, __, values: builder.bitcast(values[0], ir.DoubleType())


@inlined
def rank_of(value):
    """Return an int64 whose order is that of the doubles, NaN excluded; -0.0 comes before 0.0."""
    bits = bits_of(value)
    return bits ^ ((bits >> 63) & ALL_BUT_SIGN)
