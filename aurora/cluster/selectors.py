"""Matches labels with requirements, and taints with tolerations, as kube-scheduler does."""

from __future__ import annotations

from collections.abc import Mapping

from aurora.cluster.snapshot import Requirement, Taint, Term, Toleration


def holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    """Return whether labels meet a requirement; NotIn and DoesNotExist hold where the label is absent."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            if value is None or not requirement.values:
                return False
            try:
                number, bound = int(value), int(requirement.values[0])
            except ValueError:
                return False
            return number > bound if requirement.operator == "Gt" else number < bound


def matches(term: Term, labels: Mapping[str, str]) -> bool:
    """Return whether labels meet all requirements of a term."""
    return all(holds(r, labels) for r in term)


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Return whether a toleration covers a taint."""
    if toleration.effect is not None and toleration.effect != taint.effect:
        return False
    if toleration.key is None:
        return toleration.operator == "Exists"
    if toleration.key != taint.key:
        return False
    return toleration.operator == "Exists" or toleration.value == taint.value


def requirement_text(requirement: Requirement) -> str:
    """Return a requirement as people write it.

    >>> requirement_text(Requirement(key="zone", operator="In", values=("a", "b")))
    'zone in (a, b)'
    """
    values = ", ".join(requirement.values)
    return {
        "In": f"{requirement.key} in ({values})",
        "NotIn": f"{requirement.key} not in ({values})",
        "Exists": requirement.key,
        "DoesNotExist": f"!{requirement.key}",
        "Gt": f"{requirement.key} > {values}",
        "Lt": f"{requirement.key} < {values}",
    }[requirement.operator]


def term_text(term: Term) -> str:
    """Return a term as people write it; "any task" for an empty one."""
    return " and ".join(requirement_text(r) for r in term) or "any task"
