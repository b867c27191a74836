"""The API of a server about the web shop, called in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from aurora.web.app import create_api
from aurora.web.context import WebContext
from aurora.web.settings import WebSettings

BASE = "http://127.0.0.1:8760"


def settings(folder: Path, **more: Any) -> WebSettings:
    given = {"sessions": folder / "sessions.sqlite", "plans": folder / "plans", "runs": folder / "runs"} | more
    return WebSettings(**given)


def client(context: WebContext, **headers: str) -> TestClient:
    """Return a program that calls the API."""
    found = TestClient(create_api(context), base_url=BASE, raise_server_exceptions=False)
    found.headers.update({"X-CSRF-Token": "1", **headers})
    return found


@pytest.fixture
def context(tmp_path) -> Iterator[WebContext]:
    found = WebContext(settings(tmp_path))
    yield found
    found.close()


@pytest.fixture
def api(context) -> TestClient:
    return client(context)


def events_in(text: str) -> list[tuple[int, str, dict]]:
    """Return the server-sent events of a body."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found
