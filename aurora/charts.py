"""Draws charts, as one page that needs no network or as a picture; a chart is described by data."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

from aurora.errors import InputError
from aurora.files import replaced

SUFFIXES = (".html", ".png")
BLUE, VERMILION, BLACK = "#0072b2", "#d55e00", "#000000"
COLOURS = (BLUE, VERMILION, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", BLACK)
"""Colours that colour-blind people can tell apart (Okabe and Ito, 2008)."""
Dash = Literal["solid", "dash", "dashdot", "dot"]
_DASHES: Mapping[str, Any] = {"solid": "-", "dash": "--", "dashdot": "-.", "dot": ":"}
PANEL_INCHES = (9.0, 3.6)
PANEL_PIXELS, MARGIN_PIXELS = 380, 55


@dataclass(frozen=True, slots=True)
class Line:
    """A line or points.

    Attributes:
        name: Name in the legend. Marks of one name have one colour in all charts of a page, and one entry.
        x: Numbers, or times in UTC.
        y: Values.
        points: Whether to draw marks without a line.
        colour: One of `COLOURS`; empty for the next one that no mark has.
        dash: Line style.
    """

    name: str
    x: Sequence[Any]
    y: Sequence[float]
    points: bool = False
    colour: str = ""
    dash: Dash = "solid"


@dataclass(frozen=True, slots=True)
class Band:
    """The area between two curves, such as an interval; without a colour it takes that of the next line."""

    name: str
    x: Sequence[Any]
    low: Sequence[float]
    high: Sequence[float]
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars, one for each category."""

    name: str
    x: Sequence[str]
    y: Sequence[float]
    colour: str = ""


Mark = Line | Band | Bars

FIRST_OPACITY, OPACITY_STEP = 0.14, 0.12
"""Opacity of the first band of a chart, and what each further band adds."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with one pair of axes.

    Attributes:
        title: Title above the chart.
        x: Label of the horizontal axis, with its unit.
        y: Label of the vertical axis, with its unit.
        marks: Lines, bands and bars, drawn in this order.
    """

    title: str
    x: str
    y: str
    marks: tuple[Mark, ...]


def check_plot_path(plot: Path | None) -> None:
    """Refuse a file that charts can't be written to, before the work for them is done.

    Args:
        plot: File of the charts; None for no charts.

    Raises:
        InputError: Its ending is neither .html nor .png, or its folder is absent.
    """
    if plot is None:
        return
    if plot.suffix not in SUFFIXES:
        raise InputError(f"the name must end in {' or '.join(SUFFIXES)}", parameter="plot", value=plot)
    if not plot.parent.is_dir():
        raise InputError(f"there is no folder {plot.parent}; create it first", parameter="plot", value=plot)


def write_charts(charts: Sequence[Chart], plot: Path) -> None:
    """Write charts below each other to a page (.html, with its script inside) or a picture (.png).

    Args:
        charts: Charts from top to bottom.
        plot: File to write.

    Raises:
        InputError: The file's ending is neither .html nor .png, or its folder is absent.
        FileError: The file can't be written.
    """
    check_plot_path(plot)
    with replaced(plot) as partial:
        if plot.suffix == ".png":
            _picture(charts, partial)
        else:
            partial.write_text(_page(charts), encoding="utf-8")


def colours_of(charts: Sequence[Chart]) -> dict[str, str]:
    """Return the colour of each name: the one its mark asks for, else the next free one, cyclically."""
    marks = [m for c in charts for m in c.marks]
    colours = {m.name: m.colour for m in marks if m.colour}
    taken = set(colours.values())
    free = cycle([c for c in COLOURS if c not in taken] or COLOURS)
    for chart in charts:
        waiting: list[str] = []  # bands that take the colour of the next line
        for mark in chart.marks:
            if isinstance(mark, Band):
                if mark.name not in colours:
                    waiting.append(mark.name)
                continue
            if mark.name not in colours:
                colours[mark.name] = next(free)
            colours |= dict.fromkeys(waiting, colours[mark.name])
            waiting = []
        colours |= {name: next(free) for name in waiting}
    return colours


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
    """Return the opacity of a mark; inner bands, which are drawn later, are darker."""
    bands = [m for m in chart.marks if isinstance(m, Band)]
    return FIRST_OPACITY + OPACITY_STEP * bands.index(mark) if isinstance(mark, Band) else 1.0


def _traces(mark: Mark, colour: str, opacity: float, *, is_first: bool) -> list[Any]:
    """Return the plotly traces of a mark; its name is in the legend once."""
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
    """Draw a mark with matplotlib in a colour and opacity."""
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
    """Put ticks at whole hours and days, in UTC."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415  # heavy, used here only

    locator = AutoDateLocator(tz=UTC)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))


def literal(text: str) -> str:
    """Return a text that matplotlib does not take for a formula."""
    return text.replace("$", r"\$")
