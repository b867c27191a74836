"""Watches all requests, those that the checks refuse included: counts, logs, traces, and gives each an id."""

from __future__ import annotations

import logging
import re
import secrets
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aurora.web.observability.logs import REQUEST_ID
from aurora.web.observability.metrics import Meter
from aurora.web.observability.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span

ID = "x-request-id"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ROOMS = ("/_nicegui", "/assets", "/extender", "/api")
"""Beginnings of paths whose requests count together where no route is known."""
PLAIN = frozenset({"/healthz", "/readyz", "/metrics", "/mcp", "/login", "/logout"})
"""Paths of routes without parameters that Starlette doesn't name."""
OTHER = "other"
LEFT = 499
"""Status of a request whose client left before an answer began."""
FAULT = 500
_GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LOG = logging.getLogger(__name__)


class Watched:
    """Watches the requests of an application.

    Args:
        app: What comes after.
        meter: Counts.
        tracing: Makes traces; None: none.
    """

    def __init__(self, app: ASGIApp, meter: Meter, tracing: Tracing | None) -> None:
        self.app = app
        self._meter = meter
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(self._meter)
        given = Headers(scope=scope).get(ID, "")
        request_id = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        started, token = time.perf_counter(), REQUEST_ID.set(request_id)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[ID] = request_id
                answer.begin(message)
            await send(message)

        spanned = nullcontext() if self._tracing is None else self._tracing.request(method)
        span: Span | None = None
        try:
            with spanned as span:
                await self.app(scope, receive, told)
        except Exception:
            answer.status = answer.status or FAULT
            raise
        finally:
            seconds = time.perf_counter() - started
            route, status = route_of(scope), answer.status or LEFT
            answer.end()
            self._meter.request(route, method, status, seconds, is_stream=answer.is_stream)
            if span is not None and self._tracing is not None:
                self._tracing.end(span, method, route, status)
            known = {"route": route, "method": method, "status": status, "seconds": round(seconds, 4)}
            _LOG.info("request", extra=known)
            REQUEST_ID.reset(token)


class _Answer:
    """An answer on its way."""

    def __init__(self, meter: Meter) -> None:
        self.status = 0
        self.is_stream = False
        self._meter = meter

    def begin(self, start: Message) -> None:
        self.status = start["status"]
        self.is_stream = Headers(raw=start["headers"]).get("content-type", "").startswith("text/event-stream")
        self._meter.streams(int(self.is_stream))

    def end(self) -> None:
        self._meter.streams(-int(self.is_stream))


def route_of(scope: Any) -> str:
    """Return the route of a request that was answered, such as `/plans/{plan_id}`, never its path with ids."""
    path = getattr(scope.get("route"), "path", "")
    if path:
        return f"{scope.get('root_path', '')}{path}"
    if scope["path"] in PLAIN:
        return str(scope["path"])
    return next((room for room in ROOMS if scope["path"].startswith(room)), OTHER)
