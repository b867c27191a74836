"""Flows over a network: TEAVAR's traffic matrices, and flows drawn by a gravity model."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.reading import read_lines
from aurora.sim.scenarios.expansion import usual_targets
from aurora.sim.scenarios.scenario import Scenario, Task, Workload
from aurora.sim.scenarios.traces.tables import number, scenario_of
from aurora.sim.scenarios.traces.topology import Network

MEAN_FLOW_SECONDS = 60.0
FLOWS_PER_SECOND = 1.0
"""Arrival rate of drawn flows; their bandwidth sets the load."""


def read_demands(path: Path, sites: int, *, gbps_per_unit: float) -> NDArray[np.float64]:
    """Read traffic matrices in TEAVAR's format: one matrix on each line, row by row.

    Args:
        path: A `.txt` or `.txt.gz` file.
        sites: Number of sites.
        gbps_per_unit: Gbit/s of one unit of demand.

    Returns:
        float64 [matrices, sites, sites], Gbit/s from the first to the second; the diagonal is 0.

    Raises:
        DataError: A line does not have sites times sites fields, or a field is not a number.
    """
    demands = []
    for line, text in read_lines(path):
        fields = text.split()
        if not fields:
            continue
        if len(fields) != sites**2:
            raise DataError(f"{path}, line {line}: {len(fields)} fields, {sites} sites need {sites**2}")
        values = [number(path, line, f"field {k}", f) for k, f in enumerate(fields, 1)]
        demands.append(np.array(values).reshape(sites, sites) * gbps_per_unit)
    if not demands:
        raise DataError(f"{path} holds no traffic matrix")
    matrices = np.array(demands)
    matrices[:, range(sites), range(sites)] = 0.0
    return matrices


@scenario_of("the traffic")
def demand_scenario(network: Network, matrices: NDArray[np.float64], *, step: float) -> Scenario:
    """Return each demand of each matrix as a flow that lasts for the whole interval of its matrix.

    Args:
        network: Sites and links of the flows.
        matrices: Gbit/s [matrices, sites, sites].
        step: Seconds between two matrices.

    Raises:
        DataError: There is no demand, or a demand is between sites that no path connects.
    """
    reachable = _reachable(network)
    flows = []
    for k, a, b in np.argwhere(matrices > 0):
        source, target = network.sites[a], network.sites[b]
        if reachable[source] != reachable[target]:
            raise DataError(f"matrix {k + 1} has a demand from {source} to {target}, which nothing connects")
        flows.append(
            Task(
                task_id=f"{k}-{source}-{target}",
                arrival_time=float(k * step),
                duration=step,
                bandwidth=float(matrices[k, a, b]),
                source_site=source,
                destination_site=target,
            )
        )
    if not flows:
        raise DataError(f"there is no demand between two sites of {network.name}")
    return _scenario(f"{network.name}-{len(matrices)}", network, flows, len(matrices) * step)


def scaled_demands(network: Network, matrices: NDArray[np.float64], load: float) -> NDArray[np.float64]:
    """Return demands scaled so that the mean link has a load, if each demand takes a shortest path.

    No demand exceeds the bandwidth of its shortest path, so each can be served alone; demands between sites that no
    path connects are left out.

    Args:
        network: Sites and links.
        matrices: Gbit/s [matrices, sites, sites].
        load: Load of the mean link.

    Raises:
        DataError: No demand is between connected sites.
    """
    ways = _shortest_ways(network)
    hops, widest = np.zeros(matrices.shape[1:]), np.zeros(matrices.shape[1:])
    for a, source in enumerate(network.sites):
        for b, target in enumerate(network.sites):
            if a != b and target in ways.get(source, {}):
                hops[a, b], widest[a, b] = ways[source][target]
    taken = float((matrices * hops).sum() / len(matrices))
    if not taken:
        raise DataError(f"there is no demand between two connected sites of {network.name}")
    scale = load * sum(l.bandwidth for l in network.links) / taken
    return np.asarray(np.minimum(matrices * scale, widest), dtype=np.float64)


@scenario_of("the topology")
def gravity_scenario(network: Network, *, flows: int, load: float, seed: int) -> Scenario:
    """Draw flows by a gravity model: between two sites in proportion to the product of their links' bandwidths.

    Roughan, Simplifying the synthesis of Internet traffic matrices (ACM CCR 2005): such products follow measured
    matrices. Arrivals are a Poisson process, durations and bandwidths are exponential. No bandwidth exceeds that of
    the flow's shortest path, so each flow can be served alone.

    Args:
        network: Sites and links of the flows.
        flows: Number of flows.
        load: Load of the mean link while flows arrive, if each takes a shortest path.
        seed: Random seed of the draw.

    Raises:
        DataError: No two sites are connected.
    """
    rng = np.random.default_rng([seed, 5])
    masses = {s: sum(l.bandwidth for l in network.links if s in (l.source, l.target)) for s in network.sites}
    ways = _shortest_ways(network)
    pairs = [(a, b) for a in network.sites for b in network.sites if a != b and b in ways.get(a, ())]
    if not pairs:
        raise DataError(f"{network.name} connects no two sites")
    weights = np.array([masses[a] * masses[b] for a, b in pairs])
    chosen = rng.choice(len(pairs), flows, p=weights / weights.sum())
    duration = rng.exponential(MEAN_FLOW_SECONDS, flows) + 1.0
    shares = rng.exponential(1.0, flows)
    horizon = flows / FLOWS_PER_SECOND
    arrival = np.sort(rng.uniform(0, horizon, flows))
    along = [ways[a][b] for a, b in (pairs[c] for c in chosen)]
    # A flow uses its bandwidth on every hop of its path, for its duration.
    taken = sum(way.hops * s * d for way, s, d in zip(along, shares, duration, strict=True))
    scale = load * sum(l.bandwidth for l in network.links) * horizon / taken
    tasks = [
        Task(
            task_id=str(i),
            arrival_time=round(float(arrival[i]), 3),
            duration=round(float(duration[i]), 3),
            bandwidth=max(1e-6, min(float(shares[i]) * scale, along[i].bandwidth)),
            source_site=pairs[c][0],
            destination_site=pairs[c][1],
        )
        for i, c in enumerate(chosen)
    ]
    return _scenario(f"{network.name}-{seed}", network, tasks, horizon)


class _Way(NamedTuple):
    """A path with its links and the least bandwidth along it."""

    hops: int
    bandwidth: float


def _shortest_ways(network: Network) -> dict[str, dict[str, _Way]]:
    """Return the path of least latency between every two sites, by source and target."""
    graph = nx.Graph()
    for link in sorted(network.links, key=lambda l: -l.latency_ms):  # the fastest of parallel links is kept
        graph.add_edge(link.source, link.target, latency=link.latency_ms, bandwidth=link.bandwidth)
    return {
        source: {
            target: _Way(len(path) - 1, min((graph.edges[e]["bandwidth"] for e in pairwise(path)), default=math.inf))
            for target, path in paths.items()
        }
        for source, paths in nx.all_pairs_dijkstra_path(graph, weight="latency")
    }


def _scenario(name: str, network: Network, flows: list[Task], horizon: float) -> Scenario:
    return Scenario(
        scenario_id=name[:128],
        domain="network",
        links=network.links,
        workload_definition=Workload(tasks=tuple(flows), time_horizon=horizon),
        objective_targets=usual_targets(flows, (), network.links),
    )


def _reachable(network: Network) -> dict[str, int]:
    """Return the number of each site's connected component."""
    graph = nx.Graph()
    graph.add_nodes_from(network.sites)
    graph.add_edges_from((l.source, l.target) for l in network.links)
    components: Iterable[set[str]] = nx.connected_components(graph)
    return {site: k for k, members in enumerate(components) for site in members}
