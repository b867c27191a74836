"""Traces for OpenTelemetry: of requests, turns and tool calls, only where the environment names a collector.

The usual variables set everything else, such as `OTEL_SERVICE_NAME` and `OTEL_EXPORTER_OTLP_HEADERS`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from aurora.errors import MissingExtraError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
NAME = "aurora"
NANOSECONDS = 1_000_000_000


def is_wanted() -> bool:
    """Return whether the environment names a collector."""
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not disabled and any(os.environ.get(name) for name in ENDPOINTS)


def start_tracing() -> Tracing | None:
    """Return what makes traces; None: the environment names no collector, and nothing is loaded or sent.

    Raises:
        MissingExtraError: The libraries of traces are not installed.
    """
    if not is_wanted():
        return None
    try:  # slow to import, where it is wanted
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{error.name} is not installed, and {ENDPOINTS[0]} asks for traces; install it with: "
            "pip install 'aurora-alloc[otel]', or unset the variable",
            name=error.name or NAME,
            extra="otel",
        ) from None
    service = os.environ.get("OTEL_SERVICE_NAME", NAME)
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)  # the MCP SDK's spans go there too
    return Tracing(provider)


class Tracing:
    """Makes traces.

    Args:
        provider: Provider of OpenTelemetry's SDK.
    """

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(NAME)

    @contextmanager
    def request(self, method: str) -> Iterator[Span]:
        """Trace a request; what it starts, a turn in another thread too, is a child of it. `end` ends it."""
        span = self._tracer.start_span(method, kind=SpanKind.SERVER, attributes={"http.request.method": method})
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield span
        finally:
            context.detach(token)

    def end(self, span: Span, method: str, route: str, status: int) -> None:
        """End the trace of a request; its address and body are not written."""
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:  # noqa: PLR2004  # HTTP
            span.set_status(StatusCode.ERROR)
        span.end()

    def turn(self) -> Span:
        """Begin the span of a turn, a child of the request that asks for it."""
        return self._tracer.start_span("turn")

    def end_turn(self, span: Span, end: str, *, is_error: bool) -> None:
        """End the span of a turn.

        Args:
            span: The span.
            end: How the turn ended.
            is_error: True: it failed.
        """
        span.set_attribute("end", end)
        if is_error:
            span.set_status(StatusCode.ERROR)
        span.end()

    def tool(self, turn: Span | None, tool: str, outcome: str, seconds: float) -> None:
        """Write a tool call that has just ended.

        Args:
            turn: Span of its turn; None: the turn began before anybody watched.
            tool: The tool.
            outcome: Kind of its result.
            seconds: Time that it took.
        """
        end = time.time_ns()
        span = self._tracer.start_span(
            f"tool {tool}",
            context=None if turn is None else trace.set_span_in_context(turn),
            start_time=end - int(seconds * NANOSECONDS),
            attributes={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, "outcome": outcome},
        )
        if outcome != "ok":
            span.set_status(StatusCode.ERROR)
        span.end(end)

    def close(self) -> None:
        """Send what is left."""
        shutdown = getattr(self._provider, "shutdown", None)
        if shutdown is not None:
            shutdown()
