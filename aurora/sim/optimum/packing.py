"""What packing whole tasks costs beyond their shares of a node: a dual feasible function.

A function is dual feasible if numbers that add up to at most 1 have values that add up to at most 1 (Lueker, FOCS 1983;
Fekete & Schepers, Mathematical Programming 91, 2001). So the values of tasks that are on a node at once never exceed
one node, just as their shares do. Of two tasks that each need more than half of a node only one fits, however little
more it is; `halved` counts each as a whole node.

Functions with finer steps were tried, and hardly tighten bounds of rewards.
"""

from __future__ import annotations

from aurora.sim.kernel.layout import TOLERANCE

SLACK = 1e-9
"""Share of a capacity by which sums of floats may exceed it, beside the simulator's tolerance."""


def halved(share: float) -> float:
    """Return 1 above one half, one half at it, and 0 below."""
    if share == 1 / 2:
        return share
    return 1.0 if share > 1 / 2 else 0.0


def packed(share: float, capacity: float) -> float:
    """Return what a task with a share of a resource counts of a node, under `halved`.

    Args:
        share: Request over capacity.
        capacity: The capacity, of which the simulator lets its tolerance more be used; 1 for shares of devices.
    """
    return halved(share / (1 + 2 * TOLERANCE / capacity + SLACK))
