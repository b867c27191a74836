"""`aurora bench answers`: tests that an operator's false sentences are struck and true ones kept."""

from __future__ import annotations

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table


def answers(
    false: int = options.count(2000, most=100_000, help="Number of false sentences, spread over kinds of falsehood."),
    seed: int = options.seed("Random seed of the falsehoods."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Test the check of an operator's sentences against evidence, with false sentences by kind and true ones.

    Example: aurora bench answers --false 500
    """
    from aurora.evals.answers.checking import bench_answers

    result = bench_answers(false, seed)
    if as_json:
        emit_json(result)
        return
    emit_table("false sentences", ("kind", "made", "struck"), [tuple(r.values()) for r in result["false"]])
    emit_table("true sentences", ("kind", "made", "kept"), [tuple(r.values()) for r in result["true"]])
    for row in result["wrong"]:
        typer.echo(f"judged wrongly ({row['kind']}): {row['text']!r} {row['reason']}", err=True)
    typer.echo(
        f"{result['struck_pct']:.2f} % of {sum(r['made'] for r in result['false'])} false sentences struck, "
        f"{result['kept_pct']:.2f} % of {sum(r['made'] for r in result['true'])} true ones kept; "
        f"{result['seconds']:.1f} s",
        err=True,
    )
