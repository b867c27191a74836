"""Expressions made shorter without changing what they are worth."""

from __future__ import annotations

import math

from aurora.sim.policies.compiler import Sections
from aurora.sim.policies.expression import Apply, Expr, Num, Ref, evaluate
from aurora.sim.policies.program import Op

_LARGEST_FEATURE = 1e60
"""No feature is larger: amounts end at 1e15, a feature is a product of four at most, and speeds are not near zero."""
_SAFE = 1e300
"""A bound below which a value is certainly a number, with room for the rounding of the bound itself."""
_TRUTHS = frozenset((Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE, Op.AND, Op.OR, Op.NOT))


def simplify(expr: Expr) -> Expr:
    """The same values by fewer operations: constants folded, terms without weight dropped.

    Values stay equal, the sign of a zero apart, which no operation of the language shows. So sums are
    not reordered, and `0 * e` goes only where `e` is certainly a number.

    Example:
        >>> from aurora.sim.policies.expression import parse, to_text
        >>> to_text(simplify(parse("2 * 3 * fit.cost + 0 * log(task.wait + 1) - 0")))
        '6 * fit.cost'
    """
    if not isinstance(expr, Apply):
        return expr
    args = tuple(simplify(a) for a in expr.args)
    if all(isinstance(a, Num) for a in args):
        value = evaluate(Apply(expr.op, args), {})
        if math.isfinite(value):
            return Num(value)
    return _without_effect(expr.op, args) or Apply(expr.op, args)


def simplify_sections(sections: Sections) -> Sections:
    """All expressions of a policy made shorter, and rules dropped that are never reached."""
    kept: list[tuple[Expr, Expr]] = []
    for when, score in sections.rules:
        guard = simplify(when)
        if guard != Num(0.0):
            kept.append((guard, simplify(score)))
        if isinstance(guard, Num) and guard.value != 0:
            break
    # A policy has a rule; one that never holds keeps every task waiting, and so says what it does.
    rules = tuple(kept) or ((Num(0.0), Num(0.0)),)
    return Sections(simplify(sections.order), simplify(sections.admit), rules)


def _without_effect(op: Op, args: tuple[Expr, ...]) -> Expr | None:  # one return a rewrite
    """What an operation comes to where it does nothing; None where it does something."""
    first, last = args[0], args[-1]
    zero, one = Num(0.0), Num(1.0)
    match op:
        case Op.ADD if first == zero:
            return last
        case Op.ADD | Op.SUB if last == zero:
            return first
        case Op.SUB if first == last and magnitude(first) < _SAFE:
            return zero
        case Op.MUL if zero in args and magnitude(last if first == zero else first) < _SAFE:
            return zero
        case Op.MUL if first == one:
            return last
        case Op.MUL | Op.DIV if last == one:
            return first
        case Op.DIV if zero in args and magnitude(last) < _SAFE:
            return zero
        case Op.NEG if isinstance(first, Apply) and first.op is Op.NEG:
            return first.args[0]
        case Op.AND if zero in args:
            return zero
        case Op.MIN | Op.MAX if first == last:
            return first
        case Op.SELECT if isinstance(first, Num):
            return args[1] if first.value != 0 else args[2]
        case Op.SELECT if args[1] == args[2]:
            return last
    return None


def magnitude(expr: Expr) -> float:
    """A number that an expression's absolute value never exceeds; infinite where it might be no number."""
    if isinstance(expr, Num):
        return abs(expr.value)
    if isinstance(expr, Ref):
        return _LARGEST_FEATURE
    sizes = [magnitude(a) for a in expr.args]
    if expr.op in _TRUTHS:
        return 1.0
    if max(sizes) == math.inf:
        return math.inf
    match expr.op:
        case Op.ADD | Op.SUB:
            return sizes[0] + sizes[1]
        case Op.MUL:
            return sizes[0] * sizes[1]
        case Op.DIV:
            divisor = expr.args[1]
            return sizes[0] / abs(divisor.value) if isinstance(divisor, Num) and divisor.value else math.inf
        case Op.LOG:
            return max(700.0, math.log(max(sizes[0], 1.0)))  # the logarithm of the floor, 1e-300, is -691
        case Op.EXP:
            return math.exp(min(sizes[0], 700.0))
        case Op.SIGMOID:
            return 1.0
        case Op.SQRT | Op.FLOOR:
            return sizes[0] + 1
    return max(sizes)
