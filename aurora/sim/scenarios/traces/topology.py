"""Networks: Topology Zoo's GML and TEAVAR's tables of links; the flows over them are in `flows`.

Neither source states everything that a simulation needs. The assumptions are constants here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from aurora.errors import DataError
from aurora.reading import read_lines
from aurora.sim.scenarios.scenario import Link
from aurora.sim.scenarios.traces.gml import GML_FORM, LINE_KEY, Graph, Record, Value, read_graph
from aurora.sim.scenarios.traces.tables import number, scenario_of, whole

EARTH_KM = 6371.0
MS_PER_KM = 0.0049
"""Light in fibre: 204,000 km a second."""
UNKNOWN_MS = 2.0
"""One-way latency of a link whose ends have no coordinates."""
UNKNOWN_GBPS = 10.0
"""Bandwidth of a link that states none."""
LINK_PRICE = 0.05
"""Price of every link, dollars per Gbit/s and hour, as in generated scenarios."""
LARGEST_BANDWIDTH = 1e18
"""Largest plausible bandwidth of a link, bit/s."""
SMALLEST_BANDWIDTH = 1e3
"""Bandwidth below which the file's unit is probably another, bit/s."""
SPEED_UNITS = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
"""Bit/s by the first letter of Topology Zoo's `LinkSpeedUnits`."""
MOST_SITES = 5_000
MOST_LABEL = 100
"""Largest number of characters kept of a site's label."""
_LIKE_SPEED = re.compile(r"speed|bandw|capac|^rate|^bw$|linklabel", re.IGNORECASE)
TABLE_COLUMNS = ("to_node", "from_node", "capacity", "prob_failure")


class Network(NamedTuple):
    """Sites and the links between them.

    Attributes:
        name: Name for people.
        sites: Names of the sites, each once.
        links: Links between sites.
        assumed: Number of links whose bandwidth the source does not state.
        remarks: Sentences on what is odd about the file's bandwidths.
    """

    name: str
    sites: tuple[str, ...]
    links: tuple[Link, ...]
    assumed: int = 0
    remarks: tuple[str, ...] = ()


@scenario_of("the graph")
def read_gml(path: Path) -> Network:
    """Read a topology in GML (Himsolt 1997) as the Internet Topology Zoo writes it (Knight et al., IEEE JSAC 2011).

    A site is named by its node's label, followed by the node's id where several nodes share the label. Bandwidth is
    `LinkSpeedRaw`, bit/s; latency follows from the great-circle distance of `Latitude` and `Longitude`, degrees. Links
    from a site to itself are left out; in a `directed` graph the two directions of a link become one.

    Args:
        path: A `.gml` or `.gml.gz` file.

    Raises:
        DataError: It is not GML, or holds no link.
    """
    graph = read_graph(path)
    labels = _labels(path, graph)
    names = dict(zip(labels, _distinct(labels), strict=True))
    places = {n: _place(path, names[n], node) for n, node in zip(names, graph.nodes, strict=True)}
    links: list[Link] = []
    assumed = 0
    for a, b, speed in _edges(path, graph, names):
        assumed += speed == 0
        links.append(
            Link(
                link_id=f"l{len(links)}",
                source=names[a],
                target=names[b],
                bandwidth=speed / 1e9 if speed else UNKNOWN_GBPS,
                latency_ms=round(_latency_ms(places[a], places[b]), 4),
                price_per_gbps_hour=LINK_PRICE,
            )
        )
    if not links:
        raise DataError(f"{path} has no edge between two nodes; there is nothing to send anything over")
    remarks = _remarks(graph, links, assumed)
    return Network(path.name.split(".")[0], tuple(names.values()), tuple(links), assumed, remarks)


def _remarks(graph: Graph, links: Sequence[Link], assumed: int) -> tuple[str, ...]:
    """Describe what is odd about the bandwidths of a file."""
    remarks = []
    if assumed:
        others = sorted({str(f) for e in graph.edges for f in e if _LIKE_SPEED.search(str(f)) and f != "LinkSpeedRaw"})
        unread = f" (not read, as its unit is not certain: {', '.join(others[:5])})" if others else ""
        remarks.append(
            f"{assumed} of {len(links)} links state no LinkSpeedRaw: {UNKNOWN_GBPS:g} Gbit/s is assumed{unread}"
        )
    slow = [x for x in links if x.bandwidth * 1e9 < SMALLEST_BANDWIDTH]
    if slow:
        least = min(x.bandwidth for x in slow) * 1e9
        remarks.append(f"{len(slow)} of {len(links)} links have down to {least:g} bit/s; LinkSpeedRaw is in bit/s")
    return tuple(remarks)


def _labels(path: Path, graph: Graph) -> dict[Value, str]:
    """Return the label of each node by its id; the id itself where there is no label."""
    labels: dict[Value, str] = {}
    for node in graph.nodes:
        if "id" not in node:
            raise DataError(f"{path}, line {node[LINE_KEY]}: is not valid GML: a node has no id; {GML_FORM}")
        if node["id"] in labels:
            raise DataError(
                f"{path}, line {node[LINE_KEY]}: is not valid GML: two nodes have the id {node['id']!r}; {GML_FORM}"
            )
        label = "".join(c if c.isprintable() else " " for c in str(node.get("label", ""))).strip()
        labels[node["id"]] = label[:MOST_LABEL] or str(node["id"])[:MOST_LABEL]
    return labels


def _distinct(labels: Mapping[Value, str]) -> list[str]:
    """Return a unique name for each node: its label, with the id where several nodes share the label."""
    counts = Counter(labels.values())
    taken = {label for label, count in counts.items() if count == 1}
    names = []
    for node, label in labels.items():
        name = label
        if counts[label] > 1:
            name = f"{label} ({str(node)[:20]})"
            while name in taken:
                name += "'"
            taken.add(name)
        names.append(name)
    return names


def _edges(path: Path, graph: Graph, names: Mapping[Value, str]) -> Iterator[tuple[Value, Value, float]]:
    """Yield the ends and bit/s of each link, 0 where unstated; the two directions of a directed link become one.

    Of several links between two sites the widest in one direction belongs to the widest in the other.
    """
    beside: dict[Value, dict[Value, list[float]]] = {node: {} for node in names}
    for edge in graph.edges:
        for field in ("source", "target"):
            if edge.get(field) not in names:
                what = f"an edge's {field} is {edge.get(field)!r}, which is no node's id"
                raise DataError(f"{path}, line {edge[LINE_KEY]}: is not valid GML: {what}; {GML_FORM}")
        a, b = edge["source"], edge["target"]
        if a == b:
            continue
        speed = _speed(path, f"edge {names[a]} - {names[b]}", edge)
        speeds = beside[a].setdefault(b, [])
        beside[b].setdefault(a, [] if graph.is_directed else speeds)
        speeds.append(speed)
    seen: set[Value] = set()
    for a, others in beside.items():
        for b, speeds in others.items():
            if b not in seen:
                back = sorted(beside[b][a], reverse=True) if graph.is_directed else []
                there = sorted(speeds, reverse=True) if graph.is_directed else speeds
                yield from ((a, b, max(pair)) for pair in zip_longest(there, back, fillvalue=0.0))
        seen.add(a)


Place = tuple[float, float] | None


def _place(path: Path, name: str, fields: Record) -> Place:
    """Return latitude and longitude, radians; None where one is unknown."""
    radians: list[float] = []
    for field, most in (("Latitude", 90.0), ("Longitude", 180.0)):
        if str(fields.get(field, "nan")).lower() == "nan":  # networkx writes an unknown value so
            return None
        radians.append(math.radians(_number(path, f"node {name}", field, fields[field], -most, most)))
    return radians[0], radians[1]


def _speed(path: Path, where: str, edge: Record) -> float:
    """Return the bit/s of an edge: `LinkSpeedRaw`, or `LinkSpeed` in `LinkSpeedUnits`; 0 where it states neither."""
    raw = edge.get("LinkSpeedRaw")
    if raw is not None:
        return _number(path, where, "LinkSpeedRaw", raw, 0.0, LARGEST_BANDWIDTH)
    factor = SPEED_UNITS.get(str(edge.get("LinkSpeedUnits", ""))[:1].upper())
    if factor is None or "LinkSpeed" not in edge:
        return 0.0
    return _number(path, where, "LinkSpeed", edge["LinkSpeed"], 0.0, LARGEST_BANDWIDTH / factor) * factor


def _number(path: Path, where: str, field: str, value: Value, least: float, most: float) -> float:
    try:
        amount = float(value)
    except (ValueError, OverflowError):
        amount = math.nan
    if not least <= amount <= most:
        raise DataError(f"{path}, {where}, {field}: {str(value)[:40]!r} is not a number from {least:g} to {most:g}")
    return amount


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance of two places (latitude, longitude in radians), by the haversine formula."""
    half = math.sin((b[0] - a[0]) / 2) ** 2 + math.cos(a[0]) * math.cos(b[0]) * math.sin((b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def _latency_ms(a: Place, b: Place) -> float:
    return UNKNOWN_MS if a is None or b is None else distance_km(a, b) * MS_PER_KM


@scenario_of("the table of links")
def read_capacities(path: Path, *, gbps_per_unit: float) -> Network:
    """Read a topology in TEAVAR's format (Bogle et al., SIGCOMM 2019): a row for each directed link.

    The two directions of a link become one, with the larger capacity. The file has no distances, so every link gets
    the same latency.

    Args:
        path: A table `to_node from_node capacity prob_failure`, plain or gzipped.
        gbps_per_unit: Gbit/s of one unit of capacity; the files state no unit.

    Raises:
        DataError: A row is malformed, or there is none.
    """
    capacity: dict[tuple[int, int], float] = {}
    lines = [text for _, text in read_lines(path)]
    if not lines or tuple(lines[0].split()) != TABLE_COLUMNS:
        raise DataError(f"{path}, line 1: the header {' '.join(TABLE_COLUMNS)!r} is expected")
    for line, text in enumerate(lines[1:], 2):
        fields = text.split()
        if not fields:
            continue
        if len(fields) != len(TABLE_COLUMNS):
            raise DataError(f"{path}, line {line}: {len(fields)} fields where the header has {len(TABLE_COLUMNS)}")
        to, origin = (whole(path, line, c, f, most=MOST_SITES) for c, f in zip(TABLE_COLUMNS, fields[:2], strict=False))
        if to == 0 or origin in (0, to):
            raise DataError(f"{path}, line {line}: nodes {to} and {origin}; two different ones, from 1, are expected")
        value = number(path, line, "capacity", fields[2])
        pair = (min(to, origin), max(to, origin))
        capacity[pair] = max(capacity.get(pair, 0.0), value)
    links = tuple(
        Link(
            link_id=f"l{k}",
            source=_site(a),
            target=_site(b),
            bandwidth=value * gbps_per_unit,
            latency_ms=UNKNOWN_MS,
            price_per_gbps_hour=LINK_PRICE,
        )
        for k, ((a, b), value) in enumerate(sorted(capacity.items()))
        if value > 0
    )
    if not links:
        raise DataError(f"{path} lists no link with a capacity")
    most = max(b for _, b in capacity)
    return Network(path.name.split("_")[0], tuple(_site(n) for n in range(1, most + 1)), links)


def _site(index: int) -> str:
    return f"s{index}"
