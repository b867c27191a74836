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

_HOP_MS = 1e-6
"""Added to a link's latency when paths are found, so that of equal ones those with fewer links come first."""


class Routes:
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
