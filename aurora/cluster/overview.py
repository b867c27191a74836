"""Sums up a snapshot: how full it is, what it costs, what waits and what is wrong."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from aurora.cluster.resources import CPU, GPU, MEMORY, total
from aurora.cluster.snapshot import Node, Snapshot

MAIN_RESOURCES = (CPU, MEMORY, GPU)
SLICE = "/mig-"
"""What the names of resources have that are slices of a device."""


class Filled(NamedTuple):
    """A resource of a node or of the whole system.

    Attributes:
        allocatable: Amount that tasks may ask for.
        requested: Amount that the tasks there ask for.
        used: Measured use; None where it is not measured.
    """

    allocatable: float
    requested: float
    used: float | None

    @property
    def free(self) -> float:
        """What is left; negative where it is overcommitted."""
        return self.allocatable - self.requested

    @property
    def requested_share(self) -> float:
        """Requested share of what is allocatable; 0 where there is none."""
        return self.requested / self.allocatable if self.allocatable else 0.0


class NodeState(NamedTuple):
    """A node and how full it is.

    Attributes:
        node: The node.
        tasks: Tasks on it.
        resources: Each resource that it has.
    """

    node: Node
    tasks: int
    resources: dict[str, Filled]

    @property
    def fullest(self) -> float:
        """Largest requested share of cores, memory and devices, the slices of devices included."""
        shares = (f.requested_share for r, f in self.resources.items() if r in MAIN_RESOURCES or SLICE in r)
        return max(shares, default=0.0)


class Overview(NamedTuple):
    """A snapshot in sum.

    Attributes:
        nodes: Nodes, in all.
        usable: Nodes that take tasks: ready and not cordoned.
        tasks: Tasks by state.
        resources: Each resource over all nodes.
        price_per_hour: Dollars an hour of all nodes with a price; None where none has one.
        unpriced: Nodes without a price.
    """

    nodes: int
    usable: int
    tasks: dict[str, int]
    resources: dict[str, Filled]
    price_per_hour: float | None
    unpriced: int


def node_states(snapshot: Snapshot) -> tuple[NodeState, ...]:
    """Return how full each node is, in the snapshot's order."""
    return tuple(_state(node, snapshot) for node in snapshot.nodes)


def node_state(snapshot: Snapshot, node_id: str) -> NodeState:
    """Return how full a node is."""
    return _state(snapshot.nodes_by_id[node_id], snapshot)


def _state(node: Node, snapshot: Snapshot) -> NodeState:
    tasks = snapshot.tasks_by_node[node.node_id]
    held = total(t.requests for t in tasks)
    used = dict(node.used) or total(t.used for t in tasks)
    resources = {
        r: Filled(amount, held.get(r, 0.0), used.get(r)) for r, amount in node.allocatable.items() if r != "pods"
    }
    return NodeState(node, len(tasks), resources)


def overview(snapshot: Snapshot) -> Overview:
    """Return a snapshot in sum."""
    states = node_states(snapshot)
    names = dict.fromkeys(r for s in states for r in s.resources)
    resources = {}
    for name in names:
        parts = [s.resources[name] for s in states if name in s.resources]
        used = [p.used for p in parts if p.used is not None]
        resources[name] = Filled(
            sum(p.allocatable for p in parts), sum(p.requested for p in parts), sum(used) if used else None
        )
    prices = [n.price_per_hour for n in snapshot.nodes if n.price_per_hour is not None]
    return Overview(
        nodes=len(snapshot.nodes),
        usable=sum(n.is_ready and not n.is_cordoned for n in snapshot.nodes),
        tasks=dict(Counter(t.state for t in snapshot.tasks)),
        resources=resources,
        price_per_hour=sum(prices) if prices else None,
        unpriced=len(snapshot.nodes) - len(prices),
    )
