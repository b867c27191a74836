"""What is wrong with a system is found, with the case that shows it, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aurora.cluster.problems import find_problems
from aurora.cluster.samples import load_sample
from aurora.cluster.snapshot import Node, Snapshot, Task, Workload

AT = datetime(2026, 6, 15, 13, 20, tzinfo=UTC)


def system(*tasks: Task, workloads: tuple[Workload, ...] = (), **node: object) -> Snapshot:
    machine = Node(
        **{
            "node_id": "a",
            "capacity": {"cpu": 4.0, "memory": 16.0},
            "allocatable": {"cpu": 4.0, "memory": 16.0},
            "price_per_hour": 0.2,
            "used": {},
            **node,
        }
    )
    return Snapshot(
        snapshot_id="s", system="kubernetes", taken_at=AT, nodes=(machine,), tasks=tasks, workloads=workloads
    )


def task(name: str = "t", **fields: object) -> Task:
    sound = {
        "state": "running",
        "node_id": "a",
        "requests": {"cpu": 1.0, "memory": 4.0},
        "limits": {"cpu": 2.0, "memory": 6.0},
        "used": {"cpu": 0.7, "memory": 3.0},
    }
    return Task(task_id=name, **{**sound, **fields})


def codes(snapshot: Snapshot) -> set[str]:
    return {p.code for p in find_problems(snapshot, now=AT).problems}


def test_a_sound_system_has_no_problem():
    assert codes(system(task())) == set()
    assert find_problems(system(task()), now=AT).is_sound


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("overcommitted", {"requests": {"cpu": 5.0, "memory": 4.0}, "limits": {"cpu": 9.0, "memory": 6.0}}),
        ("no-cpu-request", {"requests": {"memory": 4.0}}),
        ("no-memory-request", {"requests": {"cpu": 1.0}}),
        ("no-memory-limit", {"limits": {}}),
        ("limit-below-request", {"limits": {"cpu": 0.5, "memory": 6.0}}),
        ("use-above-limit", {"used": {"cpu": 0.7, "memory": 7.0}}),
        ("near-memory-limit", {"used": {"cpu": 0.7, "memory": 5.5}}),
        ("out-of-memory-kills", {"out_of_memory_kills": 2}),
        ("memory-beyond-request", {"used": {"cpu": 0.7, "memory": 5.0}}),
        ("oversized", {"used": {"cpu": 0.1, "memory": 3.0}}),
        ("not-measured", {"used": {}}),
        ("memory-limits-beyond-node", {"limits": {"cpu": 2.0, "memory": 20.0}}),
        ("unknown-resource", {"requests": {"cpu": 1.0, "memory": 4.0, "example.com/fpga": 1.0}}),
    ],
)
def test_each_problem_of_a_task_is_found(code, fields):
    sound = task("other", requests={"cpu": 0.1, "memory": 0.5}, limits={"cpu": 1.0, "memory": 1.0})
    sound = sound.model_copy(update={"used": {"cpu": 0.1, "memory": 0.4}})
    assert code in codes(system(task(**fields), sound))


@pytest.mark.parametrize(
    ("code", "node"),
    [
        ("not-ready", {"is_ready": False}),
        ("maintenance-soon", {"maintenance": ((AT + timedelta(hours=2), AT + timedelta(hours=3), "x"),)}),
        ("no-price", {"price_per_hour": None}),
    ],
)
def test_each_problem_of_a_node_is_found(code, node):
    assert code in codes(system(task(), **node))


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("budget-blocks-drains", {"min_available": "2"}),
        ("budget-blocks-drains", {"min_available": "51%"}),
        ("budget-blocks-drains", {"max_unavailable": "0"}),
        ("autoscaler-at-its-most", {"autoscaler": (1, 2)}),
    ],
)
def test_each_problem_of_a_workload_is_found(code, fields):
    workload = Workload(workload_id="n/Deployment/w", kind="Deployment", replicas=2, **fields)
    assert code in codes(system(task(), workloads=(workload,)))


def test_a_resource_that_a_node_offers_is_known_though_its_capacity_is_not_given():
    assert "unknown-resource" not in codes(system(task(), capacity={}))


def test_tasks_that_never_fit_are_errors():
    big = task("big", state="pending", node_id=None, used={}, requests={"cpu": 9.0, "memory": 1.0}, limits={})
    assert "never-placeable" in codes(system(big))
    later = task("later", state="pending", node_id=None, used={})
    assert "never-placeable" not in codes(system(later, is_cordoned=True))  # a cordon does not last


def test_a_gang_that_is_too_large_for_the_system():
    waits = {"state": "pending", "node_id": None, "used": {}, "gang": "g", "limits": {}}
    tasks = [task(f"g{k}", requests={"cpu": 2.0, "memory": 1.0}, **waits) for k in range(3)]
    assert "gang-too-large" in codes(system(*tasks))
    assert "gang-too-large" not in codes(system(*tasks[:2]))


def test_a_snapshot_from_the_future_is_named():
    found = find_problems(system(task()), now=AT - timedelta(days=1))
    assert [p.code for p in found.problems] == ["from-the-future"]


def test_the_problems_of_the_samples():
    shop = {p.code: p for p in find_problems(load_sample("web-shop")).problems}
    assert shop["never-placeable"].cases == 2  # the third could be placed if there were room
    assert any("images" in s for s in shop["oversized"].subjects)
    assert all("recommender" in s for s in shop["near-memory-limit"].subjects)
    cluster = {p.code: p for p in find_problems(load_sample("gpu-cluster")).problems}
    assert cluster["gang-too-large"].subjects == ("research/Job/pretrain-30b (4 tasks, room for 2)",)


def test_many_kinds_of_waiting_tasks_are_judged_in_part_and_that_is_said():
    waits = {"state": "pending", "node_id": None, "used": {}, "limits": {}}
    tasks = [task(f"p{k}", requests={"cpu": 1 + k / 1000, "memory": 1.0}, **waits) for k in range(110)]
    found = {p.code: p for p in find_problems(system(*tasks), now=AT).problems}
    assert found["not-judged"].cases == 10
