"""Row operations equal the scalar operations, for any number of elements."""

import itertools
import math

import numba
import numpy as np
import pytest

from aurora.sim.kernel.lanes import LANES, best_with_room
from aurora.sim.kernel.rows import row_of
from aurora.sim.kernel.vm import apply_left, apply_right, apply_scalar, apply_vector
from aurora.sim.policies.program import Op

SPECIAL = (0.0, -0.0, 1.0, -1.5, 2.5, math.inf, -math.inf, math.nan, 1e300, -3.0)


@numba.njit(error_model="numpy")
def _by_rows(op, out, rows, size, kind):
    target, x, y, z = row_of(out, 0), row_of(rows, 0), row_of(rows, 1), row_of(rows, 2)
    if kind == 0:
        apply_vector(op, target, x, y, z, size)
    elif kind == 1:
        apply_left(op, target, rows[0, 0], y, size)
    else:
        apply_right(op, target, x, rows[1, 0], size)


@numba.njit(error_model="numpy")
def _by_numbers(op, out, rows, size, kind):
    for i in range(size):
        if kind == 0:
            out[0, i] = apply_scalar(op, rows[0, i], rows[1, i], rows[2, i])
        elif kind == 1:
            out[0, i] = apply_scalar(op, rows[0, 0], rows[1, i], rows[2, i])
        else:
            out[0, i] = apply_scalar(op, rows[0, i], rows[1, 0], rows[2, i])


@numba.njit
def _best(values, cpu_free, memory_free, down, cpu, memory, size):
    return best_with_room(
        row_of(values, 0), row_of(cpu_free, 0), row_of(memory_free, 0), row_of(down, 0), cpu, memory, size
    )


def test_row_operations_equal_scalar_operations() -> None:
    triples = np.array(list(itertools.product(SPECIAL, repeat=3))).T
    for op in (o for o in Op if o >= Op.ADD):
        for kind in (0, 1, 2) if op in _OF_TWO else (0,):
            rows = np.ascontiguousarray(triples)
            size = rows.shape[1]
            found, expected = np.zeros((1, size + LANES)), np.zeros((1, size + LANES))
            for first in range(0, size, 37) if kind else (0,):
                shifted = np.ascontiguousarray(np.roll(rows, -first, axis=1))
                _by_rows(int(op), found, shifted, size, kind)
                _by_numbers(int(op), expected, shifted, size, kind)
                np.testing.assert_array_equal(found[:, :size], expected[:, :size], err_msg=op.name)


_OF_TWO = {
    Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD, Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE, Op.AND, Op.OR, Op.MIN, Op.MAX
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 10, 16, 31])
def test_the_best_feasible_candidate_is_the_first_of_the_highest_scores(size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(60):
        values = rng.choice(SPECIAL, (1, size))
        cpu, memory = rng.integers(0, 3, (1, size)) * 1.0, rng.integers(0, 3, (1, size)) * 1.0
        down = (rng.random((1, size)) < 0.2).astype(np.int64)
        fits = (cpu[0] >= 1.0) & (memory[0] >= 1.0) & (down[0] == 0)
        ranks = np.where(fits, np.where(np.isfinite(values[0]), values[0], -1.7e308), -np.inf)
        expected = int(np.argmax(ranks)) if fits.any() else -1
        assert _best(values, cpu, memory, down, 1.0, 1.0, size) == expected
