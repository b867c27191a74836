"""Makes the champions of a front from one champion: the same policy with its weights of the objectives held fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.alterations import with_weights
from aurora.agents.arena.evaluation import values
from aurora.agents.arena.source import Source
from aurora.agents.search.simplification import simplify_sections
from aurora.champions.champion import PREFIX, Champion, parse_champion
from aurora.errors import InputError
from aurora.evals.shipping import Judging, fresh, judge, judged_at
from aurora.graphs.settings import PARTS
from aurora.sim.objectives import OBJECTIVES, ObjectiveName
from aurora.sim.policies.compiler import Sections, compile_policy, parse_sections, with_sections
from aurora.sim.policies.expression import Apply, Expr, Num, Ref
from aurora.sim.policies.policy import Policy

BY_WEIGHTS = ", by the weights of each scenario's objectives."
"""End of the purpose of a champion that reads the weights; a front's has its preference there."""


class Preference(NamedTuple):
    """A preference among the objectives.

    Attributes:
        aim: What counts, in words.
        weights: Weight of each objective; they add up to 1.
    """

    aim: str
    weights: Mapping[ObjectiveName, float]


PREFERENCES: Mapping[str, Preference] = {
    "balanced": Preference(
        "latency, cost, energy and missed SLAs alike", dict.fromkeys(("latency", "cost", "energy", "qos"), 0.25)
    ),
    "cheap": Preference("cost above all", {"latency": 0.1, "cost": 0.7, "energy": 0.1, "qos": 0.1}),
    "fast": Preference("latency above all, then missed SLAs", {"latency": 0.6, "cost": 0.1, "energy": 0.1, "qos": 0.2}),
    "green": Preference("energy above all", {"latency": 0.1, "cost": 0.1, "energy": 0.7, "qos": 0.1}),
}
"""Preferences of a front, by name."""


def specialised(policy: Policy, weights: Mapping[ObjectiveName, float]) -> Policy:
    """Return a policy that decides as another one does in scenarios whose objectives have these weights.

    Args:
        policy: A policy, which may read `objective.*`.
        weights: Weight of each objective, adding up to 1; one that is left out has 0.
    """
    known = {f"objective.{o.name}": weights.get(o.name, 0.0) for o in OBJECTIVES}
    sections = parse_sections(policy)
    rules = tuple((_fixed(when, known), _fixed(score, known)) for when, score in sections.rules)
    fixed = Sections(_fixed(sections.order, known), _fixed(sections.admit, known), rules)
    strategy = with_sections(policy.allocation_strategy, simplify_sections(fixed))
    return policy.model_copy(update={"allocation_strategy": strategy})


def front_champion(
    champion: Champion, preference: str, source: Source, judging: Judging, *, others: Sequence[Champion] = ()
) -> Champion:
    """Return the champion of a preference, judged on scenarios whose objectives have its weights.

    Args:
        champion: A champion of generated scenarios that reads the weights of the objectives.
        preference: Name of the preference, from `PREFERENCES`.
        source: The source of generated scenarios.
        judging: Fresh scenarios on which it is judged.
        others: Champions that may take its place if they are better with these weights, on other scenarios of its
            validation families.

    Raises:
        InputError: The preference is unknown, or the champion comes from another source.
    """
    if preference not in PREFERENCES:
        raise InputError(f"no preference is named {preference!r}; there are {', '.join(PREFERENCES)}")
    origin = champion.provenance
    if origin.source != source.name:
        raise InputError(f"{champion.name} comes from source {origin.source}, not {source.name}")
    wanted = PREFERENCES[preference]
    families = {part: getattr(origin, f"{part}_families") for part in PARTS}
    own = with_weights(replace(source, **families), wanted.weights)
    parent = _best((champion, *others), wanted.weights, own, judging)
    policy = specialised(parent.policy, wanted.weights)
    found = {"parent": parent.policy_name, "judged_at": judged_at()}
    held_out = {f"{part}_families": families[part] for part in PARTS[1:]}
    name = f"{champion.name}-{preference}"
    return parse_champion(
        {
            "format": 1,
            "name": name,
            "version": champion.version,
            "purpose": f"{champion.purpose.removesuffix(BY_WEIGHTS)}, {wanted.aim}.",
            "idea": f"{parent.policy_name} with fixed weights of the objectives: it does not read a scenario's own.",
            "weights": dict(wanted.weights),
            "policy": policy.model_copy(update={"policy_id": PREFIX + name}),
            "provenance": parent.provenance.model_copy(update=found | held_out),
            **judge(policy, own, origin.test_families, judging)._asdict(),
        },
        where=name,
    )


def _best(
    candidates: Sequence[Champion], weights: Mapping[ObjectiveName, float], source: Source, judging: Judging
) -> Champion:
    """Return the champion that is best with weights, the first of equals, on validation scenarios of another seed."""
    programs = [compile_policy(specialised(c.policy, weights)) for c in candidates]
    other = judging._replace(seed=judging.seed + 1)
    means = [
        values(source, fresh(source, family, other)[1], programs, judging.jobs).mean(axis=1)
        for family in source.validation
    ]
    return candidates[int(np.argmax(np.mean(means, axis=0)))]


def _fixed(expr: Expr, known: Mapping[str, float]) -> Expr:
    """Return an expression with numbers in place of the features that are known."""
    if isinstance(expr, Ref):
        return Num(known[expr.name]) if expr.name in known else expr
    return Apply(expr.op, tuple(_fixed(a, known) for a in expr.args)) if isinstance(expr, Apply) else expr
