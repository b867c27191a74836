"""An application without pages, on an own folder."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aurora.web.app import create_api
from aurora.web.context import WebContext
from aurora.web.settings import WebSettings

LOCAL = "http://localhost:8760"


@pytest.fixture
def settings(tmp_path: Path) -> WebSettings:
    return WebSettings(
        plans=tmp_path / "plans",
        sessions=tmp_path / "sessions.sqlite",
        runs=tmp_path / "runs",
    )


@pytest.fixture
def open_api(settings: WebSettings) -> Iterator[Callable[..., TestClient]]:
    """Return what opens a client of the API; its arguments are settings that differ."""
    contexts = []

    def opened(**others: object) -> TestClient:
        context = WebContext(replace(settings, **others))
        contexts.append(context)
        return TestClient(create_api(context), base_url=LOCAL, raise_server_exceptions=False)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def api(open_api: Callable[..., TestClient]) -> TestClient:
    return open_api()
