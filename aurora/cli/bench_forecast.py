"""`aurora bench forecast`: forecasters trained on some files, measured on others."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli.output import emit_json, emit_table, note
from aurora.cli.steps import steps

COLUMNS = ("wql", "crps", "coverage_50", "coverage_80", "coverage_95", "winkler_80", "mase", "train_seconds", "windows")


def forecast(  # one parameter an option
    train: list[Path] = typer.Option(..., help="Files to learn from, in a row."),
    test: list[Path] = typer.Option(..., help="Files to measure on, in a row."),
    context: int = typer.Option(144, help="Values that a forecast looks at."),
    horizon: int = typer.Option(12, help="Steps ahead."),
    seed: int = typer.Option(0, min=0, help="Of what is kept aside, and of training."),
    split: float | None = typer.Option(None, help="Of series in both: learn from this share, measure on the rest."),
    unseen: bool = typer.Option(False, "--unseen", help="Leave out test series of machines that were trained on."),
    ets_windows: int = typer.Option(300, min=0, help="Windows that AutoETS is measured on; 0 leaves it out."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Forecasters beside the baselines, under the protocol of BENCHMARKS.md, section 4.

    Example: aurora bench forecast --train day1.csv.gz day2.csv.gz --test day3.csv.gz --unseen
    """
    from aurora.evals.forecasting import bench_forecast  # heavy, used here only

    with steps() as tell:
        result = bench_forecast(
            train,
            test,
            context=context,
            horizon=horizon,
            seed=seed,
            share=split,
            unseen=unseen,
            ets_windows=ets_windows,
            tell=tell,
            remark=note,
        )
    if as_json:
        emit_json(result)
        return
    rows = sorted(result["models"].items(), key=lambda row: row[1]["wql"] or 0.0)
    title = f"{result['train_series']} series learned from, {result['test_series']} measured on"
    emit_table(title, ("model", *COLUMNS), [(name, *(figures[c] for c in COLUMNS)) for name, figures in rows])
    note(f"selected without the test files: {result['selected']}")
