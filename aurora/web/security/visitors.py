"""Tells visitors apart: each browser has a cookie of its own, each program its token; both own what they made.

A visitor's CSRF token is a code of that cookie under a key of this process. Whatever changes something carries it in a
header, or shows the server's token.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aurora.web.security.answers import cookie, header, refuse

VISITOR = "aurora_visitor"
"""Cookie of a browser."""
CSRF = "x-csrf-token"
CSRF_PATH = "/api/csrf"
"""Where a browser gets its CSRF token."""
SAFE = ("GET", "HEAD", "OPTIONS")
BY_ORIGIN = ("/login", "/logout", "/_nicegui", "/mcp", "/extender")
"""Beginnings of paths that the check of the origin protects alone: forms, NiceGUI, and programs that are no browser."""
_FORM = re.compile(r"[A-Za-z0-9_-]{22,64}")


def visitor_of(connection: HTTPConnection) -> str:
    """Return the visitor of a request, an id without meaning; the same browser or program has the same.

    Args:
        connection: A request or socket, such as `ui.context.client.request`.
    """
    return str(connection.state.visitor)


def csrf_of(connection: HTTPConnection) -> str:
    """Return the CSRF token of the visitor of a request."""
    return str(connection.state.csrf)


class Visitors:
    """Names the visitor of each request, and refuses changes without their CSRF token.

    Args:
        app: What comes after.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._key = secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        shown = state.get("bearer", "")
        given = cookie(scope, VISITOR)
        is_new = not _FORM.fullmatch(given)
        own = secrets.token_urlsafe(24) if is_new else given
        state["visitor"] = hashlib.sha256(f"visitor {shown or own}".encode()).hexdigest()[:24]
        state["csrf"] = hmac.new(self._key, own.encode(), "sha256").hexdigest()
        if (
            not shown
            and _is_change(scope)
            and not hmac.compare_digest(header(scope, CSRF).encode(), str(state["csrf"]).encode())
        ):
            detail = f"the header X-CSRF-Token is missing or not yours: get it at {CSRF_PATH}, or show the bearer token"
            await refuse(scope, receive, send, 403, detail)
            return

        async def remembered(message: Message) -> None:
            if message["type"] == "http.response.start" and is_new and not shown:
                MutableHeaders(scope=message).append("set-cookie", set_cookie(VISITOR, own, scope))
            await send(message)

        if scope["type"] == "http" and scope["path"] == CSRF_PATH and scope["method"] == "GET":
            await JSONResponse({"csrf_token": state["csrf"]})(scope, receive, remembered)
            return
        await self.app(scope, receive, remembered)


def set_cookie(name: str, value: str, scope: Scope, *, seconds: int = 365 * 86_400) -> str:
    """Return the header of a cookie that scripts can't read and other sites can't send."""
    secure = "; Secure" if scope.get("scheme") in ("https", "wss") else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _is_change(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] not in SAFE and not scope["path"].startswith(BY_ORIGIN)
