"""Estimates the electric power that a system draws."""

from __future__ import annotations

from typing import NamedTuple

from aurora.cluster.overview import node_states
from aurora.cluster.resources import CPU
from aurora.cluster.snapshot import Snapshot


class Power(NamedTuple):
    """Power of a system.

    Attributes:
        watts: Power of all nodes whose power is known, idle nodes included; None where none is.
        measured: Nodes whose measured use gave their load; that of the others is what their tasks ask for.
        unknown: Nodes without a stated power.
    """

    watts: float | None
    measured: int
    unknown: int


def power_draw(snapshot: Snapshot) -> Power:
    """Return the power that the nodes of a snapshot draw: idle power, and the rest by the share of busy cores.

    The linear model is that of Fan, Weber and Barroso (2007), section 4, as in the simulator. Nodes that are not ready
    count as off.
    """
    watts, known, measured, unknown = 0.0, 0, 0, 0
    for state in node_states(snapshot):
        node = state.node
        if node.idle_power is None or node.full_power is None:
            unknown += 1
            continue
        known += 1
        cores = state.resources.get(CPU)
        if not node.is_ready or cores is None:
            continue
        busy = cores.requested if cores.used is None else cores.used
        measured += cores.used is not None
        share = min(1.0, busy / cores.allocatable) if cores.allocatable else 0.0
        watts += node.idle_power + (node.full_power - node.idle_power) * share
    return Power(watts if known else None, measured, unknown)
