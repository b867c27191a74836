"""Refusals of the checks: problem details (RFC 9457) as JSON; a closed handshake where a socket was to open."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Refused",
    413: "Too large",
    429: "Too many requests",
}
PROBLEM_JSON = "application/problem+json"


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer a request with a refusal.

    Args:
        scope: The request.
        receive: Its source.
        send: Where the answer goes.
        status: HTTP status.
        detail: What is wrong, and what to do.
        headers: Further headers.
    """
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": TITLES[status]})
        return
    problem = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail}
    response = Response(
        json.dumps(problem),
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type=PROBLEM_JSON,
    )
    await response(scope, receive, send)


def header(scope: Scope, name: str) -> str:
    """Return a header of a request; "" if it has none."""
    return Headers(scope=scope).get(name, "")


def cookie(scope: Scope, name: str) -> str:
    """Return a cookie of a request; "" if it has none."""
    for line in Headers(scope=scope).getlist("cookie"):
        for part in line.split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
    return ""
