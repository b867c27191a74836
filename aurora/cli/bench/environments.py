"""`aurora bench env`: measures the speed of the environment."""

from __future__ import annotations

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table
from aurora.cli.terminal.steps import note_compiling


def env(
    repeats: int = options.count(5, most=100, help="Number of runs of each measurement."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure decisions per second on one core, with observations, and the time that a trained network takes.

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
        f"steps per second ({result['batch']} episodes together)", tuple(levels[0]), [tuple(r.values()) for r in levels]
    )
    emit_table("time of a decision by a network", tuple(networks[0]), [tuple(r.values()) for r in networks])
