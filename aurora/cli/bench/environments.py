"""`aurora bench env`: how fast the environment is."""

from __future__ import annotations

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table
from aurora.cli.terminal.steps import note_compiling


def env(
    repeats: int = options.count(5, most=100, help="Runs of each measurement."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Decisions a second with what an agent sees of them, on one core, and what a trained network costs.

    Example: aurora bench env --repeats 3
    """
    from aurora.evals.speed.environments import bench_environments  # heavy, used here only

    note_compiling()
    result = bench_environments(repeats)
    if as_json:
        emit_json(result)
        return
    levels, networks = result["levels"], result["networks"]
    emit_table(
        f"steps a second ({result['batch']} episodes together)", tuple(levels[0]), [tuple(r.values()) for r in levels]
    )
    emit_table("a decision of a network", tuple(networks[0]), [tuple(r.values()) for r in networks])
