"""`aurora futures` (`aurora whatif`): demand to come many times over, tiers of capacity, the best of several plans."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.output import emit_json, emit_json_line, emit_table, note
from aurora.cli.steps import steps


def futures(
    data: list[Path] = options.path_argument(help="Measured demand: .csv, .csv.gz or .parquet."),
    series: str = options.text("*", help="Which series of the files, by a pattern such as '*/cpu'; they are summed."),
    plans: Path | None = options.path(None, help="Plans to compare, JSON; without it, plans that follow from tiers."),
    horizon: int = options.count(12, most=2000, help="Steps to look ahead."),
    count: int = options.count(1000, "--futures", least=2, most=1_000_000, help="Futures for every what-if."),
    what_if: list[str] = options.text(
        [], help="NAME, then :AMOUNT, @START, /DURATION as wanted: spike:+20%@2h/30m; or a JSON file."
    ),
    weights: str | None = options.text(
        None, help="What counts: cost=1,latency=0.5,sla=2,energy=0.1. Default cost=1,sla=1."
    ),
    tiers: str = options.text("50,80,95,99", help="Confidences of the tiers, per cent."),
    cores_per_unit: float = options.number(
        1.0, least=1e-12, most=options.MAX_CORES, help="Cores that one unit of the series needs."
    ),
    node_cores: float = options.number(
        4.0, least=1e-6, most=options.MAX_CORES, help="Cores of a node, for plans from tiers."
    ),
    reserved_price: float = options.number(
        0.10, least=0, most=options.MAX_PRICE, help="Dollars an hour of a reserved node, likewise."
    ),
    burst_price: float = options.number(
        0.25, least=0, most=options.MAX_PRICE, help="Dollars an hour of an on-demand node, likewise."
    ),
    job_cores: float | None = options.number(
        None, least=1e-9, most=options.MAX_CORES, help="Cores of a job; default: small beside the demand."
    ),
    job_seconds: float | None = options.number(
        None, least=1e-3, most=options.YEAR, unit="seconds", help="Seconds that a job runs; default: a third of a step."
    ),
    model: Path | None = options.path(
        None, help="Folder of `aurora train forecast`; without it, the quantiles of the latest quarter of 144 values."
    ),
    sla: float = options.number(
        60.0, least=0, most=options.YEAR, unit="seconds", help="Longest acceptable wait of a job, seconds."
    ),
    seed: int = options.seed("Of the futures."),
    threads: int = options.count(2, most=64, help="Threads that simulate."),
    state: Path | None = options.path(None, help="File in which continuous mode remembers."),
    compare: Path | None = options.path(None, help="Only compare what came with what this state's run simulated."),
    follow: bool = typer.Option(False, "--follow", help="Go on: read the data again, compare, adjust, look ahead."),
    every: float = options.number(
        60.0, least=0.01, most=options.YEAR, unit="seconds", help="Seconds between readings, with --follow."
    ),
    rounds: int | None = options.count(None, help="Readings after which --follow ends; default: at Ctrl-C."),
    plot: Path | None = options.path(None, help="Write a fan of the demand and distributions by plan, .html or .png."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON, with --follow a line a round."),
) -> None:
    """Look ahead many times: how much capacity covers demand with which confidence, and which plan is best.

    Example: aurora futures demand.csv --what-if spike:+20%@2h --what-if node_loss:2 --plot futures.html
    """
    from aurora.cli import futures_run as run  # heavy, used here only
    from aurora.evals.charts import check_plot_path, write_charts

    check_plot_path(plot)
    if compare is not None:
        result = run.compare_only(data, series, compare)
        if as_json:
            emit_json(result)
        else:
            _tell_compared(result["compared"])
        return
    if follow and state is None:
        raise options.usage_error(
            "--follow", "it needs --state FILE, in which it remembers what was simulated and came"
        )
    asked = run.Asked(
        data=tuple(data),
        series=series,
        plans=plans,
        horizon=horizon,
        count=count,
        what_if=tuple(what_if),
        weights=weights,
        tiers=tiers,
        cores_per_unit=cores_per_unit,
        node_cores=node_cores,
        reserved_price=reserved_price,
        burst_price=burst_price,
        job_cores=job_cores,
        job_seconds=job_seconds,
        sla=sla,
        seed=seed,
        threads=threads,
        state=state,
        model=model,
    )
    done = 0
    while True:
        with steps() as tell:
            answer = run.answer(asked, tell, pending_only=follow)
        done += 1
        if answer is not None:
            _show(answer, as_json, in_lines=follow)
            if plot is not None:
                write_charts(run.charts(answer), plot)
        if not follow or done == rounds:
            return
        time.sleep(every)


def _show(answer: Any, as_json: bool, *, in_lines: bool) -> None:
    result = answer.result
    for finding in answer.findings:
        note(f"{finding.unique_id}: {finding.message}")
    if as_json:
        (emit_json_line if in_lines else emit_json)(result)
        return
    if result["compared"] is not None:
        _tell_compared(result["compared"])
    emit_table(
        f"capacity that covers {result['horizon']} steps of {result['step']} s",
        ("tier", "confidence", "cores", "exceeded at a step", "exceeded at some step"),
        [
            (
                t["kind"],
                f"{100 * t['confidence']:g} %" + ("" if t["is_backed"] else " (unchecked)"),
                t["cores"],
                _share(t["above_step"]),
                _share(t["above_horizon"]),
            )
            for t in result["tiers"]
        ],
    )
    emit_table(
        "plans, best first, over all what-ifs",
        ("plan", "reserved", "burst", "loss", "worse by", "95 % interval", "best with"),
        [
            (
                p["plan_id"],
                p["reserved_nodes"],
                p["burst_nodes"],
                p["loss"],
                p["worse"],
                f"{p['low']:.4f} to {p['high']:.4f}",
                _share(p["probability_best"]),
            )
            for p in result["plans"]
        ],
    )
    emit_table(
        "by what-if (means)",
        ("what-if", "plan", "cost $", "cost p95", "wait s", "wait p95 s", "SLA missed", "energy kWh"),
        [
            (
                name,
                p["plan_id"],
                m["cost"]["mean"],
                m["cost"]["p95"],
                m["latency"]["mean"],
                m["latency_p95"]["mean"],
                _share(m["sla"]["mean"]),
                m["energy"]["mean"] / 3.6e6,
            )
            for name in result["what_ifs"]
            for p in result["plans"]
            for m in (p["measures"][name],)
        ],
    )
    note(
        f"best: {result['best']}; {result['runs']} runs of {result['futures']} futures in {result['seconds']:.1f} s; "
        f"forecast by {result['model']}, {result['backtests']} back-tests"
    )


def _tell_compared(compared: Any) -> None:
    emit_table(
        f"what came beside what was simulated, {compared['rounds']} rounds of it",
        ("tier", "inside", "of all steps so far", "horizons inside", "asked for now"),
        [
            (
                f"{100 * t['confidence']:g} %",
                _share(t["inside"]),
                _share(t["inside_all"]),
                _share(t["peaks_all"]),
                t["asked"],
            )
            for t in compared["tiers"]
        ],
    )
    note(f"nearest what-if: {compared['nearest']}; places of all steps by tenths: {compared['histogram']}")


def _share(value: float) -> str:
    return f"{100 * value:.2f} %"
