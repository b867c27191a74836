"""Services of trial components, in this process and in one of their own, and what is asked of them."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.service import STATE, Service

PATIENCE = 120.0


@contextmanager
def served(folder: Path, deployment: Deployment | None, **fields: Any) -> Iterator[Service]:
    with Service(folder, deployment, **fields) as service:
        thread = threading.Thread(target=service.serve_forever, daemon=True)
        thread.start()
        try:
            assert service.wait_ready(PATIENCE)
            yield service
        finally:
            service.shutdown()
            thread.join()


def ask(port: int, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    body = data if isinstance(data, bytes | None) else json.dumps(data).encode()
    connection.request(method, path, body, {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    found = response.read()
    connection.close()
    return response.status, {key.lower(): value for key, value in response.headers.items()}, found


def started(folder: Path, name: str, *words: str) -> subprocess.Popen[bytes]:
    """Start a deployment in a process of its own, and wait until it is ready."""
    (folder / name / STATE).unlink(missing_ok=True)
    command = [sys.executable, "-m", "aurora", "compose", "deploy", *words]
    process = subprocess.Popen([*command, "--name", name, "--folder", str(folder)], stderr=subprocess.PIPE)
    until = time.monotonic() + PATIENCE
    while not (folder / name / STATE).exists():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < until
        time.sleep(0.05)
    return process


def ends(pid: int, seconds: float = 20.0) -> bool:
    """Return whether a process ends in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


def stamp_fault(body: bytes, version: str, answer: bytes) -> str:
    """Return what is wrong with an answer of a deployment whose version N has the model `stamp-N`."""
    data = json.loads(answer)
    stamps = {round(one["probabilities"][1] * 1000) for one in data["answers"]}
    right = stamps == {int(version)} == {data["version"]}
    return "" if right else f"version {version} says it is {data['version']} and answers {stamps}"
