"""Reads public traces in their own layouts, recognised by their first lines.

A layout states the meaning and the unit of its columns, which the files don't. A trace without dates begins at Unix
time 0 and has the label `clock` = `relative`: its times of day count from its beginning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aurora.errors import DataError
from aurora.learning.series.frames import csv_frame, line_of, numbers
from aurora.learning.series.samples import Samples
from aurora.learning.series.times import EARLIEST_EPOCH, unix_times
from aurora.learning.tables.notation import is_number
from aurora.learning.tables.text_table import TextTable
from aurora.types import FloatArray

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

STEP = 300.0
"""Seconds between two values, for traces without times."""
DAY, WEEK = 86_400.0, 604_800.0
QPS_STEP = 57.0
"""Seconds between two values of Alibaba's GenAI trace, measured from its times."""
ARRIVALS_STEP = 10.0
"""Seconds over which arrivals are counted, so that an hour fills a context of 144 steps twice."""

MAX_STEPS_PER_ARRIVAL = 100
"""Largest number of steps per arrival; in a longer span a time must be wrong."""

Columns = Mapping[str, tuple[str, str]]
"""Metric and unit of each column."""

BITBRAINS: Columns = {
    "CPU cores": ("cpu_cores", "count"),
    "CPU capacity provisioned [MHZ]": ("cpu_provisioned", "mhz"),
    "CPU usage [MHZ]": ("cpu_mhz", "mhz"),
    "CPU usage [%]": ("cpu", "percent"),
    "Memory capacity provisioned [KB]": ("memory_provisioned", "kb"),
    "Memory usage [KB]": ("memory", "kb"),
    "Disk read throughput [KB/s]": ("disk_read", "kb/s"),
    "Disk write throughput [KB/s]": ("disk_write", "kb/s"),
    "Network received throughput [KB/s]": ("network_in", "kb/s"),
    "Network transmitted throughput [KB/s]": ("network_out", "kb/s"),
}
ALIBABA_2018: Columns = {
    "cpu_util_percent": ("cpu", "percent"),
    "mem_util_percent": ("memory", "percent"),
    "net_in": ("network_in", "percent"),
    "net_out": ("network_out", "percent"),
    "disk_io_percent": ("disk_io", "percent"),
}
GOOGLE_2019: Columns = {
    "avg_cpu": ("cpu", "fraction"),
    "avg_mem": ("memory", "fraction"),
    "avg_assigned_mem": ("memory_assigned", "fraction"),
    "avg_cycles_per_instruction": ("cycles_per_instruction", "cycles"),
}
AZURE_V2: Columns = {"cpu_usage": ("cpu", "unstated"), "assigned_mem": ("memory_assigned", "unstated")}
GOOGLE_2011: Columns = {"cpu_pct": ("cpu", "percent"), "mem_pct": ("memory", "percent")}
NAB_NAMES = (
    ("cpu_utilization", "cpu", "percent"),
    ("disk_write_bytes", "disk_write", "bytes"),
    ("disk_read_bytes", "disk_read", "bytes"),
    ("network_in", "network_in", "bytes"),
    ("networkin", "network_in", "bytes"),
    ("network_out", "network_out", "bytes"),
    ("request_count", "requests", "requests"),
)
"""Part of a NAB file's name, metric and unit."""
NAB_FILE = re.compile(r"(ec2|rds|elb|iio)_")
MAX_PERCENT = 10_000.0
"""Largest percentage of a processor in a row of PlanetLab."""
CARBON_COLUMNS = ("timestamp", "carbon_intensity")
"""Columns of the OpenDC traces of carbon intensity."""


class Layout(NamedTuple):
    """A layout of a public trace.

    Attributes:
        name: Name of the trace.
        looks_so: Test of a file's name and the fields of its first line.
        read: Reader of the series of a file.
        look: First line, for people.
        clock: Column of seconds or steps since the trace's beginning; dates in it indicate another source.
    """

    name: str
    looks_so: Callable[[str, Sequence[str]], bool]
    read: Callable[[Path, TextTable], list[Samples]]
    look: str
    clock: str = ""


def layout_of(path: Path, table: TextTable) -> Layout | None:
    """Recognise the layout of a text file by its first lines; return None if it is not among `LAYOUTS`."""
    return next((x for x in LAYOUTS if x.looks_so(path.name, table.header) and _counts_so(x, table)), None)


def _counts_so(layout: Layout, table: TextTable) -> bool:
    """Return whether the first row counts time from the trace's beginning, if the layout does."""
    if not layout.clock:
        return True
    first = dict(zip(table.header, table.fields(1), strict=False)).get(layout.clock, "")
    return not first or (is_number(first) and float(first) < EARLIEST_EPOCH)


def stem(path: Path) -> str:
    """Return a file's name without its endings."""
    return re.sub(r"(\.(csv|tsv|txt|parquet|pq|gz))+$", "", path.name)


def _metrics(
    path: Path, times: FloatArray, values: Mapping[tuple[str, str], FloatArray], **labels: str
) -> list[Samples]:
    name = labels.pop("name", stem(path))
    return [
        Samples(f"{name}/{metric}", times, y, labels={"metric": metric, "unit": unit, **labels}, source=str(path))
        for (metric, unit), y in values.items()
    ]


def _evenly(begin: float, count: int, step: float) -> FloatArray:
    return begin + step * np.arange(count, dtype=np.float64)


def _floats(values: Any) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _nab(path: Path, table: TextTable) -> list[Samples]:
    frame = csv_frame(path, table)
    name = stem(path)
    metric, unit = next((m, u) for part, m, u in NAB_NAMES if part in name.lower())
    labels = {"metric": metric, "unit": unit, "site": "nab"}
    y = numbers(path, frame, "value")
    return [Samples(name, unix_times(path, frame, "timestamp"), y, labels=labels, source=str(path))]


def _planetlab(path: Path, table: TextTable) -> list[Samples]:
    frame = csv_frame(path, table, header=False)
    names = [str(name).strip() for name in frame[0]]
    if len(frame.columns) < 3 or frame[0].isna().any():  # noqa: PLR2004  # a name and two values
        raise DataError(f"{path}: a machine's name and its values are expected in each line")
    values = np.column_stack([numbers(path, frame, column) for column in frame.columns[1:]])
    labels = {"metric": "cpu", "unit": "percent", "site": "planetlab"}
    date = re.search(r"(20\d{6})", path.name)
    try:
        begin = datetime.strptime(date[1], "%Y%m%d").replace(tzinfo=UTC).timestamp() if date else 0.0
    except ValueError:
        raise DataError(f"{path}: {date[1] if date else ''} in the file's name is not a day, YYYYMMDD") from None
    labels |= {} if date else {"clock": "relative"}
    day, times = date[1] if date else stem(path), _evenly(begin, values.shape[1], STEP)
    return [
        Samples(f"{day}/{name}", times, y, labels={**labels, "host": name}, source=str(path))
        for name, y in zip(names, values, strict=True)
    ]


def _google_2011(path: Path, table: TextTable) -> list[Samples]:
    frame = csv_frame(path, table)
    columns = {key: numbers(path, frame, column) for column, key in GOOGLE_2011.items()}
    times = numbers(path, frame, "t") * STEP
    samples: list[Samples] = []
    for name, rows in groups(_names(path, frame, "vm")):
        parts = {key: values[rows] for key, values in columns.items()}
        samples += _metrics(path, times[rows], parts, name=name, site="google2011", clock="relative", host=name)
    return samples


def groups(keys: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return the keys in order of first occurrence, each with the positions of its rows."""
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    codes, unique = pd.factorize(keys)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(unique)))
    return [(str(key), rows) for key, rows in zip(unique, np.split(order, ends[:-1]), strict=True)]


def _names(path: Path, frame: Any, column: str) -> np.ndarray:
    """Return a column of names; refuse empty ones."""
    absent = frame[column].isna()
    if absent.any():
        line = line_of(frame, int(np.argmax(absent)))
        raise DataError(f"{path}, line {line}, {column}: a name is expected")
    return np.asarray(frame[column].astype(str), dtype=object)


def _slots(path: Path, times: FloatArray, begin: float, step: float) -> tuple[np.ndarray, int]:
    """Return the step that contains each time, and the number of steps."""
    last = float(times.max() - begin) // step
    if last > MAX_STEPS_PER_ARRIVAL * (len(times) + 10):
        raise DataError(f"{path}: {len(times)} times spread over {last:.0f} steps of {step:g} s; one must be wrong")
    slots = ((times - begin) // step).astype(np.int64)
    return slots, int(slots.max()) + 1


def _counted(columns: Columns, site: str, period: str) -> Callable[[Path, TextTable], list[Samples]]:
    """Return a reader of rows every 300 s without times; `day_2` or `week2` in the file's name is the start."""

    def read(path: Path, table: TextTable) -> list[Samples]:
        frame = csv_frame(path, table)
        period_number = re.search(period + r"_?(\d+)", path.name)
        length = DAY if period == "day" else WEEK
        begin = (int(period_number[1]) - 1) * length if period_number else 0.0
        values = {key: numbers(path, frame, column) for column, key in columns.items() if column in frame}
        return _metrics(path, _evenly(begin, len(frame), STEP), values, site=site, clock="relative")

    return read


def _azure_v2(path: Path, table: TextTable) -> list[Samples]:
    frame = csv_frame(path, table)
    values = {key: numbers(path, frame, column) for column, key in AZURE_V2.items()}
    return _metrics(path, numbers(path, frame, "timestamp"), values, site="azure_v2", clock="relative")


def _bitbrains(path: Path, table: TextTable) -> list[Samples]:
    frame = csv_frame(path, table)
    times = unix_times(path, frame, "Timestamp [ms]")  # seconds, in spite of the header
    values = {key: numbers(path, frame, column) for column, key in BITBRAINS.items() if column in frame}
    return _metrics(path, times, values, site="bitbrains")


def _alibaba_qps(path: Path, table: TextTable) -> list[Samples]:
    """Read requests per second by type, summed over containers; steps without requests have no row in the trace."""
    frame = csv_frame(path, table)
    times, rates = unix_times(path, frame, "timestamp_anon"), numbers(path, frame, "value")
    begin = float(times.min())
    slots, count = _slots(path, times, begin - QPS_STEP / 2, QPS_STEP)
    samples = []
    for kind, rows in groups(_names(path, frame, "request_type")):
        total = _floats(np.bincount(slots[rows], weights=rates[rows], minlength=count))
        metric = re.sub(r"\W+", "_", kind.lower())
        samples += _metrics(
            path, _evenly(begin, len(total), QPS_STEP), {(metric, "requests/s"): total}, site="alibaba_genai"
        )
    return samples


def _azure_llm(path: Path, table: TextTable) -> list[Samples]:
    """Count arrivals and their tokens over `ARRIVALS_STEP`; leave out the last step, which is incomplete."""
    frame = csv_frame(path, table)
    times = unix_times(path, frame, "TIMESTAMP")
    begin = float(times.min() // ARRIVALS_STEP) * ARRIVALS_STEP
    slots, count = _slots(path, times, begin, ARRIVALS_STEP)
    last = count - 1
    if last < 1:
        raise DataError(f"{path}: its arrivals lie within {ARRIVALS_STEP:g} s; a longer trace is needed")
    weights = {
        ("requests", "requests"): np.ones(len(frame)),
        ("context_tokens", "tokens"): numbers(path, frame, "ContextTokens"),
        ("generated_tokens", "tokens"): numbers(path, frame, "GeneratedTokens"),
    }
    values = {key: _floats(np.bincount(slots, weights=w)[:last]) for key, w in weights.items()}
    return _metrics(path, _evenly(begin, last, ARRIVALS_STEP), values, site="azure_llm")


def carbon(path: Path, frame: pd.DataFrame) -> list[Samples]:
    """Read the grid carbon intensity of the OpenDC traces from a Parquet file."""
    y = numbers(path, frame, "carbon_intensity")
    return _metrics(path, unix_times(path, frame, "timestamp"), {("carbon_intensity", "g/kwh"): y}, site="grid")


def _has(*columns: str) -> Callable[[str, Sequence[str]], bool]:
    """Return a test that a header has these columns; give three or more that occur together in no other file."""
    wanted = set(columns)
    return lambda name, fields: wanted <= set(fields)


def _is_only(*columns: str) -> Callable[[str, Sequence[str]], bool]:
    """Return a test that a header has exactly these columns."""
    return lambda name, fields: list(columns) == list(fields)


def _is_nab(name: str, fields: Sequence[str]) -> bool:
    """Recognise NAB's files by their names, since any export may have the same columns."""
    is_named = NAB_FILE.match(name) is not None and any(part in name.lower() for part, _, _ in NAB_NAMES)
    return list(fields) == ["timestamp", "value"] and is_named


def _is_planetlab(name: str, fields: Sequence[str]) -> bool:
    """Recognise a row of a machine's name and percentages; a name, a Unix time and a value belong to another table."""
    if len(fields) <= 3 or is_number(fields[0]) or not all(map(is_number, fields[1:])):  # noqa: PLR2004  # three may be name, time and value
        return False
    return all(not abs(float(field)) > MAX_PERCENT for field in fields[1:])


LAYOUTS = (
    Layout("NAB", _is_nab, _nab, "timestamp,value in a file of NAB's name, such as ec2_cpu_utilization_5f5533.csv"),
    Layout("PlanetLab", _is_planetlab, _planetlab, "VM,23,19,... without a header"),
    Layout("Google 2011", _has("vm", "t", *GOOGLE_2011), _google_2011, "vm,t,cpu_pct,mem_pct", "t"),
    Layout(
        "Alibaba 2018",
        _is_only(*ALIBABA_2018),
        _counted(ALIBABA_2018, "alibaba2018", "day"),
        ",".join(ALIBABA_2018),
    ),
    Layout("Google 2019", _is_only(*GOOGLE_2019), _counted(GOOGLE_2019, "google2019", "week"), ",".join(GOOGLE_2019)),
    Layout("Azure V2", _is_only("timestamp", *AZURE_V2), _azure_v2, "timestamp,cpu_usage,assigned_mem", "timestamp"),
    Layout(
        "Bitbrains", _has("Timestamp [ms]", "CPU cores", "CPU usage [%]"), _bitbrains, "Timestamp [ms];CPU cores;..."
    ),
    Layout(
        "Alibaba GenAI",
        _has("timestamp_anon", "value", "request_type"),
        _alibaba_qps,
        "timestamp_anon,value,container_ip,request_type",
    ),
    Layout(
        "Azure LLM",
        _is_only("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
        _azure_llm,
        "TIMESTAMP,ContextTokens,GeneratedTokens",
    ),
)
"""Known layouts in the order in which they are tried; files with `ds` and `y` are in none of them."""
