"""Prices of a core and of a GiB of memory, from the prices of a system's nodes."""

from __future__ import annotations

from aurora.cluster.resources import CPU, MEMORY
from aurora.cluster.snapshot import Snapshot

CPU_SHARE = 0.5
"""Part of a node's price that is for its cores; the rest is for its memory."""


def resource_prices(snapshot: Snapshot, cpu_share: float = CPU_SHARE) -> dict[str, float]:
    """Return the price of a core and of a GiB for an hour, dollars, over all nodes without accelerators.

    Args:
        snapshot: The system.
        cpu_share: Part of a node's price that is for its cores, 0 to 1.

    Returns:
        Resource -> price; empty where no such node has a price.
    """
    nodes = [n for n in snapshot.nodes if n.accelerator_model is None and n.price_per_hour is not None]
    total = sum(n.price_per_hour or 0.0 for n in nodes)
    shares = {CPU: cpu_share, MEMORY: 1 - cpu_share}
    amounts = {r: sum(n.allocatable.get(r, 0.0) for n in nodes) for r in shares}
    return {r: shares[r] * total / amount for r, amount in amounts.items() if amount > 0}
