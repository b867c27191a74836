"""`aurora mcp`: what is open, for programs that speak the Model Context Protocol."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.chat.commands import HISTORY_HELP, SNAPSHOT_HELP
from aurora.cli.secret import read_token
from aurora.cli.serve import LEAST_TOKEN, LOG_HELP, MAX_PORT, TLS_CERT_HELP, TLS_KEY_HELP, LogName, leave
from aurora.cli.terminal.output import note

if TYPE_CHECKING:  # heavy at run time
    from aurora.mcp_server import McpSettings
    from aurora.tools.desk import Desk

LOCAL = "127.0.0.1"


def mcp(
    snapshot: str | None = options.text(None, "--snapshot", most=options.MAX_PATH, help=SNAPSHOT_HELP),
    history: Path | None = options.path(None, help=HISTORY_HELP),
    plans: Path = options.path(Path("runs/plans"), help="Folder of plans."),
    allow_plans: bool = typer.Option(False, "--allow-plans", help="Let clients write plans; a person applies them."),
    timeout: float = options.number(60.0, least=1, most=600, unit="seconds", help="Seconds for a tool call."),
    http: bool = typer.Option(False, "--http", help="Serve over streamable HTTP, to several clients."),
    host: str = options.text(LOCAL, help="With --http: address; others than this machine need --token-file."),
    port: int = options.count(8761, least=0, most=MAX_PORT, help="With --http: port; 0 for any that is free."),
    token_file: Path | None = options.path(None, help="With --http: file with the secret that clients must show."),
    name: list[str] | None = options.text(None, help="With --http: name under which others reach it."),
    tls_cert: Path | None = options.path(None, help=f"With --http: {TLS_CERT_HELP}"),
    tls_key: Path | None = options.path(None, help=f"With --http: {TLS_KEY_HELP}"),
    log: LogName = typer.Option(LogName.warning, help=LOG_HELP),
) -> None:
    """Serve a snapshot to clients of the Model Context Protocol, over standard input and output or HTTP.

    Example: aurora mcp --snapshot sample:web-shop
    """
    from aurora.graphs.chat.opening import DEFAULT_SNAPSHOT, open_desk
    from aurora.mcp_server import McpSettings

    if not http and (host != LOCAL or token_file is not None or name or tls_cert is not None or tls_key is not None):
        raise options.usage_error("--http", "an address, a token, names and a certificate go with it")
    settings = McpSettings(may_plan=allow_plans, seconds=timeout)
    token = read_token(token_file, LEAST_TOKEN) or ""
    if http or log is not LogName.warning:
        from aurora.web.observability.logs import log_json  # heavy, where its format is wanted

        log_json(log.value, secrets=(token,))
    if not http:
        _over_stdio(open_desk(snapshot or DEFAULT_SNAPSHOT, history=history, plans=plans), settings)
        return
    from aurora.web.serving import serve_mcp
    from aurora.web.settings import WebSettings

    web = WebSettings(host=host, port=port, token=token, names=tuple(name or ()), tls_cert=tls_cert, tls_key=tls_key)
    if not web.is_local and not web.token:
        raise options.usage_error("--host", "an address that others reach needs a secret: --token-file")
    desk = open_desk(snapshot or DEFAULT_SNAPSHOT, history=history, plans=plans)
    serve_mcp(desk, settings, web, ready=lambda url: note(f"the MCP server is at {url}mcp ; Ctrl-C ends it"))
    leave()


def _over_stdio(desk: Desk, settings: McpSettings) -> None:
    from aurora.mcp_server import create_server
    from aurora.mcp_server.desks import Desks
    from aurora.mcp_server.stdio import serve_stdio

    server, calls = create_server(Desks(desk), settings)
    note(f"aurora mcp: {desk.cluster.snapshot_id}, over standard input and output")
    serve_stdio(server)
    calls.close()
    if calls.is_at_work:  # Python would wait for a call that nobody reads
        import os

        sys.stderr.flush()
        os._exit(0)
