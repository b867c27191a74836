"""From a scenario to the kernel's arrays."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import yen

from aurora.errors import ConstraintError, ScenarioError
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.pins import Pinned
from aurora.sim.policies.policy import PlannedTask
from aurora.sim.scenarios.scenario import Node, Scenario, Task, TypicalTask

TYPICAL_SHARE = 0.95
TYPICAL_LIMIT = 64
MAX_MODELS = 62
WRITTEN_DIGITS = 5e-5
"""By how much a share written with four digits may lie above the 1/n that it stands for."""
ROUNDING = 1e-6
"""Part of a part that floating point may lose; more than it does."""


@dataclass(frozen=True, slots=True)
class EncodedScenario:
    """A scenario together with its arrays.

    Attributes:
        scenario: The scenario itself.
        problem: Its arrays.
        paths: Link indices of each path.
        classes: Cache of task classes by the features that tell tasks apart.
        pinned: Where the arrays lie.
        all_nodes: Whether the candidates of every task are all nodes.
        plain: Whether there are, besides, neither devices nor batteries.
    """

    scenario: Scenario
    problem: at.Problem
    paths: tuple[tuple[int, ...], ...]
    classes: dict[bytes, tuple[NDArray[np.int64], int]] = field(default_factory=dict)
    pinned: Pinned = field(init=False)
    all_nodes: bool = field(init=False)
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        problem = self.problem
        one_route = len(problem.route_start) == 2  # its start and its end
        all_nodes = one_route and not problem.options[at.O_HAS_PATHS] and not problem.options[at.O_HAS_PLAN]
        object.__setattr__(self, "pinned", Pinned(problem))
        devices = problem.node_i[at.N_DEVICES].any() or problem.task_i[:, at.T_DEVICES].any()
        batteries = np.isfinite(problem.node_f[at.N_BATTERY]).any()
        object.__setattr__(self, "all_nodes", bool(all_nodes))
        object.__setattr__(self, "plain", bool(all_nodes and not devices and not batteries))


def encode(scenario: Scenario) -> EncodedScenario:
    """Pack a scenario into arrays, ready for any number of runs.

    Raises:
        ScenarioError: A flow asks for node resources, or there are too many accelerator models.
    """
    models = _model_numbers(scenario)
    routes = _Routes(scenario)
    task_f, task_i = _encode_tasks(scenario, models, routes)
    node_f, node_i = _encode_nodes(scenario, models)
    typical = scenario.typical_tasks or typical_tasks(scenario.tasks)
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


def _objective(scenario: Scenario) -> at.FloatArray:
    weights, targets = scenario.weights(), scenario.objective_targets
    shares = [weights.get(o, 0.0) for o in ("latency", "cost", "energy", "qos")]
    tasks = len(scenario.tasks)
    return np.array([*shares, targets.latency, targets.cost / tasks, targets.energy / tasks])


def with_plan(encoded: EncodedScenario, plan: tuple[PlannedTask, ...]) -> EncodedScenario:
    """The same scenario, in which each task may only go where and when the plan says.

    Raises:
        ConstraintError: The plan names an unknown task, node or path, or a task twice.
    """
    problem = encoded.problem
    task_f, task_i = problem.task_f.copy(), problem.task_i.copy()
    task_i[:, at.T_PIN] = -2
    for (t, candidate), line in zip(planned_candidates(encoded, plan).items(), plan, strict=True):
        if line.start > task_f[t, at.T_ARRIVAL] + task_f[t, at.T_PATIENCE] + at.TOLERANCE:
            continue  # it is not there any more when the plan would start it
        task_i[t, at.T_PIN] = candidate
        task_f[t, at.T_READY_AT] = max(task_f[t, at.T_ARRIVAL], line.start)
        task_f[t, at.T_PLAN_KEY] = line.start
    options = problem.options.copy()
    options[at.O_HAS_PLAN] = 1
    arrivals = np.argsort(task_f[:, at.T_READY_AT], kind="stable")
    pinned = problem._replace(task_f=task_f, task_i=task_i, arrivals=arrivals, options=options)
    return EncodedScenario(encoded.scenario, pinned, encoded.paths)


def planned_candidates(encoded: EncodedScenario, plan: tuple[PlannedTask, ...]) -> dict[int, int]:
    """Task to the number of its planned candidate, in the order of the plan.

    Raises:
        ConstraintError: The plan names an unknown task, node or path, or a task twice.
    """
    scenario = encoded.scenario
    tasks = {t.task_id: i for i, t in enumerate(scenario.tasks)}
    nodes = {n.node_id: i for i, n in enumerate(scenario.nodes)}
    links = {l.link_id: i for i, l in enumerate(scenario.links)}
    found: dict[int, int] = {}
    for line in plan:
        if line.task_id not in tasks:
            raise ConstraintError(f"allocation_plan: unknown task {line.task_id!r}; use an id of the scenario")
        t = tasks[line.task_id]
        if t in found:
            raise ConstraintError(f"allocation_plan: task {line.task_id!r} is planned twice; keep one line")
        found[t] = _planned_candidate(line, encoded, int(encoded.problem.task_i[t, at.T_ROUTE]), nodes, links)
    return found


def _planned_candidate(
    line: PlannedTask, encoded: EncodedScenario, route: int, nodes: dict[str, int], links: dict[str, int]
) -> int:
    problem = encoded.problem
    if line.node_id is not None and line.node_id not in nodes:
        raise ConstraintError(
            f"allocation_plan: task {line.task_id!r} names the unknown node {line.node_id!r}; use an id of the scenario"
        )
    wanted_node = -1 if line.node_id is None else nodes[line.node_id]
    unknown = [l for l in line.path if l not in links]
    if unknown:
        raise ConstraintError(f"allocation_plan: task {line.task_id!r} names the unknown link {unknown[0]!r}")
    wanted_path = tuple(links[l] for l in line.path)
    first, last = problem.route_start[route], problem.route_start[route + 1]
    for c in range(first, last):
        path = int(problem.candidate_path[c])
        held = encoded.paths[path] if path >= 0 else ()
        if problem.candidate_node[c] == wanted_node and wanted_path in ((), held):
            return int(c - first)
    raise ConstraintError(
        f"allocation_plan: task {line.task_id!r} has no candidate with node {line.node_id!r} and path "
        f"{list(line.path)}; a flow takes one of its {encoded.scenario.paths_per_pair} shortest paths and no node"
    )


def typical_tasks(tasks: tuple[Task, ...]) -> tuple[TypicalTask, ...]:
    """The most frequent classes that cover 95 % of the tasks (Weng et al., ATC 2023, section 3).

    Classes are (cores, devices, share, models), at most 64, frequencies renormalised to 1; ties in
    frequency go to the class seen first.
    """
    counts = Counter(
        (t.cpu_required, t.accelerators, t.accelerator_share, tuple(sorted(t.accelerator_models))) for t in tasks
    )
    kept: list[tuple[tuple[float, int, float, tuple[str, ...]], int]] = []
    covered = 0
    for key, count in counts.most_common(TYPICAL_LIMIT):
        kept.append((key, count))
        covered += count
        if covered >= TYPICAL_SHARE * len(tasks):
            break
    return tuple(
        TypicalTask(
            cpu_required=cpu,
            accelerators=devices,
            accelerator_share=share,
            accelerator_models=models,
            frequency=count / covered,
        )
        for (cpu, devices, share, models), count in kept
    )


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
    """Bit mask over model numbers (0: a device without a model); no models named: all bits."""
    return (1 << (MAX_MODELS + 1)) - 1 if not models else sum(1 << numbers[m] for m in set(models))


def share_of(share: float) -> int:
    """Parts of a device, at least 1, rounded down: shares that add up to one fit on one device.

    A share slightly above 1/n counts as 1/n, because people write a sixth as 0.1667.
    """
    if share * at.DEVICE < 1:
        return 1
    ratio = 1 / round(1 / share)
    if ratio < share <= ratio + WRITTEN_DIGITS and abs(1000 * share - round(1000 * share)) > ROUNDING:
        share = ratio
    return max(1, math.floor(at.DEVICE * share + ROUNDING))


def accelerator_class(devices: int, share: int) -> int:
    """0 for a fraction of a device, then 1, 2, 3-4, more whole devices (classes 1 to 4); -1 for none."""
    if devices == 0:
        return -1
    if share < at.DEVICE:
        return 0
    return 1 if devices == 1 else 2 if devices == 2 else 3 if devices <= 4 else 4


def _encode_tasks(
    scenario: Scenario, models: dict[str, int], routes: _Routes
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    tasks = scenario.tasks
    largest = [max((getattr(n, what) for n in scenario.nodes), default=0) for what in ("cpu", "memory", "accelerators")]
    f = np.zeros((len(tasks), at.TASK_FLOATS))
    i = np.zeros((len(tasks), at.TASK_INTS), np.int64)
    masks: dict[tuple[str, ...], int] = {}
    for k, t in enumerate(tasks):
        if t.destination_site is not None and (t.cpu_required or t.memory_required or t.accelerators):
            raise ScenarioError(
                f"task {t.task_id} is a flow (it has a destination_site) but asks for cores, memory or "
                "accelerators; set them to 0 or drop the destination"
            )
        share = share_of(t.accelerator_share) if t.accelerators else 0
        if t.accelerator_models not in masks:
            masks[t.accelerator_models] = _mask(t.accelerator_models, models)
        demands = (t.cpu_required, t.memory_required, t.accelerators * share / at.DEVICE)
        f[k] = (
            t.arrival_time,
            t.arrival_time,
            t.cpu_required,
            t.memory_required,
            t.duration,
            t.duration if t.requested_duration is None else t.requested_duration,
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
        )
    i[np.argsort(f[:, at.T_ARRIVAL], kind="stable"), at.T_RANK] = np.arange(len(tasks))
    return f, i


def _encode_nodes(scenario: Scenario, models: dict[str, int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    f = np.zeros((at.NODE_FLOATS, len(scenario.nodes)))
    i = np.zeros((at.NODE_INTS, len(scenario.nodes)), np.int64)
    for k, n in enumerate(scenario.nodes):
        battery = math.inf if n.battery is None else n.battery
        f[:, k] = (n.cpu, n.memory, n.speed, n.price_per_hour, n.idle_power, n.full_power, battery, 0)
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
    """Whether each task fits some candidate when everything is free and up."""
    found = np.zeros(len(problem.task_f), np.int64)
    known: dict[tuple[float, ...], bool] = {}
    floats = problem.task_f[:, [at.T_CPU, at.T_MEMORY, at.T_BANDWIDTH]].tolist()
    integers = problem.task_i[:, [at.T_DEVICES, at.T_MODELS, at.T_ROUTE]].tolist()
    for t, ((cpu, memory, bandwidth), (devices, models, route)) in enumerate(zip(floats, integers, strict=True)):
        key = (cpu, memory, bandwidth, devices, models, route)
        if key not in known:
            known[key] = _fits_empty(problem, cpu, memory, bandwidth, devices, models, route)
        found[t] = known[key]
    return found


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


_HOP_MS = 1e-6
"""Added to a link's latency when paths are found, so that of equal ones those with fewer links come first."""


class _Routes:
    """Candidate lists by (source, destination), with the paths they use."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._known: dict[tuple[str | None, str | None], int] = {}
        self._path_number: dict[tuple[int, ...], int] = {}
        self.paths: list[tuple[int, ...]] = []
        self.routes: list[list[tuple[int, int]]] = []
        self._site_number = {site: i for i, site in enumerate(sorted(scenario.sites()))}
        # Between two sites only the best of several parallel links carries candidates' paths.
        best: dict[tuple[int, int], tuple[float, int]] = {}
        for k, link in enumerate(scenario.links):
            ends = self._site_number[link.source], self._site_number[link.target]
            for pair in (ends, ends[::-1]):
                if link.source != link.target:
                    best[pair] = min(best.get(pair, (math.inf, 0)), (link.latency_ms, k))
        self._link = {pair: k for pair, (_, k) in best.items()}
        self._neighbours: list[list[tuple[int, float, int]]] = [[] for _ in self._site_number]
        for (a, b), (latency, k) in best.items():
            self._neighbours[a].append((b, latency, k))

    @cached_property
    def _graph(self) -> Any:
        edges = [(a, b, latency + _HOP_MS) for a, near in enumerate(self._neighbours) for b, latency, _ in near]
        sources, targets, weights = zip(*edges, strict=True) if edges else ((), (), ())
        ends = np.array(sources, np.int32), np.array(targets, np.int32)
        return csr_array((np.array(weights, np.float64), ends), shape=2 * (len(self._site_number),))

    def of(self, task: Task) -> int:
        """Number of the task's route."""
        with_paths = bool(self._scenario.links) or task.destination_site is not None
        source = task.source_site if with_paths else None
        key = (source, task.destination_site)
        if key not in self._known:
            self._known[key] = len(self.routes)
            self.routes.append(self._flow(*key) if key[1] is not None else self._placements(source))
        return self._known[key]

    def _placements(self, source: str | None) -> list[tuple[int, int]]:
        nodes = self._scenario.nodes
        if source is None:
            return [(k, -1) for k in range(len(nodes))]
        best = self._tree(source)
        found: list[tuple[int, int]] = []
        for k, node in enumerate(nodes):
            if node.site is None or node.site == source:
                found.append((k, -1))
                continue
            if node.site in best:
                found.append((k, self._path(best[node.site])))
        return found

    def _flow(self, source: str | None, destination: str | None) -> list[tuple[int, int]]:
        if source == destination:
            return [(-1, -1)]
        assert source is not None and destination is not None
        return [(-1, self._path(p)) for p in self._shortest(source, destination, self._scenario.paths_per_pair)]

    def _tree(self, source: str) -> dict[str, tuple[int, ...]]:
        """The shortest path to every site that can be reached (Dijkstra 1959, ties as in `_shortest`)."""
        if source not in self._site_number:
            return {}
        settled: dict[int, tuple[int, ...]] = {}
        queue: list[tuple[float, int, tuple[int, ...], int]] = [(0.0, 0, (), self._site_number[source])]
        while queue:
            latency, hops, path, site = heapq.heappop(queue)
            if site in settled:
                continue
            settled[site] = path
            for neighbour, more, link in self._neighbours[site]:
                if neighbour not in settled:
                    heapq.heappush(queue, (round(latency + more, 9), hops + 1, (*path, link), neighbour))
        return {site: settled[number] for site, number in self._site_number.items() if number in settled}

    def _path(self, path: tuple[int, ...]) -> int:
        if path not in self._path_number:
            self._path_number[path] = len(self.paths)
            self.paths.append(path)
        return self._path_number[path]

    def _shortest(self, source: str, target: str, k: int) -> list[tuple[int, ...]]:
        """The k shortest simple paths by latency, then hops, then link indices (Yen 1971)."""
        if source not in self._site_number or target not in self._site_number:
            return []
        first, last = self._site_number[source], self._site_number[target]
        # Ties are broken by link indices, so a few more than k are ranked.
        _, before = yen(self._graph, first, last, 2 * k + 2, return_predecessors=True)

        def links(previous: NDArray[np.int32]) -> tuple[int, ...]:
            found, site = [], last
            while site != first:
                found.append(self._link[int(previous[site]), site])
                site = int(previous[site])
            return tuple(found[::-1])

        def rank(path: tuple[int, ...]) -> tuple[float, int, tuple[int, ...]]:
            return (round(sum(self._scenario.links[l].latency_ms for l in path), 9), len(path), path)

        return sorted(map(links, before), key=rank)[:k]
