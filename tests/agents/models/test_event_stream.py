"""Event streams that a server sends without being asked for them."""

import json

from aurora.agents.models.event_stream import body_in
from tests.agents.models.test_metered import environment  # noqa: F401  # the fixture
from tests.agents.models.test_nonconforming_servers import TEXT, answer, model, raw_server


def test_an_unrequested_stream_is_read_and_charged_once(environment) -> None:  # noqa: F811
    deltas = [{"role": "assistant", "content": TEXT[:20]}, {"content": TEXT[20:]}, {}]
    events = [{"choices": [{"delta": d, "finish_reason": None if d else "stop"}], "usage": None} for d in deltas]
    events.append({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
    body = "".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    listening, url = raw_server(lambda stream: stream.sendall(head + body.encode()))
    with listening:
        environment(url)
        asked = model()
        assert answer(asked) == "It was nearest."
    assert (asked.purse.spent.requests, asked.purse.spent.tokens_in, asked.purse.spent.tokens_out) == (1, 7, 3)


def test_tool_calls_split_over_a_stream_are_joined() -> None:
    parts = [
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x"'}},
        {"index": 0, "function": {"arguments": ": 1}"}},
    ]
    events = "".join(f"data: {json.dumps({'choices': [{'delta': {'tool_calls': [p]}}]})}\n" for p in parts)
    found = body_in(events)
    assert found is not None
    assert found["choices"][0]["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"x": 1}'}
    assert found["choices"][0]["finish_reason"] == "length"  # it broke off
    assert body_in("data of another kind") is None
