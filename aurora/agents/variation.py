"""Operators that change a policy's structure; every result is a valid policy."""

from __future__ import annotations

import numpy as np

from aurora.errors import PolicyError
from aurora.sim.compiler import Sections, compile_policy, parse_sections, policy_key, with_sections
from aurora.sim.expression import Apply, Expr, Num, Ref, walk
from aurora.sim.features import FEATURES
from aurora.sim.policy import MAX_RULES, Policy
from aurora.sim.program import Op

_ATTEMPTS = 20
_SCALES = {f.name: f.scale for f in FEATURES}


def vary(parent: Policy, other: Policy, rng: np.random.Generator) -> Policy:
    """A child of one parent, or of two by crossover, that does something else than its parent.

    Raises:
        PolicyError: No valid child was found in 20 tries.
    """
    operators = (_swap_feature, _replace_subtree, _drop_term, _add_term, _jitter)
    for _ in range(_ATTEMPTS):
        sections = parse_sections(parent)
        if rng.random() < 0.25:  # noqa: PLR2004  # a quarter of the children have two parents
            sections = _cross(sections, parse_sections(other), rng)
        else:
            sections = _at_random_section(sections, operators[int(rng.integers(len(operators)))], rng)
        strategy = with_sections(parent.allocation_strategy, sections)
        try:
            child = parent.model_copy(update={"allocation_strategy": strategy})
            compile_policy(child)
            key = policy_key(child)
        except PolicyError:
            continue
        if key != policy_key(parent):
            return child.model_copy(update={"policy_id": key})
    raise PolicyError(f"no valid variation of policy {parent.policy_id} was found")


def _at_random_section(sections: Sections, operator: object, rng: np.random.Generator) -> Sections:
    assert callable(operator)
    place = int(rng.integers(1 + len(sections.rules)))
    if place == 0:
        return sections._replace(order=operator(sections.order, rng, ("task.", "cluster.")))
    when, score = sections.rules[place - 1]
    changed = operator(score, rng, ("task.", "node.", "fit.", "path.", "cluster."))
    rules = (*sections.rules[: place - 1], (when, changed), *sections.rules[place:])
    return sections._replace(rules=rules)


def _cross(a: Sections, b: Sections, rng: np.random.Generator) -> Sections:
    """Order of one parent and a rule's score of the other, or one rule more."""
    score = b.rules[int(rng.integers(len(b.rules)))][1]
    place = int(rng.integers(len(a.rules)))
    rules = (*a.rules[:place], (a.rules[place][0], score), *a.rules[place + 1 :])
    order = b.order if rng.random() < 0.5 else a.order  # noqa: PLR2004  # a fair coin
    return a._replace(order=order, rules=rules[:MAX_RULES])


def _substitute(expr: Expr, target: int, new: Expr) -> Expr:
    """The tree with its `target`-th node (in the order of `walk`) replaced."""
    count = -1

    def rebuild(node: Expr) -> Expr:
        nonlocal count
        count += 1
        if count == target:
            count += sum(1 for _ in walk(node)) - 1
            return new
        if isinstance(node, Apply):
            return Apply(node.op, tuple(rebuild(a) for a in node.args))
        return node

    return rebuild(expr)


def _pick(expr: Expr, kind: type[Expr], rng: np.random.Generator) -> int | None:
    places = [i for i, node in enumerate(walk(expr)) if isinstance(node, kind)]
    return places[int(rng.integers(len(places)))] if places else None


def _random_ref(rng: np.random.Generator, scopes: tuple[str, ...]) -> Ref:
    names = [f.name for f in FEATURES if f.name.startswith(scopes)]
    return Ref(names[int(rng.integers(len(names)))])


def _term(rng: np.random.Generator, scopes: tuple[str, ...]) -> Expr:
    """A weight times a feature brought to a magnitude of about one."""
    ref = _random_ref(rng, scopes)
    scale = _SCALES[ref.name]
    scaled: Expr = ref if scale == 1 else Apply(Op.DIV, (ref, Num(float(scale))))
    return Apply(Op.MUL, (Num(round(float(rng.normal(0, 0.3)), 3)), scaled))


def _swap_feature(expr: Expr, rng: np.random.Generator, scopes: tuple[str, ...]) -> Expr:
    place = _pick(expr, Ref, rng)
    return expr if place is None else _substitute(expr, place, _random_ref(rng, scopes))


def _replace_subtree(expr: Expr, rng: np.random.Generator, scopes: tuple[str, ...]) -> Expr:
    place = int(rng.integers(sum(1 for _ in walk(expr))))
    return _substitute(expr, place, _term(rng, scopes))


def _drop_term(expr: Expr, rng: np.random.Generator, scopes: tuple[str, ...]) -> Expr:
    places = [(i, node) for i, node in enumerate(walk(expr)) if isinstance(node, Apply) and node.op in (Op.ADD, Op.SUB)]
    if not places:
        return expr
    place, node = places[int(rng.integers(len(places)))]
    return _substitute(expr, place, node.args[int(rng.integers(2))])


def _add_term(expr: Expr, rng: np.random.Generator, scopes: tuple[str, ...]) -> Expr:
    return Apply(Op.ADD, (expr, _term(rng, scopes)))


def _jitter(expr: Expr, rng: np.random.Generator, scopes: tuple[str, ...]) -> Expr:
    place = _pick(expr, Num, rng)
    if place is None:
        return expr
    value = next(n.value for i, n in enumerate(walk(expr)) if i == place and isinstance(n, Num))
    return _substitute(expr, place, Num(round(value * float(np.exp(rng.normal(0, 0.4))), 6)))
