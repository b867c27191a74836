"""Charts of measured series with their defects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from aurora.charts import Chart, Line
from aurora.learning.series.series import Finding, Series

MARKED_DEFECTS = ("step", "outlier", "reset")
"""Defects that a chart marks at their time."""


def series_chart(series: Series, findings: Sequence[Finding]) -> Chart:
    """Draw a series, its filled-in values, and the times at which defects begin.

    Args:
        series: Series to draw.
        findings: Defects; those of other series are ignored.
    """
    times = [datetime.fromtimestamp(series.start + k * series.step, UTC) for k in range(len(series))]
    filled = [k for k, is_measured in enumerate(series.observed) if not is_measured]
    marks = [Line("values", times, series.y.tolist())]
    if filled:
        values = [float(series.y[k]) for k in filled]
        marks.append(Line("filled in", [times[k] for k in filled], values, points=True))
    own = [f for f in findings if f.unique_id == series.unique_id and f.defect in MARKED_DEFECTS]
    for defect in sorted({f.defect for f in own}):
        last = len(series) - 1
        places = [min(max(0, (f.first - series.start) // series.step), last) for f in own if f.defect == defect]
        name = f"first {defect}" if defect == "outlier" else defect
        values = [float(series.y[k]) for k in places]
        marks.append(Line(name, [times[k] for k in places], values, points=True))
    unit = series.labels.get("unit", "") or "unit not stated"
    return Chart(series.unique_id, "time, UTC", unit, tuple(marks))
