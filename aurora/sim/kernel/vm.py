"""The virtual machine that evaluates a policy's expressions.

It has two interpreters of the same bytecode (`aurora.sim.policies.program`): one for single numbers, and one for all
elements of an axis at once, which makes interpretation cheap. Every operation is total, so nothing here can raise.
"""

from __future__ import annotations

import math

import numpy as np

from aurora.sim.kernel.jit import inlined, jitted
from aurora.sim.kernel.lanes import rowwise
from aurora.sim.policies.features import BOUND, LARGEST_SHARE
from aurora.sim.policies.program import LEFT_SCALAR, RIGHT_SCALAR, VECTOR, Op

CONST, FEATURE_SCALAR, FEATURE_VECTOR, BROADCAST, DENSE = (
    int(Op.CONST),
    int(Op.FEATURE_SCALAR),
    int(Op.FEATURE_VECTOR),
    int(Op.BROADCAST),
    int(Op.DENSE),
)
ADD, SUB, MUL, DIV, MOD, NEG = int(Op.ADD), int(Op.SUB), int(Op.MUL), int(Op.DIV), int(Op.MOD), int(Op.NEG)
LT, LE, GT, GE, EQ, NE = int(Op.LT), int(Op.LE), int(Op.GT), int(Op.GE), int(Op.EQ), int(Op.NE)
AND, OR, NOT, SELECT, MIN, MAX = (
    int(Op.AND),
    int(Op.OR),
    int(Op.NOT),
    int(Op.SELECT),
    int(Op.MIN),
    int(Op.MAX),
)
ABS, SQRT, LOG, EXP, FLOOR, SIGMOID, CLIP, SQUASH = (
    int(Op.ABS),
    int(Op.SQRT),
    int(Op.LOG),
    int(Op.EXP),
    int(Op.FLOOR),
    int(Op.SIGMOID),
    int(Op.CLIP),
    int(Op.SQUASH),
)
FIRST_VECTOR, FIRST_LEFT, FIRST_RIGHT = VECTOR, LEFT_SCALAR, RIGHT_SCALAR
KIND = VECTOR - 1
"""Mask of the bits of a code that hold the operation."""


@inlined
def squashed(share):
    """Squash a scaled feature for a network, as `aurora.sim.policies.features.squash` does."""
    share = 0.0 if np.isnan(share) else min(max(share, -LARGEST_SHARE), LARGEST_SHARE)
    return share / (1.0 + abs(share) * (1.0 / BOUND))


@jitted
def apply_scalar(op, x, y, z):
    """Apply an operation to numbers; `aurora.sim.policies.program.Op` defines it."""
    if op == ADD:
        return x + y
    if op == SUB:
        return x - y
    if op == MUL:
        return x * y
    if op == DIV:
        return 0.0 if y == 0.0 else x / y
    if op == MOD:
        return 0.0 if y == 0.0 else x % y
    if op == NEG:
        return -x
    if op == LT:
        return 1.0 if x < y else 0.0
    if op == LE:
        return 1.0 if x <= y else 0.0
    if op == GT:
        return 1.0 if x > y else 0.0
    if op == GE:
        return 1.0 if x >= y else 0.0
    if op == EQ:
        return 1.0 if x == y else 0.0
    if op == NE:
        return 1.0 if x != y else 0.0
    if op == AND:
        return 1.0 if x != 0.0 and y != 0.0 else 0.0
    if op == OR:
        return 1.0 if x != 0.0 or y != 0.0 else 0.0
    if op == NOT:
        return 1.0 if x == 0.0 else 0.0
    if op == SELECT:
        return y if x != 0.0 else z
    if op == MIN:
        return y if y < x else x
    if op == MAX:
        return y if y > x else x
    if op == ABS:
        return abs(x)
    if op == SQRT:
        return math.sqrt(0.0 if x < 0.0 else x)
    if op == LOG:
        return math.log(1e-300 if x < 1e-300 else x)
    if op == EXP:
        return math.exp(700.0 if x > 700.0 else x)
    if op == FLOOR:
        return np.floor(x)
    if op == SIGMOID:
        return 1.0 / (1.0 + math.exp(700.0 if x < -700.0 else -x))
    if op == SQUASH:
        return squashed(x * y)
    # CLIP
    low = y if y > x else x
    return z if z < low else low


def _minimum(lanes, x, y, _z):
    return lanes.choose(lanes.builder.fcmp_ordered("<", y, x), y, x)


def _maximum(lanes, x, y, _z):
    return lanes.choose(lanes.builder.fcmp_ordered(">", y, x), y, x)


def _quotient(lanes, x, y, _z):
    return lanes.choose(_is(lanes, "==", y, lanes.number(0.0)), lanes.number(0.0), lanes.builder.fdiv(x, y))


def _squash(lanes, x, y, _z):
    share = lanes.builder.fmul(x, y)
    share = lanes.choose(_is(lanes, "==", share, share), share, lanes.number(0.0))
    share = _minimum(
        lanes, _maximum(lanes, share, lanes.number(-LARGEST_SHARE), None), lanes.number(LARGEST_SHARE), None
    )
    size = lanes.builder.fmul(lanes.of_one("fabs", share), lanes.number(1.0 / BOUND))
    return lanes.builder.fdiv(share, lanes.builder.fadd(lanes.number(1.0), size))


def _is(lanes, relation, x, y):
    """Compare two rows; NaN differs from everything."""
    compare = lanes.builder.fcmp_unordered if relation == "!=" else lanes.builder.fcmp_ordered
    return compare(relation, x, y)


def _true(lanes, x):
    return _is(lanes, "!=", x, lanes.number(0.0))


def _comparison(relation):
    return lambda lanes, x, y, _z: lanes.truth(_is(lanes, relation, x, y))


_OF_TWO = {
    ADD: lambda lanes, x, y, _z: lanes.builder.fadd(x, y),
    SUB: lambda lanes, x, y, _z: lanes.builder.fsub(x, y),
    MUL: lambda lanes, x, y, _z: lanes.builder.fmul(x, y),
    DIV: _quotient,
    LT: _comparison("<"),
    LE: _comparison("<="),
    GT: _comparison(">"),
    GE: _comparison(">="),
    EQ: _comparison("=="),
    NE: _comparison("!="),
    AND: lambda lanes, x, y, _z: lanes.truth(lanes.builder.and_(_true(lanes, x), _true(lanes, y))),
    OR: lambda lanes, x, y, _z: lanes.truth(lanes.builder.or_(_true(lanes, x), _true(lanes, y))),
    MIN: _minimum,
    MAX: _maximum,
    SQUASH: _squash,
}
_OF_ROWS = _OF_TWO | {
    NEG: lambda lanes, x, _y, _z: lanes.builder.fneg(x),
    NOT: lambda lanes, x, _y, _z: lanes.truth(_is(lanes, "==", x, lanes.number(0.0))),
    SELECT: lambda lanes, x, y, z: lanes.choose(_true(lanes, x), y, z),
    ABS: lambda lanes, x, _y, _z: lanes.of_one("fabs", x),
    SQRT: lambda lanes, x, _y, _z: lanes.of_one("sqrt", _maximum(lanes, x, lanes.number(0.0), None)),
    FLOOR: lambda lanes, x, _y, _z: lanes.of_one("floor", x),
    CLIP: lambda lanes, x, y, z: _minimum(lanes, _maximum(lanes, x, y, None), z, None),
}
_on_rows, _on_number_and_row = rowwise(_OF_ROWS), rowwise(_OF_TWO)


@inlined
def apply_vector(op, d, x, y, z, n):
    """Apply an operation to the first `n` elements of rows `x`, `y` and `z`, into row `d`."""
    if not _on_rows(op, d, x, y, z, n):
        for i in range(n):
            d[i] = apply_scalar(op, x[i], y[i], z[i])


@inlined
def apply_left(op, d, x, y, n):
    """Apply an operation to a number and the first `n` elements of row `y`, into row `d`."""
    if not _on_number_and_row(op, d, x, y, y, n):
        for i in range(n):
            d[i] = apply_scalar(op, x, y[i], x)


@inlined
def apply_right(op, d, x, y, n):
    """Apply an operation to the first `n` elements of row `x` and a number, into row `d`."""
    if not _on_number_and_row(op, d, x, y, x, n):
        for i in range(n):
            d[i] = apply_scalar(op, x[i], y, y)
