"""A server on loopback that answers `query_range` as Prometheus does, and fails on demand."""

import base64
import gzip
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

LIMIT = 11_000
TOKEN = "a-token"


def value(metric: dict[str, str], t: int) -> float | None:
    """A daily course; nothing in the first minutes of an hour of the series that has gaps."""
    if metric.get("gaps") and t % 3600 < 120:
        return None
    return 50 + 10 * math.sin(t / 86_400 * 2 * math.pi)


class FakePrometheus(ThreadingHTTPServer):
    """Attributes say how it behaves; `faults` are used up, one a request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.metrics: list[dict[str, str]] = [{"__name__": "cpu_percent", "host": "a"}]
        self.value: Callable[[dict[str, str], int], float | str | None] = value
        self.by_query: Callable[[str], list[tuple[dict[str, str], Callable[[int], float | None]]]] | None = None
        self.limit = LIMIT
        self.authorization: set[str] | None = None
        self.faults: list[str] = []
        self.extra: dict[str, object] = {}
        self.requests: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def fake_prometheus() -> Iterator[FakePrometheus]:
    server = FakePrometheus()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: FakePrometheus

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()}
        server = self.server
        server.requests.append({**form, "path": self.path})
        fault = server.faults.pop(0) if server.faults else ""
        if server.authorization is not None and self.headers.get("Authorization") not in server.authorization:
            return self._send(401, b"Unauthorized")
        if fault == "503":
            return self._send(503, b"<html>try later</html>")
        if fault == "429 retry-after":
            return self._send(429, b"", {"Retry-After": "0.05"})
        if fault == "429 tomorrow":
            return self._send(429, b"", {"Retry-After": "86400"})
        if fault == "silent":
            time.sleep(0.6)
            self.close_connection = True
            return None
        if fault == "drip headers":
            with suppress(OSError):
                for _ in range(40):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n"[:1] if _ else b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    self.wfile.flush()
                    time.sleep(0.05)
            self.close_connection = True
            return None
        if fault == "damaged gzip":
            return self._send(200, b"no gzip at all", {"Content-Encoding": "gzip"})
        if fault == "brotli":
            return self._send(200, b"1234", {"Content-Encoding": "br"})
        if fault == "bomb":
            return self._send(200, gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"})
        if fault == "redirect":
            return self._send(302, b"", {"Location": "http://elsewhere.example/"})
        if fault == "html":
            return self._send(200, b"<html>welcome</html>")
        if fault == "list":
            return self._send(200, b"[1, 2]")
        if fault == "deep":
            return self._send(200, b"[" * 200_000)
        if fault == "error in 200":
            return self._send(200, b'{"status": "error", "error": "no such luck"}')
        return self._answer(form, fault)

    def _answer(self, form: dict[str, str], fault: str) -> None:
        server = self.server
        start, end, step = (int(form[k]) for k in ("start", "end", "step"))
        if "(" in form["query"] and ")" not in form["query"]:
            return self._error(400, "bad_data", "parse error: unclosed left parenthesis")
        if (end - start) / step > server.limit:
            return self._error(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries")
        result = []
        every = [(m, lambda t, m=m: server.value(m, t)) for m in server.metrics]
        if server.by_query is not None:
            every = server.by_query(form["query"])
        for metric, value_at in every:
            points = [(t, value_at(t)) for t in range(start, end + 1, step)]
            values = [[t, v if isinstance(v, str) else repr(v)] for t, v in points if v is not None]
            if values:
                result.append({"metric": metric, "values": values})
        if fault == "shifted":
            result[0]["values"][0][0] += 0.5
        if fault == "vector":
            return self._json({"status": "success", "data": {"resultType": "vector", "result": []}})
        if fault == "huge number":
            result[0]["values"][0][1] = 10**400
        if fault == "odd series":
            result[0] = {"metric": {}, "values": [[start]]}
        if fault == "histogram":
            result[0]["histograms"] = []
        body = {"status": "success", "data": {"resultType": "matrix", "result": result}, **server.extra}
        return self._json(body, fault)

    def _json(self, body: dict[str, object], fault: str = "") -> None:
        self._send(200, json.dumps(body).encode(), fault=fault)

    def _error(self, status: int, kind: str, message: str) -> None:
        self._send(status, json.dumps({"status": "error", "errorType": kind, "error": message}).encode())

    def _send(self, status: int, data: bytes, headers: dict[str, str] | None = None, fault: str = "") -> None:
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(OSError):  # the client may have gone
            if fault == "cut":
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
            elif fault == "drip":
                for k in range(0, len(data), 50):
                    self.wfile.write(data[k : k + 50])
                    self.wfile.flush()
                    time.sleep(0.05)
            else:
                self.wfile.write(data)
