"""Data of the page Cluster: nodes as tiles, waiting tasks, money and energy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from aurora.cluster.overview import MAIN_RESOURCES, Filled, NodeState, node_state, node_states, overview
from aurora.cluster.power import power_draw
from aurora.cluster.resources import CPU, GPU, PODS, amount_text
from aurora.cluster.snapshot import Node, Snapshot
from aurora.quantities import count, dollars, duration, percent, plain
from aurora.web.views.tasks import is_waiting

LOAD_LIMITS = (0.25, 0.5, 0.75, 0.9)
"""Shares between the five steps of the load scale."""


MOST_LISTED = 500
"""Most nodes for which every label can be searched; with more, those that several nodes share."""
MOST_WORDS = 4000
"""Most labels that can be searched."""


class Tile(NamedTuple):
    """A node as a tile; the browser gets it as it stands.

    Attributes:
        node_id: The node.
        shares: Its share by each measure of `NodeTiles.measures`; None where it is not measured.
        tasks: Tasks on it.
        trouble: What keeps tasks away or is wrong; empty if nothing.
        kind: Machine type or model of its devices; empty if not known.
        zone: Its zone; empty if not known.
        words: Positions of its labels in `NodeTiles.words`.
    """

    node_id: str
    shares: tuple[float | None, ...]
    tasks: int
    trouble: str
    kind: str
    zone: str
    words: tuple[int, ...]


class NodeTiles(NamedTuple):
    """All nodes as tiles.

    Attributes:
        measures: Names of the shares.
        words: Labels, each once.
        tiles: The nodes, in the snapshot's order.
    """

    measures: tuple[str, ...]
    words: tuple[str, ...]
    tiles: tuple[Tile, ...]


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
        nodes: Nodes as tiles.
        waiting: Waiting tasks, the longest wait first.
    """

    name: str
    taken_at: datetime
    figures: tuple[Figure, ...]
    nodes: NodeTiles
    waiting: tuple[WaitingRow, ...]


def cluster_view(snapshot: Snapshot) -> ClusterView:
    """Return what the page shows of a snapshot."""
    return ClusterView(
        snapshot.snapshot_id,
        snapshot.taken_at,
        _figures(snapshot),
        node_tiles(snapshot),
        _waiting(snapshot),
    )


def trouble_of(node: Node) -> str:
    """Return what keeps tasks away from a node or is wrong with it; empty if nothing."""
    found = [
        *(("not ready",) if not node.is_ready else ()),
        *(("cordoned",) if node.is_cordoned else ()),
        *node.conditions,
    ]
    return ", ".join(found)


def node_tiles(snapshot: Snapshot) -> NodeTiles:
    """Return all nodes of a snapshot as tiles, with what the browser needs to search and colour them."""
    states = node_states(snapshot)
    present = [r for r in MAIN_RESOURCES if any(r in s.resources for s in states)]
    measured = [r for r in present if any(r in s.resources and s.resources[r].used is not None for s in states)]
    measures = (
        "fullest resource",
        *(f"{name_of(r)} requested" for r in present),
        *(f"{name_of(r)} used" for r in measured),
    )
    labels = Counter(label for s in states for label in _labels(s.node))
    least = 1 if len(states) <= MOST_LISTED else 2
    words = [label for label, times in labels.most_common(MOST_WORDS) if times >= least]
    position = {label: k for k, label in enumerate(words)}
    tiles = tuple(
        Tile(
            s.node.node_id,
            (
                round(s.fullest, 3),
                *(_share(s, r, used=False) for r in present),
                *(_share(s, r, used=True) for r in measured),
            ),
            s.tasks,
            trouble_of(s.node),
            s.node.accelerator_model or s.node.instance_type or "",
            s.node.zone or "",
            tuple(position[label] for label in _labels(s.node) if label in position),
        )
        for s in states
    )
    return NodeTiles(measures, tuple(words), tiles)


def name_of(resource: str) -> str:
    """Return the word for a resource.

    >>> name_of("cpu"), name_of("nvidia.com/gpu")
    ('cores', 'GPUs')
    """
    return {CPU: "cores", GPU: "GPUs"}.get(resource, resource)


def _share(state: NodeState, resource: str, *, used: bool) -> float | None:
    filled = state.resources.get(resource)
    if filled is None or not filled.allocatable:
        return None
    amount = filled.used if used else filled.requested
    return None if amount is None else round(amount / filled.allocatable, 3)


def _labels(node: Node) -> Iterator[str]:
    return (f"{key}={value}" for key, value in node.labels.items())


def _figures(snapshot: Snapshot) -> tuple[Figure, ...]:
    seen = overview(snapshot)
    away = seen.nodes - seen.usable
    figures = [
        Figure(
            "Nodes",
            count(seen.nodes),
            f"{count(away)} {'take' if away != 1 else 'takes'} no tasks" if away else "all take tasks",
        ),
        Figure("Tasks running", count(seen.tasks.get("running", 0)), f"{count(seen.tasks.get('pending', 0))} waiting"),
    ]
    for resource in MAIN_RESOURCES:
        if resource in seen.resources:
            filled = seen.resources[resource]
            asked = amount_text(resource, filled.requested).partition(" ")[0]
            note = f"{asked} of {amount_text(resource, filled.allocatable)}"
            if filled.used is not None and filled.allocatable:
                note += f"; {percent(round(filled.used / filled.allocatable, 3))} used"
            name = name_of(resource)
            figures.append(
                Figure(f"{name[0].upper()}{name[1:]} requested", percent(round(filled.requested_share, 3)), note)
            )
    if seen.price_per_hour is not None:
        dearest = max(snapshot.nodes, key=lambda n: n.price_per_hour or 0.0)
        note = f"dearest: {dearest.node_id}, {dollars(dearest.price_per_hour or 0.0)}/h"
        if seen.unpriced:
            note += f"; {count(seen.unpriced)} nodes have no price"
        figures.append(Figure("Money", f"{dollars(seen.price_per_hour)}/h", note))
    draw = power_draw(snapshot)
    if draw.watts is not None:
        notes = ["by measured load" if draw.measured else "by requested cores"]
        if draw.unknown:
            notes.append(f"{count(draw.unknown)} nodes state no power")
        figures.append(Figure("Energy, estimated", f"{plain(draw.watts / 1000, 3)} kWh/h", "; ".join(notes)))
    return tuple(figures)


def _waiting(snapshot: Snapshot) -> tuple[WaitingRow, ...]:
    rows = []
    for task in snapshot.tasks:
        if not is_waiting(task):
            continue
        seconds = None if task.created_at is None else (snapshot.taken_at - task.created_at).total_seconds()
        rows.append(
            WaitingRow(
                task.task_id,
                _amounts(task.requests) or "nothing",
                seconds,
                "not known" if seconds is None else duration(seconds),
                task.pending_reason,
            )
        )
    return tuple(sorted(rows, key=lambda r: -(r.seconds or 0.0)))


class ResourceRow(NamedTuple):
    """A resource of a node: what tasks ask for, what they use, and what there is, with the share asked for."""

    resource: str
    share: float
    requested: str
    used: str
    allocatable: str


class TaskRow(NamedTuple):
    """A task on a node."""

    task_id: str
    state: str
    asks: str
    uses: str
    priority: int


class NodeView(NamedTuple):
    """Details of a node.

    Attributes:
        node_id: The node.
        trouble: What keeps tasks away or is wrong; empty if nothing.
        facts: Names and values: kind, zone, price, power, taints, maintenance.
        labels: Its labels as text, sorted.
        resources: Its resources.
        tasks: Tasks on it, those that ask for most cores first.
    """

    node_id: str
    trouble: str
    facts: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    resources: tuple[ResourceRow, ...]
    tasks: tuple[TaskRow, ...]


def node_view(snapshot: Snapshot, node_id: str) -> NodeView | None:
    """Return the details of a node; None if the snapshot has no such node."""
    if node_id not in snapshot.nodes_by_id:
        return None
    state = node_state(snapshot, node_id)
    node = state.node
    tasks = sorted(snapshot.tasks_by_node[node_id], key=lambda t: -t.requests.get(CPU, 0.0))
    return NodeView(
        node_id,
        trouble_of(node),
        tuple(_facts(node)),
        tuple(sorted(_labels(node))),
        tuple(_resource(name, filled) for name, filled in state.resources.items()),
        tuple(TaskRow(t.task_id, t.state, _amounts(t.requests), _amounts(t.used), t.priority) for t in tasks),
    )


def _facts(node: Node) -> Iterator[tuple[str, str]]:
    if node.instance_type:
        yield "Machine type", node.instance_type
    if node.accelerator_model:
        yield "Devices", node.accelerator_model
    if node.zone:
        yield "Zone", node.zone
    if node.price_per_hour is not None:
        yield "Price", f"{dollars(node.price_per_hour)} per hour"
    if node.idle_power is not None and node.full_power is not None:
        yield "Power", f"{plain(node.idle_power)} W idle, {plain(node.full_power)} W full"
    for taint in node.taints:
        yield "Taint", f"{taint.key}={taint.value}:{taint.effect}"
    for start, end, reason in node.maintenance:
        yield "Maintenance", f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, {reason}"


def _resource(name: str, filled: Filled) -> ResourceRow:
    used = "not measured" if filled.used is None else amount_text(name, filled.used)
    return ResourceRow(
        name_of(name),
        round(filled.requested_share, 3),
        amount_text(name, filled.requested),
        used,
        amount_text(name, filled.allocatable),
    )


def _amounts(amounts: dict[str, float]) -> str:
    return ", ".join(amount_text(r, a) for r, a in amounts.items() if a and r != PODS)
