"""Sends requests at a fixed rate, in a process of its own, so that the server's process only serves.

Requests are bytes that were put together before, and of answers only the length is read: what the client costs is not
to be taken for the server.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

CONNECTIONS = 4
TIMEOUT = 30.0
"""Seconds for an answer."""


class Sent(NamedTuple):
    """What became of requests.

    Attributes:
        took: Seconds from when each was due to its answer.
        failed: How many failed.
        seconds: Seconds for all.
    """

    took: list[float]
    failed: int
    seconds: float


def request(path: str, parts: Sequence[bytes]) -> bytes:
    """Return a POST request as bytes.

    Args:
        path: The path.
        parts: Parts of the body.
    """
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return b"".join([f"{head}Content-Length: {sum(map(len, parts))}\r\n\r\n".encode(), *parts])


def send_requests(
    port: int,
    paths: Sequence[str],
    first: Sequence[bytes],
    rest: Sequence[bytes],
    *,
    rate: float,
    total: int,
) -> Sent:
    """Send requests to this machine whether or not earlier ones were answered.

    Each connection asks all paths in turn with one body before the next body.

    Args:
        port: Port of the server.
        paths: Paths.
        first: Beginnings of bodies, taken in turn.
        rest: Ends of bodies, taken in turn.
        rate: Requests a second; 0: as many as are answered.
        total: Number of requests.

    Returns:
        Times, failures and duration. A server that falls behind shows in the times, since they count from the planned
        moment; without a rate they count from the sending.
    """
    took, failed = [0.0] * total, [0] * CONNECTIONS
    begun = time.perf_counter() + 0.1

    def send(number: int) -> None:
        connection = None
        for k in range(number, total, CONNECTIONS):
            turn = k // CONNECTIONS
            body = turn // len(paths) * CONNECTIONS + number
            whole = request(paths[turn % len(paths)], (first[body % len(first)], rest[body % len(rest)]))
            due = begun + k / rate if rate else time.perf_counter()
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                connection = connection or socket.create_connection(("127.0.0.1", port), TIMEOUT)
                connection.sendall(whole)
                failed[number] += not _is_answered(connection)
            except OSError:
                if connection is not None:
                    connection.close()
                connection = None
                failed[number] += 1
            took[k] = time.perf_counter() - due
        if connection is not None:
            connection.close()

    threads = [threading.Thread(target=send, args=(k,)) for k in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Sent(took, sum(failed), time.perf_counter() - begun)


def _is_answered(connection: socket.socket) -> bool:
    """Read an answer; return whether its status is 200."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(1 << 18)
        if not part:
            raise OSError("the connection was closed")
        head += part
    head, _, body = head.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]) - len(body)
    while left > 0:
        part = connection.recv(min(left, 1 << 18))
        if not part:
            raise OSError("the connection was closed")
        left -= len(part)
    return head.startswith(b"HTTP/1.1 200 ")
