"""A connection of the server: has requests answered one after the other, and keeps to limits of time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple

from aurora.http.requests import FAILED, TIMED_OUT, UNAVAILABLE, Refusal, Request, RequestReader

REQUEST_SECONDS = 10.0
"""Most seconds until a request has arrived whole, and until a client has taken an answer."""
IDLE_SECONDS = 300.0
"""Seconds after which a connection without requests is closed."""
LATER_SECONDS = 60.0
"""Most seconds for an answer that waits for others."""
LINGER_SECONDS = 1.0
"""Seconds for which a client that was refused may go on sending, so that it reads why."""


class Response(NamedTuple):
    """An answer.

    Attributes:
        status: HTTP status.
        body: The body.
        kind: Its media type.
        challenge: Value of `WWW-Authenticate`; empty for none.
        headers: Further headers.
    """

    status: int
    body: bytes
    kind: str = "application/json"
    challenge: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, *, is_last: bool, has_body: bool = True) -> bytes:
        """Return it as HTTP/1.1."""
        head = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            "Server: aurora",
            f"Date: {formatdate(usegmt=True)}",
            f"Content-Type: {self.kind}",
            f"Content-Length: {len(self.body)}",
        ]
        if self.challenge:
            head.append(f"WWW-Authenticate: {self.challenge}")
        head += [f"{name}: {value}" for name, value in self.headers]
        if is_last:
            head.append("Connection: close")
        return "\r\n".join([*head, "\r\n"]).encode() + (self.body if has_body else b"")


class Later(NamedTuple):
    """An answer that waits for others.

    Attributes:
        work: Returns it; runs in a thread of its own.
    """

    work: Callable[[], Response]


class Coming(NamedTuple):
    """An answer that other tasks of the loop will give.

    Attributes:
        answer: Has the answer when it is done; it never fails.
    """

    answer: asyncio.Future[Response]


@dataclass(slots=True)
class Traffic:
    """What the connections of a server share.

    Attributes:
        respond: Answers a request at once, or says what is to be waited for.
        refuse: Returns the answer to what can't be read.
        lost: Called with an HTTP status for a connection that is not served, or broke.
        max_body: Most bytes of a request.
        max_held: Most bytes of unfinished requests, of all connections together.
        max_connections: Most connections; others are closed at once.
        connections: Those that are open.
        held: Bytes of unfinished requests.
        is_draining: Whether connections are closed as soon as what they began is answered.
    """

    respond: Callable[[Request], Response | Later | Coming]
    refuse: Callable[[Refusal], Response]
    lost: Callable[[int], None]
    max_body: int
    max_held: int
    max_connections: int
    connections: set[Connection] = field(default_factory=set)
    held: int = 0
    is_draining: bool = False

    def expire(self, now: float) -> None:
        """End the connections whose time is over, by the clock of the loop."""
        for connection in [c for c in self.connections if c.deadline <= now]:
            connection.expire()

    def drain(self) -> None:
        """Close idle connections now, and the others when they have their answers."""
        self.is_draining = True
        for connection in list(self.connections):
            connection.close_if_idle()

    def abort(self) -> None:
        """Close all connections at once."""
        for connection in list(self.connections):
            connection.abort()


class Connection(asyncio.Protocol):
    """A connection of a client.

    Args:
        traffic: What it shares with others.

    Attributes:
        deadline: Time by the loop's clock at which it ends unless it goes on before.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(traffic.max_body)
        self._queue: deque[Request | Refusal] = deque()
        self._held = 0
        self._is_scheduled = self._is_paused = self._is_ending = self._is_half_closed = False
        self.deadline = self._loop.time() + REQUEST_SECONDS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take up a connection, or close it if there are too many."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._traffic.connections) < self._traffic.max_connections:
            self._traffic.connections.add(self)
        else:
            self._is_ending = True
            self._traffic.lost(UNAVAILABLE)
            transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget a connection."""
        if error is not None:
            self._traffic.lost(FAILED)
        self._is_ending = True
        self._queue.clear()
        self._hold(0)
        self._traffic.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take in what was sent."""
        if self._is_ending:
            return
        was_idle = not self._reader.is_within
        self._queue.extend(self._reader.feed(data))
        self._hold(self._reader.held)
        refusal = self._reader.refusal
        if refusal is None and self._traffic.held > self._traffic.max_held:
            refusal = Refusal(UNAVAILABLE, "too much has arrived in part; try again")
        if refusal is not None:
            self._queue.append(refusal)
            self._hold(0)
        elif self._reader.is_continue_wanted:
            self._reader.is_continue_wanted = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if was_idle and self._reader.is_within:
            self._wait()
        if not self._is_scheduled:
            self._answer()

    def eof_received(self) -> bool:
        """Close the connection once what was asked is answered."""
        self._is_half_closed = True
        return bool(self._queue or self._is_scheduled) and not self._is_ending

    def pause_writing(self) -> None:
        """Answer nothing more until the client has read."""
        self._is_paused = True
        self._transport.pause_reading()
        self.deadline = self._loop.time() + REQUEST_SECONDS

    def resume_writing(self) -> None:
        """Go on."""
        self._is_paused = False
        if self._is_ending:
            return
        self._wait()
        if not self._queue:
            self._transport.resume_reading()
        elif not self._is_scheduled:
            self._answer()

    def expire(self) -> None:
        """End the connection; a client that began a request is told."""
        if self._reader.is_within and not self._is_ending and not self._is_paused and not self._queue:
            self._queue.append(Refusal(TIMED_OUT, f"the request did not arrive within {REQUEST_SECONDS:.0f} s"))
            self._hold(0)
            self._answer()
        else:
            self._transport.abort()

    def close_if_idle(self) -> None:
        """Close the connection if nothing was asked."""
        if not (self._reader.is_within or self._queue or self._is_scheduled or self._is_paused or self._is_ending):
            self._is_ending = True
            self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def _answer(self) -> None:
        """Answer the next request; others of this connection wait until those of other connections had their turn."""
        self._is_scheduled = False
        if self._is_paused or self._is_ending or not self._queue:
            return
        item = self._queue.popleft()
        if isinstance(item, Refusal):
            self._end(self._traffic.refuse(item))
            return
        found = self._traffic.respond(item)
        if isinstance(found, Response):
            self._send(item, found)
            return
        self._is_scheduled = True
        self.deadline = self._loop.time() + LATER_SECONDS
        self._transport.pause_reading()
        waited = found.answer if isinstance(found, Coming) else self._loop.run_in_executor(None, found.work)
        waited.add_done_callback(lambda done: self._send(item, done.result()))

    def _send(self, request: Request, response: Response) -> None:
        """Send an answer, and go on with the next request."""
        self._is_scheduled = False
        if self._is_ending:
            return
        is_over = self._is_half_closed or (self._traffic.is_draining and not self._reader.is_within)
        is_last = request.is_last or (is_over and not self._queue)
        self._transport.write(response.encode(is_last=is_last, has_body=request.method != "HEAD"))
        if is_last:
            self._is_ending = True
            self.deadline = self._loop.time() + REQUEST_SECONDS
            self._transport.close()
        elif self._queue:
            self._is_scheduled = True
            self._transport.pause_reading()
            self._loop.call_soon(self._answer)
        elif not self._is_paused:
            self._transport.resume_reading()
            self._wait()

    def _end(self, response: Response) -> None:
        """Send a last answer; drop what still arrives, so that the client comes to read it."""
        self._is_ending = True
        self.deadline = self._loop.time() + LINGER_SECONDS
        self._transport.write(response.encode(is_last=True))
        self._transport.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _wait(self) -> None:
        """Set the time until which the client must go on."""
        self.deadline = self._loop.time() + (REQUEST_SECONDS if self._reader.is_within else IDLE_SECONDS)

    def _hold(self, held: int) -> None:
        self._traffic.held += held - self._held
        self._held = held
