"""The hardware of generated scenarios: kinds of node as a table, and networks between their sites."""

from __future__ import annotations

from typing import Literal

from aurora.sim.scenarios.curriculum import Level
from aurora.sim.scenarios.families.sizing import counts
from aurora.sim.scenarios.spec import NodeClass, Range, Topology

SERVERS: tuple[NodeClass, ...] = (
    NodeClass(count=1, cpu=16, memory=64, speed=1.0, price_per_hour=0.8, idle_power=80, full_power=220),
    NodeClass(count=1, cpu=32, memory=96, speed=1.6, price_per_hour=3.2, idle_power=200, full_power=520),
    NodeClass(count=1, cpu=8, memory=48, speed=0.7, price_per_hour=0.25, idle_power=30, full_power=75),
)
"""Three kinds of machine whose price, speed and power conflict: none is best at everything."""

ACCELERATED: tuple[NodeClass, ...] = (
    NodeClass(
        count=1,
        cpu=64,
        memory=256,
        accelerators=4,
        accelerator_model="A",
        price_per_hour=6,
        idle_power=250,
        full_power=1400,
    ),
    NodeClass(
        count=1,
        cpu=32,
        memory=128,
        accelerators=1,
        accelerator_model="B",
        speed=0.6,
        price_per_hour=2,
        idle_power=120,
        full_power=500,
    ),
)
"""Machines with several fast devices, and with a single slow one."""

EDGE: tuple[NodeClass, ...] = (
    NodeClass(count=1, cpu=4, memory=16, speed=0.6, price_per_hour=0.15, idle_power=5, full_power=25, site="spread"),
    NodeClass(count=1, cpu=64, memory=256, speed=1.5, price_per_hour=3.0, idle_power=150, full_power=450, site="core"),
    NodeClass(
        count=1,
        cpu=8,
        memory=32,
        speed=0.8,
        price_per_hour=0.3,
        idle_power=8,
        full_power=40,
        battery=4e5,
        site="spread",
    ),
)
"""Small boxes near users, large machines at the core, and boxes on a battery."""


def mixed(kinds: tuple[NodeClass, ...], total: int, parts: int, **changes: str) -> tuple[NodeClass, ...]:
    """Return `total` nodes in even parts of several kinds.

    Args:
        kinds: The kinds of node.
        total: Number of nodes.
        parts: Number of parts; kinds for which no node is left are left out.
        changes: Fields that differ from the kind's.
    """
    return tuple(
        kind.model_copy(update={"count": count, **changes})
        for kind, count in zip(kinds, counts(total, parts), strict=False)
    )


def servers(level: Level, *, site: Literal["none", "core"] = "none") -> tuple[NodeClass, ...]:
    """Return a level's nodes, a third of each kind of server."""
    return mixed(SERVERS, level.nodes, 3, site=site)


def edge_nodes(level: Level) -> tuple[NodeClass, ...]:
    """Return a level's nodes, a third of each kind of edge node."""
    return mixed(EDGE, level.nodes, 3)


def sites(level: Level, kind: Literal["star", "random"], bandwidth: Range, latency: Range) -> Topology:
    """Return a network with about half as many sites as nodes."""
    return Topology(
        kind=kind,
        sites=max(3, min(40, level.nodes // 2 + 1)),
        bandwidth=bandwidth,
        latency_ms=latency,
        price_per_gbps_hour=0.05,
    )
