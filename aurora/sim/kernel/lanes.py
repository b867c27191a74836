"""Operations on rows of doubles, several elements at a time.

They are written in LLVM's own SIMD instructions. LLVM also vectorises plain loops. But it processes the rest after
whole groups one by one, which for ten nodes takes as long as the groups, and first tests whether rows overlap. It does
not vectorise a loop that keeps the position of its maximum.

A row to be written must have room for whole groups: `padded` of its length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from aurora.sim.kernel.jit import inlined
from aurora.sim.kernel.layout import TOLERANCE

LANES = 8
"""Number of doubles that a processor with AVX-512 handles at once; LLVM splits the groups for others."""

LOWEST = -1.7e308
"""Rank of a feasible candidate whose score is not finite; -inf stands for an infeasible one."""

_DOUBLE, _WORD = ir.DoubleType(), ir.IntType(64)
_DOUBLES, _WORDS = ir.VectorType(_DOUBLE, LANES), ir.VectorType(_WORD, LANES)
_ROW = types.CPointer(types.float64)

Operation = Callable[..., Any]
"""Function of `Lanes` and up to three operands that returns the result."""


@inlined
def padded(size):
    """Return the least number of elements, at least `size`, that make whole groups."""
    return (size + LANES - 1) & -LANES


def rowwise(operations: Mapping[int, Operation]) -> Callable[..., Any]:
    """Return a function (code, out, x, y, z, size) that applies an operation to the first elements of rows.

    It returns False for a code that is not among the operations. Each of x, y and z is a row or a number.
    """

    @intrinsic
    def apply(_context: Any, code: Any, out: Any, x: Any, y: Any, z: Any, size: Any) -> Any:
        def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            chosen, target, *operands, end = arguments
            known = cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(1), 1))
            after, unknown = builder.append_basic_block("after"), builder.append_basic_block("unknown")
            choice = builder.switch(chosen, unknown)
            for number, operation in operations.items():
                block = builder.append_basic_block(f"operation{number}")
                choice.add_case(chosen.type(number), block)
                builder.position_at_end(block)
                with cgutils.for_range_slice(builder, _WORD(0), end, _WORD(LANES)) as (first, _):
                    lanes = Lanes(builder, first, end)
                    lanes.store(target, operation(lanes, *map(lanes.read, operands)))
                builder.branch(after)
            builder.position_at_end(unknown)
            builder.store(ir.Constant(ir.IntType(1), 0), known)
            builder.branch(after)
            builder.position_at_end(after)
            return builder.load(known)

        return types.boolean(code, out, x, y, z, types.int64), generate

    made: Callable[..., Any] = apply
    return made


class Lanes:
    """A group of elements, from `first` up to `end`."""

    def __init__(self, builder: Any, first: Any, end: Any) -> None:
        self.builder, self._first = builder, first
        self.numbers = builder.add(self.all(first), ir.Constant(_WORDS, list(range(LANES))))
        self.inside = builder.icmp_signed("<", self.numbers, self.all(end))

    def all(self, value: Any) -> Any:
        """Return the value in every lane."""
        return every(self.builder, value)

    def number(self, value: float) -> Any:
        """Return the double in every lane."""
        return ir.Constant(_DOUBLES, [value] * LANES)

    def read(self, operand: Any) -> Any:
        """Return the elements of a row, or a number in every lane."""
        return self.load(operand) if isinstance(operand.type, ir.PointerType) else self.all(operand)

    def load(self, row: Any, kind: Any = _DOUBLES) -> Any:
        """Return elements of a row, 0 past its end."""
        pointer = self._pointer(row, kind)
        name = f"llvm.masked.load.v{LANES}{'f64' if kind is _DOUBLES else 'i64'}.p0"
        return call(self.builder, name, kind, [pointer, ir.IntType(32)(8), self.inside, ir.Constant(kind, None)])

    def whole(self, row: Any) -> Any:
        """Return elements of a row that has room for whole groups; values past its end are arbitrary."""
        return self.builder.load(self._pointer(row, _DOUBLES), align=8)

    def store(self, row: Any, value: Any) -> None:
        """Write all lanes, those past the end too."""
        self.builder.store(value, self._pointer(row, _DOUBLES), align=8)

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        """Choose between two values lane by lane."""
        return self.builder.select(condition, yes, no)

    def truth(self, condition: Any) -> Any:
        """Return 1 or 0 lane by lane."""
        return self.choose(condition, self.number(1.0), self.number(0.0))

    def of_one(self, function: str, value: Any) -> Any:
        """Apply LLVM's `fabs`, `floor` or `sqrt`."""
        return call(self.builder, f"llvm.{function}.v{LANES}f64", _DOUBLES, [value])

    def _pointer(self, row: Any, kind: Any) -> Any:
        element = self.builder.gep(row, [self._first])
        return self.builder.bitcast(element, kind.as_pointer())


def every(builder: Any, value: Any) -> Any:
    """Return the value in every lane of a vector."""
    kind = ir.VectorType(value.type, LANES)
    lane = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.IntType(32)(0))
    first = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(lane, ir.Constant(kind, ir.Undefined), first)


def call(builder: Any, name: str, result: Any, arguments: list[Any], flags: tuple[str, ...] = ()) -> Any:
    """Call one of LLVM's own functions."""
    kind = ir.FunctionType(result, [a.type for a in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments, fastmath=flags)


@intrinsic
def best_with_room(
    _context: Any, _values: Any, _cpu_free: Any, _memory_free: Any, _down: Any, _cpu: Any, _memory: Any, _size: Any
) -> Any:
    """Return the first node with the highest value among those that are up and have the cores and the memory; -1: none.

    The arguments are the rows of values, free cores, free memory and reasons to be down, then the cores and memory that
    the task needs, and the number of nodes. A value that is not finite ranks below all finite ones.
    """
    words = types.CPointer(types.int64)
    return types.int64(_ROW, _ROW, _ROW, words, types.float64, types.float64, types.int64), _find_best


def _find_best(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
    values, cpu_free, memory_free, down, cpu, memory, size = arguments
    least, nowhere = ir.Constant(_DOUBLES, [-np.inf] * LANES), ir.Constant(_WORDS, [(1 << 63) - 1] * LANES)
    highest, holder = cgutils.alloca_once_value(builder, least), cgutils.alloca_once_value(builder, nowhere)
    with cgutils.for_range_slice(builder, _WORD(0), size, _WORD(LANES)) as (first, _):
        lanes = Lanes(builder, first, size)
        fits = builder.icmp_signed("<=", lanes.load(down, _WORDS), ir.Constant(_WORDS, [0] * LANES))
        fits = builder.and_(lanes.inside, fits)
        for free, need in ((cpu_free, cpu), (memory_free, memory)):
            room = builder.fadd(lanes.load(free), lanes.number(TOLERANCE))
            fits = builder.and_(fits, builder.fcmp_ordered(">=", room, lanes.all(need)))
        value = lanes.load(values)
        finite = builder.fcmp_ordered("<", lanes.of_one("fabs", value), lanes.number(np.inf))
        value = lanes.choose(fits, lanes.choose(finite, value, lanes.number(LOWEST)), least)
        before = builder.load(highest)
        higher = builder.fcmp_ordered(">", value, before)
        builder.store(lanes.choose(higher, value, before), highest)
        builder.store(lanes.choose(higher, lanes.numbers, builder.load(holder)), holder)
    maxima = builder.load(highest)
    best = call(builder, f"llvm.vector.reduce.fmax.v{LANES}f64", _DOUBLE, [maxima], ("nnan",))
    places = builder.select(builder.fcmp_ordered("==", maxima, every(builder, best)), builder.load(holder), nowhere)
    place = call(builder, f"llvm.vector.reduce.smin.v{LANES}i64", _WORD, [places])
    return builder.select(builder.fcmp_ordered(">", best, _DOUBLE(-np.inf)), place, _WORD(-1))


@intrinsic
def weighted_sum(
    _context: Any,
    _rows: Any,
    _first: Any,
    _weights: Any,
    _at: Any,
    _count: Any,
    _start: Any,
    _out: Any,
    _size: Any,
) -> Any:
    """Add rows times weights to a number and write the sum to a row: one unit of a layer of a network.

    The arguments are the addresses of rows and the index of the first, the weights and the index of the first, their
    number, the number to add to, the row to write, and the number of its elements. All rows must have room for whole
    groups.
    """
    words, doubles = types.CPointer(types.int64), types.CPointer(types.float64)
    counts = types.int64
    return types.void(words, counts, doubles, counts, counts, types.float64, _ROW, counts), _weigh


def _weigh(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
    rows, first_row, weights, at, count, start, out, size = arguments
    total = cgutils.alloca_once(builder, _DOUBLES)
    with cgutils.for_range_slice(builder, _WORD(0), size, _WORD(LANES)) as (first, _):
        lanes = Lanes(builder, first, size)
        builder.store(lanes.all(start), total)
        with cgutils.for_range(builder, count) as inner:
            address = builder.load(builder.gep(rows, [builder.add(first_row, inner.index)]))
            values = lanes.whole(builder.inttoptr(address, _DOUBLE.as_pointer()))
            weight = lanes.all(builder.load(builder.gep(weights, [builder.add(at, inner.index)])))
            builder.store(builder.fadd(builder.load(total), builder.fmul(weight, values)), total)
        lanes.store(out, builder.load(total))
    return context.get_dummy_value()
