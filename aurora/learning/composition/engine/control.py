"""Talks to a running deployment: status, swap, rollback, stop."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aurora.errors import InputError, RunError
from aurora.files import is_locked
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.service import LOCK, STATE
from aurora.types import Progress, no_progress

POLL_SECONDS = 0.1
_LEAST_ERROR = 400
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # what a service listens on, and where to reach it


class Control:
    """A running deployment.

    Args:
        folder: Folder of the deployment.
        token: Secret of its predictions, if it has one.

    Attributes:
        url: Address of the service.
        pid: Process id of the engine.

    Raises:
        RunError: The deployment does not run, or is starting still.
    """

    def __init__(self, folder: Path, token: str | None = None) -> None:
        if not is_running(folder):
            raise RunError(f"no deployment runs in {folder}; start it with `aurora compose deploy`")
        try:
            state = json.loads((folder / STATE).read_bytes())
        except (OSError, ValueError):
            raise RunError(f"the deployment in {folder} is starting; try again in a moment") from None
        self.url, self.pid, self._secret = str(state["url"]), int(state["pid"]), str(state["secret"])
        self._token = token

    def status(self) -> dict[str, Any]:
        """Return what serves, and how it does.

        Raises:
            RunError: The service does not answer.
            InputError: The token is absent or another one.
        """
        return self._ask("GET", "/status", None, self._token)

    def swap(self, described: Deployment, *, who: str, why: str, progress: Progress = no_progress) -> dict[str, Any]:
        """Have a new version take over; return the status after that.

        Raises:
            RunError: The new version was refused; the reason is given, and the old one goes on.
            InputError: The description is not valid.
        """
        body = {"description": described.model_dump(mode="json"), "who": who, "why": why}
        return self._change("/control/swap", body, progress)

    def roll_back(self, *, who: str, why: str, progress: Progress = no_progress) -> dict[str, Any]:
        """Return to the version before; return the status after that.

        Raises:
            RunError: There is no version before, or it can't be started.
            InputError: The request is not valid.
        """
        return self._change("/control/rollback", {"who": who, "why": why}, progress)

    def stop(self, folder: Path, seconds: float = 60.0) -> None:
        """End the service once what was asked is answered.

        Args:
            folder: Folder of the deployment.
            seconds: Longest wait.

        Raises:
            RunError: It does not end in time.
            InputError: The request is not valid.
        """
        self._ask("POST", "/control/stop", {}, self._secret)
        until = time.monotonic() + seconds
        while is_running(folder):
            if time.monotonic() > until:
                raise RunError(f"the deployment has not ended within {seconds:.0f} s; its process is {self.pid}")
            time.sleep(POLL_SECONDS)

    def _change(self, path: str, body: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        self._ask("POST", path, body, self._secret)
        while True:
            status = self.status()
            change = status["change"]
            if change["seconds"] is not None:
                break
            progress(f"version {change['version']}", 0, None, change["step"])
            time.sleep(POLL_SECONDS)
        if change["step"] == "refused":
            raise RunError(f"version {change['version']} was refused, the present one goes on: {change['detail']}")
        return status

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, secret: str | None) -> dict[str, Any]:
        place = urlsplit(self.url)
        host = place.hostname or ""
        connection = http.client.HTTPConnection(_EVERY_ADDRESS.get(host, host), place.port, timeout=60)
        headers = {"Content-Type": "application/json"}
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            data = json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RunError(f"the service at {self.url} does not answer: {error or type(error).__name__}") from None
        finally:
            connection.close()
        if response.status < _LEAST_ERROR:
            return dict(data)
        reason = str(data.get("detail", f"HTTP {response.status}"))
        raise (RunError if response.status in (409, 500, 503) else InputError)(reason)


def is_running(folder: Path) -> bool:
    """Return whether a deployment runs, or starts, in a folder."""
    return is_locked(folder / LOCK)
