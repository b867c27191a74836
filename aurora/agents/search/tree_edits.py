"""Random edits of one expression; each takes a tree, random numbers and the scopes that may be read there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from aurora.sim.policies.expression import Apply, Expr, Num, Ref, walk
from aurora.sim.policies.features import GENERAL_FEATURES, Scope
from aurora.sim.policies.program import Op

Edit = Callable[[Expr, np.random.Generator, Collection[Scope]], Expr]

# Thresholds of new conditions, in typical magnitudes of the feature.
_THRESHOLDS = (0.0, 0.1, 0.3, 0.5, 0.9, 1.0, 2.0)


def swap_feature(expr: Expr, rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Replace a feature by another."""
    place = _pick(expr, rng, lambda node: isinstance(node, Ref))
    return expr if place is None else substitute(expr, place, _feature(rng, scopes)[0])


def replace_subtree(expr: Expr, rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Replace any subtree by a new term."""
    place = int(rng.integers(sum(1 for _ in walk(expr))))
    return substitute(expr, place, new_term(rng, scopes))


def add_term(expr: Expr, rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Add a new term."""
    return Apply(Op.ADD, (expr, new_term(rng, scopes)))


def add_product(expr: Expr, rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Add the product of a term of the sum, or of the whole value, with a new feature.

    So a weight can differ between small and large tasks, or between an idle and a full system.
    """
    terms = terms_of(expr)
    ref, scale = _feature(rng, scopes)
    factor: Expr = ref if scale == 1 else Apply(Op.DIV, (ref, Num(scale)))
    term = terms[int(rng.integers(len(terms)))]
    if isinstance(term, Apply) and term.op is Op.MUL and isinstance(term.args[0], Num):
        term = term.args[1]  # the product has a weight of its own
    product = Apply(Op.MUL, (term, factor))
    return Apply(Op.ADD, (expr, Apply(Op.MUL, (Num(round(float(rng.normal(0, 0.3)), 3)), product))))


def terms_of(expr: Expr) -> list[Expr]:
    """Return the terms of a sum, from left to right; a subtracted one with a minus."""
    if isinstance(expr, Apply) and expr.op is Op.ADD:
        return [*terms_of(expr.args[0]), *terms_of(expr.args[1])]
    if isinstance(expr, Apply) and expr.op is Op.SUB:
        return [*terms_of(expr.args[0]), *(_negative(term) for term in terms_of(expr.args[1]))]
    return [expr]


def sum_of(terms: Sequence[Expr]) -> Expr:
    """Return the sum of terms."""
    total = terms[0]
    for term in terms[1:]:
        total = Apply(Op.ADD, (total, term))
    return total


def _negative(term: Expr) -> Expr:
    """Return a term with the other sign; the sign goes into a factor that is a number."""
    if isinstance(term, Num):
        return Num(-term.value)
    if isinstance(term, Apply) and term.op is Op.MUL and isinstance(term.args[0], Num):
        return Apply(Op.MUL, (Num(-term.args[0].value), term.args[1]))
    return Apply(Op.NEG, (term,))


def drop_term(expr: Expr, rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Drop a term of a sum, a side of an `and` or `or`, or a branch of a conditional."""
    kept = {Op.ADD: (0, 1), Op.SUB: (0, 1), Op.AND: (0, 1), Op.OR: (0, 1), Op.SELECT: (1, 2)}
    place = _pick(expr, rng, lambda node: isinstance(node, Apply) and node.op in kept)
    if place is None:
        return expr
    node = at(expr, place)
    assert isinstance(node, Apply)
    return _fold_minus(substitute(expr, place, node.args[kept[node.op][int(rng.integers(2))]]))


def _fold_minus(expr: Expr) -> Expr:
    """Fold the minus of a constant into it, as the parser does, so that the tree equals what its text parses to."""
    if not isinstance(expr, Apply):
        return expr
    args = tuple(_fold_minus(a) for a in expr.args)
    return Num(-args[0].value) if expr.op is Op.NEG and isinstance(args[0], Num) else Apply(expr.op, args)


def jitter(expr: Expr, rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Scale a constant by a random factor; a zero becomes a random value of about 0.1."""
    place = _pick(expr, rng, lambda node: isinstance(node, Num))
    if place is None:
        return expr
    node = at(expr, place)
    assert isinstance(node, Num)
    value = node.value * float(np.exp(rng.normal(0, 0.4))) if node.value else float(rng.normal(0, 0.1))
    return substitute(expr, place, Num(round(value, 6)))


def insert_conditional(expr: Expr, rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Turn a part `a` into `a if condition else b`, with a new term `b`."""
    places = [i for i, node in enumerate(walk(expr)) if not isinstance(node, Num)]
    if not places:
        return expr
    place = places[int(rng.integers(len(places)))]
    chosen = Apply(Op.SELECT, (new_condition(rng, scopes), at(expr, place), new_term(rng, scopes)))
    return substitute(expr, place, chosen)


def narrow(expr: Expr, rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Combine a condition with a new one by `and` or `or`; a constant is replaced by the new one."""
    condition = new_condition(rng, scopes)
    if isinstance(expr, Num):
        return condition
    return Apply(Op.AND if rng.random() < 0.5 else Op.OR, (expr, condition))  # noqa: PLR2004  # a fair coin


EDITS: tuple[Edit, ...] = (swap_feature, replace_subtree, drop_term, add_term, add_product, jitter, insert_conditional)
"""Edits of a value: `order` or a score."""
CONDITION_EDITS: tuple[Edit, ...] = (narrow, swap_feature, drop_term, jitter)
"""Edits of a condition: `when` or `admit`."""


def new_term(rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Return a random weight times a feature scaled to a magnitude of about one."""
    ref, scale = _feature(rng, scopes)
    scaled: Expr = ref if scale == 1 else Apply(Op.DIV, (ref, Num(scale)))
    return Apply(Op.MUL, (Num(round(float(rng.normal(0, 0.3)), 3)), scaled))


def new_condition(rng: np.random.Generator, scopes: Collection[Scope]) -> Expr:
    """Return a comparison of a feature with a multiple of its typical magnitude."""
    ref, scale = _feature(rng, scopes)
    threshold = Num(_THRESHOLDS[int(rng.integers(len(_THRESHOLDS)))] * scale)
    return Apply(Op.GT if rng.random() < 0.5 else Op.LE, (ref, threshold))  # noqa: PLR2004  # a fair coin


def at(expr: Expr, place: int) -> Expr:
    """Return the `place`-th node in the order of `walk`."""
    return next(node for i, node in enumerate(walk(expr)) if i == place)


def substitute(expr: Expr, place: int, new: Expr) -> Expr:
    """Return the tree with its `place`-th node (in the order of `walk`) replaced."""
    count = -1

    def rebuild(node: Expr) -> Expr:
        nonlocal count
        count += 1
        if count == place:
            count += sum(1 for _ in walk(node)) - 1
            return new
        if isinstance(node, Apply):
            return Apply(node.op, tuple(rebuild(a) for a in node.args))
        return node

    return rebuild(expr)


def _pick(expr: Expr, rng: np.random.Generator, wanted: Callable[[Expr], bool]) -> int | None:
    places = [i for i, node in enumerate(walk(expr)) if wanted(node)]
    return places[int(rng.integers(len(places)))] if places else None


def _feature(rng: np.random.Generator, scopes: Collection[Scope]) -> tuple[Ref, float]:
    """Draw a feature that may be read, and return it with its typical magnitude."""
    rows = [f for f in GENERAL_FEATURES if f.scope in scopes]
    row = rows[int(rng.integers(len(rows)))]
    return Ref(row.name), float(row.scale)
