"""A slow, simple simulator that follows docs/reference/kernel.md line by line, to check the kernel against.

It shares no code with the kernel but the scenario types, the parser and the slow evaluator. Free amounts
are recomputed from what is running, integrals are summed interval by interval, and every decision looks at
everything again.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Set
from dataclasses import dataclass, field
from fractions import Fraction

import networkx as nx

from aurora.sim.outcome import Status
from aurora.sim.policies.compiler import parse_sections
from aurora.sim.policies.expression import ALL_SCOPES, Expr, Ref, evaluate, parse, walk
from aurora.sim.policies.policy import Network, Policy
from aurora.sim.scenarios.scenario import Congestion, Link, Scenario, Task

EPS = 1e-9
DEVICE = 1_024_000
MASK = (1 << 64) - 1
OVERVIEW_FEATURES = {
    *("cluster.next_release", "cluster.idle_nodes", "cluster.whole_nodes", "cluster.typical_fit"),
    *("cluster.cpu_free_median", "cluster.cpu_free_high"),
}
RANKED = ("cost", "energy", "latency", "cpu_left")
OUTLOOK_FEATURES = {
    "fit.device_waste",
    "fit.device_waste_increase",
    *(f"fit.{what}_{when}" for what in ("typical", "placements", "usable") for when in ("left", "lost")),
    *(f"fit.stranded_{what}{more}" for what in ("accelerators", "cpu") for more in ("", "_increase")),
    "fit.next_device_left",
}


def mix(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


@functools.cache
def parsed(text: str) -> Expr:
    return parse(text, scopes=ALL_SCOPES)


def score_of(network: Network, features: dict[str, float]) -> float:
    values = []
    for text, scale in zip(network.inputs, network.scale, strict=True):
        x = evaluate(parsed(text), features) / scale
        x = 0.0 if math.isnan(x) else min(max(x, -1e12), 1e12)
        values.append(x / (1 + abs(x) / 10))
    for layer in network.layers:
        sums = [
            sum(w * x for w, x in zip(row, values, strict=True)) + b
            for row, b in zip(layer.weights, layer.bias, strict=True)
        ]
        if layer is network.layers[-1]:
            return sums[0]
        values = [max(s, 0.0) if network.activation == "relu" else math.tanh(s) for s in sums]
    raise AssertionError


def shares(task: Task) -> int:
    return parts(task.accelerator_share) if task.accelerators else 0


def parts(share: float) -> int:
    """Return a share in parts of a device (1,024,000), as docs/reference/kernel.md defines them."""
    if share * DEVICE < 1:
        return 1
    exact = Fraction(share).limit_denominator(10**7)
    nearest = Fraction(1, round(1 / share))
    if (exact * 1000).denominator != 1 and 0 < share - float(nearest) <= 5e-5:
        exact = nearest
    return max(1, int(exact * DEVICE))


def kind_of(task: Task) -> int:
    if task.accelerators == 0:
        return -1
    if shares(task) < DEVICE:
        return 0
    return {1: 1, 2: 2, 3: 3, 4: 3}.get(task.accelerators, 4)


@dataclass
class Run:
    task: int
    node: int | None
    path: tuple[int, ...] | None
    start: float
    latency: float
    finish: float
    expected: float
    order: int
    devices: dict[int, int] = field(default_factory=dict)


@functools.lru_cache(maxsize=64)
def known_paths(links: tuple[Link, ...], sites: Set[str]) -> dict[tuple[str, str], list[tuple[int, ...]]]:
    """Return the paths between sites found so far in a network, which all simulations of it share."""
    return {}


class ReferenceSimulator:
    def __init__(self, scenario: Scenario, policy: Policy) -> None:
        self.s = scenario
        self.strategy = policy.allocation_strategy
        self.sections = parse_sections(policy)
        self.network = policy.allocation_strategy.network
        inputs = () if self.network is None else [parsed(text) for text in self.network.inputs]
        self.reads = {n.name for e in (*self.sections.flat(), *inputs) for n in walk(e) if isinstance(n, Ref)}
        self.now = 0.0
        self.running: dict[int, Run] = {}
        self.waiting: set[int] = set()
        self.head: int | None = None
        self.head_stuck = False
        self.reservation: tuple[float, int | None, tuple[int, ...] | None] = (math.inf, None, None)
        n, t = len(scenario.nodes), len(scenario.tasks)
        self.down = [0] * n
        self.dead = [False] * n
        self.failures = [0] * n
        self.last = [0] * n
        self.battery = [math.inf if x.battery is None else x.battery for x in scenario.nodes]
        self.price_all, self.price = 1.0, [1.0] * n
        self.intensity, self.carbon = [x.carbon_intensity or 0.0 for x in scenario.nodes], 0.0
        self.attempts = [0] * t
        self.status: list[Status | None] = [None] * t
        self.pending = [1 + len(set(x.dependencies)) for x in scenario.tasks]
        self.start, self.finish = [math.nan] * t, [math.nan] * t
        self.node, self.latency, self.cost = [-1] * t, [math.nan] * t, [0.0] * t
        self.energy, self.decisions, self.starts = 0.0, 0, 0
        self.congested: list[Congestion] = []
        self.used = 0.0
        self.decided: list[tuple[int, dict[int, dict[str, float]]]] = []
        self.makespan = 0.0
        self.completed_order: list[int] = []
        self.number = {x.task_id: i for i, x in enumerate(scenario.tasks)}
        self.node_number = {x.node_id: i for i, x in enumerate(scenario.nodes)}
        self.typical = self._typical()
        self.wastes: dict[int, float] = {}
        self._known_paths = known_paths(tuple(scenario.links), scenario.sites())
        self.candidates = [self._candidates(x) for x in scenario.tasks]
        for i, task in enumerate(scenario.tasks):
            if not any(self._fits_empty(task, c) for c in self.candidates[i]):
                self.status[i] = Status.UNPLACEABLE

    # Candidates.

    def _graph(self) -> nx.Graph:
        graph = nx.Graph()
        graph.add_nodes_from(self.s.sites())
        for k, link in enumerate(self.s.links):
            old = graph.get_edge_data(link.source, link.target)
            if link.source != link.target and (old is None or (link.latency_ms, k) < (old["weight"], old["k"])):
                graph.add_edge(link.source, link.target, weight=link.latency_ms, k=k)
        return graph

    def _paths(self, a: str, b: str) -> list[tuple[int, ...]]:
        """Return all simple paths between two sites, shortest first; they are the same for every task."""
        if (a, b) in self._known_paths:
            return self._known_paths[a, b]
        graph = self._graph()
        every = (
            [tuple(graph.edges[u, v]["k"] for u, v in itertools.pairwise(p)) for p in nx.all_simple_paths(graph, a, b)]
            if nx.has_path(graph, a, b)
            else []
        )
        every.sort(key=lambda p: (round(sum(self.s.links[k].latency_ms for k in p), 9), len(p), p))
        self._known_paths[a, b] = every
        return every

    def _candidates(self, task: Task) -> list[tuple[int | None, tuple[int, ...] | None]]:
        if task.destination_site is not None:
            assert task.source_site is not None
            if task.source_site == task.destination_site:
                return [(None, None)]
            return [(None, p) for p in self._paths(task.source_site, task.destination_site)[: self.s.paths_per_pair]]
        found: list[tuple[int | None, tuple[int, ...] | None]] = []
        for n, node in enumerate(self.s.nodes):
            if task.allowed_nodes and node.node_id not in task.allowed_nodes:
                continue
            if task.source_site is None or not self.s.links or node.site is None or node.site == task.source_site:
                found.append((n, None))
            elif paths := self._paths(task.source_site, node.site):
                found.append((n, paths[0]))
        return found

    def _allows(self, task: Task, n: int) -> bool:
        return not task.accelerator_models or self.s.nodes[n].accelerator_model in task.accelerator_models

    def _fits_empty(self, task: Task, c: tuple[int | None, tuple[int, ...] | None]) -> bool:
        n, path = c
        if n is not None:
            node = self.s.nodes[n]
            if node.cpu + EPS < task.cpu_required or node.memory + EPS < task.memory_required:
                return False
            if task.accelerators and (node.accelerators < task.accelerators or not self._allows(task, n)):
                return False
        return all(self.s.links[k].bandwidth + EPS >= task.bandwidth for k in path or ())

    # What is free now.

    def _on(self, n: int, without: Set[int] = frozenset()) -> list[Run]:
        return [r for r in self.running.values() if r.node == n and r.task not in without]

    def cpu_free(self, n: int, without: Set[int] = frozenset()) -> float:
        return self.s.nodes[n].cpu - sum(self.s.tasks[r.task].cpu_required for r in self._on(n, without))

    def memory_free(self, n: int, without: Set[int] = frozenset()) -> float:
        return self.s.nodes[n].memory - sum(self.s.tasks[r.task].memory_required for r in self._on(n, without))

    def devices(self, n: int, without: Set[int] = frozenset()) -> list[int]:
        free = [DEVICE] * self.s.nodes[n].accelerators
        for r in self._on(n, without):
            for d, amount in r.devices.items():
                free[d] -= amount
        return free

    def link_free(self, k: int, without: Set[int] = frozenset()) -> float:
        held = sum(
            self.s.tasks[r.task].bandwidth
            for r in self.running.values()
            if k in (r.path or ()) and r.task not in without
        )
        return self.s.links[k].bandwidth - held

    def feasible(self, t: int, c: tuple[int | None, tuple[int, ...] | None], without: Set[int] = frozenset()) -> bool:
        task, (n, path) = self.s.tasks[t], c
        if n is not None:
            if self.down[n] or self.dead[n]:
                return False
            if self.cpu_free(n, without) + EPS < task.cpu_required:
                return False
            if self.memory_free(n, without) + EPS < task.memory_required:
                return False
            if task.accelerators:
                free = self.devices(n, without)
                if not self._allows(task, n):
                    return False
                if shares(task) < DEVICE:
                    if not any(f >= shares(task) for f in free):
                        return False
                elif sum(f == DEVICE for f in free) < task.accelerators:
                    return False
        return all(self.link_free(k, without) + EPS >= task.bandwidth for k in path or ())

    def take(self, t: int, n: int) -> dict[int, int]:
        task = self.s.tasks[t]
        free = self.devices(n)
        if not task.accelerators:
            return {}
        if shares(task) == DEVICE:
            return dict.fromkeys([d for d, f in enumerate(free) if f == DEVICE][: task.accelerators], DEVICE)
        room = [d for d, f in enumerate(free) if f >= shares(task)]
        rule = self.strategy.device_choice
        key = {
            "best_fit": lambda d: (free[d], d),
            "worst_fit": lambda d: (-free[d], d),
            "random": lambda d: (mix((mix((mix(self.s.seed) + t) & MASK) + 64 * n + d) & MASK) >> 11, d),
            "least_fragmentation": lambda d: (self._f_after(t, n, {d: shares(task)}), d),
        }[rule]
        return {min(room, key=key): shares(task)}

    # Fragmentation.

    def _typical(self) -> list[tuple[float, int, int, tuple[str, ...], float]]:
        if self.s.typical_tasks:
            return [
                (x.cpu_required, x.accelerators, parts(x.accelerator_share), x.accelerator_models, x.frequency)
                for x in self.s.typical_tasks
            ]
        counts: dict[tuple[float, int, float, tuple[str, ...]], int] = {}
        for x in self.s.tasks:
            key = (x.cpu_required, x.accelerators, x.accelerator_share, tuple(sorted(x.accelerator_models)))
            counts[key] = counts.get(key, 0) + 1
        kept: list[tuple[tuple[float, int, float, tuple[str, ...]], int]] = []
        for item in sorted(counts.items(), key=lambda i: -i[1])[:64]:
            kept.append(item)
            if sum(c for _, c in kept) >= 0.95 * len(self.s.tasks):
                break
        total = sum(c for _, c in kept)
        return [(k[0], k[1], parts(k[2]), k[3], c / total) for k, c in kept]

    def fragmentation(self, n: int, cpu: float, free: list[int]) -> float:
        if not free:
            return 0.0
        total = 0.0
        for need, count, share, models, frequency in self.typical:
            runs = count > 0 and need <= cpu + EPS
            runs = runs and (not models or self.s.nodes[n].accelerator_model in models)
            if runs:
                runs = any(f >= share for f in free) if share < DEVICE else sum(f == DEVICE for f in free) >= count
            total += frequency * (sum(f for f in free if f < share) if runs else sum(free))
        return total / DEVICE

    def _f_after(self, t: int, n: int, taken: dict[int, int]) -> float:
        free = [f - taken.get(d, 0) for d, f in enumerate(self.devices(n))]
        return self.fragmentation(n, self.cpu_free(n) - self.s.tasks[t].cpu_required, free)

    # What is left for the typical mix.

    def room(self, n: int, cpu: float, free: list[int]) -> list[float]:
        """Return how many tasks of each typical class node `n` takes with so much free; inf if nothing limits them."""
        numbers = []
        for need, count, share, models, _ in self.typical:
            limits = [math.inf]
            if need > 0:
                limits.append(max(0, math.floor((cpu + EPS) / need)))
            if count and models and self.s.nodes[n].accelerator_model not in models:
                limits.append(0)
            if count:
                limits.append(sum(f // share for f in free) if share < DEVICE else free.count(DEVICE) // count)
            numbers.append(min(limits))
        return numbers

    def outlook(self, n: int, cpu: float, free: list[int]) -> dict[str, float]:
        """Return what node `n` offers the typical mix with so many free cores and free parts of devices."""
        fits, placements, usable, left = 0.0, 0.0, 0.0, 0.0
        on_devices = sum(f for _, count, _, _, f in self.typical if count)
        for number, (_, count, share, _, frequency) in zip(self.room(n, cpu, free), self.typical, strict=True):
            fits += frequency * (number > 0)
            placements += frequency * (0.0 if math.isinf(number) else number)
            if count:
                usable += frequency / on_devices * number * count * share / DEVICE
                best = min((f - share for f in free if f >= share), default=DEVICE) if share < DEVICE else 0
                left += frequency / on_devices * (best / DEVICE if number else 1.0)
        cores = devices = 0.0
        for need, count, share, models, frequency in self.typical:
            if count and free and (not models or self.s.nodes[n].accelerator_model in models):
                cores += frequency * need
                devices += frequency * count * share / DEVICE
        ratio, idle = cores / devices if devices else 0.0, sum(free) / DEVICE
        return {
            "typical": fits,
            "placements": placements,
            "usable": usable,
            "next_device": left if on_devices else 1.0,
            "stranded_accelerators": max(0.0, idle - cpu / ratio) if ratio else 0.0,
            "stranded_cpu": max(0.0, cpu - ratio * idle),
        }

    # Features.

    def network_latency(self, t: int, path: tuple[int, ...] | None) -> float:
        if not path:
            return 0.0
        task = self.s.tasks[t]
        rate = task.bandwidth or min(self.s.links[k].bandwidth for k in path)
        factor = 1.0
        for c in self.congested:
            if any(c.link_id in (None, self.s.links[k].link_id) for k in path):
                factor = max(factor, c.factor)
        return (sum(self.s.links[k].latency_ms for k in path) / 1000 + 8 * task.data_size / rate) * factor

    def dominant(self, t: int, n: int) -> float:
        task, node = self.s.tasks[t], self.s.nodes[n]
        demand = task.accelerators * shares(task) / DEVICE
        pairs = ((task.cpu_required, node.cpu), (task.memory_required, node.memory), (demand, node.accelerators))
        return max((need / has for need, has in pairs if need), default=0.0)

    def requested(self, t: int) -> float:
        task = self.s.tasks[t]
        return task.duration if task.requested_duration is None else task.requested_duration

    def task_features(self, t: int) -> dict[str, float]:
        task = self.s.tasks[t]
        demand = task.accelerators * shares(task) / DEVICE
        sla = 1e9 if task.sla_latency_ms is None else task.sla_latency_ms / 1000
        nodes = self.s.nodes
        caps = [max((getattr(n, w) for n in nodes), default=0) for w in ("cpu", "memory", "accelerators")]
        needs = (task.cpu_required, task.memory_required, demand)
        return {
            "task.cpu": task.cpu_required,
            "task.memory": task.memory_required,
            "task.accelerators": task.accelerators,
            "task.accelerator_share": shares(task) / DEVICE,
            "task.accelerator_demand": demand,
            "task.model_constrained": float(bool(task.accelerators and task.accelerator_models)),
            "task.bandwidth": task.bandwidth,
            "task.data_size": task.data_size,
            "task.duration": self.requested(t),
            "task.priority": task.priority,
            "task.sla_latency": sla,
            "task.submit_time": task.arrival_time,
            "task.dependents": sum(task.task_id in x.dependencies for x in self.s.tasks),
            "task.dominant_share": max((a / b for a, b in zip(needs, caps, strict=True) if b), default=0.0),
            "task.wait": self.now - task.arrival_time,
            "task.slack": sla - (self.now - task.arrival_time),
            "task.attempts": self.attempts[t],
            "task.predicted_duration": self._predicted(t),
            "task.room": self._room(t) if "task.room" in self.reads else 0.0,
            "task.expected_start": self._expected_start(t) if "task.expected_start" in self.reads else 0.0,
        }

    def _predicted(self, t: int) -> float:
        user, requested = self.s.tasks[t].user, self.requested(t)
        done = [i for i in self.completed_order if self.s.tasks[i].user == user] if user else []
        alike = [i for i in done if self.requested(i) == requested] or done
        runs = [self.s.tasks[i].duration for i in alike[-2:]]
        return min(requested, sum(runs) / len(runs)) if runs else requested

    def _room(self, t: int) -> float:
        fits = [self.feasible(t, c) for c in self.candidates[t]]
        return sum(fits) / len(fits) if fits else 0.0

    def _expected_start(self, t: int) -> float:
        """Return the time until some candidate fits without the tasks whose requested ends are over by then."""
        if self._room(t) > 0:
            return 0.0
        for end in sorted({max(self.now, r.expected) for r in self.running.values()}):
            gone = {r.task for r in self.running.values() if max(self.now, r.expected) <= end}
            if any(self.feasible(t, c, gone) for c in self.candidates[t]):
                return end - self.now
        return 1e9

    def overview_features(self) -> dict[str, float]:
        """Return the `cluster.*` features that take a pass over the nodes."""
        up = [n for n in range(len(self.s.nodes)) if not self.is_down(n)]
        ends = [r.expected for r in self.running.values()]
        free = {n: self.devices(n) for n in up}
        whole = [n for n in up if all(f == DEVICE for f in free[n])]
        shares = sorted(self.cpu_free(n) / self.s.nodes[n].cpu for n in up if self.s.nodes[n].cpu)
        total = sum(sum(f) for f in free.values())
        return {
            "cluster.next_release": max(0.0, min(ends) - self.now) if ends else 0.0,
            "cluster.idle_nodes": sum(not self._on(n) for n in up) / len(up) if up else 0.0,
            "cluster.whole_nodes": sum(sum(free[n]) for n in whole) / total if total else 0.0,
            "cluster.cpu_free_median": shares[math.ceil(0.5 * len(shares)) - 1] if shares else 0.0,
            "cluster.cpu_free_high": shares[math.ceil(0.9 * len(shares)) - 1] if shares else 0.0,
            "cluster.typical_fit": sum(self.outlook(n, self.cpu_free(n), free[n])["typical"] for n in up) / len(up)
            if up
            else 0.0,
        }

    def objective_features(self) -> dict[str, float]:
        scenario = self.s
        weights, tasks = scenario.weights(), len(scenario.tasks)
        return {f"objective.{o}": weights.get(o, 0.0) for o in ("latency", "cost", "energy", "qos", "carbon")} | {
            "objective.latency_target": scenario.objective_targets.latency,
            "objective.cost_target": scenario.objective_targets.cost / tasks,
            "objective.energy_target": scenario.objective_targets.energy / tasks,
            "objective.carbon_target": scenario.objective_targets.carbon / tasks,
        }

    def cluster_features(self) -> dict[str, float]:
        nodes = self.s.nodes
        runs = list(self.running.values())

        def load(need: str, has: str) -> float:
            total = sum(getattr(n, has) for n in nodes)
            return sum(getattr(self.s.tasks[r.task], need) for r in runs) / total if total else 0.0

        devices = sum(n.accelerators for n in nodes)
        held = sum(self.s.tasks[r.task].accelerators * shares(self.s.tasks[r.task]) / DEVICE for r in runs)
        return {
            "cluster.time": self.now,
            "cluster.queue_length": len(self.waiting) + (self.head is not None),
            "cluster.running": len(runs),
            "cluster.cpu_load": load("cpu_required", "cpu"),
            "cluster.memory_load": load("memory_required", "memory"),
            "cluster.accelerator_load": held / devices if devices else 0.0,
            "cluster.price_factor": self.price_all,
            **self.objective_features(),
            **(self.overview_features() if self.reads & OVERVIEW_FEATURES else {}),
            "cluster.nodes_up": 1 - sum(map(self.is_down, range(len(nodes)))) / len(nodes) if nodes else 0.0,
        }

    def is_down(self, n: int) -> bool:
        return bool(self.down[n]) or self.dead[n]

    def features(self, t: int, c: int) -> dict[str, float]:
        found = self.task_features(t) | self.cluster_features()
        n, path = self.candidates[t][c]
        task = self.s.tasks[t]
        hours = self.requested(t) / 3600
        price = sum(self.s.links[k].price_per_gbps_hour for k in path or ()) * task.bandwidth
        names = [x for x in self.reads if x.startswith("node.")]
        found |= dict.fromkeys(names, 0.0)
        found |= dict.fromkeys([x for x in self.reads if x.startswith("fit.")], 0.0)
        found["fit.latency"] = self.network_latency(t, path)
        found["fit.duration"] = self.requested(t)
        found["fit.cost"] = price * hours
        found["fit.random"] = (mix((mix((mix(self.s.seed) + t) & MASK) + c) & MASK) >> 11) * 2.0**-53
        found["path.hops"] = len(path or ())
        found["path.bandwidth_free"] = min((self.link_free(k) for k in path or ()), default=0.0)
        found["path.load"] = max((1 - self.link_free(k) / self.s.links[k].bandwidth for k in path or ()), default=0.0)
        if n is None:
            return found
        node = self.s.nodes[n]
        free, cpu, memory = self.devices(n), self.cpu_free(n), self.memory_free(n)
        on = self._on(n)
        kinds = [kind_of(self.s.tasks[r.task]) for r in on]
        taken = self.take(t, n)
        left = [f - taken.get(d, 0) for d, f in enumerate(free)]
        fractional = task.accelerators > 0 and shares(task) < DEVICE
        device = next(iter(taken)) if fractional else -1
        watts = (node.full_power - node.idle_power) * (task.cpu_required / node.cpu if node.cpu else 0.0)
        watts += 0 if on else node.idle_power
        now_price = node.price_per_hour * self.price[n]
        found |= {
            "node.index": n,
            "node.cpu_total": node.cpu,
            "node.cpu_free": cpu,
            "node.cpu_load": 1 - cpu / node.cpu if node.cpu else 0.0,
            "node.memory_total": node.memory,
            "node.memory_free": memory,
            "node.memory_load": 1 - memory / node.memory if node.memory else 0.0,
            "node.accelerators_total": len(free),
            "node.accelerators_free": sum(free) / DEVICE,
            "node.accelerators_idle": sum(f == DEVICE for f in free),
            "node.accelerator_load": 1 - sum(free) / DEVICE / len(free) if free else 0.0,
            "node.accelerator_largest_free": max(free, default=0) / DEVICE,
            "node.accelerator_tasks": sum(k >= 0 for k in kinds),
            "node.fragmentation": self.fragmentation(n, cpu, free),
            "node.model_demand": sum(
                f
                for _, count, _, models, f in self.typical
                if free and count and (not models or node.accelerator_model in models)
            ),
            "node.speed": node.speed,
            "node.price": now_price,
            "node.idle_power": node.idle_power,
            "node.full_power": node.full_power,
            "node.carbon_intensity": self.intensity[n],
            "node.battery": 1.0 if node.battery is None else self.battery[n] / node.battery,
            "node.tasks": len(on),
            "node.active": float(bool(on)),
            "node.last_placement": self.last[n],
            "node.failures": self.failures[n],
            "node.next_release": max(0.0, min(r.expected for r in on) - self.now) if on else 0.0,
            "fit.cpu_left": (cpu - task.cpu_required) / node.cpu if node.cpu else 0.0,
            "fit.memory_left": (memory - task.memory_required) / node.memory if node.memory else 0.0,
            "fit.accelerators_left": sum(left) / DEVICE / len(free) if free else 0.0,
            "fit.device_left": left[device] / DEVICE if fractional else 0.0,
            "fit.device_shared": float(fractional and free[device] < DEVICE),
            "fit.fragmentation_increase": self._f_after(t, n, taken) - self.fragmentation(n, cpu, free),
            "fit.same_class_tasks": sum(k == kind_of(task) for k in kinds) if task.accelerators else 0,
            **self._outlook_features(n, task.cpu_required, free, left),
            "fit.device_waste": self.waste(left[device]) if fractional else 0.0,
            "fit.device_waste_increase": self.waste(left[device]) - self.waste(free[device]) if fractional else 0.0,
            "fit.duration": self.requested(t) / node.speed,
            "fit.cost": (price + now_price * self.dominant(t, n)) * hours / node.speed,
            "fit.energy": watts * self.requested(t) / node.speed,
            "fit.carbon": watts * self.requested(t) / node.speed / 3.6e6 * self.intensity[n],
        }
        return found

    def waste(self, parts: int) -> float:
        """What stays free of a device at the end, by the recursion of docs/reference/outlook.md."""
        free = parts * 1000 // DEVICE
        if free not in self.wastes:
            wanted = [(count, f) for _, count, _, _, f in self.typical if count]
            sizes = [(math.ceil(share * 1000 / DEVICE), f) for _, count, share, _, f in self.typical if count]
            total = sum(f for _, f in wanted)
            fitting = [(size, f / total) for size, f in sizes if size <= free]
            later = sum(p * self.waste((free - size) * DEVICE // 1000) for size, p in fitting)
            self.wastes[free] = (0.01 * free / 1000 + later) / (0.01 + sum(p for _, p in fitting))
        return self.wastes[free]

    def _outlook_features(self, n: int, taken: float, free: list[int], left: list[int]) -> dict[str, float]:
        if not self.reads & OUTLOOK_FEATURES:
            return {}
        cpu = self.cpu_free(n)
        now, after = self.outlook(n, cpu, free), self.outlook(n, cpu - taken, left)
        return {
            "fit.typical_left": after["typical"],
            "fit.typical_lost": now["typical"] - after["typical"],
            "fit.placements_left": after["placements"],
            "fit.placements_lost": now["placements"] - after["placements"],
            "fit.usable_left": after["usable"],
            "fit.usable_lost": now["usable"] - after["usable"],
            "fit.next_device_left": after["next_device"],
            "fit.stranded_accelerators": after["stranded_accelerators"],
            "fit.stranded_accelerators_increase": after["stranded_accelerators"] - now["stranded_accelerators"],
            "fit.stranded_cpu": after["stranded_cpu"],
            "fit.stranded_cpu_increase": after["stranded_cpu"] - now["stranded_cpu"],
        }

    def _rank(self, seen: dict[int, dict[str, float]], places: list[int]) -> None:
        """Set the rank of each place among all of them."""
        for what in RANKED:
            values = {c: seen[c].get(f"fit.{what}", 0.0) for c in places}
            for c in places:
                lower = sum(v < values[c] for v in values.values())
                seen[c][f"fit.rank_{what}"] = lower / (len(places) - 1) if len(places) > 1 else 0.0

    # Decisions.

    def choose(self, t: int, *, backfilling: bool = False) -> int | None:
        scored: list[tuple[float, int]] = []
        places = [c for c, x in enumerate(self.candidates[t]) if self.feasible(t, x)]
        if backfilling:
            places = [c for c in places if not self._delays(t, c)]
        seen = {c: self.features(t, c) for c in places}
        self.seen = seen
        self._rank(seen, places)
        places = [c for c in places if evaluate(self.sections.admit, seen[c]) != 0]
        self._rank(seen, places)
        if not places:
            return None
        if self.network is not None:
            return -max((score_of(self.network, seen[c]), -c) for c in places)[1]
        for when, score in self.sections.rules:
            if evaluate(when, seen[places[0]]) != 0:
                for c in places:
                    value = evaluate(score, seen[c])
                    scored.append((value if math.isfinite(value) else -1.7e308, -c))
                return -max(scored)[1]
        return None

    def _end(self, t: int, c: int) -> float:
        n, path = self.candidates[t][c]
        speed = 1.0 if n is None else self.s.nodes[n].speed
        return self.now + self.network_latency(t, path) + self.requested(t) / speed

    def _delays(self, t: int, c: int) -> bool:
        when, node, path = self.reservation
        if self._end(t, c) < when:
            return False
        if math.isinf(when):
            return True
        mine = self.candidates[t][c]
        if mine[0] is not None:
            return mine[0] == node
        return bool(set(mine[1] or ()) & set(path or ()))

    def place(self, t: int, c: int) -> None:
        n, path = self.candidates[t][c]
        devices = {} if n is None else self.take(t, n)
        latency = self.network_latency(t, path)
        speed = 1.0 if n is None else self.s.nodes[n].speed
        finish = self.now + latency + self.s.tasks[t].duration / speed
        self.decisions += 1
        self.decided.append((t, self.seen))
        if n is not None:
            self.last[n] = self.decisions
        self.running[t] = Run(t, n, path, self.now, latency, finish, self._end(t, c), self.starts, devices)
        self.starts += 1
        self.attempts[t] += 1
        self.start[t], self.node[t] = self.now, -1 if n is None else n
        self.makespan = self.now

    def order_key(self, t: int) -> tuple[float, int]:
        value = evaluate(self.sections.order, self.task_features(t) | self.cluster_features())
        return (value if math.isfinite(value) else math.inf, t)

    def dispatch(self) -> None:
        if not self.strategy.head_of_line_blocking:
            for t in sorted(self.waiting, key=self.order_key):
                c = self.choose(t)
                if c is not None:
                    self.waiting.discard(t)
                    self.place(t, c)
            return
        while self.head is not None or self.waiting:
            if self.head is None:
                self.head = min(self.waiting, key=self.order_key)
                self.waiting.discard(self.head)
                self.head_stuck = False
            c = self.choose(self.head)
            if c is None:
                break
            t, self.head = self.head, None
            self.place(t, c)
        if self.head is None or self.strategy.backfill != "easy":
            return
        if not self.head_stuck:
            self.head_stuck = True
            self._reserve()
        for t in sorted(self.waiting, key=lambda x: (self.s.tasks[x].arrival_time, x)):
            c = self.choose(t, backfilling=True)
            if c is not None:
                self.waiting.discard(t)
                self.place(t, c)

    def _reserve(self) -> None:
        assert self.head is not None
        ends = sorted({max(self.now, r.expected) for r in self.running.values()})
        for end in ends:
            gone = {t for t, r in self.running.items() if max(self.now, r.expected) <= end}
            for c in self.candidates[self.head]:
                if self.feasible(self.head, c, gone):
                    self.reservation = (end, *c)
                    return
        self.reservation = (math.inf, None, None)

    # Time.

    def power(self, n: int) -> float:
        node = self.s.nodes[n]
        if not self._on(n):
            return 0.0
        used = (node.cpu - self.cpu_free(n)) / node.cpu if node.cpu else 0.0
        return node.idle_power + (node.full_power - node.idle_power) * used

    def advance(self, to: float) -> None:
        elapsed = to - self.now
        for n in range(len(self.s.nodes)):
            self.energy += self.power(n) * elapsed
            self.carbon += self.power(n) * elapsed / 3.6e6 * self.intensity[n]
            self.battery[n] -= self.power(n) * elapsed
        for r in self.running.values():
            rate = sum(self.s.links[k].price_per_gbps_hour for k in r.path or ()) * self.s.tasks[r.task].bandwidth
            if r.node is not None:
                rate += self.s.nodes[r.node].price_per_hour * self.price[r.node] * self.dominant(r.task, r.node)
            self.cost[r.task] += rate * elapsed / 3600
            self.used += self.s.tasks[r.task].cpu_required * elapsed
        self.now = to

    def ready(self, t: int) -> None:
        self.pending[t] -= 1
        if self.pending[t] == 0 and self.status[t] is None:
            self.waiting.add(t)

    def complete(self, t: int) -> None:
        run = self.running.pop(t)
        self.status[t] = Status.COMPLETED
        self.completed_order.append(t)
        self.finish[t] = self.now
        self.latency[t] = run.start - self.s.tasks[t].arrival_time + run.latency
        self.makespan = self.now
        for k, task in enumerate(self.s.tasks):
            if self.s.tasks[t].task_id in task.dependencies:
                self.ready(k)

    def go_down(self, n: int) -> None:
        self.failures[n] += 1
        for r in sorted(self._on(n), key=lambda r: r.task):
            del self.running[r.task]
            self.makespan = self.now
            if self.attempts[r.task] >= self.s.workload_definition.max_attempts:
                self.status[r.task] = Status.FAILED
            else:
                self.waiting.add(r.task)

    def drop(self, t: int) -> None:
        if self.attempts[t] == 0 and self.status[t] is None:
            self.status[t] = Status.DROPPED
            self.waiting.discard(t)
            if self.head == t:
                self.head = None

    def depletion(self) -> float:
        times = [
            self.now + max(0.0, self.battery[n]) / self.power(n)
            for n in range(len(self.s.nodes))
            if self.s.nodes[n].battery is not None and self.power(n) > 0
        ]
        return min(times, default=math.inf)

    def simulate(self) -> ReferenceSimulator:
        conditions = self.s.environmental_conditions
        static: list[tuple[float, int, int, str, object]] = []
        for k, f in enumerate(conditions.node_failures):
            static.append((f.start, 1, k, "down", f.node_id))
            if f.duration is not None:
                static.append((f.start + f.duration, 0, k, "up", f.node_id))
        for k, p in enumerate(conditions.dynamic_pricing):
            static.append((p.time, 3, k, "price", p))
        for k, i in enumerate(conditions.dynamic_carbon):
            static.append((i.time, 4, k, "carbon", i))
        for k, g in enumerate(conditions.network_congestion):
            static += [(g.start, 5, k, "tick", None), (g.start + g.duration, 5, k, "tick", None)]
        for k, task in enumerate(self.s.tasks):
            if task.patience:
                static.append((task.arrival_time + task.patience, 6, k, "patience", k))
        static.sort(key=lambda e: e[:3])
        arrivals = sorted(range(len(self.s.tasks)), key=lambda t: (self.s.tasks[t].arrival_time, t))
        together = self.s.workload_definition.simultaneous_events == "together"
        while arrivals or self.running or self.waiting or self.head is not None:
            times = [self.s.tasks[arrivals[0]].arrival_time] if arrivals else []
            times += [r.finish for r in self.running.values()] + [e[0] for e in static[:1]] + [self.depletion()]
            now = min(times)
            if math.isinf(now):
                break
            self.advance(now)
            depleting = self.depletion() <= now + 1e-12
            came: list[int] = []
            while arrivals and self.s.tasks[arrivals[0]].arrival_time == now and (together or not came):
                came.append(arrivals.pop(0))
                self.ready(came[-1])
            done = 0
            while (together or not came) and (together or not done):
                ended = [r for r in self.running.values() if r.finish == now]
                if not ended:
                    break
                self.complete(min(ended, key=lambda r: r.order).task)
                done += 1
            if together or not (came or done):
                self._conditions(static, now, depleting, together)
            self.dispatch()
            for t in came:
                if self.s.tasks[t].patience == 0:
                    self.drop(t)
        for t, status in enumerate(self.status):
            if status is None:
                self.status[t] = Status.UNPLACED
        return self

    def _conditions(
        self, static: list[tuple[float, int, int, str, object]], now: float, depleting: bool, together: bool
    ) -> None:
        first = True
        while static and static[0][0] == now and static[0][1] <= 1 and (together or first):
            self._apply(*static.pop(0)[3:])
            first = False
        if depleting and (together or first):
            for n, node in enumerate(self.s.nodes):
                if (
                    node.battery is not None
                    and self.battery[n] <= 1e-9 * node.battery
                    and not self.dead[n]
                    and self._on(n)
                ):
                    was = self.is_down(n)
                    self.dead[n], self.battery[n] = True, 0.0
                    if not was:
                        self.go_down(n)
            first = False
        while static and static[0][0] == now and (together or first):
            self._apply(*static.pop(0)[3:])
            first = False

    def _apply(self, what: str, of: object) -> None:
        if what == "down":
            n = self.node_number[str(of)]
            was = self.is_down(n)
            self.down[n] += 1
            if not was:
                self.go_down(n)
        elif what == "up":
            self.down[self.node_number[str(of)]] -= 1
        elif what == "price":
            change = of
            for n, node in enumerate(self.s.nodes):
                if change.node_id in (None, node.node_id):  # type: ignore[attr-defined]
                    self.price[n] = change.factor  # type: ignore[attr-defined]
            if change.node_id is None:  # type: ignore[attr-defined]
                self.price_all = change.factor  # type: ignore[attr-defined]
        elif what == "carbon":
            for n, node in enumerate(self.s.nodes):
                if of.node_id in (None, node.node_id):  # type: ignore[attr-defined]
                    self.intensity[n] = (node.carbon_intensity or 0.0) * of.factor  # type: ignore[attr-defined]
        elif what == "tick":
            every = self.s.environmental_conditions.network_congestion
            self.congested = [c for c in every if c.start <= self.now < c.start + c.duration]
        elif what == "patience":
            self.drop(int(of))  # type: ignore[call-overload]
