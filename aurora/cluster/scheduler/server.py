"""The extender over HTTP or HTTPS.

One thread serves all connections with asyncio: a decision takes less time than handing it to another thread would, and
idle or slow clients cost memory only. There is one process, because a second one would not know the choices of the
first until the cluster tells of them, and would give the same room away twice.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import ssl
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aurora.cluster.scheduler.extender import Extender
from aurora.cluster.scheduler.metrics import Metrics
from aurora.cluster.scheduler.routes import BIND, VERBS, Routes
from aurora.errors import FileError, InputError
from aurora.http.connection import Traffic
from aurora.http.listening import accept, drain, is_loopback, listen, sweep

MAX_BODY_BYTES = 64 << 20
"""Most bytes of a request; 5,000 whole nodes have about 50 MB, their names 0.1."""
HELD_BODIES = 4
"""Unfinished requests of all connections together have at most the bytes of that many longest bodies."""
MAX_CONNECTIONS = 4096
"""Most connections at a time; others are closed at once."""
SWITCH_SECONDS = 0.0005
"""Longest time for which another thread should keep Python from the one that answers (`sys.setswitchinterval`)."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the extender is served.

    Attributes:
        host: Address to listen on.
        port: Port; 0 for any that is free.
        certificate, key: Files of the certificate and its key, PEM; None for plain HTTP.
        client_ca: File of the authority that signs certificates of clients, which are then required.
        token: Secret that requests must carry; None for none. kube-scheduler sends it as the password in `urlPrefix`.
        max_body: Most bytes of a request.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    token: str | None = None
    max_body: int = MAX_BODY_BYTES

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)


class ExtenderServer:
    """A server of one extender; listens from the beginning, answers in `serve_forever`.

    Attributes:
        metrics: Counts and times of what was answered.
        traffic: The connections, and what they share.

    Args:
        extender: The extender.
        settings: How it is served.

    Raises:
        InputError: The address can't be listened on, or it is open to others without a token or client certificates.
        FileError: A certificate or a key can't be read.
    """

    def __init__(self, extender: Extender, settings: ServerSettings = ServerSettings()) -> None:  # frozen
        if not settings.is_local and settings.token is None and settings.client_ca is None:
            raise InputError(
                "an address that others reach needs a token or client certificates",
                parameter="host",
                value=settings.host,
            )
        self.extender = extender
        self.settings = settings
        self.metrics = Metrics(VERBS if extender.binder is None else (*VERBS, BIND))
        self._tls = _tls(settings)
        self._socket = listen(settings.host, settings.port)
        self._routes = Routes(extender, self.metrics, settings.token)
        self.traffic = Traffic(
            respond=self._routes.respond,
            refuse=self._routes.refuse,
            lost=lambda status: self.metrics.count("connection", status),
            max_body=settings.max_body,
            max_held=HELD_BODIES * settings.max_body,
            max_connections=MAX_CONNECTIONS,
        )
        self._is_stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """The address of the server."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http{'s' if self._tls else ''}://{host}:{self.port}"

    def serve_forever(self) -> None:
        """Answer until `shutdown` is called; what was asked before that is answered still."""
        asyncio.run(self._serve())

    def shutdown(self) -> None:
        """Let `serve_forever` end; may be called from any thread, before it begins too."""
        self._is_stopping.set()
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._stop.set)

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._is_stopping.is_set():
            self._stop.set()
        traffic = self.traffic
        server = await accept(traffic, self._socket, self._tls)
        sweeping = asyncio.create_task(sweep(traffic))
        await self._stop.wait()
        self._routes.is_ending = True
        server.close()
        await drain(traffic)
        sweeping.cancel()


def settle_process() -> None:
    """Tune this process for short answers.

    Threads take turns more often, the collector leaves alone what is there, and as many files may be open as the
    system lets it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()


def _tls(settings: ServerSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        if settings.key is not None or settings.client_ca is not None:
            raise InputError("a key and client certificates need a certificate", parameter="certificate")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate, settings.key)
        if settings.client_ca is not None:
            context.load_verify_locations(settings.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # SSLError too
        raise FileError(
            f"the certificate {settings.certificate}, its key or the clients' authority can't be used: "
            f"{getattr(error, 'strerror', None) or error}; give PEM files that belong together"
        ) from None
    return context
