"""Passes the kernel's named tuples of arrays by address.

A numba function takes a tuple apart into its fields, nine machine words an array, at every call:
measured, 80 ns a call for the tuples here. So the tuples are built once a run, functions get their
address, and `*_view` gives the fields back; LLVM then loads only what is used. The tuples must
outlive the calls: the function that took the address has to use them afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from aurora.sim.kernel.layout import Bench, Cache, Problem, State, Tracer
from aurora.sim.program import Program

_F1, _F2, _F3 = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
_I1, _I2 = types.int64[::1], types.int64[:, ::1]

PROBLEM = types.NamedTuple(
    [_F2, _I2, _I1, _I1, _I1, _F2, _I2, _F2, _F2, _I1, _I1, _I1, _I1, _I1]
    + [_F1, _I2, _F1, _F2, _F1, _I2, _F3, _F1, _I1],
    Problem,
)
STATE = types.NamedTuple([_F2, _I2, _I2, _F2, _F2, _I2, _F1, _I1, _I1, _I1, _I1, _I1, _F1, _I1, _I1, _F1, _I1], State)
PROGRAM = types.NamedTuple(
    [types.int32[:, ::1], _F1, types.int32[:, ::1], types.uint8[::1], types.uint8[::1]] + [types.int64] * 6,
    Program,
)
BENCH = types.NamedTuple([_I1, _I1, _I1, _F1, _F1, _F2, _I1, _I1, _I1, _F2, _I2, _I2, _F2], Bench)
CACHE = types.NamedTuple([_I1, _F2, _I2, _I1, _I1], Cache)
TRACER = types.NamedTuple([_F1, _I1, _I1, _I1, _I2, _I2, _I2, _F2, _F3], Tracer)


def _pair(kind: types.NamedTuple) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two intrinsics for one type of tuple: its address, and the tuple at an address."""

    @intrinsic
    def address(_context: Any, value: Any) -> Any:
        if value != kind:
            raise TypingError(f"the kernel expects {kind}, not {value}")

        def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            slot = cgutils.alloca_once_value(builder, arguments[0])
            return builder.ptrtoint(slot, cgutils.intp_t)

        return types.intp(kind), generate

    @intrinsic
    def view(_context: Any, _address: Any) -> Any:
        def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], context.get_value_type(kind).as_pointer())
            return builder.load(pointer)

        return kind(types.intp), generate

    return address, view


problem_address, problem_view = _pair(PROBLEM)
state_address, state_view = _pair(STATE)
program_address, program_view = _pair(PROGRAM)
bench_address, bench_view = _pair(BENCH)
cache_address, cache_view = _pair(CACHE)
tracer_address, tracer_view = _pair(TRACER)
