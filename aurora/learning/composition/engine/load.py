"""Open-loop load: requests leave when a Poisson process says so, whether or not earlier ones were answered.

Latency counts from the planned arrival. So a service that stalls is charged for all that should have been sent
meanwhile (no coordinated omission). For services on this machine only.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools
import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.http.listening import is_loopback
from aurora.http.requests import OK

MAX_REQUESTS = 1_000_000
MAX_CONNECTIONS = 1000
_VERSION = b"x-aurora-version"

TIMER_SECONDS = 0.0015
"""A timer of the loop may ring so much later than it was set to: the rest of a pause is spent awake."""


class Quantiles(NamedTuple):
    """Quantiles of latency, in seconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, eq=False)
class LoadResult:
    """What became of the requests.

    Attributes:
        latencies: Time from the planned arrival to the whole answer, in seconds, of the requests answered with 200.
        late: Time from the planned arrival to the departure, in seconds: what the generator itself adds.
        statuses: Requests by HTTP status; 0: no answer.
        versions: Requests by the version that answered.
        faults: Requests by what was wrong with them.
        seconds: From the first planned arrival to the last answer, in seconds.
    """

    latencies: NDArray[np.float64]
    late: NDArray[np.float64]
    statuses: Counter[int]
    versions: Counter[str]
    faults: Counter[str]
    seconds: float

    @property
    def failed(self) -> int:
        """Requests that were not answered with 200, or whose answer was wrong."""
        wrong = sum(self.faults.values())
        return max(wrong, sum(count for status, count in self.statuses.items() if status != OK))

    @property
    def quantiles(self) -> Quantiles:
        """Quantiles of the latencies; not a number without any."""
        if not len(self.latencies):
            return Quantiles(np.nan, np.nan, np.nan)
        return Quantiles(*(float(q) for q in np.quantile(self.latencies, (0.5, 0.95, 0.99))))


Check = Callable[[bytes, str, bytes], str]
"""Called with a request's body, the version of the answer and its body; returns what is wrong, or an empty string."""


def poisson_arrivals(rate: float, seconds: float, seed: int) -> NDArray[np.float64]:
    """Return the times of the arrivals of a Poisson process, in seconds.

    Args:
        rate: Mean arrivals a second.
        seconds: Length of the process.
        seed: Random seed.

    Raises:
        InputError: These are more than a million arrivals, or none.
    """
    if not 0 < rate * seconds <= MAX_REQUESTS:
        raise InputError(f"give 1 to {MAX_REQUESTS:,} arrivals", parameter="rate", value=rate)
    generator = np.random.default_rng(seed)
    count = int(rate * seconds + 6 * np.sqrt(rate * seconds) + 16)
    times = np.cumsum(generator.exponential(1 / rate, count))
    return times[times < seconds]


def run_load(
    url: str, bodies: Sequence[bytes], arrivals: NDArray[np.float64], *, check: Check | None = None, grace: float = 30.0
) -> LoadResult:
    """Send requests to a service of this machine at given times, and wait for the answers.

    Args:
        url: Address of the prediction, such as `http://127.0.0.1:8770/predict`.
        bodies: Bodies of the requests, taken in turn.
        arrivals: When they leave, in seconds, ascending.
        check: Judges each answer of 200.
        grace: Longest wait for answers after the last arrival, in seconds.

    Raises:
        InputError: The address is not one of this machine.
    """
    host, port, path = _place(url)
    return asyncio.run(_Generator(host, port, path, bodies, check).run(arrivals, grace))


def run_closed(url: str, body: bytes, *, clients: int, seconds: float) -> LoadResult:
    """Have clients ask a service of this machine again as soon as they are answered: its throughput, not its latency.

    Args:
        url: Address of the prediction.
        body: Body of each request.
        clients: Number of clients, each with one request at a time.
        seconds: How long they ask.

    Raises:
        InputError: The address is not one of this machine.
    """
    host, port, path = _place(url)
    return asyncio.run(_Generator(host, port, path, [body], None).run_closed(clients, seconds))


def _place(url: str) -> tuple[str, int, str]:
    place = urlsplit(url)
    host = place.hostname or ""
    if place.scheme != "http" or not is_loopback(host):
        raise InputError("load is put on services of this machine only", parameter="url", value=url)
    return host, place.port or 80, place.path or "/"


@dataclass
class _Generator:
    host: str
    port: int
    path: str
    bodies: Sequence[bytes]
    check: Check | None
    idle: list[_Client] = field(default_factory=list)
    open: int = 0
    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    async def run(self, arrivals: NDArray[np.float64], grace: float) -> LoadResult:
        loop = asyncio.get_running_loop()
        start = loop.time() + 0.05
        tasks: set[asyncio.Task[None]] = set()
        for number, offset in enumerate(arrivals.tolist()):
            planned = start + offset
            if (pause := planned - loop.time()) > 0:
                await asyncio.sleep(max(0.0, pause - TIMER_SECONDS))
                while loop.time() < planned:
                    await asyncio.sleep(0)
            elif not number % 64:
                await asyncio.sleep(0)  # behind its plan, it still has to read answers
            task = loop.create_task(self._send(self.bodies[number % len(self.bodies)], planned))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if tasks:
            _, missing = await asyncio.wait(set(tasks), timeout=grace)
            for task in missing:
                task.cancel()
                self.statuses[0] += 1
                self.faults[f"no answer within {grace:g} s of the last arrival"] += 1
        return self._result(loop.time() - start)

    async def run_closed(self, clients: int, seconds: float) -> LoadResult:
        loop = asyncio.get_running_loop()
        start = loop.time()

        async def ask() -> None:
            while loop.time() < start + seconds:
                await self._send(self.bodies[0], loop.time())

        await asyncio.gather(*(ask() for _ in range(clients)))
        return self._result(loop.time() - start)

    def _result(self, seconds: float) -> LoadResult:
        for client in self.idle:
            client.close()
        return LoadResult(
            np.array(self.latencies), np.array(self.late), self.statuses, self.versions, self.faults, seconds
        )

    async def _send(self, body: bytes, planned: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            client = self.idle.pop() if self.idle else await self._connect()
            self.late.append(loop.time() - planned)
            status, version, answer, is_last = await client.ask(self.path, body)
        except OSError as error:
            self.statuses[0] += 1
            self.faults[f"{type(error).__name__}: {error}"] += 1
            return
        ended = loop.time()
        self.statuses[status] += 1
        self.versions[version] += 1
        if is_last:
            client.close()
        else:
            self.idle.append(client)
        if status == OK:
            self.latencies.append(ended - planned)
            wrong = "" if self.check is None else self.check(body, version, answer)
            if wrong:
                self.faults[wrong] += 1
        else:
            self.faults[f"{status}: {answer[:200].decode(errors='replace')}"] += 1

    async def _connect(self) -> _Client:
        self.open += 1
        if self.open > MAX_CONNECTIONS:
            raise ConnectionError(f"more than {MAX_CONNECTIONS} requests are open")
        _, client = await asyncio.get_running_loop().create_connection(_Client, self.host, self.port)
        return client


class _Client(asyncio.Protocol):
    """A connection that is kept; one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._waiting: asyncio.Future[tuple[int, str, bytes, bool]] | None = None

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionError("the connection was closed before the answer"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == _VERSION:
            self._version = value.decode()

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            is_last = not self._parser.should_keep_alive()
            self._waiting.set_result((self._parser.get_status_code(), self._version, self._body, is_last))

    def ask(self, path: str, body: bytes) -> asyncio.Future[tuple[int, str, bytes, bool]]:
        self._parser = httptools.HttpResponseParser(self)
        self._version, self._body = "", b""
        self._waiting = asyncio.get_running_loop().create_future()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)
        if self._transport.is_closing():
            self._waiting.set_exception(ConnectionError("the connection is closed"))
        return self._waiting

    def close(self) -> None:
        self._transport.abort()
