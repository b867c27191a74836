"""`aurora bench forecast`: trains forecasters on some files and measures them on others."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import steps

COLUMNS = ("wql", "crps", "coverage_50", "coverage_80", "coverage_95", "winkler_80", "mase", "train_seconds", "windows")


def forecast(  # one parameter an option
    train: list[Path] = options.path(..., help="Files to train on; several may follow."),
    test: list[Path] = options.path(..., help="Files to measure on; several may follow."),
    context: int = options.count(
        144, least=12, most=options.MAX_CONTEXT, help="Number of past values that a forecast uses."
    ),
    horizon: int = options.count(12, most=options.MAX_HORIZON, help="Number of steps to forecast."),
    seed: int = options.seed("Random seed of the hold-out and of training."),
    split: float | None = options.share(
        None, least=0.01, most=0.99, help="Share of a series in both sets to train on; the rest is measured on."
    ),
    unseen: bool = typer.Option(False, "--unseen", help="Leave out test series of machines that were trained on."),
    ets_windows: int = options.count(
        300, least=0, most=1_000_000, help="Number of windows that AutoETS is measured on; 0 leaves it out."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Compare forecasters with naive rules and AutoETS: weighted quantile loss over deciles, coverage, MASE.

    Windows roll over each test series in steps of the horizon. Meant for PlanetLab's CPU series (Beloglazov and Buyya,
    CCPE 2012) and the AWS series of NAB (Lavin and Ahmad, ICMLA 2015).

    Takes about 3 minutes on two cores for two days of a hundred machines, mostly for AutoETS.

    Example: aurora bench forecast --train day1.csv.gz day2.csv.gz --test day3.csv.gz --unseen
    """
    from aurora.evals.forecasting import bench_forecast  # heavy, used here only

    with steps() as progress:
        result = bench_forecast(
            train,
            test,
            context=context,
            horizon=horizon,
            seed=seed,
            share=split,
            unseen=unseen,
            ets_windows=ets_windows,
            progress=progress,
            remark=note,
        )
    if as_json:
        emit_json(result)
        return
    rows = sorted(result["models"].items(), key=lambda row: row[1]["wql"] or 0.0)
    title = f"{result['train_series']} training series, {result['test_series']} test series"
    emit_table(title, ("model", *COLUMNS), [(name, *(figures[c] for c in COLUMNS)) for name, figures in rows])
    note(f"selected without the test files: {result['selected']}")
