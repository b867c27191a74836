"""Power of a system."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aurora.cluster.opening import open_snapshot
from aurora.cluster.power import power_draw
from aurora.cluster.snapshot import Node, Snapshot, Task


def system(*nodes: Node, tasks: tuple[Task, ...] = ()) -> Snapshot:
    return Snapshot(snapshot_id="s", system="csv", taken_at=datetime(2026, 1, 1, tzinfo=UTC), nodes=nodes, tasks=tasks)


def node(name: str, **fields) -> Node:
    amounts = {"cpu": 10.0}
    return Node(node_id=name, capacity=amounts, allocatable=amounts, **fields)


def test_power_rises_from_idle_to_full_with_the_busy_cores():
    powered = {"idle_power": 100.0, "full_power": 300.0}
    asked = Task(task_id="t", state="running", node_id="b", requests={"cpu": 2.5})
    draw = power_draw(system(node("a", used={"cpu": 5.0}, **powered), node("b", **powered), tasks=(asked,)))
    assert draw.watts == pytest.approx(200.0 + 150.0)
    assert (draw.measured, draw.unknown) == (1, 0)


def test_overcommitted_nodes_draw_no_more_than_full_power():
    asked = Task(task_id="t", state="running", node_id="a", requests={"cpu": 25.0})
    assert power_draw(system(node("a", idle_power=1.0, full_power=9.0), tasks=(asked,))).watts == 9.0


def test_nodes_that_are_off_draw_nothing_and_those_without_figures_are_counted():
    off = node("a", idle_power=1.0, full_power=9.0, is_ready=False)
    assert power_draw(system(off, node("b"))) == (0.0, 0, 1)
    assert power_draw(system(node("b"))).watts is None


def test_samples_lie_between_all_idle_and_all_full():
    snapshot = open_snapshot("sample:web-shop")
    draw = power_draw(snapshot)
    known = [n for n in snapshot.nodes if n.idle_power is not None and n.full_power is not None]
    assert sum(n.idle_power for n in known if n.is_ready) <= draw.watts <= sum(n.full_power for n in known)
