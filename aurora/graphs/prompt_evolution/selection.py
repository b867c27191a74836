"""Selects the versions to keep, by a front over families rather than one average."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.graphs.prompt_evolution.bench import Case
from aurora.graphs.prompt_evolution.state import Sample, Selection, family_means, values_of
from aurora.memory import pareto

KEPT = 3
"""Most versions that are kept."""


def select_versions(samples: Sequence[Sample], cases: Sequence[Case], order: Sequence[str]) -> Selection:
    """Return the best versions: those on the Pareto front of the families' means first, then those of the next front.

    Versions are compared on the cases that the first one was measured on. Only those that were measured on all of them
    take part, so that no one is ahead by having met easier cases.

    Args:
        samples: Measurements.
        cases: Selection cases.
        order: Ids of the versions, the first one first; of equals the older is kept.
    """
    common = {c.name for c in cases} & values_of(samples, order[0]).keys()
    complete = [v for v in order if common <= values_of(samples, v).keys()]
    if not common:
        return Selection((order[0],), (order[0],))
    relevant = [s for s in samples if s.case in common]
    means = {v: family_means(relevant, v) for v in complete}
    average = {v: sum(m.values()) / len(m) for v, m in means.items()}
    families = sorted({family for m in means.values() for family in m})
    left = {v: tuple(-means[v].get(f, float("-inf")) for f in families) for v in complete}
    kept: list[str] = []
    first: tuple[str, ...] = ()
    while left and len(kept) < KEPT:
        front = pareto.front(left)
        first = first or front
        kept += sorted(front, key=lambda v: (-average[v], order.index(v)))[: KEPT - len(kept)]
        left = {v: vector for v, vector in left.items() if v not in front}
    return Selection(tuple(sorted(kept, key=lambda v: (-average[v], order.index(v)))), first)
