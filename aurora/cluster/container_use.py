"""Joins a snapshot with measured series of its containers, for advice on requests and limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aurora.cluster.snapshot import Container, Snapshot, Task, Workload
from aurora.errors import DataError
from aurora.learning.rightsizing.containers.use import (
    RESOURCES,
    Autoscaler,
    ContainerUse,
    OomEvent,
    Resource,
    Size,
)
from aurora.learning.series.series import Series


def container_uses(snapshot: Snapshot, history: Iterable[Series]) -> tuple[ContainerUse, ...]:
    """Return the measured use of a snapshot's containers, with what they ask for now.

    Args:
        snapshot: The cluster, whose workloads state requests, limits, replicas and autoscalers.
        history: Series of the containers of each task, in cores and GiB, with the labels `task`, `container` and
            `metric` (cpu or memory).

    Returns:
        One for each container of a workload, main ones and sidecars; one without a series counts as not measured.

    Raises:
        DataError: No series belongs to a container of the snapshot.
    """
    series: dict[tuple[str, str, str], list[Series]] = {}
    workload_of = {t.task_id: t.workload_id for t in snapshot.tasks}
    for one in history:
        task, container, metric = (one.labels.get(k, "") for k in ("task", "container", "metric"))
        workload = workload_of.get(task) or one.labels.get("workload", "")
        if container and metric in RESOURCES:
            series.setdefault((workload, container, metric), []).append(one)
    by_workload: dict[str, list[Task]] = {}
    for running in snapshot.tasks:
        if running.workload_id is not None and running.state == "running":
            by_workload.setdefault(running.workload_id, []).append(running)
    uses = [
        _use(snapshot, workload, container, by_workload.get(workload.workload_id, []), series)
        for workload in snapshot.workloads
        for container in _containers(workload, by_workload.get(workload.workload_id, []))
    ]
    if not any(use.cpu or use.memory for use in uses):
        raise DataError(
            f"no series belongs to a container of snapshot {snapshot.snapshot_id}; they need the labels task "
            "(NAMESPACE/POD), container and metric (cpu or memory)"
        )
    return tuple(uses)


def _containers(workload: Workload, tasks: Sequence[Task]) -> tuple[Container, ...]:
    containers = workload.containers or (tasks[0].containers if tasks else ())
    return tuple(c for c in containers if c.kind != "init")


def _use(
    snapshot: Snapshot,
    workload: Workload,
    container: Container,
    tasks: Sequence[Task],
    series: dict[tuple[str, str, str], list[Series]],
) -> ContainerUse:
    measured = {r: tuple(series.get((workload.workload_id, container.name, r), ())) for r in RESOURCES}
    kills = sum(t.out_of_memory_kills for t in tasks)
    level = container.limits.get("memory")
    scaler = _autoscaler(workload, container, len(_containers(workload, tasks)))
    return ContainerUse(
        workload=workload.workload_id,
        container=container.name,
        cpu=measured["cpu"],
        memory=measured["memory"],
        cpu_size=_size(container, "cpu"),
        memory_size=_size(container, "memory"),
        # The snapshot counts kills of a task and knows no time; of several containers, the one with a limit is meant.
        ooms=(OomEvent(round(snapshot.taken_at.timestamp()), level),) * kills if level is not None else (),
        replicas=max(1, workload.replicas if workload.replicas is not None else len(tasks)),
        autoscaler=scaler,
    )


def _autoscaler(workload: Workload, container: Container, containers: int) -> Autoscaler | None:
    """Return the autoscaler that a container's request matters to: CPU first, and the whole pod's first."""
    for resource in RESOURCES:
        targets = workload.autoscaler_targets
        if resource in targets:
            return Autoscaler(resource, targets[resource], containers)
        if (own := f"{resource}/{container.name}") in targets:
            return Autoscaler(resource, targets[own], containers, container.name)
    return None


def _size(container: Container, resource: Resource) -> Size:
    return Size(container.requests.get(resource), container.limits.get(resource))
