"""`aurora snapshot`: reads real systems, shows, checks, compares and converts what was read."""

from __future__ import annotations

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table

app = typer.Typer(help="Snapshots of real systems: nodes, tasks, measured use, prices.", no_args_is_help=True)

SNAPSHOT_HELP = "Snapshot file, or a sample such as sample:web-shop."
AS_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


@app.command()
def show(
    snapshot: str = options.text_argument(help=SNAPSHOT_HELP, most=options.MAX_PATH), as_json: bool = AS_JSON
) -> None:
    """Show how full each node is, what waits and why, what it costs, and what is not known.

    Example: aurora snapshot show sample:web-shop
    """
    from aurora.cli.snapshot.pictures import print_report
    from aurora.cluster.opening import open_snapshot  # heavy, used here only
    from aurora.cluster.report import report  # heavy, used here only

    found = report(open_snapshot(snapshot))
    if as_json:
        emit_json(found.to_json())
    else:
        print_report(found)


@app.command()
def samples(as_json: bool = AS_JSON) -> None:
    """List the sample snapshots that come with AURORA.

    Example: aurora snapshot samples
    """
    from aurora.cluster.samples.load import SAMPLES  # heavy, used here only

    if as_json:
        emit_json([{"name": f"sample:{name}", "meaning": meaning} for name, meaning in SAMPLES.items()])
    else:
        emit_table("samples", ("name", "meaning"), [(f"sample:{n}", meaning) for n, meaning in SAMPLES.items()])
