"""Sends requests to a Prometheus server, with credentials, retries, and limits of time and size."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from aurora.errors import DataError, InputError

if TYPE_CHECKING:  # slow to import
    import httpx

TOKEN, USER, PASSWORD = "AURORA_PROMETHEUS_TOKEN", "AURORA_PROMETHEUS_USER", "AURORA_PROMETHEUS_PASSWORD"
"""Environment variables with credentials; a command line is visible to everyone on the machine."""
RETRYABLE_STATUSES = (429, 500, 502, 503, 504)
"""Statuses after which the same request may succeed."""
OK, UNAUTHORISED, FORBIDDEN, REDIRECTS = 200, 401, 403, range(300, 400)
CODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
"""Content codings that can be unpacked piece by piece."""
MAX_MESSAGE_CHARACTERS = 300
"""Largest number of characters that are quoted from a server's message."""


@dataclass(frozen=True, slots=True)
class Access:
    """Credentials: a bearer token, a user with a password, or none. `repr` hides the secrets."""

    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.token and self.user:
            raise InputError(f"both {TOKEN} and {USER} are set; unset one")
        if bool(self.user) != bool(self.password):
            raise InputError(f"{USER} and {PASSWORD} belong together; set both or none")
        if not self.token.isascii():
            raise InputError(f"{TOKEN} holds a character that is not ASCII; set it again")
        if any(not c.isprintable() for c in self.token + self.user + self.password):
            raise InputError(
                f"{TOKEN}, {USER} or {PASSWORD} holds a line break or another control character; remove it"
            )


def access_from_environment(variables: Mapping[str, str] = os.environ) -> Access:
    """Read credentials from the environment variables `TOKEN`, or `USER` and `PASSWORD`.

    Raises:
        InputError: The variables contradict each other.
    """
    return Access(*(variables.get(name, "").strip() for name in (TOKEN, USER, PASSWORD)))


class Limits(NamedTuple):
    """Limits of time and size for reading from a server.

    Attributes:
        timeout: Seconds for one request, from its beginning to the last byte.
        attempts: Largest number of attempts at one request.
        first_wait: Approximate seconds before the second attempt; doubled for each further one.
        longest_wait: Longest wait, seconds; the request fails if the server asks for more.
        points: Largest number of points of a series in one request; servers refuse more than 11,000.
        series: Largest number of series.
        bytes: Largest size of all answers together, unpacked, bytes.
        answer_bytes: Largest size of one answer, unpacked, bytes; for a larger one the span is halved.
    """

    timeout: float = 30.0
    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    points: int = 10_000
    series: int = 10_000
    bytes: int = 1 << 29
    answer_bytes: int = 1 << 26


class TooMuchError(DataError):
    """A request that is too large for the server; a smaller one may succeed."""


class _TryAgain(Exception):  # noqa: N818  # not an error of AURORA's own
    """A failure that may be temporary."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        self.wait = wait
        super().__init__(why)


class PrometheusServer:
    """A connection to a server, for use in a `with` block.

    Args:
        url: Address, with any path that precedes `/api/v1`.
        access: Credentials to send.
        limits: Limits of time and size.

    Raises:
        InputError: The address is not http or https, or holds a password.
    """

    def __init__(self, url: str, access: Access, limits: Limits) -> None:
        import httpx  # noqa: PLC0415  # slow to import

        try:
            parts = urlsplit(url)
        except ValueError as error:  # an IPv6 address without its bracket
            raise DataError(
                f"{url[:MAX_MESSAGE_CHARACTERS]!r} is no address of a server ({error}); write http://HOST:9090"
            ) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url[:MAX_MESSAGE_CHARACTERS]!r} is no address of a server; write http://HOST:9090")
        if parts.username is not None or parts.password is not None:
            raise DataError(f"the address of the server must not hold a password; set {USER} and {PASSWORD}")
        if parts.query or parts.fragment:
            raise DataError(f"{url[:MAX_MESSAGE_CHARACTERS]!r}: give the address without what follows ? or #")
        try:
            httpx.URL(url)
            _ = parts.port
        except (httpx.InvalidURL, ValueError) as error:
            raise InputError(f"{url[:MAX_MESSAGE_CHARACTERS]!r} is no address of a server: {error}") from None
        self.name = f"{parts.scheme}://{parts.netloc}"
        self._url = url.rstrip("/") + "/api/v1/query_range"
        self._limits = limits
        self._left = limits.bytes
        self._access = access
        self._client = self._connected()

    def _connected(self) -> httpx.Client:
        import httpx  # noqa: PLC0415  # slow to import

        headers = {"Accept-Encoding": "gzip, deflate"}
        if self._access.token:
            headers["Authorization"] = f"Bearer {self._access.token}"
        auth = httpx.BasicAuth(self._access.user, self._access.password) if self._access.user else None
        return httpx.Client(headers=headers, auth=auth, timeout=self._limits.timeout, follow_redirects=False)

    def __enter__(self) -> PrometheusServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def query_range(self, query: str, start: int, end: int, step: int) -> dict[str, Any]:
        """Return the JSON of an answer whose `status` is `success`.

        Raises:
            DataError: The server refuses, can't be reached, sends no valid answer, or sends more than the limit.
            TooMuchError: The server refuses because of the size.
        """
        form = {"query": query, "start": str(start), "end": str(end), "step": str(step)}
        limits = self._limits
        retrying = Retrying(
            stop=stop_after_attempt(limits.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(_TryAgain),
            reraise=True,
        )
        try:
            return retrying(self._once, form)
        except _TryAgain as error:
            raise DataError(f"{self.name}: {error}, {limits.attempts} times; is the server healthy?") from None

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _TryAgain) else None
        if asked is not None and asked > self._limits.longest_wait:
            raise DataError(f"{self.name} asks to come back in {asked:.0f} s; do so")
        grown = self._limits.first_wait * 2 ** (state.attempt_number - 1) * random.uniform(0.7, 1.3)
        return float(max(min(self._limits.longest_wait, grown), asked or 0.0))

    def _once(self, form: Mapping[str, str]) -> dict[str, Any]:
        import httpx  # noqa: PLC0415  # slow to import

        limit = self._limits.timeout
        if self._client.is_closed:
            self._client = self._connected()
        # A server that drips headers never exceeds the client's own timeout, which limits a single read.
        watch = threading.Timer(limit, self._client.close)
        watch.start()
        try:
            with self._client.stream("POST", self._url, data=form) as response:
                status, headers, body = response.status_code, response.headers, self._body(response)
        except httpx.TimeoutException:
            raise _TryAgain(f"no answer within {limit:g} s") from None
        except (httpx.RequestError, httpx.StreamError) as error:
            if self._client.is_closed:
                raise _TryAgain(f"no complete answer within {limit:g} s") from None
            raise _TryAgain(f"the connection failed ({error or type(error).__name__})") from None
        finally:
            watch.cancel()
        if status in REDIRECTS:
            where = headers.get("Location", "elsewhere")[:MAX_MESSAGE_CHARACTERS]
            raise DataError(f"{self.name} sends on to {where!r}; give that address (credentials are not sent along)")
        if status in (UNAUTHORISED, FORBIDDEN):
            raise DataError(f"{self.name} refuses access ({status}); set {TOKEN}, or {USER} and {PASSWORD}")
        answer = _parsed(body)
        reason = str(answer.get("error", ""))[:MAX_MESSAGE_CHARACTERS] if isinstance(answer, dict) else ""
        if status in RETRYABLE_STATUSES:
            if "too many samples" in reason:
                raise TooMuchError(f"{self.name}: {reason}")
            raise _TryAgain(f"status {status}{f' ({reason})' if reason else ''}", _seconds(headers.get("Retry-After")))
        if status != OK:
            kind = TooMuchError if "maximum resolution" in reason or "too many samples" in reason else DataError
            raise kind(f"{self.name} refuses the query with status {status}: {reason or 'no reason given'}")
        if not isinstance(answer, dict):
            raise _TryAgain("the answer is not a JSON object")
        if answer.get("status") != "success":
            raise DataError(
                f"{self.name}: status is {answer.get('status')!r}, not success: {reason or 'no reason given'}"
            )
        return answer

    def _body(self, response: httpx.Response) -> bytes:
        """Return the whole body, within the limits of time and size."""
        deadline = time.monotonic() + self._limits.timeout
        coding = response.headers.get("Content-Encoding", "identity").lower()
        if coding not in CODINGS:
            raise DataError(f"{self.name} answers in the coding {coding[:40]!r}, which was not asked for")
        size = 0
        parts: list[bytes] = []
        for part in response.iter_bytes():
            self._left -= len(part)
            if self._left < 0:
                raise DataError(
                    f"{self.name} sent more than {self._limits.bytes} bytes; ask for fewer series, a shorter time, or "
                    "a longer step"
                )
            size += len(part)
            if size > self._limits.answer_bytes:
                raise TooMuchError(f"{self.name} sent more than {self._limits.answer_bytes} bytes at once")
            if time.monotonic() > deadline:  # a server that drips never exceeds the client's own timeout
                raise _TryAgain(f"no complete answer within {self._limits.timeout:g} s")
            parts.append(part)
        return b"".join(parts)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _seconds(retry_after: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or a date (RFC 9110, section 10.2.3)."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - now()).total_seconds())
    except (ValueError, TypeError):
        return None  # an unreadable header is ignored
