"""Amounts of resources: which unit each has, sums and differences, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from aurora.quantities import plain
from aurora.quantities import size as size_of_bytes

CPU = "cpu"
"""Cores."""
MEMORY = "memory"
"""GiB of memory."""
STORAGE = "ephemeral-storage"
"""GiB of local disk."""
PODS = "pods"
"""Number of pods, of which every task takes one on a Kubernetes node."""
GPU = "nvidia.com/gpu"
"""Number of devices; a fraction where a task shares one."""

IN_GIB = (MEMORY, STORAGE, "hugepages-1Gi", "hugepages-2Mi")
"""Resources that are measured in GiB; `cpu` is in cores, all others are counts."""

TOLERANCE = 1e-9
"""Slack in every comparison of a request with what is free."""

Amounts = Mapping[str, float]
"""Resource name to amount: cores for `cpu`, GiB for memory and disk, a count for everything else."""

AmountsField = Annotated[
    dict[str, Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]],
    Field(default_factory=dict, description="resource to amount: cores, GiB of memory and disk, counts of others"),
]


def unit_of(resource: str) -> str:
    """Return the unit of a resource's amounts, empty for a count.

    >>> unit_of("cpu"), unit_of("memory"), unit_of("nvidia.com/gpu")
    ('cores', 'GiB', '')
    """
    return "cores" if resource == CPU else "GiB" if resource in IN_GIB else ""


def total(amounts: Iterable[Amounts]) -> dict[str, float]:
    """Return the sum of amounts, resource by resource.

    >>> total([{"cpu": 1.0}, {"cpu": 0.5, "memory": 2.0}])
    {'cpu': 1.5, 'memory': 2.0}
    """
    result: dict[str, float] = {}
    for amount in amounts:
        for resource, value in amount.items():
            result[resource] = result.get(resource, 0.0) + value
    return result


def minus(amounts: Amounts, taken: Amounts) -> dict[str, float]:
    """Return what is left of amounts; negative where more is taken than there is.

    >>> minus({"cpu": 4.0}, {"cpu": 1.5, "memory": 1.0})
    {'cpu': 2.5, 'memory': -1.0}
    """
    return {r: amounts.get(r, 0.0) - taken.get(r, 0.0) for r in [*amounts, *(r for r in taken if r not in amounts)]}


def amount_text(resource: str, amount: float) -> str:
    """Return an amount with its unit, as people read it.

    >>> amount_text("cpu", 0.25), amount_text("memory", 1.5), amount_text("nvidia.com/gpu", 2.0)
    ('0.25 cores', '1.5 GiB', '2 nvidia.com/gpu')
    """
    if resource == CPU:
        return f"{plain(amount)} {'core' if amount == 1 else 'cores'}"
    if resource in IN_GIB:
        return size_of_bytes(amount * 2**30)
    return f"{plain(amount)} {resource}"
