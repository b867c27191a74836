"""HTTP client below the providers' clients: one deadline for the call, size limits, safe redirects, normal replies.

The providers' own clients bound each read only, follow redirects to any host, unpack bodies of any size and fail on
slightly odd replies. This one sends a request once, closes the connection at the deadline of the whole call, reads
at most `MOST_BYTES`, follows redirects within the same host only, masks keys, and passes on the reply in the form
that the clients expect. The facts it learned stand in the `Receipt` of the call.

Where the receipt names a listener, the answer is asked for as a stream, and the listener reads it while it arrives. The
providers' clients get the complete reply in any case, so that everything after them is the same with and without one.
"""

from __future__ import annotations

import json
import socket
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2

from aurora.agents.models.event_stream import EventReader, body_in
from aurora.agents.models.listening import STOPPED
from aurora.agents.models.masking import masked, one_line
from aurora.agents.models.replies import (
    OK,
    Receipt,
    Unreadable,
    anthropic_message,
    count,
    current_receipt,
    error_within,
    openai_completion,
    read_error,
    usage_in,
)
from aurora.errors import ModelError
from aurora.tools.arguments import whole_characters

MOST_BYTES = 32 << 20
"""Most bytes of a reply, after unpacking."""
MOST_REDIRECTS = 3
REDIRECTS = (301, 302, 307, 308)
ERRORS = range(400, 600)
"""HTTP statuses of errors."""
_GZIP_OR_ZLIB = 47
"""Window bits with which zlib recognises gzip and zlib by their headers."""
_CHUNK = 1 << 16


class WireClient(httpx2.Client):
    """A client for model servers; see the module.

    Args:
        seconds: Time limit of a call, from connecting to the last byte.

    Raises:
        ModelError: The environment names a proxy or certificates that can't be used.
    """

    def __init__(self, seconds: float) -> None:
        limits = httpx2.Limits(max_keepalive_connections=0)  # a connection a call, so that closing it ends that call
        try:
            super().__init__(timeout=seconds, limits=limits, follow_redirects=False)
        except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
            raise ModelError(
                f"no client can be made with what the environment says ({one_line(str(error))}); check the proxy "
                "(ALL_PROXY, HTTPS_PROXY, HTTP_PROXY: http:// only, NO_PROXY) and the certificates (SSL_CERT_FILE, "
                "SSL_CERT_DIR)"
            ) from None
        self.seconds = seconds

    def send(self, request: httpx2.Request, **_: Any) -> httpx2.Response:
        """Send a request once and return the complete reply in the form that the clients expect.

        Raises:
            httpx2.TransportError: No answer came, or none that can be read; the receipt says why.
        """
        receipt = current_receipt() or Receipt()
        request.headers["Accept-Encoding"] = "identity"
        events = None
        if receipt.listener is not None:
            request, events = _streamed(request, receipt), EventReader(receipt.listener.add)
        with _Deadline(self.seconds) as deadline:
            try:
                response, raw = self._fetch(request, receipt, deadline, events)
            except (httpx2.TransportError, OSError) as error:
                late = deadline.is_over or isinstance(error, httpx2.TimeoutException)
                fault = "timeout" if late else "connection"
                if events is not None and events.has_events and not late:
                    fault = "broken stream"
                receipt.fault = receipt.fault or fault
                receipt.detail = receipt.detail or one_line(
                    f"no whole answer in {self.seconds:g} s" if late else _why(error)
                )
                raise (httpx2.ReadTimeout if late else httpx2.ReadError)(receipt.detail, request=request) from None
        status, body = _read(request.url.path, response.status_code, raw, receipt)
        receipt.retry_after = retry_after(response.headers)
        content = json.dumps(body).encode()  # plain ASCII: httpx would write characters that UTF-8 does not have
        return httpx2.Response(status, headers={"Content-Type": "application/json"}, content=content, request=request)

    def _fetch(
        self, request: httpx2.Request, receipt: Receipt, deadline: _Deadline, events: EventReader | None
    ) -> tuple[httpx2.Response, bytes]:
        """Follow redirects and return the response with its content."""
        for _ in range(MOST_REDIRECTS + 1):
            request.extensions = {**request.extensions, "trace": deadline.trace}
            receipt.is_sent = True
            response = super().send(request, stream=True, follow_redirects=False)
            receipt.status = response.status_code
            try:
                if response.status_code not in REDIRECTS:
                    return response, _content(response, receipt, deadline, events)
            finally:
                response.close()
            request = _redirected(request, response, receipt)
        receipt.fault, receipt.detail = "redirect", f"more than {MOST_REDIRECTS} redirects"
        raise httpx2.TooManyRedirects(receipt.detail, request=request)


class _Deadline:
    """Closes the connection at the deadline, in whatever state it is."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self._streams: list[Any] = []
        self._timer = threading.Timer(seconds, self._close)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Note the connection once it is established."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._streams.append(info.get("return_value"))
            if self.is_over:
                self._close()

    def _close(self) -> None:
        for stream in self._streams:
            with suppress(Exception):  # it may be closed already, by either side
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _streamed(request: httpx2.Request, receipt: Receipt) -> httpx2.Request:
    """Return a request that asks for its answer as a stream."""
    body = {**json.loads(request.read()), "stream": True}
    if receipt.counts_stream and not request.url.path.endswith("/messages"):
        body["stream_options"] = {"include_usage": True}
    headers = {k: v for k, v in request.headers.items() if k.lower() != "content-length"}
    return httpx2.Request(
        request.method,
        request.url,
        headers=headers,
        content=json.dumps(body).encode(),
        extensions=dict(request.extensions),
    )


def _content(
    response: httpx2.Response, receipt: Receipt, deadline: _Deadline, events: EventReader | None = None
) -> bytes:
    """Read and unpack the content, within limits.

    Args:
        response: Response whose content is still to come.
        receipt: Receipt of the call.
        deadline: End of the call.
        events: Reads a stream that was asked for; what follows its end is not waited for.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    unpack: Callable[[bytes, int], bytes] = lambda data, _: data  # noqa: E731
    unpacker = None
    if encoding in ("gzip", "x-gzip", "deflate"):
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        unpack = unpacker.decompress
    elif encoding not in ("identity", ""):
        receipt.fault, receipt.detail = "unreadable answer", f"it is packed as {one_line(encoding, 40)}"
        raise httpx2.DecodingError(receipt.detail)
    read = bytearray()
    try:
        for chunk in response.iter_raw(_CHUNK if events is None else None):
            try:
                part = unpack(chunk, MOST_BYTES + 1 - len(read))
            except zlib.error as error:
                receipt.fault, receipt.detail = "unreadable answer", f"damaged {encoding}: {error}"
                raise httpx2.DecodingError(receipt.detail) from None
            read += part
            if len(read) > MOST_BYTES:
                receipt.fault, receipt.detail = "too large", f"over {MOST_BYTES >> 20} MiB"
                raise httpx2.ReadError(receipt.detail)
            if deadline.is_over:
                raise httpx2.ReadTimeout("the time of the call is up")
            if events is not None and response.status_code in OK:
                _hear(events, part, receipt)
                if events.is_over:
                    return bytes(read)
        if unpacker is not None and not unpacker.eof:
            raise httpx2.ReadError("the answer broke off")
    except (httpx2.TransportError, OSError):
        if events is None or not events.has_answered:
            raise
        return bytes(read)  # only a count of tokens, or the end mark, is missing
    if events is not None and events.has_events and not events.has_answered:
        raise httpx2.ReadError("the stream ended without a reason for its end")
    return bytes(read)


def _hear(events: EventReader, part: bytes, receipt: Receipt) -> None:
    """Pass a part of a stream on; close the connection where nobody waits for the rest.

    Raises:
        httpx2.ReadError: Nobody does.
    """
    events.feed(part)
    receipt.streamed, receipt.usage = events.text, usage_in(events.usage)
    if receipt.listener is not None and receipt.listener.has_left and not events.has_answered:
        receipt.fault, receipt.detail = STOPPED, "nobody waits for the rest"
        raise httpx2.ReadError(receipt.detail)


def _redirected(request: httpx2.Request, response: httpx2.Response, receipt: Receipt) -> httpx2.Request:
    """Return the request to the redirect's target, at the same host only, since it carries the key."""
    before = urlsplit(str(request.url))
    target = urljoin(str(request.url), response.headers.get("location", ""))
    try:
        after = urlsplit(target)
        safer = ("http", before.hostname, 80), ("https", before.hostname, 443)
        same = _origin(after) == _origin(before) or (_origin(before), _origin(after)) == safer
    except ValueError:
        same = False
    if not same or not response.headers.get("location"):
        receipt.fault, receipt.detail = "redirect", f"to {one_line(target, 120)}"
        raise httpx2.ReadError(receipt.detail, request=request)
    headers = {k: v for k, v in request.headers.items() if k.lower() != "host"}
    return httpx2.Request(
        request.method, target, headers=headers, content=request.read(), extensions=dict(request.extensions)
    )


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _read(path: str, status: int, raw: bytes, receipt: Receipt) -> tuple[int, Any]:
    """Return status and body as the clients expect them; an error in a body of status 200 gets its own status."""
    form = anthropic_message if path.endswith("/messages") else openai_completion
    text = masked(raw.decode("utf-8", errors="replace"))
    try:
        body = whole_characters(json.loads(text))
    except (ValueError, RecursionError):
        body = body_in(text) if status in OK else None
    within = error_within(body) if status in OK else 0
    if status not in OK or within:
        receipt.status = within or status
        read_error(body, text[: 1 << 16], receipt)
        if within:
            with suppress(Unreadable, TypeError, AttributeError):  # it may say what it counted all the same
                form(body, receipt)
        failed = receipt.status if receipt.status in ERRORS else 500
        return failed, {"type": "error", "error": {"type": "error", "message": receipt.message}}
    try:
        return 200, form(body, receipt)
    except Unreadable as error:
        receipt.fault = "unreadable answer"
        receipt.detail = f"{error}: {one_line(text, 120)}" if text.strip() else f"{error}: it is empty"
        return 500, {"error": {"message": receipt.detail}}


def _why(error: Exception) -> str:
    return str(error).strip() or type(error).__name__


def retry_after(headers: Any) -> float | None:
    """Return the seconds to wait by the header Retry-After (RFC 9110, section 10.2.3); None: there is none.

    Whole or fractional seconds, milliseconds in `retry-after-ms`, or a date with or without a zone (then UTC). A date
    that is past is 0.
    """
    milliseconds = count(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    written = (headers.get("retry-after") or "").strip()
    try:
        seconds = float(written.removesuffix("s"))
        return max(0.0, seconds) if seconds == seconds else None  # noqa: PLR0124  # NaN is no number of seconds
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(written)
        then = then if then.tzinfo is not None else then.replace(tzinfo=UTC)
        return max(0.0, (then - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
