"""The extender over HTTP or HTTPS.

`http.server` with a thread for each connection is enough and needs nothing installed: kube-scheduler keeps one or two
connections open, scoring releases Python's lock, and the rest of a request takes under a millisecond.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aurora.cluster.scheduler.extender import OK, UNAVAILABLE, Extender, error_body
from aurora.cluster.scheduler.metrics import Metrics
from aurora.errors import FileError, InputError

MAX_BODY_BYTES = 64 << 20
"""Most bytes of a request; 5,000 whole nodes have about 50 MB, their names 0.1."""
IDLE_SECONDS = 300.0
"""Seconds after which a connection without requests is closed."""
BODY_SECONDS = 10.0
"""Most seconds until a request has arrived whole."""
SWITCH_SECONDS = 0.0005
"""Longest time for which one request should keep Python from another (`sys.setswitchinterval`)."""
MAX_CONNECTIONS = 64
"""Most connections at a time; others are closed at once."""

UNAUTHORISED, NOT_FOUND, NOT_ALLOWED, TIMED_OUT, NO_LENGTH, TOO_LARGE, FAILED = 401, 404, 405, 408, 411, 413, 500
VERBS = ("filter", "prioritize")
_PROBES = ("/healthz", "/readyz", "/metrics")


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
        return self.host in ("127.0.0.1", "localhost", "::1")


class ExtenderServer(ThreadingHTTPServer):
    """A server of one extender.

    Args:
        extender: The extender.
        settings: How it is served.

    Raises:
        InputError: The address can't be listened on, or it is open to others without a token or client certificates.
        FileError: A certificate or a key can't be read.
    """

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, extender: Extender, settings: ServerSettings = ServerSettings()) -> None:  # frozen
        if not settings.is_local and settings.token is None and settings.client_ca is None:
            raise InputError(
                "an address that others reach needs a token or client certificates",
                parameter="host",
                value=settings.host,
            )
        self.extender = extender
        self.settings = settings
        self.metrics = Metrics(VERBS)
        self._tls = _tls(settings)
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        if ":" in settings.host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((settings.host, settings.port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(
                f"can't listen there: {reason}", parameter="host", value=f"{settings.host}:{settings.port}"
            ) from None

    @property
    def url(self) -> str:
        """The address of the server."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http{'s' if self._tls else ''}://{host}:{self.server_address[1]}"

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; the handshake of TLS is left to its thread."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(IDLE_SECONDS)
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection, or close it if there are too many."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.metrics.count("connection", UNAVAILABLE)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Count a connection that broke: clients close them when they like."""
        self.metrics.count("connection", FAILED)


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


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "aurora"
    sys_version = ""
    server: ExtenderServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path not in _PROBES:
            known = path.strip("/") in VERBS
            self._send(NOT_ALLOWED if known else NOT_FOUND, error_body(_USAGE))
        elif path == "/metrics":
            if self._is_allowed():
                extender = self.server.extender
                text = self.server.metrics.text(extender.cluster, is_ready=extender.is_ready)
                self._send(OK, text.encode(), kind="text/plain; version=0.0.4")
        else:
            is_fine = path == "/healthz" or self.server.extender.is_ready
            self._send(OK if is_fine else UNAVAILABLE, b"ok\n" if is_fine else b"stale\n", kind="text/plain")

    do_HEAD = do_GET  # noqa: N815  # the name that http.server calls

    def do_POST(self) -> None:
        started = time.perf_counter()
        verb = self.path.partition("?")[0].strip("/")
        answers: dict[str, Callable[[bytes], Any]] = {
            "filter": self.server.extender.filter,
            "prioritize": self.server.extender.prioritize,
        }
        body = self._body()
        if body is None or not self._is_allowed():
            return
        if verb not in answers:
            self._send(NOT_FOUND, error_body(_USAGE))
            return
        try:
            answer = answers[verb](body)
        except Exception as error:  # a fault of ours must not end the connection without an answer
            self.log_error("fault: %s: %s", type(error).__name__, error)
            self._send(FAILED, error_body("a fault of aurora; see its log"))
            self.server.metrics.count(verb, FAILED)
            return
        self._send(answer.status, answer.body)
        self.server.metrics.observe(verb, answer.status, time.perf_counter() - started)

    def _body(self) -> bytes | None:
        """Return the body of a request; None where it was refused."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 16):  # noqa: PLR2004  # digits
            self._refuse(NO_LENGTH, "give Content-Length")
            return None
        size = int(length)
        if size > self.server.settings.max_body:
            self._refuse(TOO_LARGE, f"{size:,} bytes; at most {self.server.settings.max_body:,} are read")
            return None
        deadline, parts = time.monotonic() + BODY_SECONDS, []
        while size > 0:
            left = deadline - time.monotonic()
            if left <= 0:
                self._refuse(TIMED_OUT, f"the request did not arrive within {BODY_SECONDS:.0f} s")
                return None
            self.connection.settimeout(left)
            try:
                part = self.rfile.read1(min(size, 1 << 20))
            except TimeoutError:
                continue
            if not part:
                self.close_connection = True
                return None
            parts.append(part)
            size -= len(part)
        self.connection.settimeout(IDLE_SECONDS)
        return b"".join(parts)

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True
        self._send(status, error_body(message))

    def _is_allowed(self) -> bool:
        """Return whether a request carries the token; answer it if not."""
        token = self.server.settings.token
        if token is None or hmac.compare_digest(_token_of(self.headers.get("Authorization", "")), token.encode()):
            return True
        self._send(UNAUTHORISED, error_body("the token is absent or another one"), challenge=True)
        return False

    def _send(self, status: int, body: bytes, *, kind: str = "application/json", challenge: bool = False) -> None:
        """Send an answer in one piece, so that nothing waits for an acknowledgement."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if challenge:
            self.send_header("WWW-Authenticate", 'Basic realm="aurora"')
        if self.close_connection:
            self.send_header("Connection", "close")
        buffered = self.wfile
        self.wfile = whole = io.BytesIO()
        self.end_headers()
        self.wfile = buffered
        self.wfile.write(whole.getvalue() + (b"" if self.command == "HEAD" else body))
        if status not in (OK, UNAVAILABLE) and self.command == "POST":
            self.server.metrics.count("refused", status)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: /metrics counts requests."""

    def log_error(self, format: str, *args: Any) -> None:
        """Write faults to stderr, without what was asked."""
        if format.startswith("fault"):
            super().log_message(format, *args)


_USAGE = "POST /filter and /prioritize; GET /healthz, /readyz and /metrics"


def _token_of(header: str) -> bytes:
    """Return the secret of an Authorization header: the bearer's, or the password of basic authentication."""
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip().encode()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""
