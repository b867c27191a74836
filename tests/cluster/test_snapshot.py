"""A snapshot file says what was known: it reads back as written, and a contradiction is refused with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aurora.cluster.files import read_snapshot, snapshot_json, snapshot_sha256, write_snapshot
from aurora.cluster.resources import amount_text, minus, total
from aurora.cluster.snapshot import Node, Snapshot, Task, parse_snapshot
from aurora.errors import DataError


def _snapshot(*tasks: Task) -> Snapshot:
    node = Node(node_id="a", capacity={"cpu": 4.0}, allocatable={"cpu": 3.5})
    return Snapshot(
        snapshot_id="test", system="kubernetes", taken_at=datetime(2026, 1, 1, tzinfo=UTC), nodes=(node,), tasks=tasks
    )


def test_a_file_reads_back_as_written(tmp_path: Path) -> None:
    snapshot = _snapshot(Task(task_id="shop/web-1", state="running", node_id="a", requests={"cpu": 0.25}))
    write_snapshot(snapshot, tmp_path / "s.json")
    assert read_snapshot(tmp_path / "s.json") == snapshot
    assert snapshot_sha256(read_snapshot(tmp_path / "s.json")) == snapshot_sha256(snapshot)


def test_fields_at_their_defaults_are_left_out_of_the_file() -> None:
    assert "tolerations" not in snapshot_json(_snapshot(Task(task_id="t", state="pending", requests={"cpu": 1.0})))


def test_times_without_a_zone_are_taken_as_utc() -> None:
    data = {"snapshot_id": "x", "system": "csv", "taken_at": "2026-01-01T00:00:00", "nodes": []}
    assert parse_snapshot(data).taken_at == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"task_id": "t", "state": "running", "node_id": "b"}, "'b', which is no node"),
        ({"task_id": "t", "state": "running"}, "has no node_id"),
        ({"task_id": "t", "state": "asleep"}, "state"),
        ({"task_id": "t", "state": "pending", "requests": {"cpu": -1}}, "requests"),
    ],
)
def test_a_contradiction_is_refused_with_its_place(task: dict[str, object], message: str) -> None:
    node = {"node_id": "a", "capacity": {}, "allocatable": {}}
    data = {"snapshot_id": "x", "system": "csv", "taken_at": "2026-01-01T00:00:00Z", "nodes": [node], "tasks": [task]}
    with pytest.raises(DataError, match=message):
        parse_snapshot(data)


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="task_id 't' occurs twice"):
        _snapshot(Task(task_id="t", state="pending"), Task(task_id="t", state="pending"))


def test_ended_tasks_hold_nothing() -> None:
    snapshot = _snapshot(Task(task_id="done", state="finished", node_id="a", requests={"cpu": 3.0}))
    assert snapshot.tasks_by_node == {"a": ()}


def test_a_copy_looks_its_tasks_up_anew() -> None:
    snapshot = _snapshot(Task(task_id="t", state="running", node_id="a"))
    assert len(snapshot.tasks_by_node["a"]) == 1
    assert snapshot.model_copy(update={"tasks": ()}).tasks_by_node == {"a": ()}


def test_sums_and_differences_of_amounts() -> None:
    assert minus({"cpu": 4.0}, total([{"cpu": 1.0}, {"cpu": 0.5, "memory": 1.0}])) == {"cpu": 2.5, "memory": -1.0}
    assert amount_text("memory", 0.5) == "512 MiB"
