"""Edge sites and users of the EUA data set (Lai et al., ICSOC 2018), as an edge scenario.

The data set has the positions of sites and users. Machines, links and requests are assumed, as constants here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import DataError
from aurora.sim.scenarios.expansion import usual_targets
from aurora.sim.scenarios.scenario import Link, Node, Scenario, Task, Workload
from aurora.sim.scenarios.traces.tables import rows, scenario_of
from aurora.sim.scenarios.traces.topology import LINK_PRICE, MS_PER_KM, distance_km

NEAREST_SITES = 3
"""Number of nearest sites that a site has a link to."""
HOP_MS = 0.5
"""Milliseconds of switching on every link, in addition to the distance."""
SITE_GBPS = 10.0
CLOUD, CLOUD_MS, CLOUD_GBPS = "cloud", 15.0, 40.0
"""A data centre that every site reaches, and the latency and bandwidth of that link."""
EDGE_NODE = {"cpu": 8.0, "memory": 32.0, "price_per_hour": 0.4, "idle_power": 20.0, "full_power": 90.0}
CLOUD_NODE = {
    "cpu": 512.0,
    "memory": 2048.0,
    "speed": 1.5,
    "price_per_hour": 20.0,
    "idle_power": 900.0,
    "full_power": 4000.0,
}
REQUESTS_PER_SITE_SECOND = 0.05
MOST_SITES = 2_000


class Place(NamedTuple):
    """A site or a user: name, latitude and longitude in degrees."""

    name: str
    latitude: float
    longitude: float


def read_sites(path: Path) -> tuple[Place, ...]:
    """Read edge sites: a CSV file with SITE_ID, LATITUDE and LONGITUDE.

    Raises:
        DataError: A column is absent, a value out of range, or a site listed twice.
    """
    sites: dict[str, Place] = {}
    for line, row in rows(path, ("SITE_ID", "LATITUDE", "LONGITUDE")):
        name = row["SITE_ID"].strip()
        if not name or len(name) > 100 or name == CLOUD:  # noqa: PLR2004  # room in an identifier
            raise DataError(f"{path}, line {line}, SITE_ID: {name[:40]!r} can't name a site")
        if name in sites:
            raise DataError(f"{path}, line {line}: site {name} is listed twice")
        sites[name] = Place(name, *_position(path, line, row, "LATITUDE", "LONGITUDE"))
    if not sites:
        raise DataError(f"{path} lists no site")
    if len(sites) > MOST_SITES:
        raise DataError(f"{path} lists {len(sites)} sites; {MOST_SITES} are the most that can be read")
    return tuple(sites.values())


def read_users(path: Path) -> tuple[Place, ...]:
    """Read users: a CSV file with Latitude and Longitude.

    Raises:
        DataError: A column is absent or a value out of range.
    """
    users = [
        Place(f"u{line}", *_position(path, line, row, "Latitude", "Longitude"))
        for line, row in rows(path, ("Latitude", "Longitude"))
    ]
    if not users:
        raise DataError(f"{path} lists no user")
    return tuple(users)


def _position(path: Path, line: int, row: dict[str, str], latitude: str, longitude: str) -> tuple[float, float]:
    return _degrees(path, line, latitude, row[latitude], 90.0), _degrees(path, line, longitude, row[longitude], 180.0)


def _degrees(path: Path, line: int, field: str, text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{path}, line {line}, {field}: {text[:40]!r} is not a number") from None
    if not abs(value) <= most:
        raise DataError(f"{path}, line {line}, {field}: {text[:40]!r} is not within {most:g} degrees")
    return value


@scenario_of("the data of sites and users")
def edge_scenario(
    sites: Sequence[Place],
    users: Sequence[Place],
    *,
    requests: int,
    seed: int,
    rate: float = REQUESTS_PER_SITE_SECOND,
) -> Scenario:
    """Return requests of users at their nearest sites as a scenario; they run there, at another site, or in the cloud.

    Every site has one node and links to its nearest sites and to a cloud. Requests come from users drawn at
    random, as a Poisson process; a request moves some data, computes for seconds and has a deadline.

    Args:
        sites: Edge sites.
        users: Users; each is served through the nearest site.
        requests: Number of requests.
        seed: Random seed of the draw.
        rate: Requests a second, divided by the number of sites.
    """
    rng = np.random.default_rng([seed, 6])
    where = [(math.radians(s.latitude), math.radians(s.longitude)) for s in sites]
    nodes = [Node(node_id=f"n-{s.name}", site=s.name, **EDGE_NODE) for s in sites]
    nodes.append(Node(node_id=f"n-{CLOUD}", site=CLOUD, **CLOUD_NODE))
    links = _links(sites, where)
    horizon = requests / (rate * len(sites))
    arrival = np.sort(rng.uniform(0, horizon, requests))
    nearest: dict[int, str] = {}
    tasks = []
    for i, u in enumerate(rng.integers(len(users), size=requests).tolist()):
        if u not in nearest:
            here = math.radians(users[u].latitude), math.radians(users[u].longitude)
            nearest[u] = sites[min(range(len(sites)), key=lambda k, here=here: distance_km(here, where[k]))].name  # type: ignore[misc]
        tasks.append(
            Task(
                task_id=f"{i}-{users[u].name}",
                arrival_time=round(float(arrival[i]), 3),
                cpu_required=float(rng.choice([1.0, 2.0, 4.0])),
                memory_required=float(rng.choice([1.0, 2.0, 4.0])),
                duration=round(float(rng.exponential(60.0)) + 1.0, 3),
                bandwidth=round(float(rng.uniform(0.005, 0.05)), 4),
                data_size=round(float(rng.uniform(0.0001, 0.001)), 6),
                sla_latency_ms=round(float(rng.uniform(20.0, 2000.0)), 1),
                source_site=nearest[u],
            )
        )
    return Scenario(
        scenario_id=f"eua-{len(sites)}-{requests}-{seed}",
        domain="edge",
        nodes=tuple(nodes),
        links=links,
        workload_definition=Workload(tasks=tuple(tasks), time_horizon=horizon),
        objective_targets=usual_targets(tasks, nodes, links),
    )


def _links(sites: Sequence[Place], where: Sequence[tuple[float, float]]) -> tuple[Link, ...]:
    km: dict[tuple[int, int], float] = {}
    for a in range(len(sites)):
        others = sorted((distance_km(where[a], where[b]), b) for b in range(len(sites)) if b != a)
        for far, b in others[:NEAREST_SITES]:
            km[min(a, b), max(a, b)] = far
    between = [
        Link(
            link_id=f"l-{sites[a].name}-{sites[b].name}"[:128],
            source=sites[a].name,
            target=sites[b].name,
            bandwidth=SITE_GBPS,
            latency_ms=round(HOP_MS + far * MS_PER_KM, 5),
            price_per_gbps_hour=LINK_PRICE,
        )
        for (a, b), far in sorted(km.items())
    ]
    return (
        *between,
        *(
            Link(
                link_id=f"l-{s.name}-{CLOUD}"[:128],
                source=s.name,
                target=CLOUD,
                bandwidth=CLOUD_GBPS,
                latency_ms=CLOUD_MS,
                price_per_gbps_hour=LINK_PRICE,
            )
            for s in sites
        ),
    )
