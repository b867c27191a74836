"""Ablation of a policy: each term, rule and choice is removed, and the loss is measured on fresh scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.evaluation import values
from aurora.agents.arena.source import Source
from aurora.sim.kernel import EncodedScenario
from aurora.sim.policies.compiler import Sections, compile_policy, parse_sections, with_sections
from aurora.sim.policies.expression import Apply, Expr, Num, Ref, to_text
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Op
from aurora.statistics.intervals import Interval, mean_interval

ARRIVAL = Ref("task.submit_time")
"""Order of a policy whose order is removed."""


class Without(NamedTuple):
    """A policy without one of its parts.

    Attributes:
        part: The part in words, such as "term fit.cpu_left of the scores".
        policy: The policy without it.
    """

    part: str
    policy: Policy


class PartLoss(NamedTuple):
    """The loss without a part of a policy.

    Attributes:
        part: The part in words.
        loss: Value of the policy less that without the part, mean over families with its 95 % interval.
    """

    part: str
    loss: Interval


class _Term(NamedTuple):
    """A term of a sum: what a factor multiplies, and the term with its sign."""

    key: str
    expr: Expr


def parts(policy: Policy) -> Iterator[Without]:
    """Yield a policy without each term, rule and choice.

    A term stands for what a factor multiplies; where several rules have the same, it is removed from all of them.
    """
    sections = parse_sections(policy)
    for key in dict.fromkeys(t.key for t in _terms(sections.order)):
        order = _without(sections.order, key)
        if order is not None:
            yield Without(f"term {key} of the order", _changed(policy, sections._replace(order=order)))
    if sections.order != ARRIVAL:
        yield Without("the order: tasks by arrival instead", _changed(policy, sections._replace(order=ARRIVAL)))
    if sections.admit != Num(1.0):
        yield Without(f"admit {to_text(sections.admit)}", _changed(policy, sections._replace(admit=Num(1.0))))
    yield from _without_rules(policy, sections)
    if policy.allocation_strategy.device_choice != "best_fit":
        choice = policy.allocation_strategy.device_choice
        strategy = policy.allocation_strategy.model_copy(update={"device_choice": "best_fit"})
        yield Without(f"device choice {choice}: best_fit instead", _named(policy, strategy))


def _without_rules(policy: Policy, sections: Sections) -> Iterator[Without]:
    """Yield a policy without each rule but the last, and without each term of the scores."""
    rules = sections.rules
    for place, (when, _) in enumerate(rules[:-1]):  # without the last, tasks would wait for ever
        fewer = sections._replace(rules=(*rules[:place], *rules[place + 1 :]))
        yield Without(f"rule when {to_text(when)}", _changed(policy, fewer))
    for key in dict.fromkeys(t.key for _, score in rules for t in _terms(score)):
        scores = [_without(score, key) for _, score in rules]
        kept = tuple((when, Num(0.0) if s is None else s) for (when, _), s in zip(rules, scores, strict=True))
        yield Without(f"term {key} of the scores", _changed(policy, sections._replace(rules=kept)))


def _changed(policy: Policy, sections: Sections) -> Policy:
    return _named(policy, with_sections(policy.allocation_strategy, sections))


def _named(policy: Policy, strategy: object) -> Policy:
    return policy.model_copy(update={"allocation_strategy": strategy, "policy_id": "without-a-part"})


def _terms(expr: Expr, *, negative: bool = False) -> list[_Term]:
    """Return the terms of a sum, each with its sign."""
    if isinstance(expr, Apply) and expr.op in (Op.ADD, Op.SUB):
        turned = negative != (expr.op is Op.SUB)
        return _terms(expr.args[0], negative=negative) + _terms(expr.args[1], negative=turned)
    if isinstance(expr, Apply) and expr.op is Op.NEG:
        return _terms(expr.args[0], negative=not negative)
    return [_Term(to_text(_scaled(expr)), Apply(Op.NEG, (expr,)) if negative else expr)]


def _scaled(expr: Expr) -> Expr:
    """Return what a constant factor multiplies."""
    if isinstance(expr, Apply) and expr.op is Op.MUL:
        first, second = expr.args
        if _is_constant(first):
            return _scaled(second)
        if _is_constant(second):
            return _scaled(first)
    if isinstance(expr, Apply) and expr.op is Op.DIV and _is_constant(expr.args[1]):
        return _scaled(expr.args[0])
    return expr


def _is_constant(expr: Expr) -> bool:
    return isinstance(expr, Num) or (isinstance(expr, Apply) and expr.op is Op.NEG and isinstance(expr.args[0], Num))


def _without(expr: Expr, key: str) -> Expr | None:
    """Return a sum without the terms of a key; None if nothing is left."""
    kept = [t.expr for t in _terms(expr) if t.key != key]
    if not kept:
        return None
    total = kept[0]
    for term in kept[1:]:
        total = Apply(Op.ADD, (total, term))
    return total


def losses(policy: Policy, source: Source, strata: Sequence[Sequence[EncodedScenario]], jobs: int) -> list[PartLoss]:
    """Measure what a policy loses without each of its parts, the largest loss first.

    Args:
        policy: A policy with rules.
        source: Source that says what a value is.
        strata: Scenarios of each family.
        jobs: Number of threads.

    Returns:
        The losses, paired by scenario.
    """
    without = list(parts(policy))
    programs = [compile_policy(p) for p in (policy, *(w.policy for w in without))]
    rows: list[NDArray[np.float64]] = [values(source, scenarios, programs, jobs) for scenarios in strata]
    measured = [
        PartLoss(w.part, mean_interval([row[0] - row[place] for row in rows])) for place, w in enumerate(without, 1)
    ]
    return sorted(measured, key=lambda m: -m.loss.mean)
