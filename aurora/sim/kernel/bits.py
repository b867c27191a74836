"""Doubles as the whole numbers that their bits make.

A processor compares whole numbers sooner, and LLVM makes SIMD code of their maximum, not of that of doubles. The
bits of doubles that are not negative are in the same order as they are (IEEE 754, section 5.10); NaN comes last.
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
    """The bits of a double as an int64."""
    return types.int64(types.float64), lambda _, builder, __, values: builder.bitcast(values[0], ir.IntType(64))


@intrinsic
def double_of(_context: Any, _value: Any) -> Any:
    """The double with these bits."""
    return types.float64(types.int64), lambda _, builder, __, values: builder.bitcast(values[0], ir.DoubleType())


@inlined
def rank_of(value):
    """An int64 for a double, in the same order for those that are not NaN; -0.0 comes before 0.0."""
    bits = bits_of(value)
    return bits ^ ((bits >> 63) & ALL_BUT_SIGN)
