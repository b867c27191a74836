"""The API of a server about the web shop, called in this process."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from aurora.web.context import WebContext


@pytest.fixture
def api(open_api) -> TestClient:
    """Return a browser that calls the API, with its CSRF token."""
    found = open_api()
    found.headers["X-CSRF-Token"] = found.get("/api/csrf").json()["csrf_token"]
    return found


@pytest.fixture
def context(api) -> WebContext:
    """Return what that server shares."""
    return api.app.state.context


def events_in(text: str) -> list[tuple[int, str, dict]]:
    """Return the server-sent events of a body."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found
