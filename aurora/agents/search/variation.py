"""Variation operators on the structure of policies; `vary` returns only policies that compile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aurora.agents.search.simplification import simplify_sections
from aurora.agents.search.tree_edits import (
    CONDITION_EDITS,
    EDITS,
    Edit,
    new_condition,
    new_term,
    sum_of,
    terms_of,
)
from aurora.errors import PolicyError
from aurora.sim.policies.compiler import Sections, compile_policy, parse_sections, policy_key, with_sections
from aurora.sim.policies.expression import ALL_SCOPES, DECISION_SCOPES, Apply, Expr, Num, Ref
from aurora.sim.policies.policy import MAX_RULES, AllocationStrategy, Policy
from aurora.sim.policies.program import Op

_ATTEMPTS = 20
_TWO_PARENTS = 0.25
"""Share of children with two parents."""
_SIMPLIFIED = 0.25
"""Share of children that are simplified. The others keep weights of zero, which tuning may raise."""

_IDLE = Apply(Op.EQ, (Ref("cluster.running"), Num(0.0)))

Operator = Callable[[Sections, np.random.Generator], Sections]


def vary(
    parent: Policy,
    other: Policy,
    rng: np.random.Generator,
    *,
    queue_is_given: bool = False,
    admission_is_given: bool = False,
) -> Policy:
    """Return a child of one parent, or of two by crossover, that behaves differently from the first parent.

    Args:
        parent: The policy to change.
        other: The second parent, for crossover.
        rng: Random numbers.
        queue_is_given: True if a protocol prescribes blocking and backfilling, which then stay as they are.
        admission_is_given: True if a protocol places every task that fits; `admit` then stays as it is.

    Raises:
        PolicyError: No valid child was found in 20 tries, or a parent is a network, which only training changes.
    """
    for policy in (parent, other):
        if policy.allocation_strategy.network is not None:
            raise PolicyError(f"policy {policy.policy_id} is a trained network; variation changes rules only")
    sections = parse_sections(parent)
    known = {policy_key(parent), policy_key(_child(parent, simplify_sections(sections)))}
    for _ in range(_ATTEMPTS):
        changed, strategy = sections, parent.allocation_strategy
        kind = rng.random()
        if kind < _TWO_PARENTS:
            changed = cross(sections, parse_sections(other), rng)
        else:
            place = int(rng.integers(len(OPERATORS) + 1))
            if place < len(OPERATORS):
                changed = OPERATORS[place](sections, rng)
            else:
                strategy = flip(strategy, rng, queue_is_given=queue_is_given)
        if admission_is_given:
            changed = changed._replace(admit=sections.admit)
        if rng.random() < _SIMPLIFIED:
            changed = simplify_sections(changed)
        try:
            child = _child(parent.model_copy(update={"allocation_strategy": strategy}), changed)
            compile_policy(child)
        except PolicyError:  # too large, too deep
            continue
        if child.policy_id not in known:
            return child
    raise PolicyError(f"no valid variation of policy {parent.policy_id} was found")


def _child(parent: Policy, sections: Sections) -> Policy:
    strategy = with_sections(parent.allocation_strategy, sections)
    child = parent.model_copy(update={"allocation_strategy": strategy})
    return child.model_copy(update={"policy_id": policy_key(child)})


def vary_order(sections: Sections, rng: np.random.Generator) -> Sections:
    """Edit the order of tasks in one place."""
    return sections._replace(order=_edit(EDITS, rng)(sections.order, rng, DECISION_SCOPES))


def vary_score(sections: Sections, rng: np.random.Generator) -> Sections:
    """Edit the score of one rule in one place."""
    place = int(rng.integers(len(sections.rules)))
    when, score = sections.rules[place]
    return _with_rule(sections, place, (when, _edit(EDITS, rng)(score, rng, ALL_SCOPES)))


def vary_when(sections: Sections, rng: np.random.Generator) -> Sections:
    """Edit the condition of one rule in one place."""
    place = int(rng.integers(len(sections.rules)))
    when, score = sections.rules[place]
    return _with_rule(sections, place, (_edit(CONDITION_EDITS, rng)(when, rng, DECISION_SCOPES), score))


def vary_admit(sections: Sections, rng: np.random.Generator) -> Sections:
    """Edit the admission condition in one place.

    A first condition does not apply to an idle system, so that no task waits for nothing.
    """
    if isinstance(sections.admit, Num):
        return sections._replace(admit=Apply(Op.OR, (_IDLE, new_condition(rng, ALL_SCOPES))))
    return sections._replace(admit=_edit(CONDITION_EDITS, rng)(sections.admit, rng, ALL_SCOPES))


def add_rule(sections: Sections, rng: np.random.Generator) -> Sections:
    """Add a rule before the others, for some of the tasks, with one term as its score."""
    if len(sections.rules) >= MAX_RULES:
        return sections
    rule = (new_condition(rng, DECISION_SCOPES), new_term(rng, ALL_SCOPES))
    return sections._replace(rules=(rule, *sections.rules))


def split_rule(sections: Sections, rng: np.random.Generator) -> Sections:
    """Split a rule in two: for some of its tasks the score is edited in one place."""
    if len(sections.rules) >= MAX_RULES:
        return sections
    place = int(rng.integers(len(sections.rules)))
    when, score = sections.rules[place]
    condition = new_condition(rng, DECISION_SCOPES)
    narrower: Expr = condition if isinstance(when, Num) else Apply(Op.AND, (when, condition))
    part = (narrower, _edit(EDITS, rng)(score, rng, ALL_SCOPES))
    return sections._replace(rules=(*sections.rules[:place], part, *sections.rules[place:]))


def drop_rule(sections: Sections, rng: np.random.Generator) -> Sections:
    """Drop a rule; its tasks fall to the rules behind it."""
    if len(sections.rules) == 1:
        return sections
    place = int(rng.integers(len(sections.rules)))
    return sections._replace(rules=(*sections.rules[:place], *sections.rules[place + 1 :]))


def reorder_rules(sections: Sections, rng: np.random.Generator) -> Sections:
    """Swap two neighbouring rules."""
    if len(sections.rules) == 1:
        return sections
    place = int(rng.integers(len(sections.rules) - 1))
    rules = list(sections.rules)
    rules[place], rules[place + 1] = rules[place + 1], rules[place]
    return sections._replace(rules=tuple(rules))


OPERATORS: tuple[Operator, ...] = (
    vary_order,
    vary_score,
    vary_score,  # twice, because most of a policy is its scores
    vary_when,
    vary_admit,
    add_rule,
    split_rule,
    drop_rule,
    reorder_rules,
)


def flip(strategy: AllocationStrategy, rng: np.random.Generator, *, queue_is_given: bool) -> AllocationStrategy:
    """Change the device choice or, unless it is given, the queueing (blocking by the head, backfilling)."""
    queues: list[dict[str, object]] = [
        {"head_of_line_blocking": False, "backfill": "none"},
        {"head_of_line_blocking": True, "backfill": "none"},
        {"head_of_line_blocking": True, "backfill": "easy"},
    ]
    devices: list[dict[str, object]] = [{"device_choice": d} for d in ("best_fit", "worst_fit", "least_fragmentation")]
    choices = [
        choice
        for choice in devices + ([] if queue_is_given else queues)
        if any(getattr(strategy, name) != value for name, value in choice.items())
    ]
    return strategy.model_copy(update=choices[int(rng.integers(len(choices)))])


def cross(a: Sections, b: Sections, rng: np.random.Generator) -> Sections:
    """Return the first parent with a part of the second: order, admission, a rule's score, a rule, or terms."""
    return CROSSINGS[int(rng.integers(len(CROSSINGS)))](a, b, rng)


def _take_order(a: Sections, b: Sections, rng: np.random.Generator) -> Sections:
    return a._replace(order=b.order)


def _take_admit(a: Sections, b: Sections, rng: np.random.Generator) -> Sections:
    return a._replace(admit=b.admit)


def _take_score(a: Sections, b: Sections, rng: np.random.Generator) -> Sections:
    place = int(rng.integers(len(a.rules)))
    return _with_rule(a, place, (a.rules[place][0], _any_rule(b, rng)[1]))


def _take_rule(a: Sections, b: Sections, rng: np.random.Generator) -> Sections:
    """Take a rule before the others, for some of the tasks; only its score where there is no room for a rule."""
    if len(a.rules) >= MAX_RULES:
        return _take_score(a, b, rng)
    when, score = _any_rule(b, rng)
    guard = new_condition(rng, DECISION_SCOPES) if isinstance(when, Num) else when
    return a._replace(rules=((guard, score), *a.rules))


def _take_terms_of_order(a: Sections, b: Sections, rng: np.random.Generator) -> Sections:
    return a._replace(order=cross_terms(a.order, b.order, rng))


def _take_terms_of_score(a: Sections, b: Sections, rng: np.random.Generator) -> Sections:
    place = int(rng.integers(len(a.rules)))
    when, score = a.rules[place]
    return _with_rule(a, place, (when, cross_terms(score, _any_rule(b, rng)[1], rng)))


CROSSINGS: tuple[Callable[[Sections, Sections, np.random.Generator], Sections], ...] = (
    _take_order,
    _take_admit,
    _take_score,
    _take_rule,
    _take_terms_of_order,
    _take_terms_of_score,
)


def _any_rule(sections: Sections, rng: np.random.Generator) -> tuple[Expr, Expr]:
    return sections.rules[int(rng.integers(len(sections.rules)))]


def cross_terms(a: Expr, b: Expr, rng: np.random.Generator) -> Expr:
    """Return a sum of the first parent's terms with some of the second's: each that it lacks, with probability 1/2."""
    own = terms_of(a)
    known = set(own)
    added = [term for term in terms_of(b) if term not in known and rng.random() < 0.5]  # noqa: PLR2004  # a fair coin
    return sum_of([*own, *added])


def _with_rule(sections: Sections, place: int, rule: tuple[Expr, Expr]) -> Sections:
    return sections._replace(rules=(*sections.rules[:place], rule, *sections.rules[place + 1 :]))


def _edit(edits: tuple[Edit, ...], rng: np.random.Generator) -> Edit:
    return edits[int(rng.integers(len(edits)))]
