"""Traces for OpenTelemetry: of requests, turns and tool calls, only where the environment names a collector.

The usual variables set everything else, such as `OTEL_SERVICE_NAME` and `OTEL_EXPORTER_OTLP_HEADERS`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from opentelemetry import trace
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

    def begin(self, method: str) -> Span:
        """Begin the trace of a request."""
        return self._tracer.start_span(method, kind=SpanKind.SERVER, attributes={"http.request.method": method})

    def end(self, span: Span, method: str, route: str, status: int) -> None:
        """End the trace of a request; its address and body are not written."""
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:  # noqa: PLR2004  # HTTP
            span.set_status(StatusCode.ERROR)
        span.end()

    def past(self, name: str, seconds: float, attributes: Mapping[str, str], *, is_error: bool = False) -> None:
        """Write what has just ended.

        Args:
            name: Name.
            seconds: Time that it took.
            attributes: What is known of it.
            is_error: True: it failed.
        """
        end = time.time_ns()
        span = self._tracer.start_span(name, start_time=end - int(seconds * NANOSECONDS), attributes=dict(attributes))
        if is_error:
            span.set_status(StatusCode.ERROR)
        span.end(end)

    def close(self) -> None:
        """Send what is left."""
        shutdown = getattr(self._provider, "shutdown", None)
        if shutdown is not None:
            shutdown()
