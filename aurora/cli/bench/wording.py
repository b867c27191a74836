"""`aurora bench wording`: tests that false sentences are struck and true ones kept."""

from __future__ import annotations

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table
from aurora.cli.terminal.steps import note_compiling


def wording(
    false: int = options.count(3000, most=100_000, help="Number of false sentences, spread over kinds of falsehood."),
    true: int = options.count(1500, most=100_000, help="Number of true sentences, in all phrasings."),
    decisions: int = options.count(150, most=10_000, help="Number of decisions that the sentences describe."),
    seed: int = options.seed("Random seed of the scenarios and of the falsehoods."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Test the check of a model's words against claims, with false sentences by kind and true ones.

    Example: aurora bench wording --false 500 --true 200
    """
    from aurora.evals.explanations.wording import bench_wording  # heavy, used here only

    note_compiling()
    result = bench_wording(false, true, seed, decisions)
    if as_json:
        emit_json(result)
        return
    emit_table(
        "false sentences", ("kind", "made", "struck", "unreadable"), [tuple(r.values()) for r in result["false"]]
    )
    emit_table("true sentences", ("kind", "made", "kept"), [tuple(r.values()) for r in result["true"]])
    for row in result["wrong"]:
        typer.echo(f"judged wrongly ({row['kind']}): {row['text']!r} {row['reason']}", err=True)
    typer.echo(
        f"{result['struck_pct']:.2f} % of {sum(r['made'] for r in result['false'])} false sentences struck, "
        f"{result['kept_pct']:.2f} % of {sum(r['made'] for r in result['true'])} true ones kept; "
        f"{result['decisions']} decisions, {result['runs']} runs, {result['seconds']:.1f} s",
        err=True,
    )
