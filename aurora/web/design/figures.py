"""Shows charts: as a picture that follows light and dark, and the same numbers as a table."""

from __future__ import annotations

from nicegui import ui

from aurora.charts import Chart
from aurora.web.design.components import Column, data_table, element, text
from aurora.web.views.figures import figure_options, figure_table

ROWS_SHOWN = 12
"""Rows of a page of a chart's table."""


def figure(chart: Chart, *, summary: str, tall: bool = False) -> ui.element:
    """Show a chart, and below it the same as a table.

    Args:
        chart: The chart.
        summary: Sentence that says what it shows, for screen readers.
        tall: True: a higher picture.
    """
    with element("figure", "figure") as made:
        picture = ui.echart(figure_options(chart), renderer="svg").classes("picture tall" if tall else "picture")
        picture.props["role"] = "img"
        picture.props["aria-label"] = f"{chart.title}. {summary}"
        text("figcaption", summary, "muted small")
        with element("details", "as-table"):
            text("summary", "The same as a table")
            table = figure_table(chart)
            keys = [f"c{k}" for k in range(len(table.columns))]
            data_table(
                [Column(key, title) for key, title in zip(keys, table.columns, strict=True)],
                [{"id": str(n), **dict(zip(keys, row, strict=True))} for n, row in enumerate(table.rows)],
                label=chart.title,
                page_size=ROWS_SHOWN,
            )
    return made
