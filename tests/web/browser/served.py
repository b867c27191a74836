"""The web desk as a process of its own: `aurora serve` on a free port, in a folder of its own."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 120.0
"""Seconds until a server answers, on a busy machine."""
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
ROOT = Path(__file__).parents[3]
STOPPING = 20.0
"""Seconds that a server may take to end."""


@dataclass(frozen=True)
class Served:
    """A server that runs.

    Attributes:
        url: Its address.
        folder: Its working directory.
        process: Its process.
    """

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        """Return host and port."""
        return self.url.removeprefix("http://")

    @property
    def log(self) -> str:
        """Return what it wrote to its streams."""
        return (self.folder / "serve.log").read_text(errors="replace")

    def kill(self) -> None:
        """Kill it as `kill -9` does."""
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    folder: Path, *options: str, port: int | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Run `aurora serve` for the duration of a block.

    Args:
        folder: Working directory; its `runs` folder has what pages show.
        options: Options of the command.
        port: Port; None: any that is free.
        environment: Variables besides those of this process.

    Raises:
        AssertionError: It ended, or did not answer in time.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "aurora", "serve", "--port", str(port), *options]
    log = (folder / "serve.log").open("ab")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    variables = {**os.environ, "PYTHONPATH": path, "AURORA_MODEL": "", **(environment or {})}
    with log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            env=variables,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  # it calls one function of the C library
        )
    server = Served(f"http://127.0.0.1:{port}", folder, process)
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOPPING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _end_with_parent() -> None:
    """Have a process end when the tests are killed: nobody else would end it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)


def _wait(server: Served) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.log
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer in {PATIENCE:.0f} s: {server.log}")
