"""Makes a snapshot of a scenario of AURORA, so that the desk can talk about it; every task of it waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aurora.cluster.feasibility import NODE_NAME
from aurora.cluster.readers.notes import Notes
from aurora.cluster.resources import CPU, GPU, MEMORY
from aurora.cluster.snapshot import Node, Requirement, Snapshot, Source, Task
from aurora.sim.scenarios import scenario as sim
from aurora.sim.scenarios.reader import load_scenario

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""Time that second 0 of a scenario is given."""
FOR_EVER = timedelta(days=3650)
"""Length of a failure from which a node does not recover."""


def read_scenario(path: Path | str) -> Snapshot:
    """Read a scenario file as a snapshot at second 0.

    Raises:
        ScenarioError: It can't be read, or is no scenario.
    """
    return snapshot_of(load_scenario(path), str(path))


def snapshot_of(scenario: sim.Scenario, origin: str) -> Snapshot:
    """Return a scenario as a snapshot at second 0; what the snapshot can't hold is noted."""
    notes = Notes()
    notes.assumed("beginning", f"second 0 of the scenario is taken for {BEGINNING:%Y-%m-%d %H:%M} UTC")
    down: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for failure in scenario.environmental_conditions.node_failures:
        start = BEGINNING + timedelta(seconds=min(failure.start, FOR_EVER.total_seconds()))
        length = FOR_EVER if failure.duration is None else timedelta(seconds=min(failure.duration, 1e9))
        down.setdefault(failure.node_id, []).append((start, start + length, "it fails in the scenario"))
    for name, given in (
        ("congestion", scenario.environmental_conditions.network_congestion),
        ("price changes", scenario.environmental_conditions.dynamic_pricing),
        ("carbon changes", scenario.environmental_conditions.dynamic_carbon),
    ):
        if given:
            notes.not_represented(name.replace(" ", "-"), f"{name} of the scenario are left out", count=len(given))
    tasks = [_task(t, notes) for t in scenario.tasks if t.destination_site is None]
    flows = len(scenario.tasks) - len(tasks)
    if flows:
        notes.not_represented("flows", "network flows need no node and are left out", count=flows)
    return Snapshot(
        snapshot_id=scenario.scenario_id,
        system="aurora",
        taken_at=BEGINNING,
        sources=(
            Source(
                source_id="S1", kind="aurora", origin=origin, read_at=BEGINNING, facts=("nodes", "tasks", "network")
            ),
        ),
        nodes=tuple(_node(n, down, notes) for n in scenario.nodes),
        tasks=tuple(tasks),
        links=scenario.links,
        notes=notes.taken(),
    )


def _node(node: sim.Node, down: Mapping[str, list[tuple[datetime, datetime, str]]], notes: Notes) -> Node:
    if node.speed != 1:
        notes.not_represented("speed", "speed factors of nodes are left out", node.node_id)
    amounts = {CPU: node.cpu, MEMORY: node.memory, GPU: float(node.accelerators)}
    amounts = {r: a for r, a in amounts.items() if a or r == CPU}
    return Node(
        node_id=node.node_id,
        capacity=amounts,
        allocatable=amounts,
        accelerator_model=node.accelerator_model,
        zone=node.site,
        price_per_hour=node.price_per_hour or None,
        idle_power=node.idle_power or None,
        full_power=node.full_power or None,
        maintenance=tuple(sorted(down.get(node.node_id, ()))),
        used={},
    )


def _task(task: sim.Task, notes: Notes) -> Task:
    if task.arrival_time > 0:
        notes.assumed("later-arrivals", "tasks that arrive later wait already, and are dated after the snapshot")
    for name, value in (("latency limits", task.sla_latency_ms), ("patience", task.patience)):
        if value is not None:
            notes.not_represented(name.replace(" ", "-"), f"{name} of tasks are left out", task.task_id)
    if task.bandwidth or task.data_size:
        notes.not_represented("network-demand", "bandwidth and data of tasks are left out", task.task_id)
    requests = {CPU: task.cpu_required, MEMORY: task.memory_required}
    requests[GPU] = task.accelerators * task.accelerator_share
    requests = {r: a for r, a in requests.items() if a}
    allowed = Requirement(key=NODE_NAME, operator="In", values=task.allowed_nodes)
    seconds = task.duration if task.requested_duration is None else task.requested_duration
    return Task(
        task_id=task.task_id,
        state="pending",
        kind="job",
        requests=requests,
        limits={},
        used={},
        priority=task.priority,
        node_affinity=((allowed,),) if task.allowed_nodes else (),
        accelerator_models=task.accelerator_models,
        created_at=BEGINNING + timedelta(seconds=min(task.arrival_time, 1e9)),
        time_limit=seconds,
        dependencies=task.dependencies,
        data_zone=task.source_site,
    )
