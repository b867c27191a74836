"""Candidate lists of tasks, and the shortest paths that they use."""

from __future__ import annotations

import heapq
import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import yen

from aurora.sim.scenarios.scenario import Scenario, Task

_Key = tuple[str | None, str | None, tuple[str, ...]]
"""Source, destination, and the nodes that tasks of a route may use (empty: any)."""

_EVERYWHERE: _Key = (None, None, ())
"""Tasks that may use any node, without a path."""

_HOP_MS = 1e-6
"""Amount added to a link's latency when paths are ranked, so that among equal ones fewer links come first."""


class Routes:
    """Candidate lists by source, destination and allowed nodes, with the paths they use.

    Tasks that may use any node, without a path, have route 0.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._known: dict[_Key, int] = {}
        self._by_node: dict[str | None, dict[str, tuple[int, int]]] = {}
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
        if any(self._key(t) == _EVERYWHERE for t in scenario.tasks):
            self._number(_EVERYWHERE)

    @cached_property
    def _graph(self) -> Any:
        edges = [(a, b, latency + _HOP_MS) for a, near in enumerate(self._neighbours) for b, latency, _ in near]
        sources, targets, weights = zip(*edges, strict=True) if edges else ((), (), ())
        ends = np.array(sources, np.int32), np.array(targets, np.int32)
        return csr_array((np.array(weights, np.float64), ends), shape=2 * (len(self._site_number),))

    def of(self, task: Task) -> int:
        """Return the number of the task's route."""
        return self._number(self._key(task))

    def _key(self, task: Task) -> _Key:
        with_paths = bool(self._scenario.links) or task.destination_site is not None
        return (task.source_site if with_paths else None, task.destination_site, task.allowed_nodes)

    def _number(self, key: _Key) -> int:
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = self._new(*key)
        return number

    def _new(self, source: str | None, destination: str | None, allowed: tuple[str, ...]) -> int:
        """Return the number of a route that no task has had yet."""
        if destination is not None:
            candidates = self._flow(source, destination)
        elif not allowed:
            candidates = self._placements(source)
        else:
            by_node = self._placements_by_node(source)
            candidates = sorted({by_node[n] for n in allowed if n in by_node})
            if len(candidates) == len(by_node):  # all that can be reached: the shared route keeps runs fast
                return self._number((source, None, ()))
        self.routes.append(candidates)
        return len(self.routes) - 1

    def _placements_by_node(self, source: str | None) -> dict[str, tuple[int, int]]:
        """Return the candidates of a source by node id, so that a short list doesn't cost a look at every node."""
        if source not in self._by_node:
            nodes = self._scenario.nodes
            self._by_node[source] = {nodes[k].node_id: (k, path) for k, path in self._placements(source)}
        return self._by_node[source]

    def _placements(self, source: str | None) -> list[tuple[int, int]]:
        nodes = self._scenario.nodes
        if source is None:
            return [(k, -1) for k in range(len(nodes))]
        best = self._tree(source)
        candidates: list[tuple[int, int]] = []
        for k, node in enumerate(nodes):
            if node.site is None or node.site == source:
                candidates.append((k, -1))
                continue
            if node.site in best:
                candidates.append((k, self._path(best[node.site])))
        return candidates

    def _flow(self, source: str | None, destination: str) -> list[tuple[int, int]]:
        if source == destination:
            return [(-1, -1)]
        assert source is not None
        return [(-1, self._path(p)) for p in self._shortest(source, destination, self._scenario.paths_per_pair)]

    def _tree(self, source: str) -> dict[str, tuple[int, ...]]:
        """Return the shortest path to every reachable site (Dijkstra 1959, ties as in `_shortest`)."""
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
        """Return the k shortest simple paths by latency, then hops, then link indices (Yen 1971)."""
        if source not in self._site_number or target not in self._site_number:
            return []
        first, last = self._site_number[source], self._site_number[target]
        # Ties are broken by link indices, so a few more than k are ranked.
        _, before = yen(self._graph, first, last, 2 * k + 2, return_predecessors=True)

        def links(previous: NDArray[np.int32]) -> tuple[int, ...]:
            path, site = [], last
            while site != first:
                path.append(self._link[int(previous[site]), site])
                site = int(previous[site])
            return tuple(path[::-1])

        def rank(path: tuple[int, ...]) -> tuple[float, int, tuple[int, ...]]:
            return (round(sum(self._scenario.links[l].latency_ms for l in path), 9), len(path), path)

        return sorted(map(links, before), key=rank)[:k]
