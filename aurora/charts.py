"""Charts for people, as one page that needs no network or as a picture; what a chart shows is data."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

from aurora.errors import DataError
from aurora.files import replaced

SUFFIXES = (".html", ".png")
BLUE, VERMILION, BLACK = "#0072b2", "#d55e00", "#000000"
COLOURS = (BLUE, VERMILION, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", BLACK)
"""Told apart by colour-blind people too (Okabe and Ito, 2008)."""
Dash = Literal["solid", "dash", "dashdot", "dot"]
_DASHES: Mapping[str, Any] = {"solid": "-", "dash": "--", "dashdot": "-.", "dot": ":"}
PANEL_INCHES = (9.0, 3.6)
PANEL_PIXELS, MARGIN_PIXELS = 380, 55


@dataclass(frozen=True, slots=True)
class Line:
    """Values over x.

    Attributes:
        name: In the legend. Marks of one name have one colour in all charts of a page, and one entry.
        x: Numbers, or times in UTC.
        y: Values.
        points: Whether to draw marks without a line.
        colour: One of `COLOURS`; empty: the next one that no mark has.
        dash: How the line is drawn.
    """

    name: str
    x: Sequence[Any]
    y: Sequence[float]
    points: bool = False
    colour: str = ""
    dash: Dash = "solid"


@dataclass(frozen=True, slots=True)
class Band:
    """What lies between two curves, such as an interval; without a colour it has that of the next line."""

    name: str
    x: Sequence[Any]
    low: Sequence[float]
    high: Sequence[float]
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """A value for each category."""

    name: str
    x: Sequence[str]
    y: Sequence[float]
    colour: str = ""


Mark = Line | Band | Bars

FAINTEST, FAINTER = 0.14, 0.12
"""How opaque the first band of a chart is, and by how much more each further one."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One pair of axes.

    Attributes:
        title: What it shows.
        x: What the horizontal axis is, with its unit.
        y: Likewise the vertical one.
        marks: Drawn in this order.
    """

    title: str
    x: str
    y: str
    marks: tuple[Mark, ...]


def check_plot_path(path: Path | None) -> None:
    """Refuse a file that charts can't be written to, before the work for them is done.

    Raises:
        DataError: Its ending is neither .html nor .png, or its folder is absent.
    """
    if path is None:
        return
    if path.suffix not in SUFFIXES:
        raise DataError(f"--plot {path}: the name must end in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise DataError(f"--plot {path}: there is no folder {path.parent}; create it first")


def write_charts(charts: Sequence[Chart], path: Path) -> None:
    """Charts below each other, in a page (.html, with its script inside) or a picture (.png).

    Raises:
        DataError: See `check_plot_path`.
    """
    check_plot_path(path)
    with replaced(path) as partial:
        if path.suffix == ".png":
            _picture(charts, partial)
        else:
            partial.write_text(_page(charts), encoding="utf-8")


def colours_of(charts: Sequence[Chart]) -> dict[str, str]:
    """Return the colour of each name: the one that a mark asks for, else the next that is free, over and over."""
    marks = [m for c in charts for m in c.marks]
    found = {m.name: m.colour for m in marks if m.colour}
    taken = set(found.values())
    free = cycle([c for c in COLOURS if c not in taken] or COLOURS)
    for chart in charts:
        waiting: list[str] = []  # bands that take the colour of the next line
        for mark in chart.marks:
            if isinstance(mark, Band):
                if mark.name not in found:
                    waiting.append(mark.name)
                continue
            if mark.name not in found:
                found[mark.name] = next(free)
            found |= dict.fromkeys(waiting, found[mark.name])
            waiting = []
        found |= {name: next(free) for name in waiting}
    return found


def _page(charts: Sequence[Chart]) -> str:
    from plotly.graph_objects import Figure  # noqa: PLC0415  # heavy, used here only
    from plotly.subplots import make_subplots  # noqa: PLC0415

    titles = [html.escape(c.title) for c in charts]
    height = PANEL_PIXELS * len(charts) + 2 * MARGIN_PIXELS
    figure: Figure = make_subplots(
        rows=len(charts), cols=1, subplot_titles=titles, vertical_spacing=2 * MARGIN_PIXELS / height
    )
    colours, shown = colours_of(charts), set[str]()
    for row, chart in enumerate(charts, 1):
        for mark in chart.marks:
            traces = _traces(mark, colours[mark.name], _opacity(mark, chart), is_first=mark.name not in shown)
            figure.add_traces(traces, rows=[row] * len(traces), cols=[1] * len(traces))
            shown.add(mark.name)
        figure.update_xaxes(title_text=html.escape(chart.x), row=row, col=1)
        figure.update_yaxes(title_text=html.escape(chart.y), row=row, col=1)
    margin = {"l": 70, "r": 30, "t": 50}
    figure.update_layout(template="plotly_white", height=height, margin=margin, showlegend=len(shown) > 1)
    return str(figure.to_html(include_plotlyjs=True, full_html=True))


def _opacity(mark: Mark, chart: Chart) -> float:
    """Of a band; the inner ones, which are drawn later, are darker."""
    bands = [m for m in chart.marks if isinstance(m, Band)]
    return FAINTEST + FAINTER * bands.index(mark) if isinstance(mark, Band) else 1.0


def _traces(mark: Mark, colour: str, opacity: float, *, is_first: bool) -> list[Any]:
    """What plotly draws of a mark; its name is in the legend once."""
    from plotly.graph_objects import Bar, Scatter  # noqa: PLC0415  # heavy, used here only

    name = html.escape(mark.name)
    named: dict[str, Any] = {"name": name, "legendgroup": name}
    x = list(mark.x)
    if isinstance(mark, Band):
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        edge: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        fill = {"fill": "tonexty", "fillcolor": f"rgba({red},{green},{blue},{opacity:.2f})"}
        low = Scatter(x=x, y=list(mark.low), showlegend=False, **edge, **named)
        return [low, Scatter(x=x, y=list(mark.high), showlegend=is_first, **edge, **fill, **named)]
    named["showlegend"] = is_first
    if isinstance(mark, Bars):
        return [Bar(x=x, y=list(mark.y), marker_color=colour, **named)]
    if mark.points:
        return [Scatter(x=x, y=list(mark.y), mode="markers", marker_color=colour, **named)]
    line = {"color": colour, "dash": mark.dash}
    return [Scatter(x=x, y=list(mark.y), mode="lines", line=line, **named)]


def _picture(charts: Sequence[Chart], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # heavy, used here only
    from matplotlib.figure import Figure  # noqa: PLC0415

    width, height = PANEL_INCHES
    figure = Figure(figsize=(width, height * len(charts)), layout="constrained")
    FigureCanvasAgg(figure)
    colours, shown = colours_of(charts), set[str]()
    for row, chart in enumerate(charts):
        axes = figure.add_subplot(len(charts), 1, row + 1)
        groups = [m for m in chart.marks if isinstance(m, Bars)]
        for mark in chart.marks:
            label = "_" if mark.name in shown else literal(mark.name)  # matplotlib leaves out labels that begin so
            _draw(axes, mark, groups, (colours[mark.name], _opacity(mark, chart)), label)
        axes.set(title=literal(chart.title), xlabel=literal(chart.x), ylabel=literal(chart.y))
        axes.spines[["top", "right"]].set_visible(False)
        if (new := {m.name for m in chart.marks} - shown) and len(colours) > 1:
            axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
            shown |= new
        if chart.marks and chart.marks[0].x and isinstance(chart.marks[0].x[0], datetime):
            _clock(axes)
    figure.savefig(path, dpi=130)


def _draw(axes: Any, mark: Mark, groups: Sequence[Bars], tint: tuple[str, float], label: str) -> None:
    """A mark as matplotlib draws it, in a colour and opacity."""
    colour, opacity = tint
    if isinstance(mark, Band):
        axes.fill_between(mark.x, mark.low, mark.high, color=colour, alpha=opacity, linewidth=0, label=label)
    elif isinstance(mark, Bars):
        share = 0.8 / len(groups)
        shift = (groups.index(mark) - (len(groups) - 1) / 2) * share
        axes.bar([k + shift for k in range(len(mark.x))], mark.y, width=share, color=colour, label=label)
        axes.set_xticks(range(len(mark.x)), [literal(x) for x in mark.x], rotation=30, ha="right")
    elif mark.points:
        axes.plot(mark.x, mark.y, color=colour, label=label, linestyle="none", marker="o", markersize=3)
    else:
        axes.plot(mark.x, mark.y, color=colour, label=label, linestyle=_DASHES[mark.dash])


def _clock(axes: Any) -> None:
    """Ticks at whole hours and days, in UTC."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415  # heavy, used here only

    locator = AutoDateLocator(tz=UTC)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))


def literal(text: str) -> str:
    """Return a text that matplotlib takes for no formula."""
    return text.replace("$", r"\$")
