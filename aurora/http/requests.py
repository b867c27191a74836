"""Reads requests of HTTP/1.1 from the bytes of a connection, within limits."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import httptools

MAX_HEAD_BYTES = 32 << 10
"""Most bytes of an unfinished head; one that arrives in one piece may be longer, up to what is read at once."""

OK, BAD_REQUEST, UNAUTHORISED, NOT_FOUND, NOT_ALLOWED, TIMED_OUT = 200, 400, 401, 404, 405, 408
NO_LENGTH, TOO_LARGE, LONG_HEAD, FAILED, NOT_KNOWN, UNAVAILABLE = 411, 413, 431, 500, 501, 503
OTHER_KIND, UNPROCESSABLE, TOO_LATE = 415, 422, 504


class Request(NamedTuple):
    """A request that arrived whole.

    Attributes:
        method: GET, POST or another one.
        path: Path, without what follows a question mark.
        authorization: Value of that header; empty for none.
        body: The body.
        is_last: Whether the connection is to be closed after the answer.
        kind: Media type of the body, in lower case and without parameters; empty if it is not said.
    """

    method: str
    path: str
    authorization: str
    body: bytes
    is_last: bool
    kind: str = ""


class Refusal(NamedTuple):
    """What is wrong with a request; nothing after it can be read.

    Attributes:
        status: HTTP status.
        message: What to do.
    """

    status: int
    message: str


class RequestReader:
    """Reads the requests of one connection.

    Args:
        max_body: Most bytes of a body.

    Attributes:
        refusal: What was wrong with the last request; None if nothing was.
        is_within: Whether a request has begun and not ended.
        is_continue_wanted: Whether the client waits for `100 Continue` before it sends the body.
        held: Bytes of the body that arrives.
    """

    def __init__(self, max_body: int) -> None:
        self.refusal: Refusal | None = None
        self._max_body = max_body
        self._parser = httptools.HttpRequestParser(self)
        self._requests: list[Request] = []
        self._length: int | None = None
        self._head_bytes = 0
        self._clear()

    def feed(self, data: bytes) -> list[Request]:
        """Take in bytes; return the requests that are whole now."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(BAD_REQUEST, "no other protocol is spoken here")
        except httptools.HttpParserError as error:
            self._refuse(BAD_REQUEST, f"this is no HTTP/1.1: {error}")
        self._head_bytes = self._head_bytes + len(data) if self.is_within and not self._is_in_body else 0
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(LONG_HEAD, f"the head has more than {MAX_HEAD_BYTES:,} bytes")
        whole, self._requests = self._requests, []
        return whole

    def on_message_begin(self) -> None:
        """Begin a request; called by the parser, as all that follow."""
        self._clear()
        self.is_within = True

    def on_url(self, url: bytes) -> None:
        """Take in a part of the path."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header."""
        name = name.lower()
        if name == b"authorization":
            self._authorization = value.decode("latin-1")
        elif name == b"content-type":
            self._kind = value.partition(b";")[0].strip().lower().decode("latin-1")
        elif name == b"content-length":
            self._length = int(value)  # the parser lets digits pass, and one length only
        elif name == b"transfer-encoding":
            self._refuse(NO_LENGTH, "give Content-Length")
        elif name == b"expect":
            self.is_continue_wanted = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Refuse a body that is too large before it arrives."""
        self._is_in_body = True
        if self._length is None and self._parser.get_method() == b"POST":
            self._refuse(NO_LENGTH, "give Content-Length")
        elif self._length is not None and self._length > self._max_body:
            self._refuse(TOO_LARGE, f"{self._length:,} bytes; at most {self._max_body:,} are read")

    def on_body(self, part: bytes) -> None:
        """Take in a part of the body."""
        if self.refusal is None:
            self._parts.append(part)
            self.held += len(part)

    def on_message_complete(self) -> None:
        """End a request."""
        if self.refusal is None:
            self._requests.append(
                Request(
                    self._parser.get_method().decode(),
                    self._url.partition(b"?")[0].decode("latin-1"),
                    self._authorization,
                    b"".join(self._parts),
                    not self._parser.should_keep_alive(),
                    self._kind,
                )
            )
        self._clear()

    def _clear(self) -> None:
        self.is_within = self._is_in_body = self.is_continue_wanted = False
        self.held = 0
        self._url, self._authorization, self._kind = b"", "", ""
        self._length = None
        self._parts: list[bytes] = []

    def _refuse(self, status: int, message: str) -> None:
        if self.refusal is None:
            self.refusal = Refusal(status, message)
            self._parts, self.held = [], 0


def token_of(header: str) -> bytes:
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
