"""Passes the kernel's named tuples of arrays by address.

At every call, numba splits a tuple into its fields, nine machine words for each array; this took 80 ns for the tuples
here. So functions get a handle: an address whose type has the tuple's fields as attributes, which are loaded where they
are used. `aurora.sim.kernel.pins` lays out the tuples of a scenario or a program once. The other tuples are built once
for a run and must outlive the calls: the function that took the handle has to use them afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model
from numba.np.arrayobj import make_array

from aurora.sim.kernel.layout import (
    CURSOR,
    RUN_FLOATS,
    RUN_INTS,
    TASK_FLOATS,
    TASK_INTS,
    TOTALS,
    Batch,
    Cache,
    Problem,
    Scratch,
    State,
    Tracer,
)
from aurora.sim.policies.program import CODE_INTS, SECTION_INTS, Program

_F1, _F2, _F3 = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
_I1, _I2 = types.int64[::1], types.int64[:, ::1]

PROBLEM = types.NamedTuple(
    [_F2, _I2, _I1, _I1, _I1, _F2, _I2, _F2, _F2, _I1, _I1, _I1, _I1, _I1]
    + [_F1, _I2, _F1, _F2, _F1, _I2, _F3, _I2, _I1, _F2, _I1, _F1, _F1, _I1],
    Problem,
)
STATE = types.NamedTuple([_F2, _I2, _I2, _F2, _F2, _I2, _F1, _I1, _I1, _I1, _I1, _I1, _F1, _I1, _I1, _I1, _I1], State)
PROGRAM = types.NamedTuple(
    [types.int32[:, ::1], _F1, types.int32[:, ::1], types.uint8[::1], types.uint8[::1]] + [types.int64] * 6,
    Program,
)
SCRATCH = types.NamedTuple([_I1, _I1, _I1, _F1, _F1, _F2, _I1, _I1, _I1, _I1, _F2, _I2, _I2, _F2], Scratch)
CACHE = types.NamedTuple([_I1, _F2, _I2, _I1, _I1], Cache)
TRACER = types.NamedTuple([_F1, _I1, _I1, _I1, _I2, _I2, _I2, _F2, _F3], Tracer)
BATCH = types.NamedTuple(
    [_I1, _I1, _I1, _I1, _I2, _F2, _F2, _F2, _I1, _I1, _I2, _I2, _F1, _F1]
    + [types.float32[:, :, ::1], types.uint8[:, ::1], types.float32[:, ::1], _F1],
    Batch,
)

# Columns of arrays that have one row per task, or per instruction: known when the kernel is compiled.
_WIDTHS = {
    (Problem, "task_f"): TASK_FLOATS,
    (Problem, "task_i"): TASK_INTS,
    (State, "run_f"): RUN_FLOATS,
    (State, "run_i"): RUN_INTS,
    (Batch, "cursor"): CURSOR,
    (Batch, "totals"): TOTALS,
    (Program, "code"): CODE_INTS,
    (Program, "sections"): SECTION_INTS,
}


class Handle(types.Type):
    """The address of a named tuple.

    Besides the fields it has the attribute `plain`, a constant for the compiler: true if the scenario has neither
    devices nor paths nor batteries. The code for plain scenarios contains nothing that only these need.
    """

    def __init__(self, kind: types.NamedTuple, plain: bool = False) -> None:
        self.kind, self.plain = kind, plain
        super().__init__(name=f"Handle({kind.instance_class.__name__}, {plain})")


@register_model(Handle)
class _HandleModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Handle) -> None:
        super().__init__(manager, kind, ir.IntType(64))


@infer_getattr
class _Attributes(AttributeTemplate):
    key = Handle

    def generic_resolve(self, handle: Handle, name: str) -> Any:
        if name == "plain":
            return types.boolean
        fields = handle.kind.fields
        return handle.kind.types[fields.index(name)] if name in fields else None


@lower_getattr_generic(Handle)
def _load(context: Any, builder: Any, handle: Handle, value: Any, name: str) -> Any:
    if name == "plain":
        return context.get_constant(types.boolean, handle.plain)
    tuples = context.get_value_type(handle.kind).as_pointer()
    place = handle.kind.fields.index(name)
    loaded = _constant(builder, tuples.pointee.elements[place], builder.inttoptr(value, tuples), [0, place])
    width = _WIDTHS.get((handle.kind.instance_class, name))
    if width is not None:
        kind = handle.kind.types[place]
        array = make_array(kind)(context, builder, loaded)
        rows = builder.extract_value(array.shape, 0)
        array.shape = cgutils.pack_array(builder, [rows, cgutils.intp_t(width)])
        loaded = array._getvalue()
    return impl_ret_borrowed(context, builder, handle.kind.types[place], loaded)


def _constant(builder: Any, kind: Any, address: Any, path: list[int]) -> Any:
    """Load a constant field part by part; LLVM would not treat a load of the whole as constant."""
    if isinstance(kind, ir.Aggregate):
        whole = ir.Constant(kind, ir.Undefined)
        for i, part in enumerate(kind.elements):
            whole = builder.insert_value(whole, _constant(builder, part, address, [*path, i]), i)
        return whole
    loaded = builder.load(cgutils.gep_inbounds(builder, address, *path))
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def _taker(kind: types.NamedTuple) -> Callable[..., Any]:
    """Return an intrinsic that makes the handle of a tuple."""

    @intrinsic
    def take(_context: Any, value: Any) -> Any:
        if value != kind:
            raise TypingError(f"the kernel expects {kind}, not {value}")

        def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            slot = cgutils.alloca_once_value(builder, arguments[0])
            address = builder.ptrtoint(slot, cgutils.intp_t)
            # LLVM must not see that the tuple behind the address was written: its loads are marked as constant.
            hide = ir.FunctionType(cgutils.intp_t, [cgutils.intp_t])
            return builder.asm(hide, "", "=r,0,~{memory}", [address], True)

        return Handle(kind)(kind), generate

    made: Callable[..., Any] = take
    return made


def _pointer(kind: types.NamedTuple) -> Callable[..., Any]:
    """Return an intrinsic that makes the handle of a tuple from the address of its description in `pins`."""

    @intrinsic
    def point(_context: Any, _address: Any) -> Any:
        return Handle(kind)(types.int64), lambda _, __, ___, arguments: arguments[0]

    made: Callable[..., Any] = point
    return made


@intrinsic
def problem_at(_context: Any, _address: Any, plain: Any) -> Any:
    """Return the handle of a scenario; a plain one if the second argument is None."""
    handle = Handle(PROBLEM, plain == types.none)
    return handle(types.int64, plain), lambda _, __, ___, arguments: arguments[0]


program_at = _pointer(PROGRAM)
tracer_at = _pointer(TRACER)
state_at = _pointer(STATE)
scratch_at = _pointer(SCRATCH)
batch_at = _pointer(BATCH)
state_handle = _taker(STATE)
scratch_handle = _taker(SCRATCH)
cache_handle = _taker(CACHE)
