"""A scripted model for the evaluations that ask one."""

from collections.abc import Iterator

import pytest

from aurora.evals.testing.scripted_server import ScriptedServer, scripted_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with scripted_server() as opened:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{opened.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        yield opened
