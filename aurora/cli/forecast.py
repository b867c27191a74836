"""`aurora forecast`: what comes next in measured series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.output import emit_json, emit_table, note
from aurora.errors import DataError

if TYPE_CHECKING:  # heavy at run time
    from aurora.evals.charts import Chart
    from aurora.learning.series import Forecast, Series

SHOWN_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
CHARTS = 12
"""Series that a plot shows at most."""
ETS_SERIES = 20
"""Series up to which AutoETS is among the baselines."""
FINDINGS = 20
"""Findings that are told one by one."""


def forecast(  # one parameter an option
    data: list[Path] = options.path_argument(
        ..., help="Files with series: CSV or Parquet in long form, or a known trace."
    ),
    model: Path | None = options.path(None, help="Folder of `aurora train forecast`; without, the best baseline."),
    horizon: int = options.count(12, most=options.MAX_HORIZON, help="Steps ahead."),
    context: int | None = options.count(
        None, least=12, most=options.MAX_CONTEXT, help="Values that a baseline looks at; default 144, or the model's."
    ),
    series: list[str] | None = options.text(None, help="Only the series of this id; may be given again."),
    plot: Path | None = options.path(None, help="Fan chart, .html or .png."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Forecast what follows each series, as quantiles.

    Example: aurora forecast cpu.csv --horizon 12 --plot fan.html
    """
    from aurora.evals.charts import check_plot_path, write_charts  # heavy, used here only
    from aurora.learning.data import read_panel  # likewise
    from aurora.learning.series import LEVELS  # likewise

    check_plot_path(plot)
    panel = read_panel(data)
    for finding in panel.findings[:FINDINGS]:
        note(f"{finding.unique_id}: {finding.message}")
    if len(panel.findings) > FINDINGS:
        note(f"... and {len(panel.findings) - FINDINGS} findings more")
    chosen = [one for one in panel.series if not series or one.unique_id in series]
    if absent := set(series or ()) - {one.unique_id for one in chosen}:
        raise DataError(f"--series {', '.join(sorted(absent))}: the data has no such series")
    made, back_tests = _forecasts(chosen, model, horizon, context)
    if plot is not None:
        if len(chosen) > CHARTS:
            note(f"the plot shows the first {CHARTS} of {len(chosen)} series; choose others with --series")
        write_charts([fan_chart(s, f) for s, f in zip(chosen[:CHARTS], made, strict=False)], plot)
    if as_json:
        emit_json(
            {
                "levels": list(LEVELS),
                "forecasts": [
                    {
                        "unique_id": f.unique_id,
                        "model": f.model,
                        "step": f.step,
                        "timestamps": _timestamps(f),
                        "quantiles": f.quantiles.tolist(),
                        "back_test": back_tests.get(f.unique_id, {}),
                    }
                    for f in made
                ],
                "findings": [
                    {name: getattr(f, name) for name in ("unique_id", "defect", "count", "first", "message")}
                    for f in panel.findings
                ],
            }
        )
        return
    columns = [LEVELS.index(level) for level in SHOWN_LEVELS]
    rows = [
        (f.unique_id, moment, *(float(f.quantiles[k, c]) for c in columns), f.model)
        for f in made
        for k, moment in enumerate(_timestamps(f))
    ]
    emit_table("forecast", ("unique_id", "ds", *(f"q{level:g}" for level in SHOWN_LEVELS), "model"), rows)


def _forecasts(
    series: list[Series], model: Path | None, horizon: int, context: int | None
) -> tuple[tuple[Forecast, ...], dict[str, Any]]:
    """The forecasts, and by series how the baselines did on its past where they were compared."""
    if model is not None:
        from aurora.learning.champion import in_service  # heavy, used here only

        forecaster = in_service(model)
        if context is not None and context != forecaster.context:
            raise DataError(f"--context {context}: the forecaster in {model} was trained for {forecaster.context}")
        return forecaster.predict(series, horizon), {}
    from aurora.learning.pick import forecast_by_best_baseline  # heavy, used here only

    with_ets = len(series) <= ETS_SERIES
    if not with_ets:
        note(f"AutoETS is left out: it takes half a second for each of {len(series)} series")
    picked = [
        forecast_by_best_baseline(one, context=context or 144, horizon=horizon, with_ets=with_ets) for one in series
    ]
    tests = {
        p.forecast.unique_id: {name: round(f.wql, 6) for name, f in p.figures.items() if f.wql == f.wql}  # not NaN
        for p in picked
    }
    return tuple(p.forecast for p in picked), tests


def _timestamps(one: Forecast) -> list[str]:
    from datetime import UTC, datetime  # with the rest of the output

    moments = (one.start + k * one.step for k in range(len(one.quantiles)))
    return [datetime.fromtimestamp(m, UTC).isoformat().replace("+00:00", "Z") for m in moments]


def fan_chart(one: Series, forecast: Forecast) -> Chart:
    """History, median, and the 50, 80 and 95 % intervals; time in hours from now."""
    from aurora.evals.charts import Band, Chart, Line  # heavy, used here only
    from aurora.learning.metrics import ENDS, MEDIAN  # likewise

    horizon = len(forecast.quantiles)
    hours = one.step / 3600
    shown = min(len(one), max(4 * horizon, 144))
    past = [(k - shown + 1) * hours for k in range(shown)]
    ahead = [(k + 1) * hours for k in range(horizon)]
    bands = [
        Band(f"{p} %", ahead, forecast.quantiles[:, ENDS[p][0]].tolist(), forecast.quantiles[:, ENDS[p][1]].tolist())
        for p in (95, 80, 50)
    ]
    unit = one.labels.get("unit", "value")
    marks: tuple[Line | Band, ...] = (
        Line("measured", past, one.y[-shown:].tolist()),
        *bands,
        Line("median", ahead, forecast.quantiles[:, MEDIAN].tolist()),
    )
    return Chart(f"{one.unique_id}, by {forecast.model}", "hours from now", unit, marks)
