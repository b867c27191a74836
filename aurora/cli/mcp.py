"""`aurora mcp`: what is open, for programs that speak the Model Context Protocol."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.chat.commands import HISTORY_HELP, SNAPSHOT_HELP
from aurora.cli.terminal.output import note


def mcp(
    snapshot: str | None = options.text(None, "--snapshot", most=options.MAX_PATH, help=SNAPSHOT_HELP),
    history: Path | None = options.path(None, help=HISTORY_HELP),
    plans: Path = options.path(Path("runs/plans"), help="Folder of plans."),
    allow_plans: bool = typer.Option(False, "--allow-plans", help="Let clients write plans; a person applies them."),
    timeout: float = options.number(60.0, least=1, most=600, unit="seconds", help="Seconds for a tool call."),
) -> None:
    """Serve a snapshot to a client of the Model Context Protocol over standard input and output.

    Example: aurora mcp --snapshot sample:web-shop
    """
    from aurora.graphs.chat.opening import DEFAULT_SNAPSHOT, open_desk
    from aurora.mcp_server import McpSettings, create_server
    from aurora.mcp_server.desks import Desks
    from aurora.mcp_server.stdio import serve_stdio

    desk = open_desk(snapshot or DEFAULT_SNAPSHOT, history=history, plans=plans)
    server, calls = create_server(Desks(desk), McpSettings(may_plan=allow_plans, seconds=timeout))
    note(f"aurora mcp: {desk.cluster.snapshot_id}, over standard input and output")
    serve_stdio(server)
    calls.close()
    if calls.is_at_work:  # Python would wait for a call that nobody reads
        import os

        sys.stderr.flush()
        os._exit(0)
