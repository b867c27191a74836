"""What pods ask for equals `kubectl describe node`, computed by hand for every rule of the scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.feasibility import Room
from aurora.cluster.readers.kubernetes import read_kubernetes
from aurora.cluster.resources import minus, total
from aurora.cluster.snapshot import Snapshot, Task
from tests.cluster.readers.kubernetes_objects import container, node, pod, write


def read_one(folder: Path, spec: dict[str, Any], status: Any = None, **metadata: Any) -> Task:
    items = (node("a"), pod("p", "a", spec=spec, status=status or {}, **metadata))
    return read_kubernetes([write(folder / "c.json", *items)]).tasks[0]


def sidecar(cpu: str, name: str = "side") -> dict[str, Any]:
    return container(name, {"cpu": cpu}, restartPolicy="Always")


def main(cpu: str, name: str = "main") -> dict[str, Any]:
    return container(name, {"cpu": cpu})


@pytest.mark.parametrize(
    ("init", "containers", "cpu"),
    [
        ([], [main("100m"), main("200m", "b")], 0.3),
        ([main("1", "i")], [main("100m")], 1.0),
        ([main("1", "i"), main("2", "j")], [main("100m")], 2.0),
        ([sidecar("500m")], [main("100m")], 0.6),
        ([sidecar("500m"), main("1", "i")], [main("100m")], 1.5),
        ([main("1", "i"), sidecar("500m")], [main("100m")], 1.0),
        ([main("1", "i"), sidecar("500m")], [main("700m")], 1.2),
        ([sidecar("300m", "s"), main("1", "i"), sidecar("200m", "t"), main("900m", "j")], [main("1")], 1.5),
        ([sidecar("2", "s"), sidecar("3", "t")], [main("0")], 5.0),
    ],
)
def test_init_containers_and_sidecars_count_as_the_scheduler_counts_them(
    tmp_path: Path, init: list[Any], containers: list[Any], cpu: float
) -> None:
    task = read_one(tmp_path, {"initContainers": init, "containers": containers})
    assert task.requests["cpu"] == pytest.approx(cpu, abs=1e-12)
    kinds = [c.kind for c in task.containers]
    assert kinds == ["sidecar" if c.get("restartPolicy") else "init" for c in init] + ["main"] * len(containers)


def test_requests_of_the_whole_pod_replace_those_of_its_containers(tmp_path: Path) -> None:
    spec = {
        "containers": [container(requests={"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "2"})],
        "resources": {"requests": {"cpu": "3"}, "limits": {"memory": "4Gi"}},
    }
    task = read_one(tmp_path, spec)
    assert task.requests == {"cpu": 3.0, "memory": 1.0, "nvidia.com/gpu": 2.0}
    assert task.limits["memory"] == 4.0


def test_a_resize_of_the_whole_pod_counts_without_its_overhead_twice(tmp_path: Path) -> None:
    spec = {"containers": [main("1")], "resources": {"requests": {"cpu": "2"}}, "overhead": {"cpu": "250m"}}
    held = {"resources": {"requests": {"cpu": "3250m"}}, "allocatedResources": {"cpu": "3250m"}}
    assert read_one(tmp_path, spec, held).requests == {"cpu": 3.25}
    refused = {"type": "PodResizePending", "status": "True", "reason": "Infeasible"}
    less = {"resources": {"requests": {"cpu": "1250m"}}, "conditions": [refused]}
    assert read_one(tmp_path, spec, less).requests == {"cpu": 1.25}


def test_overhead_is_added_to_requests_and_to_limits_that_are_set(tmp_path: Path) -> None:
    spec = {
        "containers": [container(requests={"cpu": "1", "memory": "1Gi"}, limits={"memory": "2Gi"})],
        "overhead": {"cpu": "250m", "memory": "512Mi"},
    }
    task = read_one(tmp_path, spec)
    assert task.requests == {"cpu": 1.25, "memory": 1.5}
    assert task.limits == {"memory": 2.5}


def test_a_request_that_is_absent_is_the_limit(tmp_path: Path) -> None:
    task = read_one(tmp_path, {"containers": [container(requests={"cpu": "1"}, limits={"cpu": "2", "memory": "2Gi"})]})
    assert (task.requests, task.limits) == ({"cpu": 1.0, "memory": 2.0}, {"cpu": 2.0, "memory": 2.0})


@pytest.mark.parametrize(
    ("wanted", "held", "conditions", "cpu"),
    [
        ("1", "2", [], 2.0),  # on its way down: still holds the old amount
        ("2", "1", [], 2.0),  # on its way up: the new one is reserved
        ("3", "1", [{"type": "PodResizePending", "status": "True", "reason": "Infeasible"}], 1.0),
        ("3", "1", [{"type": "PodResizePending", "status": "True", "reason": "Deferred"}], 3.0),
    ],
)
def test_a_resize_that_is_not_done_counts_with_what_is_held(
    tmp_path: Path, wanted: str, held: str, conditions: list[Any], cpu: float
) -> None:
    resources = {"requests": {"cpu": held}}
    statuses = [{"name": "main", "resources": resources, "allocatedResources": {"cpu": held}, "restartCount": 0}]
    status = {"containerStatuses": statuses, "conditions": conditions}
    assert read_one(tmp_path, {"containers": [main(wanted)]}, status).requests == {"cpu": cpu}


def shop(folder: Path) -> Snapshot:
    """Return a node with five pods of which three hold room: the figures are worked out in the test below."""
    spec = {
        "initContainers": [container("migrate", {"cpu": "1500m", "memory": "256Mi"}), sidecar("100m", "proxy")],
        "containers": [container("web", {"cpu": "400m", "memory": "512Mi"}, {"cpu": "1", "memory": "512Mi"})],
    }
    batch = {"containers": [container("work", {"cpu": "1", "memory": "2000M", "ephemeral-storage": "10Gi"})]}
    return read_kubernetes(
        [
            write(
                folder / "c.json",
                node("a", cpu="4", memory="16Gi", allocatable={"cpu": "3920m", "memory": "15Gi"}),
                pod("web", "a", spec=spec),
                pod("batch", "a", spec=batch, phase="Pending"),
                pod("plain", "a", spec={"containers": [container("none")]}),
                pod("done", "a", spec=batch, phase="Succeeded"),
                pod("evicted", "a", spec=batch, phase="Failed", status={"reason": "Evicted"}),
            )
        ]
    )


def test_allocated_resources_of_a_node_equal_kubectl_describe(tmp_path: Path) -> None:
    """By hand: web max(400 + 100, 1500) m and max(512, 256) Mi; batch 1000 m and 2000 M; the ended ones nothing.

    `kubectl describe node` shows cpu 2500m (63%), memory 2536870912 (15%), limits cpu 1 (25%), memory 512Mi (3%).
    """
    snapshot = shop(tmp_path)
    held = snapshot.tasks_by_node["a"]
    assert {t.task_id for t in held} == {"shop/web", "shop/batch", "shop/plain"}
    requests, limits = total(t.requests for t in held), total(t.limits for t in held)
    offered = snapshot.nodes[0].allocatable
    assert requests["cpu"] == 2.5
    assert requests["memory"] == (512 * 2**20 + 2_000_000_000) / 2**30
    assert requests["ephemeral-storage"] == 10.0
    assert limits == {"cpu": 1.0, "memory": 0.5}
    assert int(100 * requests["cpu"] / offered["cpu"]) == 63
    assert int(100 * requests["memory"] / offered["memory"]) == 15
    assert minus(offered, requests)["cpu"] == pytest.approx(1.42, abs=1e-12)
    assert {t.task_id: t.state for t in snapshot.tasks if t not in held} == {
        "shop/done": "finished",
        "shop/evicted": "failed",
    }


@pytest.mark.parametrize(
    ("annotations", "requests", "expected"),
    [
        ({"gpu-fraction": "0.5"}, {"cpu": "1"}, {"cpu": 1.0, "nvidia.com/gpu": 0.5}),
        ({"gpu-fraction": "0.5", "gpu-fraction-num-devices": "2"}, {}, {"nvidia.com/gpu": 1.0}),
        ({"alibabacloud.com/gpu-milli": "250", "alibabacloud.com/gpu-count": "1"}, {}, {"nvidia.com/gpu": 0.25}),
        ({}, {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "3000"}, {"nvidia.com/gpu": 1.0}),
        ({}, {"nvidia.com/mig-1g.5gb": "1"}, {"nvidia.com/mig-1g.5gb": 1.0}),
        ({"gpu-fraction": "0.5"}, {"nvidia.com/gpu": "1"}, {"nvidia.com/gpu": 1.0}),
    ],
)
def test_shares_of_devices(tmp_path: Path, annotations: Any, requests: Any, expected: dict[str, float]) -> None:
    assert (
        read_one(tmp_path, {"containers": [container(requests=requests)]}, annotations=annotations).requests == expected
    )


def test_a_device_that_is_reserved_for_sharing_pods_counts_once(tmp_path: Path) -> None:
    holder = pod("holder", "a", spec={"containers": [container(requests={"nvidia.com/gpu": "1"})]})
    holder["metadata"]["namespace"] = "runai-reservation"
    share = pod("p", "a", annotations={"gpu-fraction": "0.3"})
    snapshot = read_kubernetes(
        [write(tmp_path / "c.json", node("a", allocatable={"nvidia.com/gpu": "1"}), holder, share)]
    )
    assert total(t.requests for t in snapshot.tasks)["nvidia.com/gpu"] == 0.3
    assert "device-reservations" in {n.code for n in snapshot.notes}


def test_devices_of_a_scheduler_that_shares_them_have_the_usual_name(tmp_path: Path) -> None:
    offered = {"alibabacloud.com/gpu-count": "2", "alibabacloud.com/gpu-milli": "2000"}
    annotations = {"alibabacloud.com/gpu-milli": "500", "alibabacloud.com/gpu-count": "1"}
    annotations["alibabacloud.com/gpu-card-model"] = "T4|P100"
    labels = {"alibabacloud.com/gpu-card-model": "P100"}
    snapshot = read_kubernetes(
        [write(tmp_path / "c.json", node("a", allocatable=offered, labels=labels), pod("p", annotations=annotations))]
    )
    assert snapshot.nodes[0].allocatable == {"cpu": 4.0, "memory": 16.0, "pods": 110.0, "nvidia.com/gpu": 2.0}
    assert snapshot.tasks[0].requests["nvidia.com/gpu"] == 0.5
    assert snapshot.tasks[0].accelerator_models == ("T4", "P100")
    assert Room(snapshot).fitting(snapshot.tasks[0]) == ["a"]
