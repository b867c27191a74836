"""What the checks refuse, for every route that there is."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from aurora.web.security.addresses import host_name, is_same
from aurora.web.security.limits import BODY_LIMITS, OTHER_BODY, Buckets, RateLimit, body_limit
from aurora.web.security.token import OPEN, SESSION, Secret
from aurora.web.security.visitors import VISITOR, visitor_of
from aurora.web.security.wall import secure
from aurora.web.settings import WebSettings

TOKEN = "a-token-of-a-desk-for-tests"
LOCAL = "http://localhost:8760"
FOREIGN = ("https://evil.example", "http://localhost:8761", "http://evil.localhost:8760", "null", "file://")


async def echo(request):
    return JSONResponse({"visitor": visitor_of(request), "length": len(await request.body())})


async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("welcome")
    await socket.close()


def walled(**settings) -> FastAPI:
    app = FastAPI()
    inner = Starlette(
        routes=[
            Route("/api/echo", echo, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            Route("/mcp", echo, methods=["POST"]),
            Route("/page", lambda _: PlainTextResponse("page")),
            Route("/healthz", lambda _: PlainTextResponse("ok")),
            WebSocketRoute("/_nicegui_ws/socket.io/", greet),
        ]
    )
    app.mount("/", inner)
    secure(app, WebSettings(**settings))
    return app


def client(base: str = LOCAL, **settings) -> TestClient:
    return TestClient(walled(**settings), base_url=base, follow_redirects=False)


VERBS = ("get", "post", "put", "patch", "delete")
LEAST_ROUTES = 30
"""Fewest routes of the API; a list that is shorter has missed some."""


def routes(api: TestClient) -> list[tuple[str, str]]:
    """Return method and path of every route of the application, those of mounted ones included."""
    found = [("POST", "/mcp"), ("GET", "/metrics"), ("POST", "/extender/filter"), ("GET", "/no-such-page")]
    for route in api.app.routes:
        found += [(method, route.path) for method in sorted(getattr(route, "methods", None) or ())]
        if isinstance(inner := getattr(route, "app", None), FastAPI):
            paths = inner.openapi()["paths"]
            found += [(v.upper(), route.path + p) for p, verbs in paths.items() for v in verbs if v in VERBS]
    assert len(found) > LEAST_ROUTES
    return [(method, path.replace("{", "").replace("}", "")) for method, path in found if path not in OPEN]


def csrf(browser: TestClient) -> dict[str, str]:
    return {"x-csrf-token": browser.get("/api/csrf").json()["csrf_token"]}


def test_every_route_is_refused_without_the_token(open_api):
    api = open_api(token=TOKEN)
    for method, path in routes(api):
        answer = api.request(method, path, headers={"accept": "application/json"})
        assert answer.status_code == 401, (method, path)
        assert method == "HEAD" or answer.json()["status"] == 401
        assert "www-authenticate" in answer.headers


@pytest.mark.parametrize("origin", FOREIGN)
def test_every_route_is_refused_to_a_foreign_origin(api, origin):
    for method, path in routes(api):
        assert api.request(method, path, headers={"origin": origin}).status_code == 403, (method, path)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8760", "127.0.0.1.nip.io", "x@localhost", ""])
def test_every_route_is_refused_under_another_name(api, host):
    for method, path in routes(api):
        assert api.request(method, path, headers={"host": host}).status_code == 403, (method, path, host)


def test_every_route_that_changes_something_needs_the_csrf_token(api):
    changing = [(m, p) for m, p in routes(api) if m not in {"GET", "HEAD"} and p.startswith("/api/")]
    assert len(changing) > 10
    for method, path in changing:
        answer = api.request(method, path)
        assert answer.status_code == 403, (method, path)
        assert "/api/csrf" in answer.json()["detail"]


def test_every_route_refuses_a_body_that_is_too_long(api):
    headers = csrf(api)
    for method, path in routes(api):
        if method in ("POST", "PUT", "PATCH"):
            length = str(body_limit(path) + 1)
            answer = api.request(method, path, headers={**headers, "content-length": length})
            assert answer.status_code == 413, (method, path)


def test_a_body_without_a_length_is_counted():
    browser = client()
    headers = csrf(browser)

    def parts(total: int):
        for _ in range(total // 65_536):
            yield b"x" * 65_536

    limit = body_limit("/api/echo")
    assert browser.post("/api/echo", content=parts(limit), headers=headers).json()["length"] == limit
    assert browser.post("/api/echo", content=parts(limit + 65_536), headers=headers).status_code == 413


def test_limits_of_bodies_go_by_path():
    assert body_limit("/extender/filter") > body_limit("/api/x") > body_limit("/login") == OTHER_BODY
    assert all(most > OTHER_BODY for _, most in BODY_LIMITS)


@pytest.mark.parametrize("length", ["-1", "1e3", "١٢", "0x10"])
def test_a_length_that_is_no_number_is_refused(length):
    browser = client()
    answer = browser.post("/api/echo", headers={**csrf(browser), "content-length": length.encode()})
    assert answer.status_code == 400


def test_the_bearer_token_opens_everything_and_a_wrong_one_nothing():
    desk = client(token=TOKEN)
    assert desk.get("/api/echo", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert desk.post("/api/echo", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    for wrong in (f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ", f"Basic {TOKEN}", "Bearer \xff", TOKEN):
        headers = {"authorization": wrong.encode("latin-1"), "accept": "application/json"}
        assert desk.get("/api/echo", headers=headers).status_code == 401, wrong


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_do_not_get():
    desk = client(token=TOKEN)
    assert desk.get("/page", headers={"accept": "text/html"}).headers["location"] == "/login"
    assert "Sign in" in desk.get("/login").text
    wrong = desk.post("/login", data={"token": "no"})
    assert wrong.status_code == 401
    assert "not the token" in wrong.text
    assert SESSION not in desk.cookies
    right = desk.post("/login", data={"token": TOKEN}, headers={"origin": LOCAL})
    assert right.status_code == 303
    line = right.headers["set-cookie"]
    assert "HttpOnly" in line
    assert "SameSite=Strict" in line
    assert TOKEN not in line
    assert desk.get("/page").text == "page"
    desk.post("/logout")
    assert desk.get("/page", headers={"accept": "application/json"}).status_code == 401


def test_a_session_ends_and_can_not_be_made_up():
    now = [1000.0]
    secret = Secret(TOKEN, clock=lambda: now[0])
    value = secret.session()
    assert secret.is_signed_in(value)
    text, _, code = value.rpartition(".")
    number, _, end = text.rpartition(".")
    assert not secret.is_signed_in(f"{number}.{int(end) + 1}.{code}")
    assert not secret.is_signed_in(f"{text}.{code[::-1]}")
    assert not Secret(TOKEN + "2", clock=lambda: now[0]).is_signed_in(value)
    for wrong in ("", ".", "..", "a.b.c", "é.1.x"):
        assert not secret.is_signed_in(wrong)
    now[0] += 13 * 3600
    assert not secret.is_signed_in(value)


def test_a_csrf_token_is_of_one_browser_only():
    browser, other = client(), None
    headers = csrf(browser)
    assert browser.post("/api/echo", headers=headers).status_code == 200
    assert browser.post("/api/echo").status_code == 403
    other = TestClient(browser.app, base_url=LOCAL)
    assert csrf(other) != headers
    assert other.post("/api/echo", headers=headers).status_code == 403


def test_visitors_are_told_apart_and_stay_the_same():
    browser = client()
    first = browser.get("/api/echo")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert browser.get("/api/echo").json()["visitor"] == first.json()["visitor"]
    assert "set-cookie" not in browser.get("/api/echo").headers
    other = TestClient(browser.app, base_url=LOCAL)
    assert other.get("/api/echo").json()["visitor"] != first.json()["visitor"]
    forged = TestClient(browser.app, base_url=LOCAL, cookies={VISITOR: "short"})
    assert "set-cookie" in forged.get("/api/echo").headers
    desk = client(token=TOKEN)
    shown = {"authorization": f"Bearer {TOKEN}"}
    one, two = desk.get("/api/echo", headers=shown), desk.get("/api/echo", headers=shown)
    assert one.json()["visitor"] == two.json()["visitor"]
    assert "set-cookie" not in one.headers


def test_the_socket_is_guarded_too():
    path = "/_nicegui_ws/socket.io/"
    with client().websocket_connect(path, headers={"host": "localhost:8760", "origin": LOCAL}) as socket:
        assert socket.receive_text() == "welcome"
    refused = (
        (client(), {"host": "localhost:8760", "origin": "https://evil.example"}),
        (client(), {"host": "evil.example", "origin": "https://evil.example"}),
        (client(token=TOKEN), {"host": "localhost:8760", "origin": LOCAL}),
        (client(token=TOKEN), {"host": "localhost:8760", "authorization": f"Bearer {TOKEN}x"}),
    )
    for desk, headers in refused:
        with pytest.raises(WebSocketDisconnect) as closed, desk.websocket_connect(path, headers=headers):
            pass
        assert closed.value.code == 1008


def test_another_site_may_link_to_a_page_and_nothing_else():
    browser = client()
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert browser.get("/page", headers=visit).status_code == 200
    assert browser.post("/api/echo", headers=visit).status_code == 403
    for changed in ({"sec-fetch-dest": "iframe"}, {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}):
        assert browser.get("/page", headers={**visit, **changed}).status_code == 403


def test_others_reach_an_open_desk_by_number_or_by_a_name_it_was_given():
    desk = {"host": "0.0.0.0", "token": TOKEN, "names": ("desk.example.org",)}
    shown = {"authorization": f"Bearer {TOKEN}"}
    for base, status in (
        ("http://192.0.2.7:8760", 200),
        ("http://desk.example.org", 200),
        ("http://Desk.Example.Org.:8760", 200),
        ("http://other.example.org", 403),
    ):
        assert client(base, **desk).get("/page", headers=shown).status_code == status, base


def test_names_and_origins_are_read_strictly():
    assert [host_name(h) for h in ("LOCALHOST:1", "a/b", "a?b", "[::1]", "a:b", "u:p@a")] == [
        "localhost", "", "", "::1", "", ""
    ]  # fmt: skip
    assert not is_same("http://localhost:8760/", "localhost:8760")
    assert not is_same("javascript://localhost:8760", "localhost:8760")


def test_clients_that_ask_too_often_wait():
    now = [0.0]
    buckets = Buckets(2.0, 3.0, clock=lambda: now[0])
    assert [buckets.wait("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.wait("b") == 0.0
    now[0] = 0.5
    assert buckets.wait("a") == 0.0
    assert buckets.wait("a") > 0.0


def test_guessing_the_token_is_slow():
    desk = client(token=TOKEN)
    statuses = [desk.post("/login", data={"token": str(k)}).status_code for k in range(12)]
    assert statuses[:10] == [401] * 10
    assert statuses[10:] == [429] * 2
    late = desk.post("/login", data={"token": TOKEN})
    assert int(late.headers["retry-after"]) >= 1


def test_the_rate_of_requests_is_limited_but_not_that_of_files():
    class Full(Buckets):
        def wait(self, client: str) -> float:
            return 3.0

    limit = RateLimit(walled(), Secret(""))
    limit.requests = Full(1.0, 1.0)
    browser = TestClient(limit, base_url=LOCAL)
    assert browser.get("/api/echo").status_code == 429
    assert browser.get("/api/echo").headers["retry-after"] == "3"
    assert browser.get("/_nicegui/x").status_code == 404


def test_each_session_and_the_token_have_a_rate_of_their_own_and_claims_have_none():
    """Behind a proxy all have one address: one session that asks too often does not shut the others out."""
    seen = []

    class Seen(Buckets):
        def wait(self, client: str) -> float:
            seen.append(client)
            return 0.0

    secret = Secret(TOKEN)
    limit = RateLimit(walled(), secret)
    limit.requests = Seen(1.0, 1.0)
    browser = TestClient(limit, base_url=LOCAL)
    one, other = secret.session(), secret.session()
    for headers in (
        {"authorization": f"Bearer {TOKEN}"},
        {"cookie": f"aurora_session={one}"},
        {"cookie": f"aurora_session={other}"},
        {},
        {"authorization": "Bearer made-up"},
        {"cookie": f"aurora_session={one}x"},
    ):
        browser.get("/api/echo", headers=headers)
    assert len(set(seen[:3])) == 3
    assert len(set(seen[3:])) == 1
    assert not set(seen[:3]) & set(seen[3:])


def test_answers_carry_the_headers_also_where_they_refuse():
    browser = client()
    for answer in (browser.get("/page"), browser.get("/page", headers={"host": "evil.example"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"


def test_an_answer_in_parts_is_passed_on_as_it_comes():
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for part in (b"a", b"b"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            sent.append(len(sent))
        await send({"type": "http.response.body", "body": b""})

    from aurora.web.security.headers import SecurityHeaders

    got = []

    async def send(message):
        got.append((len(sent), message["type"]))

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(SecurityHeaders(app)(scope, None, send))
    assert [n for n, kind in got if kind.endswith("body")] == [0, 1, 2]


def test_scripts_of_a_page_have_the_nonce_of_its_policy():
    from aurora.web.security.headers import SecurityHeaders

    async def app(scope, receive, send):
        headers = [(b"x-nicegui-content", b"page"), (b"content-type", b"text/html"), (b"content-length", b"26")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<script>1</script>", "more_body": True})
        await send({"type": "http.response.body", "body": b"<p>hello"})

    answer = TestClient(SecurityHeaders(app), base_url=LOCAL).get("/")
    policy = answer.headers["content-security-policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert len(nonce) > 16
    assert answer.text == f'<script nonce="{nonce}">1</script><p>hello'
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "http" not in policy.replace("https", "")


def test_an_open_address_needs_a_token(tmp_path, capsys):
    from aurora.errors import InputError
    from aurora.web.serving import serve

    with pytest.raises(InputError, match="token"):
        serve(WebSettings(host="0.0.0.0", sessions=tmp_path / "s.sqlite"))
