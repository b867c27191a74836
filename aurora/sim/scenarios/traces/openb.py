"""Alibaba's openb GPU cluster trace, and the experiment of FGD (Weng et al., USENIX ATC 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from aurora.errors import DataError, InputError
from aurora.sim.objectives import ObjectiveTargets
from aurora.sim.scenarios.scenario import Node, Scenario, Task, TypicalTask, Workload
from aurora.sim.scenarios.traces.tables import number, rows, scenario_of, whole
from aurora.sim.scenarios.typical import most_frequent
from aurora.types import Frozen

MILLI = 1000
MEBI_PER_GIBI = 1024
MAX_DEVICES = 64


class Pod(NamedTuple):
    """A pod: cores, GiB, devices, thousandths of each device, allowed models, and times.

    `created` and `ran` are seconds; None where the list has no times.
    """

    name: str
    cpu: float
    memory: float
    devices: int
    milli: int
    models: tuple[str, ...]
    created: float | None = None
    ran: float | None = None

    @property
    def requested_milli(self) -> int:
        """Thousandths of devices that the pod requests."""
        return self.devices * self.milli


def read_nodes(path: Path) -> tuple[Node, ...]:
    """Read a node list (`sn, cpu_milli, memory_mib, gpu, model`).

    Raises:
        DataError: The file is malformed.
    """
    nodes: list[Node] = []
    seen: set[str] = set()
    for line, row in rows(path, ("sn", "cpu_milli", "memory_mib", "gpu", "model")):
        _check_name(path, line, "sn", row["sn"], seen)
        devices = whole(path, line, "gpu", row["gpu"], most=MAX_DEVICES)
        with scenario_of(f"{path}, line {line}"):
            node = Node(
                node_id=row["sn"],
                cpu=number(path, line, "cpu_milli", row["cpu_milli"]) / MILLI,
                memory=number(path, line, "memory_mib", row["memory_mib"]) / MEBI_PER_GIBI,
                accelerators=devices,
                accelerator_model=row["model"][:128] or None if devices else None,
            )
        nodes.append(node)
    if not nodes:
        raise DataError(f"{path} lists no nodes")
    return tuple(nodes)


def read_pods(path: Path) -> tuple[Pod, ...]:
    """Read a pod list (`name, cpu_milli, memory_mib, num_gpu, gpu_milli` and, in some, `gpu_spec` and times).

    A pod ran from `scheduled_time`, or where it was never scheduled from `creation_time`, to `deletion_time`.

    Raises:
        DataError: The file is malformed.
    """
    pods: list[Pod] = []
    seen: set[str] = set()
    for line, row in rows(path, ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")):
        _check_name(path, line, "name", row["name"], seen)
        devices = whole(path, line, "num_gpu", row["num_gpu"], most=MAX_DEVICES)
        milli = whole(path, line, "gpu_milli", row["gpu_milli"], most=MILLI)
        # For a pod without devices some lists have a share of 0, others of 1; any other share must be a mistake.
        if not (milli if devices == 1 else milli == MILLI or (not devices and not milli)):
            raise DataError(
                f"{path}, line {line}, gpu_milli: {milli} with num_gpu {devices}; a share of a device "
                f"needs num_gpu = 1, several devices need gpu_milli = {MILLI}, no device 0"
            )
        pods.append(
            Pod(
                name=row["name"],
                cpu=number(path, line, "cpu_milli", row["cpu_milli"]) / MILLI,
                memory=number(path, line, "memory_mib", row["memory_mib"]) / MEBI_PER_GIBI,
                devices=devices,
                milli=milli if devices else 0,
                models=tuple(sorted({m.strip()[:128] for m in row.get("gpu_spec", "").split("|") if m.strip()})),
                **_times(path, line, row),
            )
        )
    if not pods:
        raise DataError(f"{path} lists no pods")
    return tuple(pods)


def _times(path: Path, line: int, row: Mapping[str, str]) -> dict[str, float]:
    """Return `created` and `ran` of a pod; empty where the list has no times."""
    if not row.get("creation_time") or not row.get("deletion_time"):
        return {}
    created = number(path, line, "creation_time", row["creation_time"])
    deleted = number(path, line, "deletion_time", row["deletion_time"])
    begun = number(path, line, "scheduled_time", row.get("scheduled_time", ""), default=created)
    if deleted < begun:
        raise DataError(
            f"{path}, line {line}, deletion_time: {deleted:g} lies before {begun:g}, when the pod was scheduled"
        )
    return {"created": created, "ran": deleted - begun}


def _check_name(path: Path, line: int, field: str, name: str, seen: set[str]) -> None:
    if not name or len(name) > 128 or name in seen:  # noqa: PLR2004  # the longest identifier
        raise DataError(f"{path}, line {line}, {field}: {name[:40]!r} is empty, too long or used twice")
    seen.add(name)


def typical_pods(pods: tuple[Pod, ...]) -> tuple[TypicalTask, ...]:
    """Return the most frequent classes that cover 95 % of the trace."""
    return tuple(
        TypicalTask(
            cpu_required=cpu,
            accelerators=devices,
            accelerator_share=milli / MILLI if devices else 1.0,
            accelerator_models=models,
            frequency=frequency,
        )
        for (cpu, devices, milli, models), frequency in most_frequent(
            (p.cpu, p.devices, p.milli, p.models) for p in pods
        )
    )


def inflate(pods: tuple[Pod, ...], capacity_milli: int, load: float, rng: np.random.Generator) -> list[Pod]:
    """Return the arrivals of the experiment: the shuffled list, then copies of its pods up to `load` times capacity.

    Copies are drawn uniformly from the list, until a draw would exceed the target. A list that requests more than the
    target loses pods at random until it fits.
    """
    target = load * capacity_milli
    ordered = sorted(pods, key=lambda p: p.name)
    arrivals = [ordered[i] for i in rng.permutation(len(ordered))]
    requested = sum(p.requested_milli for p in arrivals)
    while requested > target:
        requested -= arrivals.pop(int(rng.integers(len(arrivals)))).requested_milli
    if not any(p.requested_milli for p in ordered):
        return arrivals
    while True:
        pod = ordered[int(rng.integers(len(ordered)))]
        if requested + pod.requested_milli > target:
            return arrivals
        requested += pod.requested_milli
        arrivals.append(pod)


@scenario_of("the lists of nodes and pods")
def openb_scenario(
    nodes: tuple[Node, ...], pods: tuple[Pod, ...], *, seed: int, node_order: int = 0, load: float = 1.3
) -> Scenario:
    """Return one run of the experiment: tasks arrive one by one, never end, and are dropped if they don't fit.

    Args:
        nodes: From `read_nodes`.
        pods: From `read_pods`.
        seed: Random seed of the order and the draw of pods.
        node_order: Random seed, together with `seed`, of the order of nodes; it matters because ties go to the first.
        load: Requested over available device capacity at the end.
    """
    shuffled = np.random.default_rng([seed, node_order, 1]).permutation(len(nodes))
    placed = tuple(nodes[i] for i in shuffled)
    capacity = MILLI * sum(n.accelerators for n in nodes)
    arrivals = inflate(pods, capacity, load, np.random.default_rng([seed, 2]))
    end = float(len(arrivals))
    tasks = tuple(
        Task(
            task_id=f"{i}:{p.name}"[:128],
            arrival_time=float(i),
            cpu_required=p.cpu,
            memory_required=p.memory,
            duration=end * 2,
            accelerators=p.devices,
            accelerator_share=p.milli / MILLI if p.devices else 1.0,
            accelerator_models=p.models if p.devices else (),
            patience=0.0,
        )
        for i, p in enumerate(arrivals)
    )
    return Scenario(
        scenario_id=f"openb-{seed}-{node_order}",
        domain="cloud",
        nodes=placed,
        workload_definition=Workload(tasks=tasks, time_horizon=end),
        typical_tasks=typical_pods(pods),
        seed=seed % 2**31,
    )


@scenario_of("the lists of nodes and pods")
def traced_scenario(nodes: tuple[Node, ...], pods: tuple[Pod, ...], *, first: int, count: int | None) -> Scenario:
    """Return pods with their recorded times, in the order of their creation, as a scenario.

    The trace states no prices and no power, so latency and SLAs are the objectives; a mean latency of a quarter of the
    mean run time scores one half.

    Args:
        nodes: From `read_nodes`.
        pods: From `read_pods`.
        first: Number of the first pod in the order of creation, from 0.
        count: Largest number of pods; None: all.

    Raises:
        InputError: The list has no times.
        DataError: There is no such pod.
    """
    if any(p.created is None for p in pods):
        raise InputError(
            "the pod list has no creation_time and deletion_time; give a load, to draw arrivals", parameter="load"
        )
    ordered = sorted(pods, key=lambda p: (p.created or 0.0, p.name))
    chosen = ordered[first : None if count is None else first + count]
    if not chosen:
        raise DataError(f"the list has {len(pods)} pods, the first asked for is number {first}, from 0")
    begin = chosen[0].created or 0.0
    tasks = tuple(
        Task(
            task_id=p.name,
            arrival_time=(p.created or 0.0) - begin,
            cpu_required=p.cpu,
            memory_required=p.memory,
            duration=p.ran or 0.0,
            accelerators=p.devices,
            accelerator_share=p.milli / MILLI if p.devices else 1.0,
            accelerator_models=p.models if p.devices else (),
        )
        for p in chosen
    )
    return Scenario(
        scenario_id=f"openb-{first}-{len(tasks)}",
        domain="cloud",
        nodes=nodes,
        workload_definition=Workload(tasks=tasks, time_horizon=tasks[-1].arrival_time + 1),
        objectives=("latency", "qos"),
        objective_targets=ObjectiveTargets(latency=max(sum(t.duration for t in tasks) / len(tasks) / 4, 1.0)),
        typical_tasks=typical_pods(pods),
    )


class OpenbSpec(Frozen):
    """A variant of the experiment, as an attacker writes it.

    The published variants of the trace change the mix of pod classes; so does this, by drawing a
    new list from the pods with other frequencies.
    """

    spec_id: str = Field(min_length=1, max_length=128)
    fractional_weight: float = Field(default=1.0, ge=0, le=20, description="weight of pods that share a device")
    whole_weight: float = Field(default=1.0, ge=0, le=20, description="weight of pods with one whole device")
    multiple_weight: float = Field(default=1.0, ge=0, le=20, description="weight of pods with several devices")
    cpu_only_weight: float = Field(default=1.0, ge=0, le=20, description="weight of pods without a device")
    constrained_share: float = Field(
        default=0.0, ge=0, le=1, description="share of device pods that get a random allowed model"
    )
    cpu_factor: float = Field(default=1.0, ge=0.25, le=3, description="cores asked for, times this")
    node_share: float = Field(default=1.0, gt=0, le=1, description="share of the nodes that take part")
    load: float = Field(default=1.3, ge=0.5, le=2, description="requested over available devices at the end")
    seed: int = Field(default=0, ge=0, lt=2**31)
    pods: str = Field(default="", max_length=64, description="name of the list of pods to draw from; empty: default")

    @model_serializer(mode="wrap")
    def _without_default(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the list where it is the default one, as in archives of earlier versions."""
        values: dict[str, Any] = serialise(self)
        return {name: value for name, value in values.items() if name != "pods" or value}


def expand_openb(spec: OpenbSpec, nodes: tuple[Node, ...], pods: tuple[Pod, ...]) -> Scenario:
    """Return the scenario that a spec describes; deterministic."""
    rng = np.random.default_rng([spec.seed, 3])
    count = max(1, round(spec.node_share * len(nodes)))
    kept = tuple(nodes[i] for i in np.sort(rng.permutation(len(nodes))[:count]))
    weights = np.array([_weight(spec, p) for p in pods])
    if weights.sum() <= 0:
        weights = np.ones(len(pods))
    size = max(1, round(len(pods) * count / len(nodes)))
    drawn = rng.choice(len(pods), size=size, p=weights / weights.sum())
    models = sorted({n.accelerator_model for n in kept if n.accelerator_model})
    most = max(n.cpu for n in kept)
    variant = []
    for copy, i in enumerate(drawn):
        pod = pods[i]._replace(name=f"{copy:06d}", cpu=min(pods[i].cpu * spec.cpu_factor, most))
        if pod.devices and models and rng.random() < spec.constrained_share:
            pod = pod._replace(models=(models[int(rng.integers(len(models)))],))
        variant.append(pod)
    scenario = openb_scenario(kept, tuple(variant), seed=spec.seed, node_order=spec.seed, load=spec.load)
    return scenario.model_copy(update={"scenario_id": spec.spec_id})


def _weight(spec: OpenbSpec, pod: Pod) -> float:
    if pod.devices == 0:
        return spec.cpu_only_weight
    if pod.milli < MILLI:
        return spec.fractional_weight
    return spec.whole_weight if pod.devices == 1 else spec.multiple_weight
