"""Limits of size and rate: 413 for a body that is too long, 429 for a client that asks too often."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aurora.web.security.answers import header, refuse
from aurora.web.security.token import Secret

MIB = 1 << 20
BODY_LIMITS = (("/api/", 8 * MIB), ("/mcp", 4 * MIB), ("/extender", 64 * MIB))
"""Most bytes of a body by the beginning of the path."""
OTHER_BODY = MIB
RATE, BURST = 200.0, 2000.0
"""Requests a second that a client may make on average, and how many at once."""
SIGN_IN_RATE, SIGN_IN_BURST = 0.2, 10.0
"""Attempts to sign in that a client may make a second on average, and how many at once."""
MAX_CLIENTS = 10_000
"""Clients whose rate is remembered; the one not seen longest is forgotten."""
UNCOUNTED = ("/assets/", "/_nicegui/")
"""Beginnings of paths of files that never change."""
SIGN_IN = "/login"


class Buckets:
    """Token buckets by client.

    Args:
        rate: Tokens that come a second.
        burst: Most tokens that are kept.
        clock: Returns seconds that never go back.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self.clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Take a token, and return 0; where none is left, return the seconds until one comes."""
        now = self.clock()
        left, before = self._left.pop(client, (self.burst, now))
        left = min(self.burst, left + (now - before) * self.rate)
        is_let = left >= 1.0
        self._left[client] = (left - 1.0 if is_let else left, now)
        if len(self._left) > MAX_CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if is_let else (1.0 - left) / self.rate


class RateLimit:
    """Refuses clients that ask too often: each session and the bearers of the token by themselves, others by address.

    Args:
        app: What comes after.
        secret: Tells who has proved to know the token. What is only claimed does not count.
    """

    def __init__(self, app: ASGIApp, secret: Secret) -> None:
        self.app = app
        self.secret = secret
        self.requests = Buckets(RATE, BURST)
        self.attempts = Buckets(SIGN_IN_RATE, SIGN_IN_BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request."""
        if scope["type"] in ("http", "websocket") and not scope["path"].startswith(UNCOUNTED):
            address = f"address {(scope.get('client') or ('',))[0]}"
            is_attempt = scope["path"] == SIGN_IN and scope.get("method") == "POST"
            wait = (
                self.attempts.wait(address) if is_attempt else self.requests.wait(self.secret.holder(scope) or address)
            )
            if wait:
                seconds = str(max(1, round(wait)))
                detail = f"too many requests; wait {seconds} s"
                await refuse(scope, receive, send, 429, detail, headers={"Retry-After": seconds})
                return
        await self.app(scope, receive, send)


class SizeLimit:
    """Refuses bodies that are too long. One without a stated length is read up to the limit first.

    Args:
        app: What comes after.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = body_limit(scope["path"])
        stated = header(scope, "content-length")
        too_long = f"the body is longer than {most:,} bytes"
        if stated and not (stated.isascii() and stated.isdigit()):
            await refuse(scope, receive, send, 400, "Content-Length is no number")
        elif stated and int(stated) > most:
            await refuse(scope, receive, send, 413, too_long, headers={"Connection": "close"})
        elif not stated and header(scope, "transfer-encoding"):
            messages = await _read(receive, most)
            if messages is None:
                await refuse(scope, receive, send, 413, too_long, headers={"Connection": "close"})
            else:
                await self.app(scope, _replayed(messages, receive), send)
        else:
            await self.app(scope, receive, send)


def body_limit(path: str) -> int:
    """Return the most bytes of a body that a path takes."""
    return next((most for beginning, most in BODY_LIMITS if path.startswith(beginning)), OTHER_BODY)


async def _read(receive: Receive, most: int) -> list[Message] | None:
    """Return the messages of a body; None if it is longer than `most` bytes."""
    messages: list[Message] = []
    length = 0
    while True:
        message = await receive()
        messages.append(message)
        length += len(message.get("body", b""))
        if length > most:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages


def _replayed(messages: list[Message], receive: Receive) -> Receive:
    left = iter(messages)

    async def replay() -> Message:
        message = next(left, None)
        return message if message is not None else await receive()

    return replay
