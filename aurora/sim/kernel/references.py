"""Passes the kernel's named tuples of arrays by address.

A numba function takes a tuple apart into its fields, nine machine words an array, at every call:
measured, 80 ns a call for the tuples here. So the tuples are built once a run, and functions get a
reference: an address of a type whose attributes are the tuple's fields, loaded where they are used. The
tuples must outlive the calls: the function that took the reference has to use them afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model

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


class Reference(types.Type):  # type: ignore[misc]  # numba has no types
    """The address of a named tuple."""

    def __init__(self, kind: types.NamedTuple) -> None:
        self.kind = kind
        super().__init__(name=f"Reference({kind.instance_class.__name__})")


@register_model(Reference)
class _ReferenceModel(models.PrimitiveModel):  # type: ignore[misc]  # numba has no types
    def __init__(self, manager: Any, kind: Reference) -> None:
        super().__init__(manager, kind, ir.IntType(64))


@infer_getattr
class _Attributes(AttributeTemplate):  # type: ignore[misc]  # numba has no types
    key = Reference

    def generic_resolve(self, reference: Reference, name: str) -> Any:
        fields = reference.kind.fields
        return reference.kind.types[fields.index(name)] if name in fields else None


@lower_getattr_generic(Reference)
def _load(context: Any, builder: Any, reference: Reference, value: Any, name: str) -> Any:
    tuples = context.get_value_type(reference.kind).as_pointer()
    field = cgutils.gep_inbounds(builder, builder.inttoptr(value, tuples), 0, reference.kind.fields.index(name))
    return builder.load(field)


def _referrer(kind: types.NamedTuple) -> Callable[..., Any]:
    """An intrinsic that refers to a tuple."""

    @intrinsic
    def refer(_context: Any, value: Any) -> Any:
        if value != kind:
            raise TypingError(f"the kernel expects {kind}, not {value}")

        def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            slot = cgutils.alloca_once_value(builder, arguments[0])
            return builder.ptrtoint(slot, cgutils.intp_t)

        return Reference(kind)(kind), generate

    made: Callable[..., Any] = refer
    return made


problem_reference = _referrer(PROBLEM)
state_reference = _referrer(STATE)
program_reference = _referrer(PROGRAM)
bench_reference = _referrer(BENCH)
cache_reference = _referrer(CACHE)
tracer_reference = _referrer(TRACER)
