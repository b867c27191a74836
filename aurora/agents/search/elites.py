"""Elites: the best policy of every kind of behaviour that search has met (MAP-Elites; Mouret & Clune, 2015).

A cell is what a policy uses, how it places, and where it is strong. Elites are parents of new structures; a policy
that is not the best on average but is the best of its kind is kept for what it does differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aurora.agents.search.family_selection import epsilon_lexicase, family_means
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import parse_sections
from aurora.sim.policies.expression import Num, Ref, walk
from aurora.sim.policies.policy import Policy
from aurora.types import Frozen

MOST_ELITES = 48
"""Number of elites that are kept; the ones with the lowest mean leave first."""
_FEW_RULES = 3
"""Rules up to which a policy counts as one with few rules."""
_STYLES = ("cost", "energy", "latency_mean", "makespan")
"""Sums in which policies are compared to see how they place."""


class Elite(Frozen):
    """The best policy of a cell.

    Attributes:
        cell: What it uses, how it places, and where it is strong.
        policy: JSON of the policy.
        mean: Mean value over the best reference when it was last measured.
        families: The same mean on each family.
    """

    cell: tuple[str, str, str]
    policy: dict[str, Any]
    mean: float
    families: dict[str, float] = Field(default_factory=dict)


def use_of(policy: Policy) -> str:
    """Return what a policy uses: an order, admission, the state of the system, and how many rules."""
    sections = parse_sections(policy)
    read = {node.name for expr in sections.flat() for node in walk(expr) if isinstance(node, Ref)}
    marks = (
        "order" if any(isinstance(n, Ref) and n.name != "task.submit_time" for n in walk(sections.order)) else "",
        "admit" if not isinstance(sections.admit, Num) else "",
        "state" if any(name.startswith("cluster.") for name in read) else "",
        "goals" if any(name.startswith("objective.") for name in read) else "",
        "rules" if len(sections.rules) > _FEW_RULES else "",
    )
    return "+".join(mark for mark in marks if mark) or "plain"


def styles(summaries: Sequence[Sequence[Summary]]) -> list[str]:
    """Return how each of several policies places: the sum in which it is lowest relative to the others.

    Args:
        summaries: A row for each policy, with the sums of each scenario.
    """
    sums = np.array([[[float(getattr(s, name)) for name in _STYLES] for s in row] for row in summaries])
    typical = np.median(sums, axis=0, keepdims=True)
    relative = np.where(typical > 0, sums / np.where(typical > 0, typical, 1.0), 1.0).mean(axis=1)
    return [_STYLES[int(np.argmin(row))] if row.min() < 1 else "as others" for row in relative]


def elites_of(
    policies: Sequence[Policy],
    leads: NDArray[np.float64],
    summaries: Sequence[Sequence[Summary]],
    families: Sequence[str],
) -> list[Elite]:
    """Return policies that were measured on the same scenarios as elites of their cells.

    A policy is strong on the family where it is furthest above the mean of the policies.

    Args:
        policies: The policies.
        leads: Value over the best reference, float64 [policies, scenarios].
        summaries: Sums of each policy on each scenario.
        families: Family of each scenario; empty: not known.
    """
    names, means = family_means(leads, families or ("",) * leads.shape[1])
    strong = (means - means.mean(axis=0, keepdims=True)).argmax(axis=1)
    return [
        Elite(
            cell=(use_of(policy), style, str(names[int(best)])),
            policy=policy.model_dump(mode="json"),
            mean=float(by_family.mean()),
            families={str(name): float(mean) for name, mean in zip(names, by_family, strict=True)},
        )
        for policy, style, best, by_family in zip(policies, styles(summaries), strong, means, strict=True)
    ]


def parents_of(elites: Sequence[Elite], count: int, seed: int, *, by_family: bool) -> list[Elite]:
    """Draw elites as parents.

    Args:
        elites: The elites, at least one.
        count: Number of parents.
        seed: Random seed.
        by_family: True to select by lexicase over families, False to draw uniformly.
    """
    names = sorted({name for elite in elites for name in elite.families})
    if not by_family or not names:
        return [elites[int(k)] for k in np.random.default_rng(seed).integers(len(elites), size=count)]
    values = np.array([[elite.families.get(name, elite.mean) for name in names] for elite in elites])
    return [elites[int(k)] for k in epsilon_lexicase(values, names, count, seed=seed)]


def with_elites(elites: Sequence[Elite], new: Sequence[Elite]) -> tuple[Elite, ...]:
    """Return the elites with new ones: a cell keeps the higher mean, and the lowest leave where there are too many.

    Means of different iterations are of different scenarios of the same families, over the same references.
    """
    best = {elite.cell: elite for elite in elites}
    for elite in new:
        if elite.cell not in best or elite.mean > best[elite.cell].mean:
            best[elite.cell] = elite
    kept = sorted(best.values(), key=lambda e: (-e.mean, e.cell))[:MOST_ELITES]
    return tuple(sorted(kept, key=lambda e: e.cell))
