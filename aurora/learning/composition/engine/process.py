"""The engine's side of one worker process: starts it, hands it batches, sees it end, kills it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import IO, Any

from aurora.errors import DataError
from aurora.learning.composition.engine.frames import Frame, FrameReader, Kind
from aurora.learning.composition.engine.worker import Ready, Start

_MODULE = "aurora.learning.composition.engine.worker"
_ROOT = str(Path(__file__).parents[4])
_LAST_WORDS = 400
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class State(Enum):
    """What a worker does."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    GONE = "gone"


class Process(asyncio.Protocol):
    """A worker process.

    Args:
        start: What it is to load.
        seconds: Longest time until it is ready.
        on_ready: Called when it has loaded and warmed up.
        on_gone: Called once when it has ended, with the reason.

    Attributes:
        state: What it does.
        ready: What it has loaded; None while it starts.
        pid: Its process id.
        last_seen: Time by the loop's clock of its last message.
    """

    def __init__(
        self,
        start: Start,
        seconds: float,
        on_ready: Callable[[Process], None],
        on_gone: Callable[[Process, str], None],
    ) -> None:
        self.state = State.STARTING
        self.ready: Ready | None = None
        self._loop = asyncio.get_running_loop()
        self.last_seen = self._loop.time()
        self._on_ready, self._on_gone = on_ready, on_gone
        self._reader = FrameReader()
        self._done: Callable[[Frame | str], None] | None = None
        self._reason = ""
        self._transport: asyncio.Transport | None = None
        self._number = 0
        ours, theirs = socket.socketpair()
        with theirs:
            # -P: nothing of the working folder is imported
            self._popen = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,
            )
        self.pid = self._popen.pid
        self._words = bytearray()
        assert self._popen.stderr is not None
        self._errors: IO[bytes] = self._popen.stderr
        os.set_blocking(self._errors.fileno(), False)
        self._loop.add_reader(self._errors.fileno(), self._hear)
        self._timer = self._loop.call_later(seconds, self.kill, f"it was not ready within {seconds:g} s")
        self._ours = ours
        self._begun = asyncio.ensure_future(self._begin(start))

    @property
    def memory(self) -> int:
        """Resident memory in bytes; 0 where it can't be read."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_bytes().split()[1]) * _PAGE
        except (OSError, IndexError):
            return 0

    def send(self, frame: Frame, seconds: float, done: Callable[[Frame | str], None]) -> None:
        """Hand a message to the idle worker.

        Args:
            frame: The message; its number is set here.
            seconds: Longest time until the answer; then the worker is killed.
            done: Called with the answer, or with the reason why the worker has ended.
        """
        assert self.state is State.IDLE
        assert self._transport is not None
        self.state, self._done = State.BUSY, done
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._timer = self._loop.call_later(seconds, self.kill, f"it did not answer within {seconds * 1000:g} ms")
        self._transport.write(frame._replace(number=self._number).encode())

    def kill(self, reason: str) -> None:
        """Kill the worker; `on_gone` is told the reason."""
        if self.state is State.GONE:
            return
        self._reason = self._reason or reason
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._finish()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take up the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take in what the worker sent."""
        try:
            frames = self._reader.feed(data)
        except DataError as error:
            self.kill(f"its messages can't be read: {error}")
            return
        for frame in frames:
            self._take(frame)

    def connection_lost(self, error: Exception | None) -> None:
        """See the worker end."""
        self._finish()

    def _take(self, frame: Frame) -> None:
        self.last_seen = self._loop.time()
        if self.state is State.STARTING and frame.kind is Kind.READY:
            self._timer.cancel()
            self.ready = json.loads(frame.payload)
            self.state = State.IDLE
            self._on_ready(self)
        elif frame.kind is Kind.FAULT and frame.rows and self.state is not State.BUSY:
            self.kill(frame.payload.decode())
        elif self.state is State.BUSY and frame.number == self._number and self._done is not None:
            self._timer.cancel()
            self.state, done, self._done = State.IDLE, self._done, None
            done(frame)
            if frame.kind is Kind.FAULT and frame.rows:
                self.kill(frame.payload.decode())

    def _finish(self) -> None:
        """End once: reap the process, tell who waits."""
        if self.state is State.GONE:
            return
        self.state = State.GONE
        self._timer.cancel()
        self._begun.cancel()
        if self._transport is not None:
            self._transport.abort()
        else:
            self._ours.close()
        self._hear()
        self._loop.remove_reader(self._errors.fileno())
        self._errors.close()
        reason = self._reason or self._end()
        if self._popen.poll() is None:
            _REAPED.add(asyncio.ensure_future(_reap(self._popen)))
        done, self._done = self._done, None
        if done is not None:
            done(reason)
        self._on_gone(self, reason)

    def _end(self) -> str:
        """Return how the process ended by itself."""
        try:
            code = self._popen.wait(0.05)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            return "it closed its connection"
        words = bytes(self._words).decode(errors="replace").strip().splitlines()
        said = f": {words[-1]}" if words else ""
        if code < 0:
            return f"it was ended by signal {-code} ({_signal_name(-code)}){said}"
        return f"it ended with code {code}{said}"

    def _hear(self) -> None:
        """Keep the end of what the worker writes to stderr."""
        with contextlib.suppress(OSError, ValueError):
            while data := self._errors.read(1 << 16):
                self._words += data
                del self._words[:-_LAST_WORDS]
            if data == b"":
                self._loop.remove_reader(self._errors.fileno())

    async def _begin(self, start: Start) -> None:
        self._ours.setblocking(False)
        await self._loop.connect_accepted_socket(lambda: self, self._ours)
        assert self._transport is not None
        self._transport.write(Frame(Kind.START, payload=json.dumps(start).encode()).encode())


_REAPED: set[asyncio.Future[None]] = set()


async def _reap(popen: subprocess.Popen[bytes]) -> None:
    """Wait for a killed process, so that no zombie is left."""
    while popen.poll() is None:
        await asyncio.sleep(0.01)
    _REAPED.difference_update({task for task in _REAPED if task.done()})


def _environment() -> dict[str, Any]:
    """Return the variables of a worker: one thread of calculation, and this copy of AURORA."""
    paths = [_ROOT, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
