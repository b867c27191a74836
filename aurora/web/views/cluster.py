"""Data of the page Cluster: nodes as tiles, waiting tasks, money and energy, and what changed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from aurora.cluster.overview import MAIN_RESOURCES, NodeState, node_states, overview
from aurora.cluster.resources import amount_text
from aurora.cluster.snapshot import Node, Snapshot
from aurora.quantities import count, dollars, duration, percent

LOAD_LIMITS = (0.25, 0.5, 0.75, 0.9)
"""Shares between the five steps of the load scale."""


class Tile(NamedTuple):
    """A node as a tile.

    Attributes:
        node_id: The node.
        load: Largest requested share of cores, memory and devices.
        step: Step of the load scale, 1 to 5.
        shown: The load as text.
        tasks: Tasks on it.
        trouble: What keeps tasks away or is wrong; empty if nothing.
        kind: Machine type or model of its devices; empty if not known.
        zone: Its zone; empty if not known.
        words: All words that a search looks in, in lower case.
    """

    node_id: str
    load: float
    step: int
    shown: str
    tasks: int
    trouble: str
    kind: str
    zone: str
    words: str


class Figure(NamedTuple):
    """A figure with its name and what it rests on."""

    label: str
    value: str
    note: str = ""


class WaitingRow(NamedTuple):
    """A waiting task.

    Attributes:
        task_id: The task.
        asks: What it asks for.
        seconds: How long it waits; None if not known.
        waits: The same as text.
        reason: The words of its own system; empty if there are none.
    """

    task_id: str
    asks: str
    seconds: float | None
    waits: str
    reason: str


class ClusterView(NamedTuple):
    """What the page shows.

    Attributes:
        name: Name of the system.
        taken_at: When it was read.
        figures: The figures at the top.
        tiles: Nodes, in the snapshot's order.
        waiting: Waiting tasks, the longest wait first.
    """

    name: str
    taken_at: datetime
    figures: tuple[Figure, ...]
    tiles: tuple[Tile, ...]
    waiting: tuple[WaitingRow, ...]


def cluster_view(snapshot: Snapshot) -> ClusterView:
    """Return what the page shows of a snapshot."""
    return ClusterView(
        snapshot.snapshot_id,
        snapshot.taken_at,
        _figures(snapshot),
        tuple(_tile(state) for state in node_states(snapshot)),
        _waiting(snapshot),
    )


def load_step(share: float) -> int:
    """Return the step of the load scale of a share, 1 to 5.

    >>> load_step(0.0), load_step(0.5), load_step(0.91)
    (1, 3, 5)
    """
    return 1 + sum(share >= limit for limit in LOAD_LIMITS)


def trouble_of(node: Node) -> str:
    """Return what keeps tasks away from a node or is wrong with it; empty if nothing."""
    found = [
        *(("not ready",) if not node.is_ready else ()),
        *(("cordoned",) if node.is_cordoned else ()),
        *node.conditions,
    ]
    return ", ".join(found)


def _tile(state: NodeState) -> Tile:
    node = state.node
    trouble = trouble_of(node)
    kind = node.accelerator_model or node.instance_type or ""
    labels = " ".join(f"{k}={v}" for k, v in node.labels.items())
    words = " ".join((node.node_id, trouble, kind, node.zone or "", labels)).lower()
    return Tile(
        node.node_id,
        round(state.fullest, 4),
        load_step(state.fullest),
        percent(round(state.fullest, 2)),
        state.tasks,
        trouble,
        kind,
        node.zone or "",
        words,
    )


def _figures(snapshot: Snapshot) -> tuple[Figure, ...]:
    seen = overview(snapshot)
    away = seen.nodes - seen.usable
    figures = [
        Figure("Nodes", count(seen.nodes), f"{count(away)} take no tasks" if away else "all take tasks"),
        Figure("Running", f"{count(seen.tasks.get('running', 0))} tasks"),
        Figure("Waiting", f"{count(seen.tasks.get('pending', 0))} tasks"),
    ]
    for resource in MAIN_RESOURCES:
        if resource in seen.resources:
            filled = seen.resources[resource]
            note = f"{amount_text(resource, filled.requested)} of {amount_text(resource, filled.allocatable)}"
            figures.append(Figure(f"{resource} requested", percent(round(filled.requested_share, 3)), note))
    if seen.price_per_hour is not None:
        note = f"{count(seen.unpriced)} nodes without a price" if seen.unpriced else "all nodes"
        figures.append(Figure("Money", f"{dollars(seen.price_per_hour)}/h", note))
    return tuple(figures)


def _waiting(snapshot: Snapshot) -> tuple[WaitingRow, ...]:
    rows = []
    for task in snapshot.tasks:
        if task.state != "pending" or task.node_id is not None:
            continue
        seconds = None if task.created_at is None else (snapshot.taken_at - task.created_at).total_seconds()
        rows.append(
            WaitingRow(
                task.task_id,
                ", ".join(amount_text(r, a) for r, a in task.requests.items()) or "nothing",
                seconds,
                "not known" if seconds is None else duration(seconds),
                task.pending_reason,
            )
        )
    return tuple(sorted(rows, key=lambda r: -(r.seconds or 0.0)))
