"""Every route of the API, as it is described, refuses who has no token, who comes from elsewhere, and what is too long.

The checks are those of `aurora.web.security`; this holds that no route is outside of them.
"""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import LOCAL

TOKEN = "a token of sufficient length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LONG = b'{"question": "' + b"x" * (9 << 20) + b'"}'
CHANGES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def guarded(open_api):
    return open_api(token=TOKEN)


def operations(api) -> list[tuple[str, str]]:
    """Return method and path of every operation, with names that stand for nothing."""
    described = api.get("/api/openapi.json", headers=BEARER).json()
    found = [(m.upper(), f"/api{path}") for path, item in described["paths"].items() for m in item]
    assert len(found) > 40
    return [(method, re.sub(r"\{[^}]*\}", "abcdef", path)) for method, path in found]


def test_without_the_token_nothing_is_told(guarded) -> None:
    for method, path in operations(guarded):
        for headers in ({}, {"Authorization": "Bearer another token"}, {"Cookie": "aurora_session=x.9999999999.y"}):
            answer = guarded.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"


def test_no_other_site_asks_for_a_person(guarded) -> None:
    for method, path in operations(guarded):
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
            answer = guarded.request(method, path, headers={**BEARER, **headers})
            assert answer.status_code == 403, (method, path, headers)


def test_no_change_without_the_csrf_token_of_the_visitor(open_api) -> None:
    api = open_api()
    other = open_api(sessions=api.app.state.context.settings.sessions.with_name("other.sqlite"))
    stolen = other.get("/api/csrf").json()["csrf_token"]
    for method, path in operations(api):
        for headers in ({}, {"X-CSRF-Token": stolen}):
            answer = api.request(method, path, headers={**headers, "Origin": LOCAL})
            assert (answer.status_code == 403) == (method in CHANGES), (method, path, answer.status_code)


def test_a_body_that_is_too_long_is_not_read(guarded) -> None:
    for method, path in operations(guarded):
        if method in ("POST", "PATCH"):
            answer = guarded.request(method, path, content=LONG, headers=BEARER)
            assert answer.status_code == 413, (method, path)


def test_what_belongs_to_another_visitor_is_not_there(open_api) -> None:
    api = open_api()
    api.headers["X-CSRF-Token"] = api.get("/api/csrf").json()["csrf_token"]
    session = api.post("/api/chat/sessions").json()["session_id"]
    assert api.get(f"/api/chat/sessions/{session}").status_code == 200
    api.cookies.clear()
    api.headers["X-CSRF-Token"] = api.get("/api/csrf").json()["csrf_token"]
    assert api.get(f"/api/chat/sessions/{session}").status_code == 404
    assert api.delete(f"/api/chat/sessions/{session}").status_code == 404
    assert api.get("/api/chat/sessions").json()["total"] == 0
