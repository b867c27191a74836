"""Pareto fronts and hypervolumes of outcomes on a scenario. Lower is better in every objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Vector = Sequence[float]


def dominates(a: Vector, b: Vector) -> bool:
    """Return True if `a` is no worse than `b` in every objective and better in at least one."""
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))


def front(vectors: Mapping[str, Vector]) -> tuple[str, ...]:
    """Return the names of the vectors that no other dominates, sorted."""
    return tuple(
        sorted(
            name
            for name, vector in vectors.items()
            if not any(dominates(other, vector) for rival, other in vectors.items() if rival != name)
        )
    )


def hypervolume(vectors: Sequence[Vector], reference: Vector) -> float:
    """Return the volume that a set of points dominates within a reference point.

    It is computed exactly by slicing objectives (HSO; While et al., IEEE TEC 2006), for up to four objectives and some
    tens of points. Points that are not better than the reference in every objective add nothing.
    """
    inside = [tuple(v) for v in vectors if all(x < r for x, r in zip(v, reference, strict=True))]
    if not inside:
        return 0.0
    if len(reference) == 1:
        return reference[0] - min(v[0] for v in inside)
    volume = 0.0
    ordered = sorted(inside)
    for i, point in enumerate(ordered):
        upper = ordered[i + 1][0] if i + 1 < len(ordered) else reference[0]
        if upper > point[0]:
            volume += (upper - point[0]) * hypervolume([v[1:] for v in ordered[: i + 1]], reference[1:])
    return volume
