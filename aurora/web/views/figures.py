"""Turns charts of the library into options of ECharts and into tables; colours are those of the design system."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from math import isfinite
from typing import Any, NamedTuple

from aurora.charts import BLACK, COLOURS, Band, Bars, Chart, Dash, Line, Mark
from aurora.quantities import moment, plain

INKS = (*(f"var(--series-{k})" for k in range(1, 7)), "var(--text)")
"""Colours of the pages in the order of `aurora.charts.COLOURS`; the browser resolves them, light or dark."""
FONT = "Roboto, system-ui, sans-serif"
"""Font of charts; ECharts measures texts with it, so that legends don't overlap."""
BAND_OPACITY = 0.22
"""Opacity of a band; bands that overlap add up."""
_DASHES: dict[Dash, Any] = {"solid": "solid", "dash": "dashed", "dashdot": [8, 3, 2, 3], "dot": "dotted"}


class FigureTable(NamedTuple):
    """A chart as a table.

    Attributes:
        columns: Headings with units; the first is that of the horizontal axis.
        rows: Texts, a row for each place of the horizontal axis.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figure_options(chart: Chart) -> dict[str, Any]:
    """Return a chart as options of ECharts. It must be drawn as SVG, so that colours follow the page.

    Args:
        chart: The chart.
    """
    kind = _axis_kind(chart.marks)
    inks = _inks(chart.marks)
    series: list[dict[str, Any]] = []
    for k, (mark, ink) in enumerate(zip(chart.marks, inks, strict=True)):
        match mark:
            case Band():
                series += _band(mark, ink, kind, f"band-{k}")
            case Bars():
                bars = {"type": "bar", "name": mark.name, "data": [_number(v) for v in mark.y]}
                series.append(bars | {"itemStyle": {"color": ink}, "emphasis": {"disabled": True}})
            case Line():
                series.append(_line(mark, ink, kind))
    names = list(dict.fromkeys(m.name for m in chart.marks if m.name))
    x_axis: dict[str, Any] = {"type": kind, "name": chart.x, "nameLocation": "middle", "nameGap": 30}
    if kind == "category":
        x_axis["data"] = [str(x) for m in chart.marks if isinstance(m, Bars) for x in m.x]
    if kind == "value":
        x_axis["scale"] = True
    x_axis |= _axis()
    if kind == "time":
        x_axis["axisLabel"] = x_axis["axisLabel"] | {"formatter": _TIMES}
    return {
        "useUTC": True,
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "grid": {"left": 64, "right": 20, "top": 48 if len(names) > 1 else 20, "bottom": 52},
        "legend": {"show": len(names) > 1, "type": "scroll", "top": 0, "data": names, **_LEGEND},
        "tooltip": {"trigger": "axis", "confine": True, "axisPointer": {"lineStyle": {"color": "var(--edge)"}}, **_TIP},
        "xAxis": x_axis,
        "yAxis": {"type": "value", "name": chart.y, "nameLocation": "middle", "nameGap": 46, "scale": True, **_axis()},
        "series": series,
    }


_TIMES = {"year": "{yyyy}", "month": "{d} {MMM}", "day": "{d} {MMM}", "hour": "{HH}:{mm}", "minute": "{HH}:{mm}"}
"""Labels of an axis of time, as templates of ECharts."""
_LEGEND = {
    "textStyle": {"color": "var(--text)"},
    "pageTextStyle": {"color": "var(--muted)"},
    "pageIconColor": "var(--accent)",
    "pageIconInactiveColor": "var(--edge)",
    "inactiveColor": "var(--edge)",
}
_TIP = {
    "backgroundColor": "var(--raised)",
    "borderColor": "var(--line)",
    "textStyle": {"color": "var(--text)", "fontSize": 12},
}


def _axis() -> dict[str, Any]:
    return {
        "nameTextStyle": {"color": "var(--muted)"},
        "axisLabel": {"color": "var(--muted)", "hideOverlap": True},
        "axisLine": {"onZero": False, "lineStyle": {"color": "var(--edge)"}},
        "axisTick": {"lineStyle": {"color": "var(--edge)"}},
        "splitLine": {"lineStyle": {"color": "var(--line)"}},
    }


def _axis_kind(marks: Sequence[Mark]) -> str:
    """Return the kind of the horizontal axis: category, time or value."""
    if any(isinstance(m, Bars) for m in marks):
        return "category"
    return "time" if any(isinstance(x, datetime) for m in marks for x in m.x[:1]) else "value"


def _inks(marks: Sequence[Mark]) -> list[str]:
    """Return the colour of each mark: its own, that of an earlier one of its name, or the next that no mark has."""
    used = {m.colour for m in marks}
    free = cycle([ink for ink, colour in zip(INKS, COLOURS, strict=True) if colour not in used and colour != BLACK])
    by_name: dict[str, str] = {}
    inks = []
    for mark in marks:
        own = INKS[COLOURS.index(mark.colour)] if mark.colour in COLOURS else ""
        ink = own or by_name.get(mark.name) or next(free)
        by_name.setdefault(mark.name, ink)
        inks.append(ink)
    return inks


def _line(line: Line, ink: str, kind: str) -> dict[str, Any]:
    points = [[_place(x, kind), _number(y)] for x, y in zip(line.x, line.y, strict=True)]
    shared = {"name": line.name, "data": points, "itemStyle": {"color": ink}, "emphasis": {"disabled": True}}
    if line.points:
        return {"type": "scatter", "symbolSize": 7, **shared}
    return {
        "type": "line",
        "showSymbol": len(points) == 1,
        "lineStyle": {"color": ink, "width": 2, "type": _DASHES[line.dash]},
        **shared,
    }


def _band(band: Band, ink: str, kind: str, stack: str) -> list[dict[str, Any]]:
    """Return an invisible line at the lower end, and the filled distance to the upper end on top of it."""
    rows = [(x, lo, hi) for x, lo, hi in zip(band.x, band.low, band.high, strict=True) if isfinite(lo) and isfinite(hi)]
    shared = {
        "type": "line",
        "stack": stack,
        "stackStrategy": "all",
        "symbol": "none",
        "lineStyle": {"opacity": 0},
        "emphasis": {"disabled": True},
    }
    low = {"name": "", "data": [[_place(x, kind), lo] for x, lo, _ in rows], "silent": True}
    return [
        shared | low | {"tooltip": {"show": False}},
        shared
        | {
            "name": band.name,
            "data": [[_place(x, kind), hi - lo] for x, lo, hi in rows],
            "itemStyle": {"color": ink},
            "areaStyle": {"color": ink, "opacity": BAND_OPACITY},
            "tooltip": {"show": False},
        },
    ]


def _place(x: Any, kind: str) -> Any:
    return int(x.timestamp() * 1000) if kind == "time" else x


def _number(value: float) -> float | None:
    """Return a value with six digits, as tooltips show it; None for a gap."""
    return float(f"{value:.6g}") if isfinite(value) else None


def figure_table(chart: Chart) -> FigureTable:
    """Return a chart as a table: a row for each place of the horizontal axis, the latest one last.

    Args:
        chart: The chart.
    """
    columns: list[str] = [chart.x]
    cells: dict[Any, dict[int, str]] = {}
    for mark in chart.marks:
        if isinstance(mark, Band):
            ends: tuple[tuple[str, Sequence[float]], ...] = (("low", mark.low), ("high", mark.high))
            values = [(f"{mark.name}, {end}", v) for end, v in ends]
        else:
            values = [(mark.name, mark.y)]
        for name, ys in values:
            place = len(columns)
            columns.append(f"{name}, {chart.y}")
            for x, y in zip(mark.x, ys, strict=True):
                cells.setdefault(x, {})[place] = plain(float(y)) if isfinite(y) else "–"
    width = range(1, len(columns))
    order = sorted(cells) if not any(isinstance(x, str) for x in cells) else list(cells)
    rows = tuple((_place_text(x), *(cells[x].get(k, "") for k in width)) for x in order)
    return FigureTable(tuple(columns), rows)


def _place_text(x: Any) -> str:
    if isinstance(x, datetime):
        return moment(x.replace(tzinfo=x.tzinfo or UTC).timestamp())
    return x if isinstance(x, str) else plain(float(x))
