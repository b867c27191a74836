"""Reads series from a Prometheus server, or another with the same HTTP API (Thanos, Mimir, VictoriaMetrics).

Answers are data: their labels never become part of a query or a path. An incomplete answer is an error, not a shorter
series.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from aurora.errors import DataError, InputError
from aurora.learning.series.prometheus_http import Access, Limits, PrometheusServer, TooMuchError
from aurora.learning.series.read import panel_of
from aurora.learning.series.samples import Samples
from aurora.learning.series.series import Finding, Panel

QUERY_REMARK = re.compile(r"PromQL (info|warning):")
"""Start of a remark on the query; any other warning means that some of the data is missing."""
INCOMPLETE_REMARK = re.compile(
    r"truncat|partial|limit|incomplete|exceed|missing|unavailable|dropp|failed", re.IGNORECASE
)
"""Words by which a remark says that the data is incomplete."""
PARTIAL_MARKS = ("isPartial", "partial", "partialResponse")
"""Fields with which VictoriaMetrics and others mark an answer that lacks the data of a storage node."""
UNIT_ENDINGS = (
    ("_percent", "percent"),
    ("_ratio", "fraction"),
    ("_bytes", "bytes"),
    ("_seconds", "seconds"),
    ("_cores", "cores"),
    ("_joules", "joules"),
    ("_celsius", "celsius"),
)
"""Units by the ending of a metric's name (prometheus.io, metric and label naming)."""
RESERVED_LABELS = ("metric", "unit", "kind", "source")
"""Labels with a meaning in AURORA; a server's labels of the same name get the prefix `exported_`."""


class NoSeriesError(DataError):
    """A query without a series that has two values."""


def read_prometheus(  # noqa: PLR0913  # a query has a beginning, an end and a step
    url: str,
    query: str,
    start: int,
    end: int,
    step: int,
    *,
    access: Access | None = None,
    limits: Limits | None = None,
    hash_accounts_with: str | None = None,
    detect: bool = True,
    labels: Mapping[str, str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Panel:
    """Read the series of a PromQL query, repair them, and report their defects.

    The time is requested in successive parts below the server's limit of 11,000 points a series. A part that is still
    too large for the server is halved. Missing points of a series are gaps. A series with fewer than two values is
    left out, and reported as a gap.

    Args:
        url: Address of the server.
        query: Query in PromQL.
        start: Unix time of the first point, whole seconds.
        end: Unix time up to which points are read, inclusive.
        step: Seconds between points, whole.
        access: Credentials; None sends none. See `prometheus_http.access_from_environment`.
        limits: Limits of time and size; None stands for the defaults.
        hash_accounts_with: Secret key; see `pseudonyms`. None leaves names as they are.
        detect: True to search for lasting steps and outliers.
        labels: Labels of all series, such as metric, unit and kind, which a query that aggregates leaves out.
        tell: Function that receives the server's remarks and the progress.

    Raises:
        InputError: The times are not whole seconds, or the address is not valid.
        DataError: The server refuses or can't be reached, an answer is incomplete, too large or of another type, or no
            series is found.
    """
    start, end, step = _window(start, end, step)
    limits = limits or Limits()
    say = tell or (lambda text: None)
    points: dict[str, _Points] = {}
    with PrometheusServer(url, access or Access(), limits) as server:
        for first, last in _parts(start, end, step, limits.points):
            for low, high, answer in _answers(server, query, first, last, step):
                _remarks(answer, server.name, say)
                _collect(answer, server.name, (low, high, step), points, limits.series)
            if last < end:
                say(f"{(last - start) / (end - start):.0%} read, {len(points)} series")
    if not points:
        raise NoSeriesError(f"{server.name}: the query {query[:80]!r} gives no series in this time")
    samples, findings = [], []
    for unique_id, own_points in points.items():
        if np.isfinite(own_points.values).sum() > 1:
            samples.append(_samples(unique_id, own_points, step, server.name, labels or {}))
        else:
            asked = (end - start) // step + 1
            why = f"{len(own_points.values)} of {asked} points have a value, at least two are needed: left out"
            findings.append(Finding(unique_id, "gap", asked - len(own_points.values), start, why))
    if not samples:
        raise NoSeriesError(f"{server.name}: none of the {len(points)} series has two values in this time")
    panel = panel_of(samples, hash_accounts_with=hash_accounts_with, detect=detect)
    if hash_accounts_with is not None:
        findings = []  # their ids would reveal the hidden names
        say(f"{len(points) - len(samples)} series with fewer than two values are left out")
    return Panel(panel.series, (*panel.findings, *findings))


class _Points:
    """Points of a series received so far."""

    def __init__(self, metric: dict[str, str]) -> None:
        self.metric = metric
        self.times = array("q")  # a list of numbers takes nine times the memory
        self.values = array("d")


def _window(start: float, end: float, step: float) -> tuple[int, int, int]:
    for name, value in (("start", start), ("end", end), ("step", step)):
        if value != int(value):
            raise InputError(
                "give whole seconds; for a step below a second, aggregate in the query", parameter=name, value=value
            )
    if step < 1:
        raise InputError("give 1 s or more; aggregate finer data in the query", parameter="step", value=step)
    if end < start + step:
        raise InputError(f"from {start} to {end} there are no two points {step} s apart; give a longer time")
    count = (int(end) - int(start)) // int(step)
    return int(start), int(start) + count * int(step), int(step)


def _parts(start: int, end: int, step: int, points: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last time of each request; requests don't overlap, because a server includes both ends."""
    for first in range(start, end + 1, points * step):
        yield first, min(first + (points - 1) * step, end)


def _answers(
    server: PrometheusServer, query: str, first: int, last: int, step: int
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield the answers for a span, in halves if it is too large for the server."""
    try:
        answer = server.query_range(query, first, last, step)
    except TooMuchError:
        count = (last - first) // step + 1
        if count == 1:
            raise
        middle = first + (count // 2) * step
        yield from _answers(server, query, first, middle - step, step)
        yield from _answers(server, query, middle, last, step)
        return
    yield first, last, answer


def _remarks(answer: dict[str, Any], name: str, say: Callable[[str], None]) -> None:
    """Refuse an answer whose marks or remarks say that it is incomplete."""
    data = answer.get("data")
    for part in (answer, data if isinstance(data, dict) else {}):
        marks = [mark for mark in PARTIAL_MARKS if part.get(mark) not in (None, False, "false")]
        if marks:
            raise DataError(
                f"{name}: the answer is not whole: it says {marks[0]} (a storage node did not answer); try later"
            )
    for kind in ("warnings", "infos"):
        remarks = answer.get(kind) or ()
        for remark in remarks if isinstance(remarks, list | tuple) else (remarks,):
            text = str(remark)[:300]
            if INCOMPLETE_REMARK.search(text) or (kind == "warnings" and not QUERY_REMARK.match(text)):
                raise DataError(f"{name}: the answer is not whole: {text!r}; narrow the query, or try later")
            say(f"{name}: {text}")


def _collect(
    answer: dict[str, Any], name: str, window: tuple[int, int, int], points: dict[str, _Points], most: int
) -> None:
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
        kind = data.get("resultType") if isinstance(data, dict) else None
        raise DataError(f"{name}: the server sent a result of type {kind!r}, not a matrix; is it a Prometheus server?")
    first, last, step = window
    for entry in data["result"]:
        try:
            metric = {str(k): str(v) for k, v in entry["metric"].items()}
            if "histograms" in entry:
                raise DataError(
                    f"{name}: {series_id(metric)} is a native histogram; ask for a number, with histogram_quantile"
                )
            times = [float(t) for t, _ in entry["values"]]
            values = [float(v) for _, v in entry["values"]]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise DataError(
                f"{name}: the server sent a series that can't be read ({type(error).__name__}: {error})"
            ) from None
        if any(not first <= t <= last or (t - first) % step for t in times):
            raise DataError(
                f"{name}: the answer has times that were not asked for; does a proxy change the step? VictoriaMetrics "
                "moves times to multiples of the step: start at one"
            )
        unique_id = series_id(metric)
        if unique_id not in points and len(points) >= most:
            raise DataError(f"{name}: more than {most} series; narrow the query, or sum over labels")
        own_points = points.setdefault(unique_id, _Points(metric))
        own_points.times.extend(int(t) for t in times)
        own_points.values.extend(values)


def series_id(metric: dict[str, str]) -> str:
    r"""Return a name for a series: its metric and labels, sorted, as Prometheus writes them.

    Example:
        >>> series_id({"zone": "b", "__name__": "up", "app": 'a "b"'})
        'up{app="a \\"b\\"",zone="b"}'
    """
    labels = ",".join(f"{k}={_quoted(v)}" for k, v in sorted(metric.items()) if k != "__name__")
    return f"{metric.get('__name__', '')}{{{labels}}}"


def _quoted(text: str) -> str:
    """Quote a text; unprintable characters, such as a terminal's control codes, are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in escaped) + '"'


def _samples(unique_id: str, received: _Points, step: int, source: str, stated: Mapping[str, str]) -> Samples:
    name = received.metric.get("__name__", "")
    labels = {f"exported_{k}" if k in RESERVED_LABELS else k: v for k, v in received.metric.items() if k != "__name__"}
    stem = name.removesuffix("_total")
    unit = next((unit for ending, unit in UNIT_ENDINGS if stem.endswith(ending)), "")
    labels |= {"metric": name} if name else {}
    labels |= {"unit": unit} if unit else {}
    labels |= stated
    times, y = np.array(received.times, dtype=np.float64), np.array(received.values, dtype=np.float64)
    return Samples(unique_id, times, y, labels=labels, source=source, step=step)
