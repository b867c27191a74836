"""Charts for people, as one page that needs no network or as a picture; what a chart shows is data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.files import replaced

SUFFIXES = (".html", ".png")
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Told apart by colour-blind people too (Okabe and Ito, 2008)."""
PANEL_INCHES = (9.0, 3.6)


@dataclass(frozen=True, slots=True)
class Line:
    """Values over x; `points` draws marks without a line."""

    name: str
    x: Sequence[Any]
    y: Sequence[float]
    points: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """What lies between two curves, such as an interval; it is drawn in the colour of the next line."""

    name: str
    x: Sequence[Any]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True, slots=True)
class Bars:
    """A value for each category."""

    name: str
    x: Sequence[str]
    y: Sequence[float]


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
    marks: tuple[Line | Band | Bars, ...]


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


def _page(charts: Sequence[Chart]) -> str:
    from plotly.graph_objects import Bar, Figure, Scatter  # noqa: PLC0415  # heavy, used here only
    from plotly.subplots import make_subplots  # noqa: PLC0415

    figure: Figure = make_subplots(rows=len(charts), cols=1, subplot_titles=[c.title for c in charts])
    for row, chart in enumerate(charts, 1):
        colour = 0
        for mark in chart.marks:
            tint = COLOURS[colour % len(COLOURS)]
            named: dict[str, Any] = {"name": mark.name, "legendgroup": f"{row} {mark.name}"}
            x = list(mark.x)
            if isinstance(mark, Band):
                red, green, blue = (int(tint[k : k + 2], 16) for k in (1, 3, 5))
                low = Scatter(x=x, y=list(mark.low), line={"width": 0}, showlegend=False, hoverinfo="skip", **named)
                fill = f"rgba({red},{green},{blue},0.2)"
                high = Scatter(x=x, y=list(mark.high), line={"width": 0}, fill="tonexty", fillcolor=fill, **named)
                figure.add_traces([low, high], rows=[row, row], cols=[1, 1])
                continue
            if isinstance(mark, Bars):
                figure.add_trace(Bar(x=x, y=list(mark.y), marker_color=tint, **named), row=row, col=1)
            else:
                mode = "markers" if mark.points else "lines"
                trace = Scatter(x=x, y=list(mark.y), mode=mode, line_color=tint, **named)
                figure.add_trace(trace, row=row, col=1)
            colour += 1
        figure.update_xaxes(title_text=chart.x, row=row, col=1)
        figure.update_yaxes(title_text=chart.y, row=row, col=1)
    figure.update_layout(template="plotly_white", height=380 * len(charts) + 80, margin={"l": 70, "r": 30, "t": 50})
    return str(figure.to_html(include_plotlyjs=True, full_html=True))


def _picture(charts: Sequence[Chart], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # heavy, used here only
    from matplotlib.figure import Figure  # noqa: PLC0415

    width, height = PANEL_INCHES
    figure = Figure(figsize=(width, height * len(charts)), layout="constrained")
    FigureCanvasAgg(figure)
    for row, chart in enumerate(charts):
        axes = figure.add_subplot(len(charts), 1, row + 1)
        colour = 0
        groups = [m for m in chart.marks if isinstance(m, Bars)]
        for mark in chart.marks:
            tint = COLOURS[colour % len(COLOURS)]
            if isinstance(mark, Band):
                axes.fill_between(mark.x, mark.low, mark.high, color=tint, alpha=0.2, linewidth=0, label=mark.name)
                continue
            if isinstance(mark, Bars):
                share = 0.8 / len(groups)
                shift = (groups.index(mark) - (len(groups) - 1) / 2) * share
                axes.bar([k + shift for k in range(len(mark.x))], mark.y, width=share, color=tint, label=mark.name)
                axes.set_xticks(range(len(mark.x)), list(mark.x), rotation=30, ha="right")
            else:
                style: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 3} if mark.points else {}
                axes.plot(mark.x, mark.y, color=tint, label=mark.name, **style)
            colour += 1
        axes.set(title=chart.title, xlabel=chart.x, ylabel=chart.y)
        axes.spines[["top", "right"]].set_visible(False)
        if len(chart.marks) > 1:
            axes.legend(frameon=False, fontsize="small")
    figure.savefig(path, dpi=130)
