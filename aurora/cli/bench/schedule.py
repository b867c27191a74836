"""`aurora bench schedule`: measures a policy as a scheduler."""

from __future__ import annotations

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table
from aurora.cli.terminal.steps import note_compiling, steps


def schedule(
    policy: str = options.policy("fgd", help="Name of a reference or champion, or policy file."),
    nodes: list[int] | None = options.count(None, "--nodes", most=20_000, help="Number of nodes; repeatable."),
    decisions: int = options.count(2000, most=1_000_000, help="Decisions that are timed at each size."),
    rate: float = options.number(200.0, least=1, most=10_000, help="Requests a second over HTTP."),
    seconds: float = options.number(60.0, least=0, most=3600, unit="seconds", help="Seconds of requests; 0: none."),
    whole_nodes: bool = typer.Option(False, "--whole-nodes", help="Send whole nodes instead of their names."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure the latency of decisions, and of 200 requests a second to the extender, at 100, 1,000 and 5,000 nodes.

    Takes about four minutes.

    Example: aurora bench schedule --nodes 100 --decisions 200 --seconds 2
    """
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.evals.speed.scheduler import AIMS_MS, bench_scheduler  # heavy, used here only

    note_compiling()
    with steps() as progress:
        result = bench_scheduler(
            load_policy(policy),
            sizes=tuple(nodes) if nodes else tuple(AIMS_MS),
            decisions=decisions,
            rate=rate,
            seconds=seconds,
            has_objects=whole_nodes,
            progress=progress,
        )
    if as_json:
        emit_json(result)
        return
    rows = result["decisions"]
    emit_table(f"decisions of {result['policy']}", tuple(rows[0]), [tuple(r.values()) for r in rows])
    if result["requests"]:
        rows = result["requests"]
        emit_table("requests over HTTP", tuple(rows[0]), [tuple(r.values()) for r in rows])
