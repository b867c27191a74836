"""Answers requests by path: the extender's verbs, probes, and metrics."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable, Mapping

from aurora.cluster.scheduler.extender import Answer, Extender, error_body
from aurora.cluster.scheduler.metrics import Metrics
from aurora.http.connection import Later, Response
from aurora.http.requests import (
    FAILED,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_KNOWN,
    OK,
    UNAUTHORISED,
    UNAVAILABLE,
    Refusal,
    Request,
    token_of,
)

VERBS = ("filter", "prioritize")
BIND = "bind"
_PROBES = ("/healthz", "/readyz", "/metrics")
_USAGE = "POST /filter and /prioritize, with --bind also /bind; GET /healthz, /readyz and /metrics"
_LOG = logging.getLogger(__name__)


class Routes:
    """Paths of an extender.

    Args:
        extender: The extender.
        metrics: Counts what is answered.
        token: Secret that requests must carry; None for none.
    """

    def __init__(self, extender: Extender, metrics: Metrics, token: str | None) -> None:
        self.is_ending = False
        self._extender = extender
        self._metrics = metrics
        self._token = None if token is None else token.encode()
        self._verbs: Mapping[str, Callable[[bytes], Answer]] = {
            "filter": extender.filter,
            "prioritize": extender.prioritize,
        }
        if extender.binder is not None:
            self._verbs = {**self._verbs, BIND: extender.bind}

    def respond(self, request: Request) -> Response | Later:
        """Return the answer to a request; a binding waits for the cluster."""
        if request.method in ("GET", "HEAD"):
            return self._look(request)
        if request.method != "POST":
            return Response(NOT_KNOWN, error_body(_USAGE))
        started = time.perf_counter()
        verb = request.path.strip("/")

        def answer() -> Response:
            response = self._denied(request) or self._ask(verb, request.body)
            if verb in self._verbs and response.status != UNAUTHORISED:
                self._metrics.observe(verb, response.status, time.perf_counter() - started)
            if response.status not in (OK, UNAVAILABLE):
                self._metrics.count("refused", response.status)
            return response

        return Later(answer) if verb == BIND and verb in self._verbs else answer()

    def refuse(self, refusal: Refusal) -> Response:
        """Return the answer to what can't be read."""
        self._metrics.count("refused", refusal.status)
        return Response(refusal.status, error_body(refusal.message))

    def _ask(self, verb: str, body: bytes) -> Response:
        if verb not in self._verbs:
            return Response(NOT_FOUND, error_body(_USAGE))
        try:
            answer = self._verbs[verb](body)
        except Exception as error:  # a fault of ours must not end the connection without an answer
            _LOG.error("fault: %s: %s", type(error).__name__, error)
            return Response(FAILED, error_body("a fault of aurora; see its log"))
        return Response(answer.status, answer.body)

    def _look(self, request: Request) -> Response:
        path, is_ready = request.path, self._extender.is_ready and not self.is_ending
        if path not in _PROBES:
            return Response(NOT_ALLOWED if path.strip("/") in self._verbs else NOT_FOUND, error_body(_USAGE))
        if path == "/metrics":
            text = self._metrics.text(self._extender.cluster, is_ready=is_ready)
            return self._denied(request) or Response(OK, text.encode(), "text/plain; version=0.0.4")
        is_fine = path == "/healthz" or is_ready
        return Response(OK if is_fine else UNAVAILABLE, b"ok\n" if is_fine else b"stale\n", "text/plain")

    def _denied(self, request: Request) -> Response | None:
        """Return the answer to a request without the token; None if it has it, or none is needed."""
        if self._token is None or hmac.compare_digest(token_of(request.authorization), self._token):
            return None
        return Response(
            UNAUTHORISED, error_body("the token is absent or another one"), challenge='Basic realm="aurora"'
        )
