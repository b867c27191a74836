"""`aurora bench cloning`: identifies, clones and improves upon planted experts."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling


def cloning(
    seeds: str = options.text("1-5", help="Random seeds of populations and training: a range (1-5) or a list (1,5,9)."),
    accounts: int = options.count(300, least=40, most=5000, help="Number of generated accounts to learn from."),
    held_out: int = options.count(
        80, least=20, most=5000, help="Number of other accounts, to measure agreement and cost on."
    ),
    steps: int = options.count(40_000, help="Number of steps of fine-tuning, and of training from scratch."),
    data: Path | None = options.path(None, help="Folder with traces, whose shapes half of the demand then follows."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Identify and clone the experts among generated accounts, and measure the savings by fine-tuning.

    Takes about 3 minutes a seed on two cores.

    Example: aurora bench cloning --seeds 1-5
    """
    from aurora.evals.cloning import bench_cloning  # heavy, used here only
    from aurora.evals.demand_shapes import read_shapes  # heavy, used here only

    note_compiling()
    series = () if data is None else read_shapes(data)
    result = bench_cloning(
        options.parse_seeds(seeds, "--seeds"),
        accounts=accounts,
        held_out=held_out,
        steps=steps,
        shapes=series,
        tell=note,
    )
    if as_json:
        emit_json(result)
        return
    summary = result["summary"]
    emit_table(
        "planted experts",
        ("found by", "precision", "least", "recall", "least"),
        [
            (how, r["precision"]["mean"], r["precision"]["least"], r["recall"]["mean"], r["recall"]["least"])
            for how, r in summary["identification"].items()
        ],
    )
    emit_table(
        "agreement with held-out experts",
        ("policy", "all", "acting", "f1"),
        [(name, r["all"], r["acting"], r["f1"]) for name, r in summary["agreement"].items()],
    )
    emit_table(
        "two weeks of held-out accounts",
        ("policy", "cost", "misses", "moves"),
        [(name, r["cost"], r["misses"], r["moves"]) for name, r in summary["policies"].items()],
    )
    rows = []
    for name, r in summary["fine_tuned_beside"].items():
        cost, misses = r["cost_change"], r["misses_change"]
        rows.append((name, *cost.values(), *misses.values()))
    emit_table("fine-tuned beside", ("policy", "cost", "low", "high", "misses", "low", "high"), rows)
