"""Simplification of expressions that leaves their values unchanged."""

from __future__ import annotations

import math

from aurora.sim.policies.compiler import Sections
from aurora.sim.policies.expression import Apply, Expr, Num, Ref, evaluate
from aurora.sim.policies.program import Op

_LARGEST_FEATURE = 1e60
"""Bound on every feature: amounts end at 1e15, a feature multiplies at most four, and no speed is near zero."""
_LARGEST_FINITE = 1e300
"""Bound below which a value is certainly finite, with room for the rounding of `magnitude`."""
_TRUTHS = frozenset((Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE, Op.AND, Op.OR, Op.NOT))


def simplify(expr: Expr) -> Expr:
    """Return an expression with the same values and fewer operations.

    Constants are folded, and terms without weight dropped. Values stay equal except for the sign of a zero, which no
    operation of the language shows. Sums are therefore not reordered, and `0 * e` becomes 0 only where `e` is
    certainly finite.

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
    """Return a policy's sections with simplified expressions and without rules that are never reached."""
    kept: list[tuple[Expr, Expr]] = []
    for when, score in sections.rules:
        guard = simplify(when)
        if guard != Num(0.0):
            kept.append((guard, simplify(score)))
        if isinstance(guard, Num) and guard.value != 0:
            break
    # A policy needs a rule. One whose condition never holds keeps every task waiting, as no rule would.
    rules = tuple(kept) or ((Num(0.0), Num(0.0)),)
    return Sections(simplify(sections.order), simplify(sections.admit), rules)


def _without_effect(op: Op, args: tuple[Expr, ...]) -> Expr | None:  # one return per rewrite
    """Return what an operation reduces to where it has no effect; None where it has one."""
    first, last = args[0], args[-1]
    zero, one = Num(0.0), Num(1.0)
    match op:
        case Op.ADD if first == zero:
            return last
        case Op.ADD | Op.SUB if last == zero:
            return first
        case Op.SUB if first == last and magnitude(first) < _LARGEST_FINITE:
            return zero
        case Op.MUL if zero in args and magnitude(last if first == zero else first) < _LARGEST_FINITE:
            return zero
        case Op.MUL if first == one:
            return last
        case Op.MUL | Op.DIV if last == one:
            return first
        case Op.DIV if zero in args and magnitude(last) < _LARGEST_FINITE:
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
    """Return an upper bound on an expression's absolute value; infinite where the value might not be finite."""
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
