"""Packing of a scenario into the kernel's arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aurora.errors import ScenarioError
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.mix import cores_per_device, encode_mix
from aurora.sim.kernel.pins import Pinned
from aurora.sim.kernel.routes import Routes
from aurora.sim.objectives import OBJECTIVES, WITH_TARGET
from aurora.sim.scenarios.scenario import Node, Scenario, Task, TypicalTask
from aurora.sim.scenarios.typical import typical_tasks
from aurora.types import FloatArray

MAX_MODELS = 62
WRITTEN_DIGITS = 5e-5
"""Largest excess of a share with four digits over the 1/n that it approximates."""
ROUNDING = 1e-6
"""Upper bound of the rounding error of a share, in parts of a device."""


@dataclass(frozen=True, slots=True)
class EncodedScenario:
    """A scenario together with its arrays.

    Attributes:
        scenario: The scenario.
        problem: Its arrays.
        paths: Link indices of each path.
        classes: Cache by the features that distinguish tasks: class of each task, classes, and tasks that have one.
        pinned: Addresses of the arrays.
        all_nodes: Whether the candidates of tasks of route 0 are all nodes, and nobody has a path.
        plain: Whether there are, besides, no other routes, devices and batteries.
    """

    scenario: Scenario
    problem: at.Problem
    paths: tuple[tuple[int, ...], ...]
    classes: dict[bytes, tuple[NDArray[np.int64], int, int]] = field(default_factory=dict)
    pinned: Pinned = field(init=False)
    all_nodes: bool = field(init=False)
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        problem = self.problem
        one_route = len(problem.route_start) == 2  # its start and its end
        first = problem.candidate_node[: problem.route_start[1]]
        all_nodes = np.array_equal(first, np.arange(problem.node_f.shape[1]))
        all_nodes &= not problem.options[at.O_HAS_PATHS] and not problem.options[at.O_HAS_PLAN]
        object.__setattr__(self, "pinned", Pinned(problem))
        devices = problem.node_i[at.N_DEVICES].any() or problem.task_i[:, at.T_DEVICES].any()
        batteries = np.isfinite(problem.node_f[at.N_BATTERY]).any()
        object.__setattr__(self, "all_nodes", bool(all_nodes))
        object.__setattr__(self, "plain", bool(all_nodes and one_route and not devices and not batteries))


def encode(scenario: Scenario) -> EncodedScenario:
    """Pack a scenario into arrays, ready for any number of runs.

    Raises:
        ScenarioError: A flow asks for node resources, or there are too many accelerator models.
    """
    models = _model_numbers(scenario)
    routes = Routes(scenario)
    task_f, task_i = _encode_tasks(scenario, models, routes)
    node_f, node_i = _encode_nodes(scenario, models)
    typical = scenario.typical_tasks or typical_tasks(scenario.tasks)
    requests = [(t, share_of(t.accelerator_share), _mask(t.accelerator_models, models)) for t in typical]
    mix = encode_mix(requests)
    node_f[at.N_CORES_PER_DEVICE] = cores_per_device(requests, node_i)
    if any(n.accelerators for n in scenario.nodes):
        fragment_cpu, fragment_kind, fragment_weight = _encode_fragments(typical, models)
        node_f[at.N_MODEL_DEMAND] = [
            sum(t.frequency for t in typical if t.accelerators and _allows(t.accelerator_models, n))
            for n in scenario.nodes
        ]
    else:
        fragment_cpu, fragment_kind = np.zeros(0), np.zeros((2, 0), np.int64)
        fragment_weight = np.zeros((1, 1, 0))
    event_time, event_i, event_value = _encode_events(scenario)
    children_start, children = _encode_dependencies(scenario.tasks, task_f, task_i)
    conditions = scenario.environmental_conditions
    link_number = {link.link_id: i for i, link in enumerate(scenario.links)}
    congestion = np.array(
        [
            (-1 if c.link_id is None else link_number[c.link_id], c.start, c.start + c.duration, c.factor)
            for c in conditions.network_congestion
        ],
        np.float64,
    ).reshape(-1, 4)
    paths = tuple(routes.paths)
    path_f = np.zeros((at.PATH_FLOATS, len(paths)))
    for i, path in enumerate(paths):
        path_f[at.P_LATENCY, i] = sum(scenario.links[l].latency_ms for l in path) / 1000
        path_f[at.P_BANDWIDTH, i] = min((scenario.links[l].bandwidth for l in path), default=math.inf)
    workload = scenario.workload_definition
    problem = at.Problem(
        task_f=task_f,
        task_i=task_i,
        children_start=children_start,
        children=children,
        arrivals=np.argsort(task_f[:, at.T_READY_AT], kind="stable"),
        node_f=node_f,
        node_i=node_i,
        link_f=np.array(
            [[l.bandwidth for l in scenario.links], [l.price_per_gbps_hour for l in scenario.links]],
            np.float64,
        ).reshape(at.LINK_FLOATS, -1),
        path_f=path_f,
        path_start=_starts([len(p) for p in paths]),
        path_links=np.array([l for p in paths for l in p], np.int64),
        candidate_node=np.array([n for r in routes.routes for n, _ in r], np.int64),
        candidate_path=np.array([p for r in routes.routes for _, p in r], np.int64),
        route_start=_starts([len(r) for r in routes.routes]),
        event_time=event_time,
        event_i=event_i,
        event_value=event_value,
        congestion=np.ascontiguousarray(congestion.T),
        fragment_cpu=fragment_cpu,
        fragment_kind=fragment_kind,
        fragment_weight=fragment_weight,
        mix_kind=mix.kind,
        mix_start=mix.start,
        mix_f=mix.f,
        mix_models=mix.models,
        mix_waste=mix.waste,
        objective=_objective(scenario),
        options=np.array(
            [
                workload.simultaneous_events == "together",
                workload.max_attempts,
                scenario.seed,
                bool(paths),
                False,
                any(t.patience == 0 for t in scenario.tasks),
            ],
            np.int64,
        ),
    )
    problem.task_i[:, at.T_PLACEABLE] = _placeable(problem)
    return EncodedScenario(scenario, problem, paths)


def _objective(scenario: Scenario) -> FloatArray:
    """Return weights, then targets; the target of an amount that adds up over tasks is one task's share."""
    weights, targets = scenario.weights(), scenario.objective_targets
    shares = [weights.get(o.name, 0.0) for o in OBJECTIVES]
    tasks = len(scenario.tasks)
    return np.array([*shares, *(getattr(targets, o.name) / (tasks if o.adds_up else 1) for o in WITH_TARGET)])


def _allows(models: tuple[str, ...], node: Node) -> bool:
    return node.accelerators > 0 and (not models or node.accelerator_model in models)


def _model_numbers(scenario: Scenario) -> dict[str, int]:
    named = {n.accelerator_model for n in scenario.nodes if n.accelerator_model is not None}
    for task in scenario.tasks:
        named.update(task.accelerator_models)
    for typical in scenario.typical_tasks:
        named.update(typical.accelerator_models)
    if len(named) > MAX_MODELS:
        raise ScenarioError(
            f"scenario {scenario.scenario_id}: {len(named)} accelerator models, at most {MAX_MODELS} are supported"
        )
    return {model: i + 1 for i, model in enumerate(sorted(named))}


def _mask(models: tuple[str, ...], numbers: dict[str, int]) -> int:
    """Return a bit mask over model numbers (0: a device without a model); all bits if no model is named."""
    return (1 << (MAX_MODELS + 1)) - 1 if not models else sum(1 << numbers[m] for m in set(models))


def share_of(share: float) -> int:
    """Return a share in parts of a device, at least 1, rounded down so that shares with sum 1 fit on one device.

    A share slightly above 1/n counts as 1/n, because people write a sixth as 0.1667.
    """
    if share * at.DEVICE < 1:
        return 1
    ratio = 1 / round(1 / share)
    if ratio < share <= ratio + WRITTEN_DIGITS and abs(1000 * share - round(1000 * share)) > ROUNDING:
        share = ratio
    return max(1, math.floor(at.DEVICE * share + ROUNDING))


def accelerator_class(devices: int, share: int) -> int:
    """Return 0 for a fraction of a device, 1 to 4 for 1, 2, 3-4 and more whole devices; -1 for none."""
    if devices == 0:
        return -1
    if share < at.DEVICE:
        return 0
    return 1 if devices == 1 else 2 if devices == 2 else 3 if devices <= 4 else 4


def _encode_tasks(
    scenario: Scenario, models: dict[str, int], routes: Routes
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    tasks = scenario.tasks
    largest = [max((getattr(n, what) for n in scenario.nodes), default=0) for what in ("cpu", "memory", "accelerators")]
    f = np.zeros((len(tasks), at.TASK_FLOATS))
    i = np.zeros((len(tasks), at.TASK_INTS), np.int64)
    masks: dict[tuple[str, ...], int] = {}
    first_of: dict[tuple[str, float | None], int] = {}
    for k, t in enumerate(tasks):
        if t.destination_site is not None and (t.cpu_required or t.memory_required or t.accelerators):
            raise ScenarioError(
                f"task {t.task_id} is a flow (it has a destination_site) but asks for cores, memory or "
                "accelerators; set them to 0 or drop the destination"
            )
        share = share_of(t.accelerator_share) if t.accelerators else 0
        if t.accelerator_models not in masks:
            masks[t.accelerator_models] = _mask(t.accelerator_models, models)
        requested = t.duration if t.requested_duration is None else t.requested_duration
        demands = (t.cpu_required, t.memory_required, t.accelerators * share / at.DEVICE)
        f[k] = (
            t.arrival_time,
            t.arrival_time,
            t.cpu_required,
            t.memory_required,
            t.duration,
            requested,
            at.NO_LIMIT if t.sla_latency_ms is None else t.sla_latency_ms / 1000,
            t.bandwidth,
            t.data_size,
            math.inf if t.patience is None else t.patience,
            t.priority,
            0,
            max((d / c for d, c in zip(demands, largest, strict=True) if c), default=0.0),
            0,
        )
        i[k] = (
            t.accelerators,
            share,
            masks[t.accelerator_models],
            routes.of(t),
            accelerator_class(t.accelerators, share),
            -1,
            1,
            0,
            0,
            bool(t.accelerators and t.accelerator_models),
            0 if t.user is None else 1 + first_of.setdefault((t.user, None), k),
            0 if t.user is None else 1 + first_of.setdefault((t.user, requested), k),
        )
    i[np.argsort(f[:, at.T_ARRIVAL], kind="stable"), at.T_RANK] = np.arange(len(tasks))
    return f, i


def _encode_nodes(scenario: Scenario, models: dict[str, int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    f = np.zeros((at.NODE_FLOATS, len(scenario.nodes)))
    i = np.zeros((at.NODE_INTS, len(scenario.nodes)), np.int64)
    for k, n in enumerate(scenario.nodes):
        battery = math.inf if n.battery is None else n.battery
        carbon = n.carbon_intensity or 0.0
        f[:, k] = (n.cpu, n.memory, n.speed, n.price_per_hour, n.idle_power, n.full_power, battery, 0, carbon, 0)
        i[:, k] = (n.accelerators, 0 if n.accelerator_model is None else models[n.accelerator_model])
    return f, i


def _encode_fragments(
    typical: tuple[TypicalTask, ...], models: dict[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    cpu = np.array(sorted({t.cpu_required for t in typical if t.accelerators}), np.float64)
    kinds = sorted({(t.accelerators, share_of(t.accelerator_share)) for t in typical if t.accelerators})
    weight = np.zeros((len(models) + 1, len(cpu) + 1, len(kinds)))
    for t in typical:
        if t.accelerators:
            kind = kinds.index((t.accelerators, share_of(t.accelerator_share)))
            mask = _mask(t.accelerator_models, models)
            for model in range(len(models) + 1):
                if mask >> model & 1:
                    weight[model, 1 + int(np.searchsorted(cpu, t.cpu_required)) :, kind] += t.frequency
    return cpu, np.array(kinds, np.int64).reshape(-1, 2).T.copy(), weight


def _encode_events(
    scenario: Scenario,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    nodes = {n.node_id: k for k, n in enumerate(scenario.nodes)}
    conditions = scenario.environmental_conditions
    events: list[tuple[float, int, int, float]] = []
    for failure in conditions.node_failures:
        events.append((failure.start, at.E_FAILURE, nodes[failure.node_id], 0.0))
        if failure.duration is not None:
            events.append((failure.start + failure.duration, at.E_RECOVERY, nodes[failure.node_id], 0.0))
    for change in conditions.dynamic_pricing:
        target = -1 if change.node_id is None else nodes[change.node_id]
        events.append((change.time, at.E_PRICE, target, change.factor))
    for intensity in conditions.dynamic_carbon:
        target = -1 if intensity.node_id is None else nodes[intensity.node_id]
        events.append((intensity.time, at.E_CARBON, target, intensity.factor))
    for congestion in conditions.network_congestion:
        events.append((congestion.start, at.E_CONGESTION, 0, 0.0))
        events.append((congestion.start + congestion.duration, at.E_CONGESTION, 0, 0.0))
    for k, task in enumerate(scenario.tasks):
        if task.patience:
            events.append((task.arrival_time + task.patience, at.E_PATIENCE, k, 0.0))
    events.sort(key=lambda e: e[:2])
    return (
        np.array([e[0] for e in events], np.float64),
        np.array([e[1:3] for e in events], np.int64).reshape(-1, 2).T.copy(),
        np.array([e[3] for e in events], np.float64),
    )


def _encode_dependencies(
    tasks: tuple[Task, ...], task_f: NDArray[np.float64], task_i: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    number = {t.task_id: k for k, t in enumerate(tasks)}
    children: list[list[int]] = [[] for _ in tasks]
    for k, task in enumerate(tasks):
        for parent in set(task.dependencies):
            children[number[parent]].append(k)
        task_i[k, at.T_PARENTS] = len(set(task.dependencies))
    task_f[:, at.T_DEPENDENTS] = [len(c) for c in children]
    return _starts([len(c) for c in children]), np.array([k for c in children for k in sorted(c)], np.int64)


def _starts(lengths: list[int]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(lengths, np.int64))]).astype(np.int64)


def _placeable(problem: at.Problem) -> NDArray[np.int64]:
    """Return for each task whether it fits some candidate when everything is free and up."""
    placeable = np.zeros(len(problem.task_f), np.int64)
    known: dict[tuple[float, ...], bool] = {}
    floats = problem.task_f[:, [at.T_CPU, at.T_MEMORY, at.T_BANDWIDTH]].tolist()
    integers = problem.task_i[:, [at.T_DEVICES, at.T_MODELS, at.T_ROUTE]].tolist()
    for t, ((cpu, memory, bandwidth), (devices, models, route)) in enumerate(zip(floats, integers, strict=True)):
        key = (cpu, memory, bandwidth, devices, models, route)
        if key not in known:
            known[key] = _fits_empty(problem, cpu, memory, bandwidth, devices, models, route)
        placeable[t] = known[key]
    return placeable


def _fits_empty(
    problem: at.Problem, cpu: float, memory: float, bandwidth: float, devices: int, models: int, route: int
) -> bool:
    span = slice(problem.route_start[route], problem.route_start[route + 1])
    nodes, paths = problem.candidate_node[span], problem.candidate_path[span]
    fits = np.ones(len(nodes), bool)
    on_node = nodes >= 0
    n = nodes[on_node]
    room = (problem.node_f[at.N_CPU, n] + at.TOLERANCE >= cpu) & (
        problem.node_f[at.N_MEMORY, n] + at.TOLERANCE >= memory
    )
    if devices:
        allowed = (np.int64(models) >> problem.node_i[at.N_MODEL, n]) & 1
        room &= (problem.node_i[at.N_DEVICES, n] >= devices) & (allowed == 1)
    fits[on_node] = room
    on_path = paths >= 0
    fits[on_path] &= problem.path_f[at.P_BANDWIDTH, paths[on_path]] + at.TOLERANCE >= bandwidth
    return bool(fits.any())
