"""Reads the use of a snapshot's nodes and tasks from Prometheus, with queries for the usual exporters.

Nodes come from node exporter, or from cAdvisor where it is absent; devices from DCGM exporter; tasks from cAdvisor,
with the queries of `aurora recommend containers`. Series are joined to nodes by whatever label names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from aurora.cluster.readers.notes import MAX_SUBJECTS
from aurora.cluster.resources import CPU, GPU, IN_GIB, MEMORY
from aurora.cluster.snapshot import Note, Snapshot, Source
from aurora.errors import DataError
from aurora.learning.rightsizing.containers.cluster_metrics import LEAST_RATE_WINDOW, QUERIES
from aurora.learning.series.prometheus import NoSeriesError, read_prometheus
from aurora.learning.series.prometheus_http import Access, Limits
from aurora.learning.series.series import Series
from aurora.quantities import duration

GIB = 2.0**30
NAME_LABELS = ("node", "nodename", "kubernetes_node", "node_name", "Hostname", "hostname", "host", "instance")
"""Labels of series that may name a node, the most exact first; of `instance` the port is left out."""

MAX_SERIES = 400_000
"""Most series of an answer: two for each container of 150,000 pods, what Kubernetes is made for."""

_BY = ", ".join(NAME_LABELS)


class NodeQuery(NamedTuple):
    """A query for the use of nodes, with `<window>` for the time of a rate.

    Attributes:
        resource: Resource that is used.
        exporter: Exporter that must be there.
        text: PromQL.
    """

    resource: str
    exporter: str
    text: str


NODE_QUERIES = (
    NodeQuery(
        CPU,
        "node exporter",
        f'sum by ({_BY}) (rate(node_cpu_seconds_total{{mode!~"idle|iowait|steal|guest|guest_nice"}}[<window>]))',
    ),
    NodeQuery(CPU, "cAdvisor", f'sum by ({_BY}) (rate(container_cpu_usage_seconds_total{{id="/"}}[<window>]))'),
    NodeQuery(MEMORY, "node exporter", f"sum by ({_BY}) (node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes)"),
    NodeQuery(MEMORY, "cAdvisor", f'sum by ({_BY}) (container_memory_working_set_bytes{{id="/"}})'),
    NodeQuery(GPU, "DCGM exporter", f"sum by ({_BY}) (DCGM_FI_DEV_GPU_UTIL) / 100"),
)
"""Queries for nodes; of two for one resource the first that gives a node counts for it."""

ADDRESS_QUERIES = (
    "max by (node, internal_ip) (kube_node_info)",
    "max by (nodename, instance) (node_uname_info)",
)
"""Queries that say which node has which address."""


@dataclass(frozen=True)
class History:
    """Use of a snapshot's nodes and tasks over a time, in cores, GiB and devices.

    Attributes:
        nodes: Node id to resource to its series.
        tasks: Task id to resource to the series of all its containers together.
        unmatched: Series that name no node or task of the snapshot.
    """

    nodes: Mapping[str, Mapping[str, Series]] = field(default_factory=dict)
    tasks: Mapping[str, Mapping[str, Series]] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()


def read_history(  # noqa: PLR0913  # a query has a beginning, an end and a step
    url: str,
    snapshot: Snapshot,
    start: int,
    end: int,
    step: int,
    *,
    access: Access | None = None,
    limits: Limits | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> History:
    """Read the use of a snapshot's nodes and tasks.

    Args:
        url: Address of the server.
        snapshot: The snapshot whose nodes and tasks are looked for.
        start: Unix time of the first point.
        end: Unix time up to which points are read.
        step: Seconds between points.
        access: Credentials.
        limits: Limits of time and size; None for the usual ones with more series.
        tell: Function that receives remarks, and which exporter is absent.

    Raises:
        InputError: The times are not valid.
        DataError: The server refuses or can't be reached, an answer is not whole, or no series is of the snapshot.
    """

    def series_of(query: str, what: str) -> tuple[Series, ...]:
        try:
            gauge = {"kind": "gauge"}
            panel = read_prometheus(
                url, query, start, end, step, access=access, limits=limits, detect=False, labels=gauge, tell=tell
            )
        except NoSeriesError:
            if what:
                tell(f"not known: {what}")
            return ()
        return panel.series

    limits = limits or Limits(series=MAX_SERIES)
    window = f"{max(LEAST_RATE_WINDOW, step)}s"
    names = _names(snapshot, (s for query in ADDRESS_QUERIES for s in series_of(query, "")))
    nodes: dict[str, dict[str, Series]] = {}
    tasks: dict[str, dict[str, Series]] = {}
    unmatched: list[str] = []
    for query in NODE_QUERIES:
        text = query.text.replace("<window>", window)
        for series in series_of(text, f"{query.resource} of nodes from {query.exporter}"):
            node_id = _node_of(series, names)
            if node_id is None:
                unmatched.append(series.unique_id)
            elif query.resource not in nodes.setdefault(node_id, {}):
                nodes[node_id][query.resource] = _in_units(series, query.resource)
    for resource in (CPU, MEMORY):
        text = QUERIES[resource].text.replace("<match>", "").replace("<window>", window)
        for series in series_of(text, f"{resource} of tasks from cAdvisor"):
            task_id = f"{series.labels.get('namespace', '')}/{series.labels.get('pod', '')}"
            if task_id not in snapshot.tasks_by_id:
                unmatched.append(series.unique_id)
                continue
            own = tasks.setdefault(task_id, {})
            part = _in_units(series, resource)
            own[resource] = _sum(own[resource], part) if resource in own else part
    if not nodes and not tasks:
        raise DataError(f"{url}: no series names a node or a task of {snapshot.snapshot_id}; is it of another cluster?")
    return History(nodes, tasks, tuple(unmatched))


def with_use(snapshot: Snapshot, history: History, url: str) -> Snapshot:
    """Return the snapshot with the mean use over a history as what nodes and tasks use.

    Args:
        snapshot: A snapshot.
        history: Use of its nodes and tasks.
        url: Address that it was read from, for the sources.
    """
    nodes = tuple(
        n.model_copy(update={"used": {**n.used, **_means(history.nodes.get(n.node_id, {}))}}) for n in snapshot.nodes
    )
    tasks = tuple(
        t.model_copy(update={"used": {**t.used, **_means(history.tasks.get(t.task_id, {}))}}) for t in snapshot.tasks
    )
    all_series = [s for by in (history.nodes, history.tasks) for own in by.values() for s in own.values()]
    first, last = min(s.start for s in all_series), max(s.start + (len(s) - 1) * s.step for s in all_series)
    source = Source(
        source_id=f"S{len(snapshot.sources) + 1}",
        kind="prometheus",
        origin=url,
        read_at=datetime.fromtimestamp(last, UTC),
        facts=(f"mean use over {duration(last - first)}",),
    )
    notes = snapshot.notes
    without = [n.node_id for n in nodes if not n.used]
    if without:
        message = "nodes for which Prometheus has no series: what they use is not known"
        named = tuple(without[:MAX_SUBJECTS])
        notes += (Note(kind="assumed", code="use-not-measured", message=message, subjects=named, count=len(without)),)
    if history.unmatched:
        message = "series of Prometheus that name no node or task of the snapshot are left out"
        notes += (
            Note(
                kind="not represented",
                code="series-without-subject",
                message=message,
                subjects=history.unmatched[:MAX_SUBJECTS],
                count=len(history.unmatched),
            ),
        )
    update = {"nodes": nodes, "tasks": tasks, "sources": (*snapshot.sources, source), "notes": notes}
    kept = {name: getattr(snapshot, name) for name in Snapshot.model_fields}  # a copy would keep the old look-ups
    return Snapshot(**{**kept, **update})


def _names(snapshot: Snapshot, addresses: Iterable[Series]) -> dict[str, str]:
    """Return node ids by all names and addresses of the nodes."""
    names: dict[str, str] = {}
    for node in snapshot.nodes:
        names.setdefault(node.labels.get("kubernetes.io/hostname", node.node_id), node.node_id)
    names |= {n.node_id: n.node_id for n in snapshot.nodes}
    for series in addresses:
        node_id = names.get(series.labels.get("node", "")) or names.get(series.labels.get("nodename", ""))
        for label in ("internal_ip", "instance"):
            address = _host(series.labels.get(label, ""))
            if node_id and address:
                names.setdefault(address, node_id)
    return names


def _node_of(series: Series, names: Mapping[str, str]) -> str | None:
    values = (series.labels.get(label, "") for label in NAME_LABELS)
    return next((names[host] for value in values if value and (host := _host(value)) in names), None)


def _host(value: str) -> str:
    """Return a name or an address without its port.

    >>> _host("10.0.0.7:9100"), _host("[fd00::7]:9100"), _host("node-a")
    ('10.0.0.7', 'fd00::7', 'node-a')
    """
    if value.startswith("["):
        return value[1:].partition("]")[0]
    head, _, port = value.rpartition(":")
    return head if port.isdigit() and ":" not in head and head else value


def _in_units(series: Series, resource: str) -> Series:
    scale = GIB if resource in IN_GIB else 1.0
    labels = {**series.labels, "unit": {CPU: "cores", MEMORY: "gib"}.get(resource, "")}
    return Series(series.unique_id, series.start, series.step, series.y / scale, series.observed, {}, labels)


def _sum(first: Series, second: Series) -> Series:
    """Return the sum of two series, over the time of both; a time that one lacks counts with the other's value."""
    start = min(first.start, second.start)
    end = max(s.start + len(s) * s.step for s in (first, second))
    y = np.zeros((end - start) // first.step)
    observed = np.zeros(len(y), dtype=bool)
    for series in (first, second):
        place = slice(offset := (series.start - start) // first.step, offset + len(series))
        y[place] += series.y
        observed[place] |= series.observed
    return Series(first.unique_id, start, first.step, y, observed, {}, first.labels)


def _means(by_resource: Mapping[str, Series]) -> dict[str, float]:
    return {
        resource: max(0.0, float(s.y[s.observed].mean())) for resource, s in by_resource.items() if s.observed.any()
    }
