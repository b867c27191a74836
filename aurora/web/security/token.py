"""Lets those pass who show the server's token: programs as bearer, browsers by a cookie that signing in sets.

The cookie holds a number, the time at which it ends, and a code of both under a key made from the token: it says
nothing of the token, and ends with it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aurora.web.design.palette import variables
from aurora.web.security.answers import cookie, header, refuse
from aurora.web.security.visitors import set_cookie

SESSION = "aurora_session"
SESSION_SECONDS = 12 * 3600
"""Time for which a browser stays signed in."""
OPEN = ("/healthz", "/readyz", "/assets/desk.css", "/assets/mark.svg", "/favicon.ico")
"""Paths that say nothing of what is open."""
_FORM = Path(__file__).parent / "login.html"


class Secret:
    """Knows the token and the cookies that it gave out.

    Args:
        token: The token; "": there is none.
        clock: Returns Unix time.
    """

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self.token = token.encode()
        self.clock = clock
        self._key = hashlib.sha256(b"aurora session " + self.token).digest()

    def is_token(self, given: bytes) -> bool:
        """Return whether it is the token."""
        return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(self.token).digest())

    def session(self) -> str:
        """Return the value of the cookie of a new session."""
        text = f"{secrets.token_urlsafe(18)}.{int(self.clock()) + SESSION_SECONDS}"
        return f"{text}.{self._code(text)}"

    def is_signed_in(self, value: str) -> bool:
        """Return whether the value of a cookie is one that was given out and holds."""
        text, _, code = value.rpartition(".")
        end = text.rpartition(".")[2]
        if not text.isascii() or not end.isdigit() or not hmac.compare_digest(code.encode(), self._code(text).encode()):
            return False
        return int(end) > self.clock()

    def holder(self, scope: Scope) -> str:
        """Return who has proved to know the token: its bearers together, or a session; "": nobody has."""
        if not self.token:
            return ""
        bearer = bearer_of(scope)
        if bearer:
            return "token" if self.is_token(bearer) else ""
        value = cookie(scope, SESSION)
        return f"session {value}" if value and self.is_signed_in(value) else ""

    def _code(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()


class Token:
    """Refuses requests without the token.

    Args:
        app: What comes after.
        secret: Knows the token; all pass where there is none.
    """

    def __init__(self, app: ASGIApp, secret: Secret) -> None:
        self.app = app
        self.secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] in ("/login", "/logout"):
            await (await self._door(scope, receive))(scope, receive, send)
            return
        holder = self.secret.holder(scope)
        if holder == "token":
            scope.setdefault("state", {})["bearer"] = bearer_of(scope).decode("latin-1")
        elif self.secret.token and not holder and scope["path"] not in OPEN:
            if _is_visit(scope):
                await RedirectResponse("/login", 303)(scope, receive, send)
                return
            detail = "show the token of this server: Authorization: Bearer TOKEN, or sign in at /login"
            await refuse(scope, receive, send, 401, detail, headers={"WWW-Authenticate": "Bearer"})
            return
        await self.app(scope, receive, send)

    async def _door(self, scope: Scope, receive: Receive) -> Response:
        request = Request(scope, receive)
        if not self.secret.token:
            return RedirectResponse("/", 303)
        if scope["method"] == "POST" and scope["path"] == "/logout":
            response: Response = RedirectResponse("/login", 303)
            response.headers.append("set-cookie", set_cookie(SESSION, "", scope, seconds=0))
            return response
        if scope["method"] != "POST":
            return _login("")
        given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
        if not self.secret.is_token(given.strip().encode()):
            return _login("That is not the token of this server.", 401)
        response = RedirectResponse("/", 303)
        response.headers.append(
            "set-cookie", set_cookie(SESSION, self.secret.session(), scope, seconds=SESSION_SECONDS)
        )
        return response


def bearer_of(scope: Scope) -> bytes:
    """Return the token that a request shows; kube-scheduler shows the extender's as the password of its address."""
    kind, _, value = header(scope, "authorization").partition(" ")
    if kind.lower() == "basic" and scope["path"].startswith("/extender/"):
        from aurora.http.requests import token_of  # noqa: PLC0415  # heavy, for the extender only

        return token_of(header(scope, "authorization"))
    return value.strip().encode("latin-1") if kind.lower() == "bearer" else b""


def _is_visit(scope: Scope) -> bool:
    is_page = scope["type"] == "http" and scope["method"] == "GET" and "text/html" in header(scope, "accept")
    return is_page and not scope["path"].startswith(("/api/", "/mcp", "/extender", "/_nicegui", "/metrics"))


def _login(problem: str, status: int = 200) -> HTMLResponse:
    page = _FORM.read_text(encoding="utf-8").replace("/*colours*/", variables()).replace("<!--problem-->", problem)
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})
