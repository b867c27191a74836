"""Sends requests at a fixed rate, in a process of its own, so that the server's process only serves."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Sequence

CONNECTIONS = 4


def send_requests(
    port: int, paths: Sequence[str], bodies: Sequence[bytes], *, rate: float, total: int
) -> tuple[list[float], int, float]:
    """Send requests to this machine whether or not earlier ones were answered.

    Args:
        port: Port of the server.
        paths: Paths that are asked in turn on each connection.
        bodies: Bodies that are sent in turn.
        rate: Requests a second.
        total: Number of requests.

    Returns:
        Seconds from when each was due to its answer, how many failed, and seconds for all. A server that falls behind
        shows in the times, since they count from the planned moment.
    """
    took, failed = [0.0] * total, [0] * CONNECTIONS
    begun = time.perf_counter() + 0.1

    def send(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for k in range(first, total, CONNECTIONS):
            due = begun + k / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                connection.request("POST", paths[k // CONNECTIONS % len(paths)], bodies[k % len(bodies)])
                response = connection.getresponse()
                response.read()
                failed[first] += response.status != http.client.OK
            except (OSError, http.client.HTTPException):
                connection.close()
                failed[first] += 1
            took[k] = time.perf_counter() - due
        connection.close()

    threads = [threading.Thread(target=send, args=(k,)) for k in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took, sum(failed), time.perf_counter() - begun
