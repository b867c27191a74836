"""How the server fares: metrics, logs of requests, traces, and whether it is up and ready.

Nothing is sent anywhere unless the environment says where: traces go to `OTEL_EXPORTER_OTLP_ENDPOINT`.
"""

from aurora.web.observability.adding import add_observability, watch_requests

__all__ = ["add_observability", "watch_requests"]
