"""What a server holds does not grow with its turns: objects of each type, and entries of caches without a limit."""

from __future__ import annotations

import functools
import gc
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from string import ascii_lowercase

import pytest
from starlette.testclient import TestClient

from aurora.evals.testing.scripted_operator import MODEL, scripted_operator
from benchmarks.web_load import question_of, script

WARM, COUNTED, TURNS_EACH = 2, 4, 3
"""Conversations before anything is counted, conversations that are counted, and turns of each."""
TURNS = COUNTED * TURNS_EACH
NEW_WORDS = map("".join, product("q", ascii_lowercase, ascii_lowercase, ("zorp",)))
"""Words that no list has."""


@pytest.fixture(params=["rules", "model"])
def talk(request, open_api, monkeypatch) -> Iterator[Callable[[int, int], None]]:
    """Return what holds conversations, each with a question of its own words in each turn, and deletes them."""
    with scripted_operator(script) as model:
        for name, value in model.environment.items():
            monkeypatch.setenv(name, value)
        api: TestClient = open_api(model=MODEL if request.param == "model" else "")
        api.headers["X-CSRF-Token"] = api.get("/api/csrf").json()["csrf_token"]

        def held(first: int, count: int) -> None:
            for number in range(first, first + count):
                session = api.post("/api/chat/sessions", json={}).json()["session_id"]
                for k in range(TURNS_EACH):
                    question, word = question_of(number, k)
                    asked = {"question": f"{question} {next(NEW_WORDS)}"}
                    answer = api.post(f"/api/chat/sessions/{session}/turns", json=asked)
                    assert word in answer.text
                    assert "event: done" in answer.text
                assert api.delete(f"/api/chat/sessions/{session}").status_code == 204

        yield held


def objects() -> Counter[str]:
    """Return how many objects there are by type; what limited caches hold is dropped first."""
    for cached in caches():
        if cached.cache_info().maxsize is not None:
            cached.cache_clear()
    gc.collect()
    return Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())


def caches() -> list[functools._lru_cache_wrapper]:
    return [o for o in gc.get_objects() if isinstance(o, functools._lru_cache_wrapper)]


def unlimited() -> dict[str, int]:
    """Return the entries of AURORA's caches without a limit."""
    functions = [(c.__wrapped__, c.cache_info()) for c in caches() if hasattr(c, "__wrapped__")]
    return {
        f"{function.__module__}.{function.__qualname__}": info.currsize
        for function, info in functions
        if info.maxsize is None and function.__module__.startswith("aurora.")
    }


def test_objects_and_caches_do_not_grow_with_the_turns(talk) -> None:
    talk(0, WARM)
    before, kept_before = objects(), unlimited()
    talk(WARM, COUNTED)
    after, kept_after = objects(), unlimited()
    grown = {kind: n - before[kind] for kind, n in after.items() if n - before[kind] >= TURNS}
    assert not grown, f"{TURNS} turns left objects behind: {grown}"
    more = {name: n for name, n in kept_after.items() if n > kept_before.get(name, n)}
    assert not more, f"caches without a limit grew: {more}"
