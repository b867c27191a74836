"""Non-conforming servers: each fault ends in an answer, a reported fallback, or a typed error."""

import gzip
import json
import re
import socket
import threading
import time

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import Field

from aurora.agents.models.budget import Budget, Purse
from aurora.agents.models.metered import metered
from aurora.agents.models.model import CallLimits, call_limits, model_name
from aurora.agents.models.structured import ask
from aurora.agents.models.wire import retry_after
from aurora.agents.roles.answers import PolicyAnswer
from aurora.errors import AnswerError, BudgetExceeded, DeclinedError, ModelError
from aurora.tools.recording import Recording
from aurora.types import Frozen
from tests.agents.models.test_metered import environment, failed, replying  # noqa: F401  # the fixture


class Sentence(Frozen):
    """A sentence."""

    text: str = Field(description="it")
    claims: list[int] = Field(description="numbers")


class NoteAnswer(Frozen):
    """Sentences."""

    sentences: list[Sentence] = Field(description="in order")


KEY = "sk-test-0123456789abcdef"
QUESTION = [SystemMessage("You explain."), HumanMessage("Explain.")]
VALUE = {"sentences": [{"text": "It was nearest.", "claims": [1]}]}
TEXT = json.dumps(VALUE)
DRAFT = '{"sentences": [{"text": "a draft", "claims": [1]}]}'


def said(content, finish="stop", usage=None, **more) -> tuple:
    counted = {"prompt_tokens": 1000, "completion_tokens": 20} if usage is None else usage
    message = {"role": "assistant", "content": content, **more}
    return 200, {}, {"choices": [{"message": message, "finish_reason": finish}], "usage": counted}


def message(blocks, stop="end_turn", **more) -> tuple:
    usage = {"input_tokens": 1000, "output_tokens": 20}
    return (
        200,
        {},
        {"type": "message", "role": "assistant", "content": blocks, "stop_reason": stop, "usage": usage, **more},
    )


def model(name: str = "openai:gpt-4o", **settings):
    made = metered(model_name(name), first_wait=0.001, **settings)
    made.longest_wait = 0.01
    return made


def answer(asked) -> str:
    return ask(asked, QUESTION, NoteAnswer, lambda a: a.sentences[0].text, temperature=0.3).value


@pytest.mark.parametrize(
    "reply",
    [
        said(f"<think>{DRAFT}</think>\n{TEXT}"),
        said(f"<think>a<think>{DRAFT}</think>{DRAFT}</think>{TEXT}"),
        said(f"{DRAFT}</think>{TEXT}"),
        said(f"<|channel|>analysis<|message|>{DRAFT}<|end|><|channel|>final<|message|>{TEXT}<|return|>"),
        said([{"type": "thinking", "thinking": [{"text": DRAFT}]}, {"type": "text", "text": TEXT}]),
        said(TEXT, reasoning_content=DRAFT),
        said(f"Gladly!\n```json\n{TEXT}\n```\nAnything else?"),
        said(f'First {{"sentences": 7}}, then {TEXT}'),
        said(TEXT, usage={"prompt_tokens": "12", "completion_tokens": None}),
        said(TEXT, usage="none"),
        said(TEXT, role="user"),
        said(TEXT, finish=None, tool_calls=None, refusal=""),
        said(json.dumps({"NoteAnswer": VALUE})),
        said(json.dumps([VALUE])),
        said(json.dumps(TEXT)),
        said(json.dumps({"name": "NoteAnswer", "arguments": VALUE})),
        said(json.dumps({"name": "NoteAnswer", "parameters": TEXT})),
        said(json.dumps({"sentences": json.dumps(VALUE["sentences"])})),
        said(None, tool_calls=[{"id": "a", "function": {"name": "NoteAnswer", "arguments": {"input": VALUE}}}]),
    ],
)
def test_an_answer_in_an_unusual_form_is_parsed(environment, reply) -> None:  # noqa: F811
    with replying(reply) as (url, seen):
        environment(url)
        assert answer(model()) == "It was nearest."
        assert len(seen) == 1


@pytest.mark.parametrize(
    ("reply", "fault", "told"),
    [
        (said(None, refusal="I can't help with that."), "refusal", "declined .*I can't help with that"),
        (said([{"type": "refusal", "refusal": "No."}]), "refusal", "declined .*No."),
        (said("I’m sorry, but I can’t assist with that request."), "refusal", "declined .*assist"),
        (said("", finish="content_filter"), "filtered", "filtered its answer"),
        (
            said("", finish="length"),
            "length",
            "limit of tokens .* reasoning.*answer_tokens.*AURORA_ANSWER_TOKENS.*length",
        ),
        (said("<think>so much", finish="length"), "length", "limit of tokens"),
        (failed(400, "policy", code="content_filter"), "filtered", "filtered the question"),
    ],
)
def test_a_declined_question_is_sent_once_and_counted(environment, reply, fault, told, tmp_path) -> None:  # noqa: F811
    with replying(reply) as (url, seen), Recording(tmp_path / "calls.jsonl") as recording:
        environment(url)
        asked = model(recording=recording)
        with pytest.raises(DeclinedError, match=told) as caught:
            answer(asked)
        assert (caught.value.fault, len(seen)) == (fault, 1)
        assert asked.purse.spent.faults == {fault: 1}
        assert asked.purse.spent.tokens_in == (1000 if reply[0] == 200 else 0)
    with Recording(tmp_path / "calls.jsonl", replaying=True) as recording:
        assert Purse(Budget(), recording).spent.requests == 1
        with pytest.raises(DeclinedError, match=told):
            answer(model(recording=recording))


def test_anthropic_refusals_and_thinking_blocks_are_handled(environment) -> None:  # noqa: F811
    thought = {"type": "thinking", "thinking": DRAFT, "signature": "c2ln"}
    use = {"type": "tool_use", "id": "t", "name": "NoteAnswer", "input": VALUE}
    with replying(message([], "refusal", stop_details={"explanation": "not that"})) as (url, _):
        environment(url)
        with pytest.raises(DeclinedError, match="not that"):
            answer(model("anthropic:claude-sonnet-4-5"))
    with replying(message([thought], "max_tokens")) as (url, _):
        environment(url)
        with pytest.raises(DeclinedError, match="limit of tokens"):
            answer(model("anthropic:claude-sonnet-4-5"))
    with replying(message([{**use, "input": {}}], "max_tokens"), message([thought, use])) as (url, seen):
        environment(url)
        assert answer(model("anthropic:claude-sonnet-4-5")) == "It was nearest."
        assert "cut off" in json.dumps(seen[1]["messages"])


@pytest.mark.parametrize(
    ("param", "words", "gone"),
    [
        ("temperature", "Unsupported value: 'temperature' does not support 0.3 with this model.", "temperature"),
        ("response_format", "This response_format type is unavailable now", "json_schema"),
        (
            "max_completion_tokens",
            "Unrecognized request argument supplied: max_completion_tokens",
            "max_completion_tokens",
        ),
        ("messages", "Unsupported value: 'messages[0].role' does not support 'system' with this model.", "system"),
        ("messages", "Conversation roles must alternate user/assistant/user/assistant/...", "system"),
    ],
)
def test_a_rejected_setting_is_omitted_for_the_session(environment, param, words, gone) -> None:  # noqa: F811
    told: list[str] = []
    with replying(failed(400, words, param=param), said(TEXT)) as (url, seen):
        environment(url)
        asked = model(limits=CallLimits(answer_tokens=500), tell=told.append)
        assert answer(asked) == "It was nearest."
        assert answer(asked) == "It was nearest."
    assert param in seen[0]
    assert all(f'"{gone}"' not in json.dumps(body.get(param, "")) for body in seen[1:])
    assert len(seen) == 3
    assert len(told) == 1
    assert f"refuses {gone}" in told[0]
    if param == "max_completion_tokens":
        assert seen[1]["max_tokens"] == 500
    if param == "response_format":
        assert seen[1]["response_format"] == {"type": "json_object"}
        assert '"sentences"' in seen[1]["messages"][0]["content"]  # the schema, which the server does not enforce


def test_a_forced_tool_that_conflicts_with_thinking_is_requested_in_the_prompt(environment) -> None:  # noqa: F811
    refused = failed(400, "Thinking may not be enabled when tool_choice forces tool use.")
    use = {"type": "tool_use", "id": "t", "name": "NoteAnswer", "input": VALUE}
    with replying(refused, message([use])) as (url, seen):
        environment(url)
        assert answer(model("anthropic:claude-sonnet-4-5")) == "It was nearest."
    assert "tool_choice" not in seen[1]
    assert "call of NoteAnswer" in json.dumps(seen[1]["system"])


@pytest.mark.parametrize(
    ("reply", "told", "requests"),
    [
        (failed(429, "You exceeded your current quota", code="insufficient_quota"), "plan and billing", 1),
        (failed(400, "Your credit balance is too low"), "plan and billing", 1),
        (failed(402, "Insufficient Balance"), "plan and billing", 1),
        (failed(529, "Overloaded"), "overloaded", 6),
        (failed(429, "Request too large on tokens per min: Limit 3, Requested 4"), "larger context", 1),
        (failed(403, "Project p does not have access to model gpt-4o"), "there is no .*check the name", 1),
        (failed(405, "Method Not Allowed"), "check the name and the address", 1),
        ((200, {}, {"error": {"message": "upstream failed", "code": 502}}), "failed .*upstream", 6),
        ((200, {}, {"choices": []}), "can't be read", 3),
        (said(""), "empty answer", 3),
        (failed(400, "max_tokens is too large: 9. This model supports at most 4"), "lower answer_tokens", 1),
    ],
)
def test_billed_failures_are_retried_less_often(environment, reply, told, requests) -> None:  # noqa: F811
    with replying(reply) as (url, seen):
        environment(url)
        asked = model()
        with pytest.raises(ModelError, match=told):
            answer(asked)
        assert len(seen) == asked.purse.spent.requests == requests


def test_the_budget_limits_requests_and_counts_billed_tokens(environment) -> None:  # noqa: F811
    with replying(said("")) as (url, seen):
        environment(url)
        asked = model(budget=Budget(calls=2))
        with pytest.raises(BudgetExceeded, match="2 calls"):
            answer(asked)
        assert len(seen) == 2
        assert (asked.purse.spent.tokens_in, asked.purse.spent.billed) == (2000, 2)
    with replying(said("")) as (url, seen):
        environment(url)
        with pytest.raises(BudgetExceeded, match="dollars"):
            answer(model(budget=Budget(dollars=0.002)))
        assert len(seen) == 1


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7", 7),
        ("1.5", 1.5),
        ("2s", 2),
        ("-3", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("Wed, 21 Oct 2015 07:28:00", 0),
        ("Wed Oct 21 07:28:00 2015", 0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Wed, 99 Foo 20151 99:99:99 +9999", None),
    ],
)
def test_retry_after_is_parsed_in_all_its_forms(written, seconds) -> None:
    assert retry_after({"retry-after": written}) == seconds
    assert retry_after({"retry-after": written, "retry-after-ms": "250"}) == 0.25


@pytest.mark.parametrize("asked", ["1e9", "Fri, 31 Dec 9999 23:59:59 GMT", "inf"])
def test_an_excessive_retry_delay_is_capped(environment, asked, monkeypatch) -> None:  # noqa: F811
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with replying(failed(429, headers={"Retry-After": asked}), said(TEXT)) as (url, _):
        environment(url)
        assert answer(metered(model_name("openai:gpt-4o"))) == "It was nearest."
    assert waits == [60]


def test_a_lone_surrogate_is_rejected_with_the_reason(environment) -> None:  # noqa: F811
    half = TEXT.replace("nearest", "nearest \\ud83d")
    with replying(said(half), said(TEXT)) as (url, seen):
        environment(url)
        assert answer(model()) == "It was nearest."
    assert "half an emoji" in seen[1]["messages"][-1]["content"]


def test_a_key_and_escape_sequences_are_never_shown(environment, monkeypatch, tmp_path) -> None:  # noqa: F811
    told = f"\x1b]0;owned\x07bad key {KEY}, \u202ealso sk-proj-abcdefgh12345678\x1b[2J"
    with replying(failed(401, told)) as (url, _), Recording(tmp_path / "calls.jsonl") as recording:
        environment(url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        with pytest.raises(ModelError, match="refused the key") as caught:
            answer(model(recording=recording))
    shown = str(caught.value)
    assert KEY not in shown
    assert "sk-proj" not in shown
    assert all(c.isprintable() for c in shown)
    with replying(said(f"my key is {KEY}")) as (url, _), Recording(tmp_path / "calls.jsonl") as recording:
        environment(url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        with pytest.raises(AnswerError):
            answer(model(recording=recording))
    assert KEY not in (tmp_path / "calls.jsonl").read_text()


def read_request(connection: socket.socket) -> None:
    """Read a whole request: closing a connection with bytes unread resets it, and the reply may be lost with it."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(1 << 16)
        if not part:
            return
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    missing = (int(length[1]) if length else 0) - len(body)
    while missing > 0:
        part = connection.recv(1 << 16)
        if not part:
            return
        missing -= len(part)


def raw_server(serve):
    """Serve connections on loopback with a given handler; yield the address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def loop() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                read_request(connection)
                serve(connection)
            except OSError:
                pass

    threading.Thread(target=loop, daemon=True).start()
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drip(data: bytes):
    def serve(connection: socket.socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    return serve


@pytest.mark.parametrize("data", [HEAD * 100, HEAD + b"Content-Length: 999\r\n\r\n" + b" " * 900], ids=["head", "body"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_slow_reply_ends_at_the_deadline(environment, data, provider) -> None:  # noqa: F811
    listening, url = raw_server(drip(data))
    with listening:
        environment(url)
        asked = model(f"{provider}:m", limits=CallLimits(seconds=0.5), budget=Budget(calls=1))
        started = time.monotonic()
        with pytest.raises(BudgetExceeded):
            answer(asked)
        assert time.monotonic() - started < 3
        assert asked.purse.spent.faults == {"timeout": 1}


@pytest.mark.parametrize(
    ("head", "body", "fault"),
    [
        (b"Content-Encoding: gzip\r\n", gzip.compress(b" " * (64 << 20)), "too large"),
        (b"", b" " * (40 << 20), "too large"),
        (b"Content-Encoding: br\r\n", b"\x00" * 9, "unreadable answer"),
        (b"Content-Encoding: gzip\r\n", b"no gzip", "unreadable answer"),
        (b"", json.dumps(said(TEXT)[2]).encode()[:-30], "connection"),
    ],
    ids=["bomb", "huge", "packing", "damaged", "cut"],
)
def test_a_reply_is_read_within_limits(environment, head, body, fault) -> None:  # noqa: F811
    length = len(body) + (30 if fault == "connection" else 0)
    data = HEAD + head + f"Content-Length: {length}\r\n\r\n".encode() + body
    listening, url = raw_server(lambda connection: connection.sendall(data))
    with listening:
        environment(url)
        asked = model(budget=Budget(calls=1))
        with pytest.raises(BudgetExceeded):
            answer(asked)
        assert asked.purse.spent.faults == {fault: 1}
        assert asked.purse.spent.billed == 1  # the server has begun to answer


def test_redirects_are_followed_at_the_same_host_only(environment) -> None:  # noqa: F811
    with replying((307, {"Location": "/v1/elsewhere"}, {}), said(TEXT)) as (url, seen):
        environment(url)
        assert answer(model()) == "It was nearest."
        assert seen[0] == seen[1]
    with replying(said(TEXT)) as (other, theirs), replying((302, {"Location": f"{other}/v1"}, {})) as (url, seen):
        environment(url)
        with pytest.raises(ModelError, match="redirects to another host"):
            answer(model())
        assert (len(seen), len(theirs)) == (1, 0)


def test_the_environment_limits_the_time_and_tokens_of_a_call(monkeypatch) -> None:
    monkeypatch.setenv("AURORA_TIMEOUT", "7.5")
    monkeypatch.setenv("AURORA_ANSWER_TOKENS", "300")
    assert call_limits() == (7.5, 300)
    assert call_limits(9, 5) == (9, 5)
    for wrong in ("0", "nan", "inf", "x", "-1"):
        monkeypatch.setenv("AURORA_TIMEOUT", wrong)
        with pytest.raises(ModelError, match="AURORA_TIMEOUT is"):
            call_limits()


@pytest.mark.parametrize("key", ["sk-\u00e9", "sk-\u2013abc"])
def test_an_api_key_with_invalid_characters_is_reported(monkeypatch, key) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ModelError, match="OPENAI_API_KEY holds characters"):
        model()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "registry/gemma does not support tools"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (500, "tools param requires --jinja flag"),
        (400, "Unrecognized request argument supplied: tools"),
        (404, "No endpoints found that support tool use."),
    ],
)
def test_a_server_without_tool_support_is_called_without_tools(environment, status, words) -> None:  # noqa: F811
    from aurora.agents.models.agent import run_agent
    from aurora.tools.desk import Desk
    from aurora.tools.harness import Harness

    refusals = [failed(status, words)] * (2 if "tool choice" in words else 1)  # the first may be of the forced tool
    with replying(*refusals, said(TEXT)) as (url, seen):
        environment(url)
        harness = Harness(Desk([]), ("feature_table",))
        finished = run_agent(
            model(), ("You explain.", "Explain."), NoteAnswer, lambda a: a.sentences[0].text, harness=harness
        )
    assert finished.value == "It was nearest."
    assert "takes no tools" in finished.rejected[0]
    assert "tools" not in seen[-1]


def test_an_incomplete_policy_is_rejected_after_four_attempts(environment) -> None:  # noqa: F811
    with replying(said("{}")) as (url, seen):
        environment(url)
        with pytest.raises(AnswerError, match="order: Field required"):
            ask(model(), QUESTION, PolicyAnswer, lambda a: a)
        assert len(seen) == 4


def test_a_field_that_a_server_rejects_is_omitted(environment) -> None:  # noqa: F811
    forbidden = {"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}]}
    with replying((422, {}, forbidden), (422, {}, forbidden), said(TEXT)) as (url, seen):
        environment(url)
        assert answer(model()) == "It was nearest."
    assert "response_format" not in seen[-1]


def test_a_long_wait_is_reported(environment, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr("aurora.agents.models.metered.LONG_WAIT", 0.001)
    told: list[str] = []
    with replying(failed(429, "slow down", headers={"Retry-After": "3600"}), said(TEXT)) as (url, _):
        environment(url)
        assert answer(model(tell=told.append)) == "It was nearest."
    assert "slow down" in told[0]
    assert "request 2 of at most 6" in told[0]
