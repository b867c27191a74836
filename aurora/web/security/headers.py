"""Headers that tell browsers what a page may do: its own scripts and styles, and nothing from outside."""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = "x-nicegui-content"
"""Header that marks pages of NiceGUI, whose scripts get a nonce. Data in them has no `<`."""
POLICY = "content-security-policy"
COMMON = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # `no-referrer` would take the origin from forms
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
STRICT = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'; base-uri 'none'; "
"""What answers that are no page may do: nothing but styles."""


def page_policy(nonce: str) -> str:
    """Return the content security policy of a page.

    NiceGUI's pages start with scripts within the page, which have a nonce; Vue compiles its templates in the browser,
    which takes `unsafe-eval`; Quasar sets styles on elements.

    Args:
        nonce: Unguessable text that the scripts of the page carry.
    """
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


class SecurityHeaders:
    """Adds the headers to every answer, unless it has its own.

    Args:
        app: What comes after.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        page = _Page()

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in COMMON.items():
                    headers.setdefault(name, value)
                if PAGE in headers and not headers.get("content-encoding"):
                    headers[POLICY] = page_policy(page.nonce)
                    page.start = message
                    return
                headers.setdefault(POLICY, STRICT + "frame-ancestors 'none'")
                if headers.get("content-type", "").startswith("application/json"):
                    headers.setdefault("cache-control", "no-store")
            elif message["type"] == "http.response.body" and page.start is not None:
                page.body += message.get("body", b"")
                if message.get("more_body", False):
                    return
                body = page.with_nonce()
                MutableHeaders(scope=page.start)["content-length"] = str(len(body))
                await send(page.start)
                message = {"type": "http.response.body", "body": body}
                page.start = None
            await send(message)

        await self.app(scope, receive, guarded)


class _Page:
    """A page on its way to the browser."""

    def __init__(self) -> None:
        self.nonce = secrets.token_urlsafe(16)
        self.start: Message | None = None
        self.body = b""

    def with_nonce(self) -> bytes:
        return self.body.replace(b"<script", f'<script nonce="{self.nonce}"'.encode())
