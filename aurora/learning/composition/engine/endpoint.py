"""Paths of the service: predictions, probes, metrics, status, and changes for who has the secret."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import orjson

from aurora.errors import AuroraError, InputError, RunError
from aurora.http.connection import Coming, Response
from aurora.http.requests import (
    BAD_REQUEST,
    FAILED,
    NOT_ALLOWED,
    NOT_FOUND,
    OK,
    OTHER_KIND,
    UNAUTHORISED,
    UNAVAILABLE,
    UNPROCESSABLE,
    Refusal,
    Request,
    token_of,
)
from aurora.learning.composition.engine.answers import Answer
from aurora.learning.composition.engine.description import read_description
from aurora.learning.composition.engine.engine import BusyError, Engine
from aurora.learning.composition.engine.graph_steps import mean_of, read_step, state_of, threshold_of
from aurora.learning.composition.engine.version import StageError, Version
from aurora.learning.composition.engine.wire import PROBLEM_JSON, answer_json, problem_json, read_items
from aurora.learning.composition.pipelines.value_types import Batch

VERSION_HEADER = "X-Aurora-Version"
ACCEPTED, CONFLICT = 202, 409
_LOG = logging.getLogger(__name__)
_USAGE = "POST /predict, /graph and /mean; GET /healthz, /readyz, /metrics and /status"
_LOOKS = ("/healthz", "/readyz", "/metrics", "/status")
_CHANGES = ("/control/swap", "/control/rollback", "/control/stop")


class Endpoint:
    """Answers the requests of the service.

    Args:
        engine: The engine.
        secret: What a change has to carry.
        token: What every other request but probes has to carry; None: nothing.
        stop: Called when the service is told to stop.

    Attributes:
        is_ending: Whether the service ends, and is not ready any more.
    """

    def __init__(self, engine: Engine, secret: str, token: str | None, stop: Callable[[], None]) -> None:
        self.is_ending = False
        self._engine = engine
        self._secret = secret.encode()
        self._token = None if token is None else token.encode()
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()

    def respond(self, request: Request) -> Response | Coming:
        """Return the answer to a request, or what will have it."""
        if request.path in _CHANGES:
            return self._change(request)
        if request.path in _LOOKS:
            return self._look(request)
        path = request.path
        work = self._predict if path == "/predict" else self._graph if path.startswith("/graph") else None
        work = self._mean if path.startswith("/mean") else work
        if work is None:
            return self._problem(NOT_FOUND, _USAGE)
        if request.method != "POST":
            return self._problem(NOT_ALLOWED, _USAGE, ("Allow", "POST"))
        if (denied := self._denied(request, self._token)) is not None:
            return denied
        if request.kind != "application/json":
            return self._problem(OTHER_KIND, "give the header Content-Type: application/json")
        if self._engine.active is None:
            return self._problem(UNAVAILABLE, "the service is not ready", ("Retry-After", "1"))
        try:
            return work(request, self._engine.active)
        except InputError as error:
            return self._problem(UNPROCESSABLE, str(error))
        except BusyError as error:
            return self._problem(UNAVAILABLE, str(error), ("Retry-After", str(error.seconds)))

    def refuse(self, refusal: Refusal) -> Response:
        """Return the answer to what can't be read."""
        return self._problem(refusal.status, refusal.message)

    def _predict(self, request: Request, version: Version) -> Coming:
        items = read_items(request.body, version.input, version.described.queue_limit)
        return self._coming(items, version, answer_json)

    def _graph(self, request: Request, version: Version) -> Response | Coming:
        """Answer as a step of a graph of services; see `graph_steps`."""
        threshold = threshold_of(request.path, "/graph")
        step = read_step(request.body)
        if not step.asked:
            return Response(OK, state_of(step, None, threshold, version.classes))
        wanted = orjson.dumps({"items": [step.items[place] for place in step.asked]})
        items = read_items(wanted, version.input, version.described.queue_limit)
        return self._coming(items, version, lambda answer: state_of(step, answer, threshold, answer.classes))

    def _mean(self, request: Request, version: Version) -> Response:
        return Response(OK, mean_of(request.body, threshold_of(request.path, "/mean")))

    def _coming(self, items: Batch, version: Version, write: Callable[[Answer], bytes]) -> Coming:
        began = time.perf_counter()
        answer = self._engine.answer(items)
        response: asyncio.Future[Response] = self._loop.create_future()

        def done(found: asyncio.Future[Answer]) -> None:
            response.set_result(self._answered(found, version.number, write))
            self._engine.metrics.seconds.observe(time.perf_counter() - began)

        answer.add_done_callback(done)
        return Coming(response)

    def _answered(self, found: asyncio.Future[Answer], number: int, write: Callable[[Answer], bytes]) -> Response:
        error = found.exception()
        header = (VERSION_HEADER, str(number))
        if error is None:
            self._engine.metrics.answers[number, OK] += 1
            return Response(OK, write(found.result()), headers=(header,))
        if isinstance(error, StageError):
            more = (("Retry-After", "1"),) if error.status == UNAVAILABLE else ()
            return self._problem(error.status, str(error), header, *more)
        _LOG.error("fault: %s: %s", type(error).__name__, error)
        return self._problem(FAILED, "a fault of aurora; see its log", header)

    def _look(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return self._problem(NOT_ALLOWED, _USAGE, ("Allow", "GET, HEAD"))
        if request.path == "/healthz":
            return Response(OK, b"ok\n", "text/plain")
        version = self._engine.active
        if request.path == "/readyz":
            is_ready = version is not None and version.is_ready and not self.is_ending
            return Response(OK if is_ready else UNAVAILABLE, b"ok\n" if is_ready else b"not ready\n", "text/plain")
        denied = self._denied(request, self._token)
        if denied is not None:
            return denied
        if request.path == "/metrics":
            return Response(OK, self._engine.text().encode(), "text/plain; version=0.0.4")
        return Response(OK, orjson.dumps(self._engine.status()))

    def _change(self, request: Request) -> Response | Coming:
        if request.method != "POST":
            return self._problem(NOT_ALLOWED, "POST changes", ("Allow", "POST"))
        denied = self._denied(request, self._secret)
        if denied is not None:
            return denied
        try:
            data = orjson.loads(request.body or b"{}")
            who, why = str(data.get("who", "")), str(data.get("why", ""))
            if request.path == "/control/stop":
                self._stop()
                return Response(ACCEPTED, b"{}")
            if request.path == "/control/swap":
                described = read_description(data.get("description", {}))
                return self._begun(self._engine.swap(described, who=who, why=why))
            return self._begun(self._engine.roll_back(who=who, why=why))
        except (orjson.JSONDecodeError, AttributeError):
            return self._problem(BAD_REQUEST, "the body is no JSON object")
        except InputError as error:
            return self._problem(UNPROCESSABLE, str(error))

    def _begun(self, work: Coroutine[Any, Any, Any]) -> Coming:
        """Begin a change; what refuses it at once is told, the rest is seen in the status."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        response: asyncio.Future[Response] = self._loop.create_future()

        def ended(done: asyncio.Task[Any]) -> None:
            self._tasks.discard(done)
            error = None if done.cancelled() else done.exception()
            if error is not None:
                _LOG.error("a change failed: %s: %s", type(error).__name__, error)
            if not response.done():
                if isinstance(error, AuroraError):
                    status = CONFLICT if isinstance(error, RunError) else FAILED
                    response.set_result(self._problem(status, str(error)))
                else:
                    response.set_result(Response(ACCEPTED, b"{}"))

        task.add_done_callback(ended)

        def accept() -> None:
            if not response.done():
                response.set_result(Response(ACCEPTED, b"{}"))

        self._loop.call_later(0.05, accept)
        return Coming(response)

    def _denied(self, request: Request, secret: bytes | None) -> Response | None:
        """Return the answer to a request without the secret; None if it has it, or none is needed."""
        if secret is None or hmac.compare_digest(token_of(request.authorization), secret):
            return None
        return self._problem(UNAUTHORISED, "the token is absent or another one", ("WWW-Authenticate", "Bearer"))

    def _problem(self, status: int, detail: str, *headers: tuple[str, str]) -> Response:
        version = self._engine.active
        self._engine.metrics.answers[0 if version is None else version.number, status] += 1
        return Response(status, problem_json(status, detail), PROBLEM_JSON, headers=headers)
