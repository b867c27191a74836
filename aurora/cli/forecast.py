"""`aurora forecast`: what comes next in measured series."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from math import isfinite
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note, on_terminal, printable, terminal_width
from aurora.cli.terminal.steps import steps
from aurora.errors import DataError
from aurora.quantities import duration, percent, period, plain

if TYPE_CHECKING:  # heavy at run time
    from aurora.charts import Chart
    from aurora.learning.forecasting.zero_shot import Picked
    from aurora.learning.series.series import Finding, Forecast, Series

PIPED_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
NAIVE = ("seasonal naive", "the last value")
"""Rules that a forecast is compared with."""
CHARTS = 12
"""Series that a plot shows at most."""
ETS_SERIES = 20
"""Series up to which AutoETS is among the baselines."""
TOLD = 5
"""Series whose back-tests are told one by one."""
ROOMY = 76
"""Columns of a terminal with room for two intervals."""
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
    all_levels: bool = typer.Option(False, "--all", help="All 17 quantiles in the table, not only some."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Forecast what follows each series, as quantiles.

    Example: aurora forecast cpu.csv --horizon 12 --plot fan.html
    """
    from aurora.charts import check_plot_path, write_charts  # heavy, used here only
    from aurora.learning.futures.demand import ended_note  # likewise
    from aurora.learning.series.read import read_panel  # likewise

    check_plot_path(plot)
    panel = read_panel(data)
    for finding in panel.findings[:FINDINGS]:
        note(f"{finding.unique_id}: {finding.message}")
    if len(panel.findings) > FINDINGS:
        note(f"... and {len(panel.findings) - FINDINGS} findings more")
    chosen = [one for one in panel.series if not series or one.unique_id in series]
    if absent := set(series or ()) - {one.unique_id for one in chosen}:
        raise DataError(f"--series {', '.join(sorted(absent))}: the data has no such series")
    if said := ended_note(chosen):
        note(f"{said}; its forecast begins there")
    picked = _forecasts(chosen, model, horizon, context)
    if plot is not None:
        if len(chosen) > CHARTS:
            note(f"the plot shows the first {CHARTS} of {len(chosen)} series; choose others with --series")
        write_charts([fan_chart(s, p.forecast) for s, p in zip(chosen[:CHARTS], picked, strict=False)], plot)
    if as_json:
        emit_json(_result(picked, panel.findings))
        return
    (_show if on_terminal() else _pipe)(chosen, picked, all_levels=all_levels)
    for line in told_back_tests(picked):
        note(line)


def _forecasts(series: list[Series], model: Path | None, horizon: int, context: int | None) -> tuple[Picked, ...]:
    """The forecasts, and how the baselines did on each series' past where they were compared."""
    from aurora.learning.forecasting.zero_shot import Picked, forecast_by_best_baseline  # heavy, used here only

    if model is not None:
        from aurora.learning.forecasting.champion import in_service  # heavy, used here only

        forecaster = in_service(model)
        if context is not None and context != forecaster.context:
            raise DataError(f"--context {context}: the forecaster in {model} was trained for {forecaster.context}")
        return tuple(Picked(f, {}) for f in forecaster.predict(series, horizon))
    with_ets = len(series) <= ETS_SERIES
    if not with_ets:
        note(f"AutoETS is left out: it takes half a second for each of {len(series)} series")
    found = []
    with steps() if len(series) > 1 else nullcontext(lambda _what, _done, _of: None) as tell:
        for done, one in enumerate(series, 1):
            found.append(forecast_by_best_baseline(one, context=context or 144, horizon=horizon, with_ets=with_ets))
            tell("forecasts", done, len(series))
    return tuple(found)


def _result(picked: Sequence[Picked], findings: Sequence[Finding]) -> dict[str, Any]:
    from aurora.learning.series.series import QUANTILES  # heavy, used here only

    return {
        "levels": list(QUANTILES),
        "forecasts": [
            {
                "unique_id": p.forecast.unique_id,
                "model": p.forecast.model,
                "step": p.forecast.step,
                "timestamps": _timestamps(p.forecast),
                "quantiles": p.forecast.quantiles.tolist(),
                "back_test": {name: round(f.wql, 6) for name, f in p.figures.items() if isfinite(f.wql)},
                "last_value": None if p.last_value is None or not isfinite(p.last_value.wql) else p.last_value.wql,
                "is_flat": _is_flat(p),
            }
            for p in picked
        ],
        "findings": [
            {name: getattr(f, name) for name in ("unique_id", "defect", "count", "first", "message")} for f in findings
        ],
    }


def _pipe(_: Sequence[Series], picked: Sequence[Picked], *, all_levels: bool) -> None:
    """One table of all series, for other programs."""
    from aurora.learning.series.series import QUANTILES  # heavy, used here only

    levels = QUANTILES if all_levels else PIPED_LEVELS
    rows = [
        (
            p.forecast.unique_id,
            moment,
            *(float(p.forecast.quantiles[k, QUANTILES.index(c)]) for c in levels),
            p.forecast.model,
        )
        for p in picked
        for k, moment in enumerate(_timestamps(p.forecast))
    ]
    emit_table("forecast, quantiles", ("unique_id", "ds", *(f"q{level:g}" for level in levels), "model"), rows)


def _show(series: Sequence[Series], picked: Sequence[Picked], *, all_levels: bool) -> None:
    """A table for each series: the median and as many intervals as the terminal has room for."""
    from aurora.learning.series.series import QUANTILES  # heavy, used here only

    shown = [("median", 0.5), ("80 % low", 0.1), ("80 % high", 0.9)]
    if terminal_width() >= ROOMY:
        shown += [("95 % low", 0.025), ("95 % high", 0.975)]
    if all_levels:
        shown = [(f"{100 * level:g} %", level) for level in QUANTILES]
    columns = [QUANTILES.index(level) for _, level in shown]
    for one, p in zip(series, picked, strict=True):
        f, unit = p.forecast, one.labels.get("unit", "")
        when = period(f.start, f.start + len(f.quantiles) * f.step)
        rows = [(t, *(float(f.quantiles[k, c]) for c in columns)) for k, t in enumerate(_timestamps(f))]
        title = f"{one.unique_id}{f' in {unit}' if unit else ''}, {when}, by {f.model}"
        emit_table(title, ("ds", *(name for name, _ in shown)), rows)


def told_back_tests(picked: Sequence[Picked]) -> list[str]:
    """Say how the forecasts' errors on the past compare with two naive rules: each series, or the middle of many."""
    tested = [p for p in picked if p.forecast.model in p.figures]
    if len(tested) <= TOLD:
        return [f"{p.forecast.unique_id}: {_told(p)}" for p in tested]
    lines = []
    for k, name in enumerate(NAIVE):
        known = [e for p in tested if isfinite(e := _beside_naive(p)[k])]
        if known:
            better = sum(e < 0 for e in known)
            middle = _change(median(known))
            lines.append(f"back-test: on {better} of {len(known)} series better than {name}, in the middle {middle}")
    flat = sum(map(_is_flat, picked))
    return lines + [f"{flat} of {len(picked)} forecasts are the same at every step"] * (flat > 0)


def _told(p: Picked) -> str:
    own = p.figures[p.forecast.model]
    if not isfinite(own.wql):
        return "the values of the back-test are all 0, so that errors can't be compared"
    changes = [f"{_change(e)} that of {name}" for e, name in zip(_beside_naive(p), NAIVE, strict=True) if isfinite(e)]
    text = f"on {own.windows} past moments the error (wQL) of {p.forecast.model} was {plain(own.wql)}"
    text += "".join(f", {change}" for change in changes)
    if p.span:
        text += f"; it has the quantiles of the latest {duration(p.span)} at every step: nothing that moves did better"
    elif _is_flat(p):
        text += "; its median is the same at every step"
    return text


def _is_flat(p: Picked) -> bool:
    """Whether the median is the same at every step."""
    from aurora.learning.forecasting.metrics import MEDIAN  # heavy, used here only

    middle = p.forecast.quantiles[:, MEDIAN]
    return len(middle) > 1 and bool((middle == middle[0]).all())


def _beside_naive(p: Picked) -> tuple[float, float]:
    """The error of the forecast's model over those of the naive rules, less one; NaN where they have none."""
    own, others = p.figures[p.forecast.model].wql, (p.figures["seasonal_naive"], p.last_value)
    seasonal, last = (own / f.wql - 1 if f is not None and f.wql > 0 else float("nan") for f in others)
    return seasonal, last


def _change(change: float) -> str:
    if round(change, 3) == 0:
        return "like"
    return f"{percent(round(abs(change), 3))} {'below' if change < 0 else 'above'}"


def _timestamps(one: Forecast) -> list[str]:
    from datetime import UTC, datetime  # with the rest of the output

    moments = (one.start + k * one.step for k in range(len(one.quantiles)))
    return [datetime.fromtimestamp(m, UTC).isoformat().replace("+00:00", "Z") for m in moments]


def fan_chart(one: Series, forecast: Forecast) -> Chart:
    """History, median, and the 50, 80 and 95 % intervals; time in UTC."""
    from datetime import UTC, datetime  # with the rest of the output

    from aurora.charts import BLACK, BLUE, Band, Chart, Line  # heavy, used here only
    from aurora.learning.forecasting.metrics import ENDS, MEDIAN  # likewise

    horizon = len(forecast.quantiles)
    shown = min(len(one), max(4 * horizon, 144))
    times = [datetime.fromtimestamp(forecast.start + k * one.step, UTC) for k in range(-shown, horizon)]
    past, ahead = times[:shown], times[shown:]
    bands = [
        Band(f"{p} %", ahead, forecast.quantiles[:, low].tolist(), forecast.quantiles[:, high].tolist(), BLUE)
        for p in (95, 80, 50)
        for low, high in (ENDS[p],)
    ]
    marks: tuple[Line | Band, ...] = (
        Line("measured", past, one.y[-shown:].tolist(), colour=BLACK),
        *bands,
        Line("median", ahead, forecast.quantiles[:, MEDIAN].tolist(), colour=BLUE),
    )
    unit = one.labels.get("unit", "") or "unit not stated"
    return Chart(f"{printable(one.unique_id)}, by {forecast.model}", "time, UTC", unit, marks)
