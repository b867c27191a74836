"""`aurora forecast`: forecasts of measured series."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note, on_terminal, printable, terminal_width
from aurora.cli.terminal.steps import steps
from aurora.quantities import period

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.forecasting.zero_shot import BacktestedForecast
    from aurora.learning.series.series import Series

PIPED_QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantiles in the table for other programs, without `--all`."""
MAX_CHARTS = 12
"""Largest number of series in a plot."""
TWO_INTERVALS_WIDTH = 76
"""Smallest number of columns of a terminal that shows two intervals."""
MAX_FINDINGS_SHOWN = 20
"""Largest number of findings that are shown one by one."""


def forecast(  # one parameter an option
    data: list[Path] = options.path_argument(
        ..., help="Files with series: CSV or Parquet in long form, or a known trace."
    ),
    model: Path | None = options.path(
        None, help="Folder of a model by `aurora train forecast`. Default: the best baseline."
    ),
    horizon: int = options.count(12, most=options.MAX_HORIZON, help="Number of steps to forecast."),
    context: int | None = options.count(
        None,
        least=12,
        most=options.MAX_CONTEXT,
        help="Number of past values that a baseline uses. Default: 144, or the model's.",
    ),
    series: list[str] | None = options.text(None, help="Forecast only the series with this id; may be repeated."),
    plot: Path | None = options.path(None, help="File for a fan chart, .html or .png."),
    all_levels: bool = typer.Option(False, "--all", help="Show all 17 quantiles in the table."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Forecast the quantiles of the next values of each series.

    Example: aurora forecast cpu.csv --horizon 12 --plot fan.html
    """
    from aurora.charts import check_plot_path, write_charts  # heavy, used here only
    from aurora.learning.forecasting.charts import fan_chart  # likewise
    from aurora.learning.forecasting.report import MAX_SERIES_WITH_ETS, chosen_series, report_forecasts  # likewise
    from aurora.learning.forecasting.wording import back_test_lines  # likewise
    from aurora.learning.futures.demand import ended_note  # likewise
    from aurora.learning.series.read import read_panel  # likewise
    from aurora.types import no_progress  # likewise

    check_plot_path(plot)
    panel = read_panel(data)
    for finding in panel.findings[:MAX_FINDINGS_SHOWN]:
        note(f"{finding.unique_id}: {finding.message}")
    if len(panel.findings) > MAX_FINDINGS_SHOWN:
        note(f"... and {len(panel.findings) - MAX_FINDINGS_SHOWN} findings more")
    chosen = chosen_series(panel, series or ())
    if ended := ended_note(chosen):
        note(f"{ended}; its forecast begins there")
    if model is None and len(chosen) > MAX_SERIES_WITH_ETS:
        note(f"AutoETS is left out: it takes half a second for each of {len(chosen)} series")
    with steps() if model is None and len(chosen) > 1 else nullcontext(no_progress) as progress:
        report = report_forecasts(panel, horizon, ids=series or (), model=model, context=context, progress=progress)
    if plot is not None:
        if len(chosen) > MAX_CHARTS:
            note(f"the plot shows the first {MAX_CHARTS} of {len(chosen)} series; choose others with --series")
        charts = [fan_chart(s, f.forecast) for s, f in zip(chosen[:MAX_CHARTS], report.forecasts, strict=False)]
        write_charts([replace(chart, title=printable(chart.title)) for chart in charts], plot)
    if as_json:
        emit_json(report.to_json())
        return
    (_show if on_terminal() else _pipe)(chosen, report.forecasts, all_levels=all_levels)
    for line in back_test_lines(report.forecasts):
        note(line)


def _pipe(_: Sequence[Series], forecasts: Sequence[BacktestedForecast], *, all_levels: bool) -> None:
    """Print a single table of all series, for other programs."""
    from aurora.learning.forecasting.report import timestamps  # heavy, used here only
    from aurora.learning.series.series import QUANTILES  # heavy, used here only

    levels = QUANTILES if all_levels else PIPED_QUANTILES
    rows = [
        (
            p.forecast.unique_id,
            moment,
            *(float(p.forecast.quantiles[k, QUANTILES.index(c)]) for c in levels),
            p.forecast.model,
        )
        for p in forecasts
        for k, moment in enumerate(timestamps(p.forecast))
    ]
    emit_table("forecast, quantiles", ("unique_id", "ds", *(f"q{level:g}" for level in levels), "model"), rows)


def _show(series: Sequence[Series], forecasts: Sequence[BacktestedForecast], *, all_levels: bool) -> None:
    """Print a table for each series: the median, and the intervals that fit the terminal."""
    from aurora.learning.forecasting.report import timestamps  # heavy, used here only
    from aurora.learning.series.series import QUANTILES  # heavy, used here only

    shown = [("median", 0.5), ("80 % low", 0.1), ("80 % high", 0.9)]
    if terminal_width() >= TWO_INTERVALS_WIDTH:
        shown += [("95 % low", 0.025), ("95 % high", 0.975)]
    if all_levels:
        shown = [(f"{100 * level:g} %", level) for level in QUANTILES]
    columns = [QUANTILES.index(level) for _, level in shown]
    for own_series, p in zip(series, forecasts, strict=True):
        f, unit = p.forecast, own_series.labels.get("unit", "")
        when = period(f.start, f.start + len(f.quantiles) * f.step)
        rows = [(t, *(float(f.quantiles[k, c]) for c in columns)) for k, t in enumerate(timestamps(f))]
        title = f"{own_series.unique_id}{f' in {unit}' if unit else ''}, {when}, by {f.model}"
        emit_table(title, ("ds", *(name for name, _ in shown)), rows)
