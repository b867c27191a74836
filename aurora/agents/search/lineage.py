"""A lineage: a policy whose weights are tuned, with what tuning has learned about them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import PolicyError
from aurora.sim.policies.compiler import (
    compile_policy,
    constants,
    parse_sections,
    policy_key,
    with_constants,
)
from aurora.sim.policies.expression import Apply, Expr, Num, to_text
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.policies.program import Op, Program
from aurora.types import FloatArray, Frozen

FIRST_SIGMA = 0.3
"""Initial step size, relative to each weight's own scale."""
SMALLEST_SCALE = 0.1
"""Smallest scale of a weight, so that one at zero moves too."""
FEWEST_WEIGHTS = 4
"""Weights that a structure needs to be worth tuning; with fewer it can still be a candidate."""


class Lineage(Frozen):
    """A policy whose weights are tuned; it is stored as JSON, and tuning continues from it exactly.

    Attributes:
        policy: JSON of the policy whose weights are tuned.
        sigma: Overall step size of CMA-ES.
        shape: Rows of the matrix that turns a standard normal step into a step of the weights: the covariance
            learned so far. Empty: each weight's own scale.
        parent: Id of the policy that the weights belong to.
        age: Number of iterations in which it was tuned.
    """

    policy: dict[str, Any]
    sigma: float = FIRST_SIGMA
    shape: tuple[tuple[float, ...], ...] = ()
    parent: str = ""
    age: int = 0


class Weights(NamedTuple):
    """The weights of a policy in the coordinates of tuning: it starts at 0, with steps of about 1.

    Attributes:
        base: Policy whose weights are tuned.
        program: The compiled policy.
        mask: Flags of the constants that are weights, bool [constants].
        start: Initial values of the weights, float64 [weights].
        shape: Matrix that turns a step of tuning into a step of the weights, float64 [weights, weights].
    """

    base: Policy
    program: Program
    mask: NDArray[np.bool_]
    start: FloatArray
    shape: FloatArray

    def program_at(self, point: FloatArray) -> Program:
        """Return the program with the weights at a point."""
        consts = self.program.consts.copy()
        consts[self.mask] = self.start + self.shape @ point
        return self.program._replace(consts=consts)

    def policy_at(self, point: FloatArray) -> Policy:
        """Return the policy with the weights at a point, rounded to six digits."""
        consts = np.array(constants(self.base))
        consts[self.mask] = self.start + self.shape @ point
        policy = with_constants(self.base, [float(f"{c:.6g}") for c in consts])
        return policy.model_copy(update={"policy_id": policy_key(policy)})


def new_lineage(policy: Policy) -> Lineage:
    """Return the lineage of a policy that has not been tuned."""
    return Lineage(policy=policy.model_dump(mode="json"), parent=policy.policy_id)


def weights_of(lineage: Lineage) -> Weights:
    """Return the weights of a lineage.

    Raises:
        PolicyError: Its policy is a trained network.
    """
    base = parse_policy(lineage.policy)
    if base.allocation_strategy.network is not None:
        raise PolicyError(f"policy {base.policy_id} is a trained network; search starts from one with rules")
    mask = tunable(base)
    start = np.array(constants(base))[mask]
    shape = np.diag(np.maximum(np.abs(start), SMALLEST_SCALE))
    if len(lineage.shape) == len(start):
        shape = np.array(lineage.shape).reshape(len(start), len(start))
    return Weights(base, compile_policy(base), mask, start, shape)


def inherited(parent: Lineage, child: Policy) -> Lineage:
    """Return the lineage of a child, with what tuning has learned about the weights that it shares with its parent.

    Shared weights keep their covariance and the step size; a new weight starts with a scale of its own.
    """
    before, after = weights_of(parent), _scales(child)
    shared = _shared(_labels(before.base), _labels(child))
    sigma = parent.sigma if shared else FIRST_SIGMA
    # A new weight moves by FIRST_SIGMA of its scale, whatever the step size of the others is.
    covariance: FloatArray = np.diag((after * FIRST_SIGMA / sigma) ** 2)
    own = before.shape @ before.shape.T
    mine, theirs = [b for _, b in shared], [a for a, _ in shared]
    covariance[np.ix_(mine, mine)] = own[np.ix_(theirs, theirs)]
    factor: FloatArray = np.asarray(np.linalg.cholesky(covariance + 1e-12 * np.eye(len(after))), np.float64)
    return Lineage(policy=child.model_dump(mode="json"), sigma=sigma, shape=rows_of(factor), parent=child.policy_id)


def rows_of(shape: FloatArray) -> tuple[tuple[float, ...], ...]:
    """Return a matrix as rows of numbers with six digits, for `Lineage.shape`."""
    return tuple(tuple(float(f"{v:.6g}") for v in row) for row in shape)


def _scales(policy: Policy) -> FloatArray:
    """Return the scale of each weight: its magnitude, but at least the smallest scale."""
    values = np.array(constants(policy))[tunable(policy)]
    scales: FloatArray = np.maximum(np.abs(values), SMALLEST_SCALE)
    return scales


def _shared(before: list[str], after: list[str]) -> list[tuple[int, int]]:
    """Return pairs of indices of the weights that two policies share, in the same order in both."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [(m.a + k, m.b + k) for m in matcher.get_matching_blocks() for k in range(m.size)]


def tunable(policy: Policy) -> NDArray[np.bool_]:
    """Return which of a policy's constants are weights: those that multiply something in `order` or a score.

    Constants within a logarithm or a comparison keep their meaning; only variation changes them.

    Returns:
        Flags, bool [constants].
    """
    return np.array([label is not None for label in _numbers_of(policy)], bool)


def is_tunable(policy: Policy) -> bool:
    """Return True if a policy has rules with enough weights to tune."""
    return policy.allocation_strategy.network is None and bool(tunable(policy).sum() >= FEWEST_WEIGHTS)


def _labels(policy: Policy) -> list[str]:
    """Return what each weight of a policy multiplies, in the order of the weights."""
    return [label for label in _numbers_of(policy) if label is not None]


def _numbers_of(policy: Policy) -> list[str | None]:
    """Return for each constant of a policy what it multiplies; None: it is no weight."""
    labels: list[str | None] = []
    for number, expr in enumerate(parse_sections(policy).flat()):
        is_searched = number == 0 or (number >= 2 and number % 2 == 1)  # noqa: PLR2004  # order and scores
        labels += [label if is_searched else None for label in _numbers_in(expr)]
    return labels


def _numbers_in(expr: Expr, multiplied: str | None = None) -> Iterator[str | None]:
    """Yield for each number of an expression, in the order of `walk`, what it multiplies; None: nothing."""
    if isinstance(expr, Num):
        yield multiplied
    elif isinstance(expr, Apply):
        is_factor = expr.op is Op.MUL and not all(isinstance(a, Num) for a in expr.args)
        for place, arg in enumerate(expr.args):
            yield from _numbers_in(arg, to_text(expr.args[1 - place]) if is_factor else None)
