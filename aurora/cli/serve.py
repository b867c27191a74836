"""`aurora serve`: the web desk."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.chat.commands import HISTORY_HELP, MODEL_HELP, SNAPSHOT_HELP, ModeName, TargetName
from aurora.cli.secret import read_token
from aurora.cli.terminal.output import note

LEAST_TOKEN = 16
"""Fewest characters of a token."""
LEFT_SECONDS = 2.0
"""Seconds for threads to end once the server has."""
MAX_PORT = 65_535


TLS_CERT_HELP = "PEM file with the server's certificate and those that signed it: the desk speaks HTTPS."
TLS_KEY_HELP = "PEM file with the key of --tls-cert, without a password; by default it is in the same file."
LOG_HELP = "Least level of the log on stderr, lines of JSON; info has one for each request, turn and tool call."


class LogName(StrEnum):
    """Least level of the log."""

    warning = "warning"
    info = "info"
    debug = "debug"


def serve(
    snapshot: str | None = options.text(None, "--snapshot", most=options.MAX_PATH, help=SNAPSHOT_HELP),
    history: Path | None = options.path(None, help=HISTORY_HELP),
    model: str | None = options.text(None, help=MODEL_HELP),
    mode: ModeName = typer.Option(ModeName.apply, help="What people and programs may do at most; plans need approval."),
    target: TargetName = typer.Option(
        TargetName.files,
        help="Where approved plans go: files (scripts for Slurm), or the cluster of --snapshot kubernetes[:CONTEXT].",
    ),
    plans: Path = options.path(Path("runs/plans"), help="Folder of plans."),
    sessions: Path = options.path(Path("runs/chat/sessions.sqlite"), help="File of conversations."),
    runs: Path = options.path(Path("runs"), help="Folder of self-play runs, studies and evaluations."),
    data: Path | None = options.path(None, help="Folder of files that pages may open."),
    policy: str = options.policy("", help="Policy that answers kube-scheduler under /extender."),
    host: str = options.text("127.0.0.1", help="Address to listen on; others than this machine need --token-file."),
    port: int = options.count(8760, least=0, most=MAX_PORT, help="Port; 0 for any that is free."),
    token_file: Path | None = options.path(None, help="File with the secret that browsers and programs must show."),
    tls_cert: Path | None = options.path(None, help=TLS_CERT_HELP),
    tls_key: Path | None = options.path(None, help=TLS_KEY_HELP),
    log: LogName = typer.Option(LogName.warning, help=LOG_HELP),
    mcp_plans: bool = typer.Option(False, "--mcp-plans", help="Let clients of the MCP server write plans."),
    name: list[str] | None = options.text(None, help="Name under which others reach it, such as desk.example.org."),
) -> None:
    """Serve the web desk: pages in a browser, the HTTP API and the MCP server, on one port.

    Example: aurora serve --snapshot sample:web-shop
    """
    from aurora.graphs.chat.opening import DEFAULT_SNAPSHOT
    from aurora.web.observability.logs import log_json
    from aurora.web.serving import serve as serve_desk
    from aurora.web.settings import WebSettings

    token = read_token(token_file, LEAST_TOKEN) or ""
    if snapshot is None:
        note(f"no --snapshot is given: this is about {DEFAULT_SNAPSHOT}")
    settings = WebSettings(
        snapshot=snapshot or DEFAULT_SNAPSHOT,
        history=history,
        plans=plans,
        sessions=sessions,
        runs=runs,
        data=data,
        model=model or os.environ.get("AURORA_MODEL", ""),
        mode=mode.value,
        applies_live=target is TargetName.kubernetes,
        host=host,
        port=port,
        token=token,
        policy=policy,
        names=tuple(name or ()),
        mcp_plans=mcp_plans,
        tls_cert=tls_cert,
        tls_key=tls_key,
    )
    if not settings.is_local and not token:
        raise options.usage_error("--host", "an address that others reach needs a secret: --token-file")
    log_json(log.value, secrets=(token,))
    serve_desk(settings, ready=lambda url: note(f"the desk is open at {url} ; Ctrl-C ends it"))
    leave()


def leave() -> None:
    """End the process soon. Everything is saved, but Python would wait for threads that wait for a model."""
    import threading

    sys.stdout.flush()
    end = threading.Timer(LEFT_SECONDS, os._exit, (0,))
    end.daemon = True
    end.start()
