"""Files of container histories: JSON lines with a container a line, or CSV with a row for each pod and time.

`docs/guides/rightsize-containers.md` describes both layouts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, ValidationError

from aurora.errors import DataError, InputError
from aurora.files import replaced
from aurora.learning.rightsizing.containers.use import Autoscaler, ContainerUse, OomEvent, Resource, Size
from aurora.learning.series.quality.repair import repair
from aurora.learning.series.samples import Samples
from aurora.learning.series.series import Finding, Series
from aurora.learning.tables.time_forms import parsed
from aurora.reading import TABLE_BYTES, parse_json, read_bytes, read_lines
from aurora.types import FloatArray, Frozen
from aurora.validation import explain_validation

SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz")
MAX_VALUES = 4_000_000
"""Most values of a pod; a year of one every eight seconds."""
MAX_CONTAINERS = 50_000
_CPU_UNITS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
_BYTES = {s: 1024.0**k for k, s in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi"))}
_BYTES |= {s: 1000.0**k for k, s in enumerate(("", "k", "M", "G", "T", "P"))} | {"m": 1e-3}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,2}))?([A-Za-z]{0,2})")
_METRICS: dict[str, tuple[Resource, dict[str, str], float]] = {
    "cpu": ("cpu", {"metric": "cpu", "unit": "cores", "kind": "gauge"}, 1.0),
    "cpu_seconds": ("cpu", {"metric": "cpu_seconds_total", "unit": "seconds", "kind": "counter"}, 1.0),
    "memory": ("memory", {"metric": "memory", "unit": "gib", "kind": "gauge"}, 1.0),
    "memory_bytes": ("memory", {"metric": "memory", "unit": "gib", "kind": "gauge"}, 2.0**-30),
}
"""Resource, labels and size in cores or GiB of each column of values."""


def cores(value: object) -> object:
    """Return the cores of a Kubernetes quantity such as "500m"; a number stays as it is."""
    return _quantity(value, _CPU_UNITS, 1.0)


def gibibytes(value: object) -> object:
    """Return the GiB of a Kubernetes quantity such as "512Mi" or "1073741824" (bytes); a number stays as it is."""
    return _quantity(value, _BYTES, 2.0**-30)


def _quantity(value: object, units: dict[str, float], scale: float) -> object:
    if not isinstance(value, str):
        return value
    parts = _QUANTITY.fullmatch(value.strip())
    if parts is None or parts[3] not in units:
        return value  # the type's message says that it is not a number
    return float(parts[1]) * 10.0 ** int(parts[2] or 0) * units[parts[3]] * scale


def _unix(value: object) -> object:
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"\d{1,12}", value):
        return int(value)
    moment = parsed(value, None)
    if moment is None:
        raise ValueError(f"{value[:40]!r} is no time; write Unix seconds, or ISO 8601")
    return int(moment)


_Cores = Annotated[float, BeforeValidator(cores), Field(ge=0)]
_GiB = Annotated[float, BeforeValidator(gibibytes), Field(ge=0)]
_Time = Annotated[int, BeforeValidator(_unix), Field(ge=0, lt=10**11)]
_Values = Annotated[tuple[float | None, ...], Field(max_length=MAX_VALUES)]


class PodRow(Frozen):
    """Measured values of a pod, at equal steps; null where there is none."""

    pod: str = ""
    start: _Time
    step: Annotated[int, Field(ge=1, le=86_400)]
    cpu: _Values | None = None
    cpu_seconds: _Values | None = None
    memory: _Values | None = None
    memory_bytes: _Values | None = None


class OomRow(Frozen):
    """A kill for lack of memory."""

    time: _Time
    limit: _GiB | None = None


class AutoscalerRow(Frozen):
    """A horizontal pod autoscaler that scales on the use of a request."""

    resource: Literal["cpu", "memory"]
    target: Annotated[float, Field(gt=0, le=10)]
    container: Annotated[str, Field(min_length=1, max_length=1000)] | None = None


class ContainerRow(Frozen):
    """A line of a file: a container with its pods."""

    workload: Annotated[str, Field(min_length=1, max_length=1000)]
    container: Annotated[str, Field(min_length=1, max_length=1000)]
    replicas: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    cpu_request: _Cores | None = None
    cpu_limit: _Cores | None = None
    memory_request: _GiB | None = None
    memory_limit: _GiB | None = None
    throttled: Annotated[float, Field(ge=0, le=1)] | None = None
    ooms: tuple[OomRow, ...] = ()
    starts: tuple[_Time, ...] = ()
    autoscaler: AutoscalerRow | None = None
    pods: tuple[PodRow, ...] = ()


class ContainerHistories(NamedTuple):
    """Containers that were read together, with the defects that were repaired."""

    uses: tuple[ContainerUse, ...]
    findings: tuple[Finding, ...]


def read_containers(path: Path) -> ContainerHistories:
    """Read container histories, and repair them as series are.

    Counters become rates, with their resets; values are put on equal steps, and gaps are marked as not measured.

    Args:
        path: `.jsonl` or `.csv`, plain or gzipped.

    Raises:
        InputError: The name has another ending.
        FileError: It can't be read.
        DataError: It is malformed; the message names the line and the field.
    """
    if not path.name.endswith(SUFFIXES):
        raise InputError(f"{path}: name a file that ends with {', '.join(SUFFIXES)}")
    if ".csv" in path.name:
        return _read_csv(path)
    uses, findings = [], []
    for number, line in read_lines(path):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        data = parse_json(line, where)
        try:
            row = ContainerRow.model_validate(data)
        except ValidationError as error:
            raise DataError(f"{where}: {explain_validation(error)}") from None
        use, defects = _use(row, where)
        uses.append(use)
        findings += defects
    return _checked(path, uses, findings)


def _checked(path: Path, uses: Sequence[ContainerUse], findings: Sequence[Finding]) -> ContainerHistories:
    if not uses:
        raise DataError(f"{path}: no container in it; write a line for each, see docs/guides/rightsize-containers.md")
    if len(uses) > MAX_CONTAINERS:
        raise DataError(f"{path}: {len(uses)} containers, at most {MAX_CONTAINERS}; split the file")
    names = [use.name for use in uses]
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise DataError(f"{path}: two containers are called {twice!r}; give one line with all pods of it")
    return ContainerHistories(tuple(uses), tuple(findings))


def _use(row: ContainerRow, where: str) -> tuple[ContainerUse, list[Finding]]:
    series: dict[Resource, list[Series]] = {"cpu": [], "memory": []}
    findings: list[Finding] = []
    for k, pod in enumerate(row.pods):
        for column in _METRICS:
            values = getattr(pod, column)
            if values is not None:
                y = np.array([np.nan if v is None else v for v in values], np.float64)
                times = pod.start + pod.step * np.arange(len(y), dtype=np.float64)
                name = f"{row.workload}/{row.container}/{pod.pod or k + 1}"
                repaired, defects = series_of_pod(name, column, times, y, where, pod.step)
                findings += defects
                series[_METRICS[column][0]] += repaired
    watched = row.autoscaler
    scaler = None if watched is None else Autoscaler(watched.resource, watched.target, container=watched.container)
    use = ContainerUse(
        row.workload,
        row.container,
        tuple(series["cpu"]),
        tuple(series["memory"]),
        Size(row.cpu_request, row.cpu_limit),
        Size(row.memory_request, row.memory_limit),
        tuple(OomEvent(o.time, o.limit) for o in row.ooms),
        row.throttled,
        row.replicas,
        scaler,
        tuple(sorted(row.starts)),
    )
    return use, findings


def series_of_pod(  # what a series consists of
    name: str, column: str, times: FloatArray, y: FloatArray, source: str, step: int | None = None
) -> tuple[list[Series], list[Finding]]:
    """Return the repaired series of a pod, none if it has fewer than two values, and its defects.

    Args:
        name: Name of workload, container and pod.
        column: Column of the values: cpu, cpu_seconds, memory or memory_bytes.
        times: Unix times, float64 [n].
        y: Values; NaN where there is none.
        source: File or address, for messages.
        step: Seconds between values; None takes the most frequent difference.

    Raises:
        DataError: A value is negative or infinite, or the times can't be a series.
    """
    resource, labels, scale = _METRICS[column]
    if np.isinf(y).any() or (y < 0).any():
        raise DataError(f"{source}: {column} of {name} has a value below 0 or without end; a use is a number from 0 up")
    kept = np.isfinite(y)
    measured = int(kept.sum())
    if measured < 2:  # noqa: PLR2004  # a step needs two
        message = f"{measured} values: left out, at least two are needed"
        return [], [Finding(f"{name}/{resource}", "gap", len(y), int(times[0]) if len(y) else 0, message)]
    samples = Samples(f"{name}/{resource}", times[kept], y[kept] * scale, labels=labels, source=source, step=step)
    series, findings = repair(samples, detect=False)
    return [series], list(findings)


CSV_NUMBERS = ("cpu", "cpu_seconds", "memory", "memory_bytes")
CSV_SIZES = ("cpu_request", "cpu_limit", "memory_request", "memory_limit")
CSV_COLUMNS = (
    *("workload", "container", "pod", "time"),
    *CSV_NUMBERS,
    *CSV_SIZES,
    *("replicas", "throttled", "oom", "started", "autoscaler_resource", "autoscaler_target"),
)
"""Columns of CSV; the first four and one of the values are needed."""


def _read_csv(path: Path) -> ContainerHistories:
    from aurora.learning.series.frames import csv_frame, numbers  # noqa: PLC0415  # heavy, used here only
    from aurora.learning.series.times import unix_times  # noqa: PLC0415  # heavy, used here only
    from aurora.learning.tables.text_table import text_table  # noqa: PLC0415  # heavy, used here only

    table = text_table(path, read_bytes(path, limit=TABLE_BYTES))
    lacking = [c for c in ("workload", "container", "pod", "time") if c not in table.header]
    unknown = [c for c in table.header if c not in CSV_COLUMNS]
    if lacking or unknown or not set(CSV_NUMBERS) & set(table.header):
        raise DataError(
            f"{path}: the columns are {','.join(table.header)[:200]}; workload,container,pod,time and one of "
            f"{','.join(CSV_NUMBERS)} are needed, and {','.join(CSV_COLUMNS[8:])} may follow"
        )
    texts = [c for c in ("workload", "container", "pod", "autoscaler_resource") if c in table.header]
    frame = csv_frame(path, table, text=texts)
    columns: dict[str, Any] = {c: numbers(path, frame, c) for c in table.header if c not in (*texts, "time")}
    columns["time"] = unix_times(path, frame, "time")
    columns |= {c: np.asarray(frame[c].astype(str), dtype=object) for c in texts}
    uses, findings = [], []
    for rows in frame.groupby(["workload", "container"], sort=False, dropna=False).indices.values():
        order = rows[np.argsort(columns["time"][rows], kind="stable")]
        use, defects = _csv_use(path, {c: v[order] for c, v in columns.items()})
        uses.append(use)
        findings += defects
    return _checked(path, uses, findings)


def _csv_use(path: Path, rows: dict[str, Any]) -> tuple[ContainerUse, list[Finding]]:
    """Return a container from its rows, in order of time; its sizes are the latest ones."""
    workload, container = str(rows["workload"][0]), str(rows["container"][0])
    series: dict[Resource, list[Series]] = {"cpu": [], "memory": []}
    findings: list[Finding] = []
    for pod in dict.fromkeys(rows["pod"].tolist()):
        own = rows["pod"] == pod
        for column in CSV_NUMBERS:
            if column in rows and np.isfinite(rows[column][own]).any():
                name = f"{workload}/{container}/{pod}"
                repaired, defects = series_of_pod(name, column, rows["time"][own], rows[column][own], str(path))
                series[_METRICS[column][0]] += repaired
                findings += defects

    def latest(column: str) -> float | None:
        values = rows[column][np.isfinite(rows[column])] if column in rows else []
        return float(values[-1]) if len(values) else None

    def marked(column: str) -> tuple[int, ...]:
        return tuple(int(t) for t in rows["time"][rows[column] > 0]) if column in rows else ()

    target = latest("autoscaler_target")
    watched: Resource = "memory" if "memory" in rows.get("autoscaler_resource", ()) else "cpu"
    limits = rows.get("memory_limit", np.full(len(rows["time"]), np.nan))
    level = dict(zip(rows["time"].astype(np.int64).tolist(), limits.tolist(), strict=True))
    use = ContainerUse(
        workload,
        container,
        tuple(series["cpu"]),
        tuple(series["memory"]),
        Size(latest("cpu_request"), latest("cpu_limit")),
        Size(latest("memory_request"), latest("memory_limit")),
        tuple(OomEvent(t, level[t] if np.isfinite(level[t]) else None) for t in marked("oom")),
        latest("throttled"),
        int(latest("replicas") or len(set(rows["pod"].tolist()))),
        None if target is None else Autoscaler(watched, target),
        marked("started"),
    )
    return use, findings


def write_containers(uses: Iterable[ContainerUse], path: Path) -> None:
    """Write containers as JSON lines; an interrupted write leaves the file as it was.

    Args:
        uses: The containers.
        path: `.jsonl`.

    Raises:
        InputError: The name has another ending.
        FileError: It can't be written.
    """
    if not path.name.endswith(".jsonl"):
        raise InputError(f"{path}: name a file that ends with .jsonl")
    with replaced(path) as partial, partial.open("w", encoding="utf-8") as stream:
        for use in uses:
            stream.write(json.dumps(_row(use), allow_nan=False) + "\n")


def _row(use: ContainerUse) -> dict[str, Any]:
    """Return the line of a container, without what is not known."""
    pods: dict[tuple[int, int, int], dict[str, Any]] = {}
    for resource, every in (("cpu", use.cpu), ("memory", use.memory)):
        for k, series in enumerate(every):
            key = (k, series.start, series.step)
            values = [float(v) if seen else None for v, seen in zip(series.y, series.observed, strict=True)]
            pods.setdefault(key, {"start": series.start, "step": series.step})[resource] = values
    sizes = {f"{r}_{n}": v for r in ("cpu", "memory") for n, v in use.size(r)._asdict().items()}
    row: dict[str, Any] = {"workload": use.workload, "container": use.container, "replicas": use.replicas, **sizes}
    row["throttled"] = use.throttled
    row["ooms"] = [{"time": o.time} | ({} if o.level is None else {"limit": o.level}) for o in use.ooms]
    row["starts"] = list(use.starts)
    scaler = use.autoscaler
    row["autoscaler"] = None if scaler is None else {"resource": scaler.resource, "target": scaler.target}
    if scaler is not None and scaler.container is not None:
        row["autoscaler"]["container"] = scaler.container
    row["pods"] = list(pods.values())
    return {name: value for name, value in row.items() if value not in (None, [], ())}
