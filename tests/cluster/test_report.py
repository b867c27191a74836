"""The report of a snapshot: how full nodes are, and what waits for the same reason."""

from __future__ import annotations

import json

from aurora.cluster.report import report, state_of
from aurora.cluster.samples import load_sample


def test_tasks_that_wait_for_the_same_reason_stand_together():
    waiting = {w.name: w for w in report(load_sample("hpc-queue")).waiting}
    assert len(waiting["ines/Job/81500 (8 tasks)"].task_ids) == 8
    assert waiting["81510"].seconds == 180


def test_a_task_without_a_reason_of_its_system_gets_one_that_names_what_nodes_lack():
    snapshot = load_sample("web-shop")
    tasks = tuple(t.model_copy(update={"pending_reason": ""}) for t in snapshot.tasks)
    first = next(w for w in report(snapshot.model_copy(update={"tasks": tasks})).waiting if "train" in w.name)
    assert not first.is_of_system
    assert first.reason == "0 of 12 nodes fit: 11 insufficient cpu, 11 insufficient memory, 1 cordoned"


def test_sums_are_those_of_the_nodes():
    found = report(load_sample("gpu-cluster"))
    data = json.loads(json.dumps(found.to_json()))
    devices = [
        n["resources"]["nvidia.com/gpu"]["allocatable"] for n in data["nodes"] if "nvidia.com/gpu" in n["resources"]
    ]
    assert data["resources"]["nvidia.com/gpu"]["allocatable"] == sum(devices) == 52
    assert {n["node_id"] for n in data["nodes"] if not n["is_ready"]} == {"t4-3"}


def test_the_state_of_a_node_names_what_keeps_tasks_away():
    states = {s.node.node_id: state_of(s) for s in report(load_sample("web-shop")).nodes}
    assert states["node-c2"] == "cordoned"
    assert states["node-b1"] == "maintenance 15 Jun 14:00"
    assert states["node-a4"] == "lifecycle=spot"
