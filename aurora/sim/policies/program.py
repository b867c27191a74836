"""The bytecode that policies are compiled to and the kernel interprets.

A program is a list of instructions over two banks of registers: scalars, and vectors along the axis of the section
    (waiting tasks for `order`, candidates for `admit` and `score`). Each section is compiled on its own and starts with
    empty registers.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_REGISTERS = 256

Instruction = tuple[int, int, int, int, int]
"""A row of `Program.code`."""

CODE_INTS, SECTION_INTS = 5, 4
"""Columns of `Program.code` and `Program.sections`."""


class Op(IntEnum):
    """Operations. Adding `VECTOR` to an arithmetic code gives the same operation on vectors.

    Adding `LEFT_SCALAR` or `RIGHT_SCALAR` to one with two operands gives it on a number and a vector.
    Every operation is total: x / 0 = x % 0 = 0, log(x) = log(max(x, 1e-300)),
    sqrt(x) = sqrt(max(x, 0)), exp(x) = exp(min(x, 700)); `%` has the sign of its second argument, as
    in Python. Comparisons and logic give 1 or 0; a number counts as true when it is not 0 (NaN is
    true). `MIN` and `MAX` are `b if b < a else a` and `b if b > a else a`. `clip(x, lo, hi)` is
    min(max(x, lo), hi). A score that is not finite ranks below every finite one.
    """

    CONST = 0  # S[dst] = consts[a]
    FEATURE_SCALAR = 1  # S[dst] = feature a
    FEATURE_VECTOR = 2  # V[dst] = feature a, one value per element of the axis
    BROADCAST = 3  # V[dst] = S[a]
    DENSE = 4  # V[dst...] = a layer of a network over V[a...] and S[b...]; see `aurora.sim.policies.network`
    ADD = 10
    SUB = 11
    MUL = 12
    DIV = 13
    MOD = 14
    NEG = 15
    LT = 16
    LE = 17
    GT = 18
    GE = 19
    EQ = 20
    NE = 21
    AND = 22
    OR = 23
    NOT = 24
    SELECT = 25  # dst = b if a else c   (a is the condition)
    MIN = 26
    MAX = 27
    ABS = 28
    SQRT = 29
    LOG = 30
    EXP = 31
    FLOOR = 32
    SIGMOID = 33
    CLIP = 34  # dst = min(max(a, b), c)
    SQUASH = 35  # dst = s / (1 + |s| / BOUND) with s = a * b; 0 where that is NaN (`features.squash`)


VECTOR, LEFT_SCALAR, RIGHT_SCALAR = 64, 128, 192


class Program(NamedTuple):
    """A compiled policy, ready for the kernel (a named tuple of arrays, so numba takes it whole).

    Attributes:
        code: int32 [n, 5], rows (op, dst, a, b, c). An op of 10 or more works on the scalar bank, or
            with `VECTOR` added on the vector bank; with `LEFT_SCALAR` or `RIGHT_SCALAR` one of its two operands
            is a scalar register.
        consts: float64 [k], in the order in which they stand in the policy's text: `order`, `admit`,
            then each rule's `when` and `score`. There is one entry per literal, so search can replace values. A
            network has its scales, then for each layer the numbers of vectors, scalars and units, the activation (0
            none, 1 ReLU, 2 tanh) and a row per unit: weights of the vectors, weights of the scalars, bias.
        sections: int32 [2 + 2 * rules, 4], rows (start, end, result register, is_vector): `order`,
            `admit`, then `when` and `score` of each rule. `when` is never a vector. A vector
            section whose expression is scalar still reads is_vector = 0.
        uses: uint8 [features], 1 where `admit`, a `when` or a `score` reads the feature.
        uses_order: uint8 [features], 1 where `order` reads it.
        order_changes: 1 if `order` reads a feature that changes while a task waits.
        scores_change: 1 if `admit`, a `when` or a `score` reads a feature that changes while the node does not.
        blocking: 1 if the head of the line blocks.
        easy: 1 with EASY backfilling.
        device_choice: 0 best fit, 1 worst fit, 2 least fragmentation, 3 random.
        admits_all: 1 if `admit` is the constant 1.
    """

    code: NDArray[np.int32]
    consts: NDArray[np.float64]
    sections: NDArray[np.int32]
    uses: NDArray[np.uint8]
    uses_order: NDArray[np.uint8]
    order_changes: int
    scores_change: int
    blocking: int
    easy: int
    device_choice: int
    admits_all: int
