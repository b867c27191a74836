"""Pruning: drops the terms of a policy that gain nothing on common scenarios, so that less is left to tune and to read.

Unlike `aurora.agents.search.simplification`, which leaves every value unchanged, pruning may change decisions; it is
judged by what the policy achieves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, advantages
from aurora.agents.search.family_selection import balanced_means
from aurora.agents.search.tree_edits import sum_of, terms_of
from aurora.sim.policies.compiler import Sections, compile_policy, parse_sections, policy_key, with_sections
from aurora.sim.policies.expression import Expr
from aurora.sim.policies.policy import Policy


class Pruned(NamedTuple):
    """The result of pruning.

    Attributes:
        policy: The policy without the terms that were dropped.
        dropped: Number of terms that were dropped.
        simulations: Number of policies that were simulated on all scenarios.
    """

    policy: Policy
    dropped: int
    simulations: int


class Term(NamedTuple):
    """The place of a term: 0 for `order`, k for the score of the k-th rule from 1; and its number in that sum."""

    section: int
    number: int


def terms(policy: Policy) -> list[Term]:
    """Return the terms of the sums of a policy: of its order and its scores, where there are at least two."""
    found: list[Term] = []
    for place, expr in enumerate(_sums(parse_sections(policy))):
        count = len(terms_of(expr))
        found += [Term(place, number) for number in range(count)] if count > 1 else []
    return found


def without(policy: Policy, dropped: Sequence[Term]) -> Policy:
    """Return a policy without some terms; the first term of a sum stays where all of them would go."""
    sections = parse_sections(policy)
    order, *scores = (
        sum_of([t for k, t in enumerate(all_terms) if Term(place, k) not in dropped] or all_terms[:1])
        for place, all_terms in enumerate(map(terms_of, _sums(sections)))
    )
    rules = tuple((when, score) for (when, _), score in zip(sections.rules, scores, strict=True))
    strategy = with_sections(policy.allocation_strategy, sections._replace(order=order, rules=rules))
    smaller = policy.model_copy(update={"allocation_strategy": strategy})
    return smaller.model_copy(update={"policy_id": policy_key(smaller)})


def prune(policy: Policy, where: Arena, jobs: int, *, tolerance: float = 0.0, rounds: int = 1) -> Pruned:
    """Drop the terms of a policy without which it achieves as much.

    Each round measures the policy without each of its terms. Those that cost no more than the tolerance are dropped
    together if the policy then achieves as much, else half as many, and so on.

    Args:
        policy: A policy with rules.
        where: Scenarios with the references' values.
        jobs: Number of threads; the result does not depend on it.
        tolerance: Fall of the mean value that is accepted in each round.
        rounds: Largest number of rounds.
    """
    dropped = simulated = 0
    for _ in range(rounds):
        places = terms(policy)
        if not places:
            break
        variants = [policy, *(without(policy, [place]) for place in places)]
        means = balanced_means(advantages(where, [compile_policy(p) for p in variants], jobs), where.families)
        simulated += len(variants)
        losses = means[0] - means[1:]
        order = [int(k) for k in np.argsort(losses, kind="stable") if losses[k] <= tolerance]
        smaller, tried = _most_dropped(policy, [places[k] for k in order], where, float(means[0]) - tolerance, jobs)
        simulated += tried
        if smaller is None:
            break
        dropped += _size(policy) - _size(smaller)
        policy = smaller
    return Pruned(policy, dropped, simulated)


def _most_dropped(
    policy: Policy, candidates: Sequence[Term], where: Arena, least: float, jobs: int
) -> tuple[Policy | None, int]:
    """Return the policy without as many of the candidates as it can miss together, and how many were simulated."""
    count, tried = len(candidates), 0
    while count:
        smaller = without(policy, candidates[:count])
        tried += 1
        if balanced_means(advantages(where, [compile_policy(smaller)], jobs), where.families)[0] >= least:
            return smaller, tried
        count //= 2
    return None, tried


def _size(policy: Policy) -> int:
    """Return the number of terms in all sums of a policy, those with a single term included."""
    return sum(len(terms_of(expr)) for expr in _sums(parse_sections(policy)))


def _sums(sections: Sections) -> list[Expr]:
    return [sections.order, *(score for _, score in sections.rules)]
