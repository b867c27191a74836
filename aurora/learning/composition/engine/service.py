"""The service: a folder, a port, and the engine between; one process serves all connections."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from aurora.errors import InputError, RunError
from aurora.files import locked, writing
from aurora.http.connection import Traffic
from aurora.http.listening import accept, drain, is_loopback, listen, sweep
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.endpoint import Endpoint
from aurora.learning.composition.engine.engine import Engine
from aurora.learning.composition.engine.history import History
from aurora.people import user

MAX_BODY_BYTES = 4 << 20
"""Most bytes of a request."""
HELD_BODIES = 32
"""Unfinished requests of all connections together have at most the bytes of that many longest bodies."""
MAX_CONNECTIONS = 4096
JOURNAL, LOCK, STATE = "journal.jsonl", "engine.lock", "engine.json"


class Service:
    """A deployment that listens from the beginning and answers in `serve_forever`.

    Args:
        folder: Folder of the deployment: its journal, its lock, and where it listens.
        described: Description of a new version; None: the version that served last.
        token: Secret that predictions have to carry; None for none.
        is_open: Whether others may reach the address without a token: something before it decides who may.
        who: Who starts it.
        why: Why.

    Attributes:
        url: Address of the service.

    Raises:
        InputError: The address can't be listened on, or others reach it and there is no token.
        RunError: The deployment runs already, or nothing was deployed in the folder.
        FileError: The folder can't be written.
        DataError: The journal is damaged.
    """

    def __init__(
        self,
        folder: Path,
        described: Deployment | None,
        *,
        token: str | None = None,
        is_open: bool = False,
        who: str = "",
        why: str = "",
    ) -> None:
        self._folder, self._described, self._token = folder, described, token
        self._who, self._why = who or user(), why
        self._held = ExitStack()
        with writing(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        busy = "serves this deployment already; see `aurora compose status`"
        self._held.enter_context(locked(folder / LOCK, busy=busy, error=RunError))
        try:
            self.history = History(folder / JOURNAL)
            serving = self.history.serving
            if described is None and not serving:
                raise RunError(f"nothing was deployed in {folder}; give a pipeline")
            self._settings = described or self.history.description(serving[-1])
            if not is_loopback(self._settings.host) and token is None and not is_open:
                raise InputError(
                    "an address that others reach needs a token", parameter="host", value=self._settings.host
                )
            self._socket = self._held.enter_context(listen(self._settings.host, self._settings.port))
        except BaseException:
            self._held.close()
            raise
        self.port = int(self._socket.getsockname()[1])
        host = self._settings.host
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._is_stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._is_ready = threading.Event()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def serve_forever(self) -> None:
        """Answer until `shutdown` is called or a client says so; what was asked before that is answered still.

        Raises:
            RunError: The first version can't be started.
            FileError: The folder can't be written.
        """
        try:
            asyncio.run(self._serve())
        finally:
            self._ended.set()

    def wait_ready(self, seconds: float | None = None) -> bool:
        """Wait until the service is ready or has ended; return whether it is ready."""
        while not self._is_ready.wait(0.05 if seconds is None else min(0.05, seconds)):
            if self._ended.is_set() or (seconds is not None and (seconds := seconds - 0.05) <= 0):
                return False
        return True

    def shutdown(self) -> None:
        """Let `serve_forever` end; may be called from any thread, before it begins too."""
        self._is_stopping.set()
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    def close(self) -> None:
        """Listen no more, and give up the folder."""
        self._held.close()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._is_stopping.is_set():
            self._stop.set()
        secret = secrets.token_urlsafe(32)
        engine = Engine(self.history)
        endpoint = Endpoint(engine, secret, self._token, self._stop.set)
        traffic = Traffic(
            respond=endpoint.respond,
            refuse=endpoint.refuse,
            lost=lambda status: engine.metrics.answers.update([(0, status)]),
            max_body=MAX_BODY_BYTES,
            max_held=HELD_BODIES * MAX_BODY_BYTES,
            max_connections=MAX_CONNECTIONS,
        )
        server = await accept(traffic, self._socket)
        sweeping = asyncio.create_task(sweep(traffic))
        starting = asyncio.create_task(engine.start(self._described, who=self._who, why=self._why))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                self._tell(secret)
                self._is_ready.set()
            await stopping
        finally:
            endpoint.is_ending = True
            server.close()
            starting.cancel()
            stopping.cancel()
            await drain(traffic)
            await engine.stop()
            sweeping.cancel()
            (self._folder / STATE).unlink(missing_ok=True)
        if engine.active is not None:
            self.history.add("stopped", engine.active.number, who=self._who)

    def _tell(self, secret: str) -> None:
        """Write where the service listens, for its owner alone."""
        path, partial = self._folder / STATE, self._folder / f".{STATE}"
        text = json.dumps({"pid": os.getpid(), "url": self.url, "secret": secret}) + "\n"
        with writing(path):
            partial.unlink(missing_ok=True)
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                stream.write(text)
            partial.replace(path)
