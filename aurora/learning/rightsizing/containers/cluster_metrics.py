"""Reads histories of containers from Prometheus, with queries for cAdvisor's and kube-state-metrics' metrics.

Use comes from cAdvisor (the kubelet). Requests, limits, owners, kills and autoscalers come from kube-state-metrics.
What it does not give stays unknown, and is said. Label values of the answers never become part of a query.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.rightsizing.containers.files import ContainerHistories
from aurora.learning.rightsizing.containers.use import Autoscaler, ContainerUse, OomEvent, Resource, Size
from aurora.learning.series.prometheus import NoSeriesError, read_prometheus
from aurora.learning.series.prometheus_http import Access, Limits
from aurora.learning.series.series import Panel, Series

BY = "namespace, pod, container"
LEAST_RATE_WINDOW = 300
"""Shortest time over which a rate is taken, seconds: at least four scrapes a minute apart."""
GIB = 2.0**30
GAUGE: Mapping[str, str] = {"kind": "gauge"}


class Query(NamedTuple):
    """A query, with `<match>` for label matchers and `<window>` for the time of a rate.

    Attributes:
        text: PromQL.
        labels: Metric, unit and kind of the result.
        lacks: What is not known without it, for people.
        has_no: Labels that its metric lacks, so that matchers on them would exclude everything.
    """

    text: str
    labels: Mapping[str, str] = GAUGE
    lacks: str = ""
    has_no: tuple[str, ...] = ()


_RUNNING = 'container!="",container!="POD"<match>'
_SIZED = f'{_RUNNING},resource=~"cpu|memory"'
_OWNED = "max by (namespace, {0}, owner_kind, owner_name) ({1})"
_SCALER = "namespace, horizontalpodautoscaler"
QUERIES: dict[str, Query] = {
    "cpu": Query(
        f"sum by ({BY}) (rate(container_cpu_usage_seconds_total{{{_RUNNING}}}[<window>]))",
        {**GAUGE, "metric": "cpu", "unit": "cores"},
        "CPU in use (container_cpu_usage_seconds_total of cAdvisor)",
    ),
    "memory": Query(
        f"max by ({BY}) (container_memory_working_set_bytes{{{_RUNNING}}})",
        {**GAUGE, "metric": "memory", "unit": "bytes"},
        "memory in use (container_memory_working_set_bytes of cAdvisor)",
    ),
    "throttled": Query(
        f"sum by ({BY}) (rate(container_cpu_cfs_throttled_periods_total{{{_RUNNING}}}[<window>])) / "
        f"sum by ({BY}) (rate(container_cpu_cfs_periods_total{{{_RUNNING}}}[<window>]))",
        lacks="throttling",
    ),
    "requests": Query(
        f"max by ({BY}, resource) (kube_pod_container_resource_requests{{{_SIZED}}})",
        lacks="requests (kube_pod_container_resource_requests of kube-state-metrics)",
    ),
    "limits": Query(
        f"max by ({BY}, resource) (kube_pod_container_resource_limits{{{_SIZED}}})",
        lacks="limits",
    ),
    "killed": Query(
        f'max by ({BY}) (kube_pod_container_status_last_terminated_reason{{{_RUNNING},reason="OOMKilled"}}) > 0'
    ),
    "started": Query(f"max by ({BY}) (kube_pod_container_state_started{{{_RUNNING}}})"),
    "owners": Query(
        _OWNED.format("pod", 'kube_pod_owner{owner_is_controller!="false"<match>}'),
        lacks="owners of pods: each pod counts as a workload",
        has_no=("container",),
    ),
    "replica_sets": Query(
        _OWNED.format("replicaset", 'kube_replicaset_owner{owner_name!=""<match>}'),
        lacks="owners of replica sets",
        has_no=("container", "pod"),
    ),
    "targets": Query(
        f"max by ({_SCALER}, metric_name) (kube_horizontalpodautoscaler_spec_target_metric"
        '{metric_target_type="utilization"<match>})',
        has_no=("container", "pod"),
    ),
    "scaled": Query(
        f"max by ({_SCALER}, scaletargetref_kind, scaletargetref_name) (kube_horizontalpodautoscaler_info"
        '{scaletargetref_name!=""<match>})',
        has_no=("container", "pod"),
    ),
}
"""Every query by what it gives; without `cpu` and `memory` there is nothing to advise on."""

_MATCHER = r'\s*([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*"[^"\\\n]*"\s*'
_MATCHERS = re.compile(f"{_MATCHER}(?:,{_MATCHER})*")
_PodKey = tuple[str, str, str]


def read_cluster_metrics(  # noqa: PLR0913  # a query has a beginning, an end and a step
    url: str,
    start: int,
    end: int,
    step: int,
    *,
    matching: str = "",
    access: Access | None = None,
    limits: Limits | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> ContainerHistories:
    """Read the containers of a cluster with all that a recommendation needs.

    Args:
        url: Address of the server.
        start: Unix time of the first point.
        end: Unix time up to which points are read.
        step: Seconds between points.
        matching: Label matchers that all metrics must meet, such as `namespace="shop"`.
        access: Credentials.
        limits: Limits of time and size.
        tell: Function that receives remarks, and what is not known because its query gives nothing.

    Raises:
        InputError: `matching` is not a list of matchers, or the times are not valid.
        DataError: The server refuses or can't be reached, an answer is not whole, or neither CPU nor memory is found.
    """
    if matching and not _MATCHERS.fullmatch(matching):
        raise InputError('write matchers such as namespace="shop",pod=~"web-.*"', parameter="matching", value=matching)
    window = f"{max(LEAST_RATE_WINDOW, step)}s"
    panels: dict[str, Panel] = {}
    missed: list[NoSeriesError] = []
    for name, query in QUERIES.items():
        text = query.text.replace("<match>", _matched(matching, query)).replace("<window>", window)
        try:
            panels[name] = read_prometheus(
                url, text, start, end, step, access=access, limits=limits, detect=False, labels=query.labels, tell=tell
            )
        except NoSeriesError as error:
            panels[name] = Panel(())
            missed.append(error)
            if query.lacks:
                tell(f"not known: {query.lacks}")
    if not panels["cpu"].series and not panels["memory"].series:
        raise missed[0]
    findings = [f for name in ("cpu", "memory") for f in panels[name].findings if f.defect != "outlier"]
    return ContainerHistories(_joined(panels), tuple(findings))


def _matched(matching: str, query: Query) -> str:
    """Return the matchers on labels that the query's metric has."""
    matchers = [m for m in re.finditer(_MATCHER, matching) if m[1] not in query.has_no]
    return "".join(f",{m[0].strip()}" for m in matchers)


def _joined(panels: Mapping[str, Panel]) -> tuple[ContainerUse, ...]:
    """Return the containers of each workload, from the series of their pods."""
    workload_of = _workloads(panels)
    pods: dict[tuple[str, str], set[_PodKey]] = defaultdict(set)
    for series in (*panels["cpu"].series, *panels["memory"].series):
        key = _key(series)
        pods[workload_of(key), key[2]].add(key)
    end = max(s.start + len(s) * s.step for s in (*panels["cpu"].series, *panels["memory"].series))
    cpu = {_key(s): s for s in panels["cpu"].series}
    memory = {_key(s): _in_gib(s) for s in panels["memory"].series}
    sizes = {name: _latest_sizes(panels[name], end) for name in ("requests", "limits")}
    throttled = {_key(s): float(s.y[s.observed].mean()) for s in panels["throttled"].series}
    kills = {_key(s): _first_times(s) for s in panels["killed"].series}
    starts = {_key(s): sorted({int(v) for v in s.y[s.observed]}) for s in panels["started"].series}
    scalers = _autoscalers(panels)
    uses = []
    for (workload, container), keys in sorted(pods.items()):
        own = sorted(keys)
        size = {r: Size(*(_largest(sizes[n], own, r) for n in ("requests", "limits"))) for r in ("cpu", "memory")}
        level = size["memory"].limit
        shares = [throttled[k] for k in own if k in throttled]
        running = [k for k in own if _runs(cpu.get(k) or memory[k], end)]
        uses.append(
            ContainerUse(
                workload,
                container,
                tuple(cpu[k] for k in own if k in cpu),
                tuple(memory[k] for k in own if k in memory),
                size["cpu"],
                size["memory"],
                tuple(OomEvent(t, level) for k in own for t in kills.get(k, ())),
                float(np.mean(shares)) if shares else None,
                len(running),
                scalers.get(workload),
                tuple(sorted(t for k in own for t in starts.get(k, ()))),
            )
        )
    return tuple(uses)


def _key(series: Series) -> _PodKey:
    label = series.labels
    return label.get("namespace", ""), label.get("pod", ""), label.get("container", "")


def _in_gib(series: Series) -> Series:
    labels = {**series.labels, "unit": "gib"}
    return Series(series.unique_id, series.start, series.step, series.y / GIB, series.observed, {}, labels)


def _runs(series: Series, end: int) -> bool:
    return end - (series.start + len(series) * series.step) <= 3 * series.step


def _workloads(panels: Mapping[str, Panel]) -> Callable[[_PodKey], str]:
    """Return a function of a pod to its workload, `namespace/kind/name`, by its owners."""
    sets = {
        (s.labels.get("namespace", ""), s.labels.get("replicaset", "")): _owner(s)
        for s in panels["replica_sets"].series
        if _owner(s)[1]
    }
    owners: dict[tuple[str, str], tuple[str, str]] = {}
    for series in panels["owners"].series:
        namespace, owner = series.labels.get("namespace", ""), _owner(series)
        if owner[0] == "replicaset":
            owner = sets.get((namespace, owner[1]), owner)
        owners[namespace, series.labels.get("pod", "")] = owner

    def workload(key: _PodKey) -> str:
        kind, name = owners.get(key[:2], ("pod", key[1]))
        return f"{key[0]}/{kind}/{name}" if name and name != "<none>" else f"{key[0]}/pod/{key[1]}"

    return workload


def _owner(series: Series) -> tuple[str, str]:
    return series.labels.get("owner_kind", "").lower(), series.labels.get("owner_name", "")


def _latest_sizes(panel: Panel, end: int) -> dict[tuple[_PodKey, str], tuple[int, float]]:
    """Return the last time and value of each pod's size, cores or GiB."""
    sizes = {}
    for series in panel.series:
        resource = series.labels.get("resource", "")
        last = series.start + (len(series) - 1) * series.step
        sizes[_key(series), resource] = (last, float(series.y[-1]) / (GIB if resource == "memory" else 1.0))
    return sizes


def _largest(
    sizes: Mapping[tuple[_PodKey, str], tuple[int, float]], keys: list[_PodKey], resource: Resource
) -> float | None:
    """Return the size of the pods that were seen last: an older one may be of an older version."""
    own = [sizes[k, resource] for k in keys if (k, resource) in sizes]
    latest = max((time for time, _ in own), default=0)
    return max((value for time, value in own if time == latest), default=None)


def _first_times(series: Series) -> tuple[int, ...]:
    """Return the first time of each stretch in which a pod's last end was a kill."""
    seen = series.observed & (series.y > 0)
    begins = np.flatnonzero(seen & ~np.concatenate([[False], seen[:-1]]))
    return tuple(int(series.start + k * series.step) for k in begins)


def _autoscalers(panels: Mapping[str, Panel]) -> dict[str, Autoscaler]:
    """Return the autoscaler of each workload that scales on the use of a request; CPU before memory."""
    scaled = {}
    for series in panels["scaled"].series:
        label = series.labels
        key = (label.get("namespace", ""), label.get("horizontalpodautoscaler", ""))
        kind, name = label.get("scaletargetref_kind", "").lower(), label.get("scaletargetref_name", "")
        scaled[key] = f"{key[0]}/{kind}/{name}"
    scalers: dict[str, Autoscaler] = {}
    for series in panels["targets"].series:
        label = series.labels
        workload = scaled.get((label.get("namespace", ""), label.get("horizontalpodautoscaler", "")))
        resource = label.get("metric_name", "")
        target = float(series.y[-1]) / 100
        if workload is None or target <= 0:
            continue
        if resource == "cpu":
            scalers[workload] = Autoscaler("cpu", target)
        elif resource == "memory":
            scalers.setdefault(workload, Autoscaler("memory", target))
    return scalers
