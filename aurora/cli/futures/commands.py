"""`aurora futures` (`aurora whatif`): samples demand, and compares capacity tiers and plans in the same futures."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.options import named_as_options
from aurora.cli.terminal.output import emit_json, emit_json_line, note
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.errors import InputError, ScenarioError

if TYPE_CHECKING:  # heavy at run time
    from aurora.sim.scenarios.disturbances import Disturbance


def futures(
    data: list[Path] = options.path_argument(help="Files of measured demand: .csv, .csv.gz or .parquet."),
    series: str = options.text("*", help="Pattern of the series to sum, such as '*/cpu'."),
    plans: Path | None = options.path(
        None, help="File of plans to compare, JSON. Default: plans that follow from tiers."
    ),
    horizon: int = options.count(12, most=2000, help="Number of steps to look ahead."),
    count: int = options.count(1000, "--futures", least=2, most=1_000_000, help="Number of futures for every what-if."),
    what_if: list[str] = options.text(
        [],
        help="Disturbance NAME:AMOUNT@START/DURATION, such as spike:+20%@2h/30m (all but NAME optional); or a file.",
    ),
    weights: str | None = options.text(
        None, help="Weights of objectives, such as cost=1,latency=0.5,sla=2,energy=0.1. Default: cost=1,sla=1."
    ),
    tiers: str = options.text("50,80,95,99", help="Confidences of the capacity tiers, per cent."),
    cores_per_unit: float | None = options.number(
        None,
        least=1e-12,
        most=options.MAX_CORES,
        help="Cores that one unit of the series needs: 0.08 for per cent of 8 cores; none for series in cores.",
    ),
    node_cores: float = options.number(
        4.0, least=1e-6, most=options.MAX_CORES, help="Cores of a node in plans that follow from tiers."
    ),
    reserved_price: float = options.number(
        0.10, least=0, most=options.MAX_PRICE, help="Price of a reserved node in these plans, dollars an hour."
    ),
    burst_price: float = options.number(
        0.25, least=0, most=options.MAX_PRICE, help="Price of an on-demand node in these plans, dollars an hour."
    ),
    job_cores: float | None = options.number(
        None, least=1e-9, most=options.MAX_CORES, help="Cores of a job. Default: small compared with the demand."
    ),
    job_seconds: float | None = options.number(
        None,
        least=1e-3,
        most=options.YEAR,
        unit="seconds",
        help="Run time of a job, seconds. Default: a third of a step.",
    ),
    model: Path | None = options.path(
        None,
        help="Folder of a model by `aurora train forecast`. Default: quantiles of the latest quarter of 144 values.",
    ),
    sla: float = options.number(
        60.0, least=0, most=options.YEAR, unit="seconds", help="Longest acceptable wait of a job, seconds."
    ),
    seed: int = options.seed("Random seed of the futures."),
    threads: int = options.count(2, most=64, help="Number of threads that simulate."),
    state: Path | None = options.path(None, help="File that keeps the state of continuous mode."),
    compare: Path | None = options.path(
        None, help="Only compare realised demand with the futures simulated under this state file."
    ),
    follow: bool = typer.Option(False, "--follow", help="Repeat: read the data again, compare, adjust, look ahead."),
    every: float = options.number(
        60.0, least=0.01, most=options.YEAR, unit="seconds", help="Seconds between readings, with --follow."
    ),
    rounds: int | None = options.count(
        None, help="Number of readings after which --follow ends. Default: until Ctrl-C."
    ),
    plot: Path | None = options.path(
        None, help="File for charts of the demand and of the plans' outcomes, .html or .png."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON, with --follow a line a round."),
) -> None:
    """Simulate many futures to find the capacity that covers demand with each confidence, and the best plan.

    Takes seconds for one series and about a minute for six with what-ifs, mostly for back-tests.

    Example: aurora futures demand.csv --what-if spike:+20%@20m --what-if node_loss:2 --plot futures.html
    """
    from aurora.charts import check_plot_path, write_charts
    from aurora.cli.futures.tables import show, show_compared
    from aurora.learning.futures.charts import futures_charts  # heavy, used here only
    from aurora.learning.futures.demand import select
    from aurora.learning.futures.report import FuturesRequest, is_waiting, report_futures, report_realised
    from aurora.learning.series.read import read_panel
    from aurora.sim.capacity.capacity import read_plans

    check_plot_path(plot)
    if compare is not None:
        realised = report_realised(select(read_panel(data, detect=False), series).series, compare).to_json()
        emit_json({"compared": realised}) if as_json else show_compared(realised)
        return
    if follow and state is None:
        raise options.usage_error("--follow", "it needs --state FILE, which keeps simulated and realised demand")
    request = FuturesRequest(
        horizon=horizon,
        futures=count,
        what_ifs=tuple(d for text in what_if for d in _what_ifs(text)),
        weights=_weights(weights),
        confidences=_confidences(tiers),
        cores_per_unit=cores_per_unit,
        node_cores=node_cores,
        reserved_price=reserved_price,
        burst_price=burst_price,
        job_cores=job_cores,
        job_seconds=job_seconds,
        sla=sla,
        seed=seed,
        threads=threads,
    )
    note_compiling()
    for reading in itertools.count(1):
        if plans is not None:
            request = replace(request, plans=read_plans(plans))
        panel = select(read_panel(data, detect=False), series)
        if not (follow and state is not None and is_waiting(panel.series, request, state)):
            with steps() as progress:
                report = report_futures(panel.series, request, model=model, state=state, progress=progress)
            result = report.to_json()
            result["notes"] = [named_as_options(text, {"horizon": "--horizon"}) for text in result["notes"]]
            for finding in panel.findings:
                note(f"{finding.unique_id}: {finding.message}")
            for text in result["notes"]:
                note(text)
            if as_json:
                (emit_json_line if follow else emit_json)(result)
            else:
                show(result)
            if plot is not None:
                write_charts(futures_charts(report), plot)
        if not follow or reading == rounds:
            return
        time.sleep(every)


def _what_ifs(text: str) -> tuple[Disturbance, ...]:
    """Parse the what-ifs of a file, or the what-if of a short text."""
    from aurora.sim.scenarios.disturbances import parse_disturbance, read_disturbances  # heavy, used here only

    path = Path(text)
    if path.suffix == ".json":
        return read_disturbances(path)
    try:
        return (parse_disturbance(text),)
    except ScenarioError as error:
        raise options.usage_error("--what-if", str(error).removeprefix("what-if ")) from None


def _weights(text: str | None) -> dict[str, float]:
    from aurora.sim.capacity.choice import DEFAULT_WEIGHTS, parse_weights  # heavy, used here only

    try:
        return dict(DEFAULT_WEIGHTS) if text is None else parse_weights(text)
    except InputError as error:
        raise options.usage_error("--weights", str(error).removeprefix("weights=").removeprefix("weights: ")) from None


def _confidences(text: str) -> tuple[float, ...]:
    """Return the confidences of tiers, as shares of 1."""
    from aurora.learning.futures.tiers import check_confidences  # heavy, used here only

    confidences = tuple(round(value / 100, 12) for value in options.parse_percentages(text, "--tiers"))
    try:
        check_confidences(confidences)
    except InputError as error:
        raise options.usage_error("--tiers", error.reason) from None
    return confidences
