"""All checks before a request reaches the application, in their order."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from aurora.web.security.addresses import Addresses
from aurora.web.security.headers import SecurityHeaders
from aurora.web.security.limits import RateLimit, SizeLimit
from aurora.web.security.token import Secret, Token
from aurora.web.security.visitors import Visitors
from aurora.web.settings import WebSettings


def secure(app: FastAPI, settings: WebSettings) -> None:
    """Put all checks before an application.

    Args:
        app: The application, complete.
        settings: How it is served.
    """
    secret = Secret(settings.token)
    app.add_middleware(Visitors)  # innermost
    app.add_middleware(Token, secret=secret)
    app.add_middleware(SizeLimit)
    app.add_middleware(Addresses, settings=settings)
    app.add_middleware(RateLimit, secret=secret)
    app.add_middleware(Untrusted)
    app.add_middleware(SecurityHeaders)  # outermost: refusals have the headers too


class Untrusted:
    """Takes headers off requests that only a proxy in front could set; NiceGUI would believe them.

    Args:
        app: What comes after.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] in ("http", "websocket"):
            scope["headers"] = [(k, v) for k, v in scope["headers"] if k.lower() != b"x-forwarded-prefix"]
        await self.app(scope, receive, send)
