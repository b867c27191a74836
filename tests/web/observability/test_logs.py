"""Logs: lines of JSON with the id of the request, without questions and secrets."""

import io
import json
import logging

import pytest

from aurora.web.observability.logs import log_json

TOKEN = "a token of more than sixteen letters"


@pytest.fixture
def written():
    root, own = logging.getLogger(), logging.getLogger("aurora")
    before = (root.handlers[:], root.level, own.level)
    stream = io.StringIO()
    log_json("info", secrets=(TOKEN,), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])
    logging.captureWarnings(capture=False)


def test_each_request_is_a_line_with_its_id_and_no_path(open_api, written) -> None:
    with open_api(token=TOKEN) as api:
        given = {"Authorization": f"Bearer {TOKEN}", "X-Request-ID": "given-id-1"}
        api.get("/api/chat/sessions/secret-4711?token=secret-4711", headers=given)
        api.get("/metrics", headers={"Authorization": "Bearer secret-4711"})
    lines = written()
    assert "4711" not in json.dumps(lines)
    assert TOKEN not in json.dumps(lines)
    (line,) = [x for x in lines if x.get("request_id") == "given-id-1"]
    assert line["route"] == "/api/chat/sessions/{session_id}"
    assert (line["method"], line["status"], line["message"]) == ("GET", 404, "request")
    assert [x["status"] for x in lines if x.get("message") == "request"] == [404, 401]


def test_a_turn_and_its_tools_are_lines_without_the_question(open_api, written) -> None:
    with open_api() as api:
        turns = api.app.state.context.turns
        row = turns.new()
        turns.start(row.session_id, "how full is node-a1? secret-4711")
        list(turns.events(row.session_id))
    lines = written()
    assert "4711" not in json.dumps(lines)
    assert [x for x in lines if x["message"] == "turn"]
    assert [x for x in lines if x["message"] == "tool call" and x["outcome"] == "ok"]


def test_secrets_are_hidden_in_messages_and_tracebacks_and_long_ones_are_cut(written) -> None:
    log = logging.getLogger("aurora.web.somewhere")
    try:
        raise ValueError(f"the header was Bearer {TOKEN}\nand more")
    except ValueError:
        log.exception("failed with %s", TOKEN)
    log.warning("x" * 100_000)
    logging.getLogger("another.library").info("not written")
    one, two = written()
    assert TOKEN not in json.dumps(one)
    assert "ValueError" in one["traceback"]
    assert "***" in one["message"]
    assert len(two["message"]) < 21_000
