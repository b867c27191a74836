"""`aurora bench futures`: measures the speed of futures, and the promises of tiers on held-out days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling


def futures(
    data: Path | None = options.path(None, help="Folder with planetlab/, nab/, dc_util/; without it, speed only."),
    model: Path | None = options.path(
        None, help="Folder of a model by `aurora train forecast`, trained on other days."
    ),
    count: int = options.count(
        2000, "--futures", most=1_000_000, help="Number of futures in each measurement of speed."
    ),
    repeats: int = options.count(5, most=100, help="Number of runs of each measurement of speed."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure futures a second, and compare promised with realised coverage of tiers on held-out days.

    Takes about 2 minutes on two cores, longer with --data.

    Example: aurora bench futures --futures 200 --repeats 1
    """
    from aurora.evals.speed.futures import bench_speed  # heavy, used here only
    from aurora.evals.tier_calibration import bench_tiers  # heavy, used here only
    from aurora.learning.futures.predictors import predictor  # heavy, used here only

    note_compiling()
    result: dict[str, Any] = {"speed": bench_speed(count, repeats)}
    if data is not None:
        result |= bench_tiers(data, predictor(model).predict, lambda what: note(f"judging tiers on {what}"))
    if as_json:
        emit_json(result)
        return
    rows = result["speed"]["rows"]
    emit_table("four plans in the same futures", tuple(rows[0]), [tuple(r.values()) for r in rows])
    if data is not None:
        columns = (
            "data",
            "covers",
            "promised",
            "realised",
            "difference",
            "at tier",
            "recalibrated once",
            "at its word",
            "n",
        )
        emit_table("tiers on held-out days", columns, [tuple(r.values()) for r in result["tiers"]])
