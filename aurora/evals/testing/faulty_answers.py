"""Faulty replies of model servers, drawn at random: errors, odd envelopes and contents, good answers in odd forms."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Manner = str
"""Manner of sending a reply: at once, or `silence`, `header drip`, `body drip`, `cut`."""
OVERSIZED_BYTES = 40 << 20
"""Size of an oversized reply, bytes."""
SETTINGS_SHARE, ERROR_SHARE, TRANSPORT_SHARE = 0.12, 0.22, 0.08
"""Shares of replies that refuse a setting, are errors, or fail on the way; all others are answers."""


class Reply(NamedTuple):
    """A reply to send.

    Attributes:
        kind: Name of its oddity.
        status, headers, body: HTTP status, headers and body.
        manner: Manner of sending it.
        good: Text that identifies the valid answer in it; empty: there is none.
        billed: True: a provider would bill it.
        tokens: Tokens in and out, where they are counted in full.
        is_redirected: True: the client is first redirected to another path of this server.
    """

    kind: str
    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    manner: Manner = "at once"
    good: str = ""
    billed: bool = False
    tokens: tuple[int, int] = (0, 0)
    is_redirected: bool = False


RETRY_AFTER = (
    "0.004", "0", "-3", "7s", "1e9", "nan", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000",
    "Wed, 21 Oct 2015 07:28:00", "Wed Oct 21 07:28:00 2015", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "",
    "Wed, 99 Foo 20151 99:99:99 +9999",
)  # fmt: skip
ERRORS: Mapping[str, tuple[int, Any]] = {
    "400 filtered": (400, {"error": {"message": "our content management policy", "code": "content_filter"}}),
    "400 odd": (400, {"error": {"message": "odd request"}}),
    "401": (401, {"error": {"message": "bad key"}}),
    "402": (402, {"error": {"message": "Insufficient Balance"}}),
    "404": (404, {"detail": "Not Found"}),
    "413": (413, "<html><h1>Request Entity Too Large</h1></html>"),
    "429": (429, {"error": {"message": "slow down"}}),
    "429 quota": (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    "500 html": (500, "<html>\x1b[31mInternal\x1b[0m Server Error</html>"),
    "503": (503, ""),
    "529": (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "200 with an error": (200, {"error": {"message": "upstream failed", "code": 502}}),
    "200 with html": (200, "<html>Please log in</html>"),
    "200 empty": (200, ""),
    "200 deep": (200, "[" * 100_000),
    "200 no choices": (200, {"id": "x", "choices": [], "content": None}),
    "200 null choices": (200, {"id": "x", "choices": None}),
    "200 odd shapes": (200, {"choices": [{"message": "hello"}], "content": 7}),
}  # fmt: skip
"""Status and body of replies without an answer."""


def faulty_reply(body: dict[str, Any], anthropic: bool, rng: random.Random, tag: str, key: str) -> Reply:
    """Draw a reply to a request.

    Args:
        body: Body of the request.
        anthropic: True: Anthropic's wire format; False: OpenAI's.
        rng: Random number generator.
        tag: Text that makes this reply's answer unique.
        key: The client's key, which some replies repeat.
    """
    refused = _refused_setting(body, rng)
    if refused is not None and rng.random() < SETTINGS_SHARE:
        error = {"error": {"message": refused[1], "param": refused[0], "code": "unsupported_parameter"}}
        return Reply(f"refuses {refused[0]}", 400, json.dumps(error).encode())
    drawn = rng.random()
    if drawn < ERROR_SHARE:
        return _error(rng, key)
    answer = _answer(body, anthropic, rng, tag, key)
    if drawn < ERROR_SHARE + TRANSPORT_SHARE:
        return _on_the_way(answer, rng)
    if rng.random() < 0.05:  # noqa: PLR2004  # now and then
        return answer._replace(kind=f"{answer.kind}, redirected", is_redirected=True)
    return answer


def _refused_setting(body: dict[str, Any], rng: random.Random) -> tuple[str, str] | None:
    sent = [n for n in ("temperature", "max_completion_tokens", "tool_choice", "response_format") if n in body]
    if body.get("tool_choice") in ("auto", {"type": "auto"}):
        sent.remove("tool_choice")
    if not sent:
        return None
    name = rng.choice(sent)
    messages = {
        "response_format": "This response_format type is unavailable now",
        "tool_choice": "Thinking may not be enabled when tool_choice forces tool use.",
    }
    return name, messages.get(name, f"Unsupported parameter: '{name}' is not supported with this model.")


def _error(rng: random.Random, key: str) -> Reply:
    kind = rng.choice(sorted(ERRORS))
    status, content = ERRORS[kind]
    headers = {}
    if status in (429, 503, 529) and rng.random() < 0.7:  # noqa: PLR2004  # mostly
        headers["Retry-After"] = rng.choice(RETRY_AFTER)
    if isinstance(content, dict) and rng.random() < 0.2:  # noqa: PLR2004  # now and then
        kind = f"{kind}, with the key"
        content = {
            "error": {
                "message": f"\x1b]0;owned\x07 your key {key} \x1b[2J is not right",
                "code": "x",
            }
        }
        if status == 200:  # noqa: PLR2004  # OK
            status = 500
    raw = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    billed = status == 200 and kind != "200 with an error"  # noqa: PLR2004  # OK
    return Reply(kind, status, raw, headers, billed=billed)


def _on_the_way(answer: Reply, rng: random.Random) -> Reply:
    kind = rng.choice(
        ("silence", "header drip", "body drip", "cut", "gzip", "gzip bomb", "huge", "redirect away", "other packing")
    )
    if kind in ("silence", "header drip"):
        return Reply(kind, 200, b"", manner=kind)
    if kind in ("body drip", "cut"):
        return Reply(kind, 200, answer.body, manner=kind, billed=True)
    if kind == "gzip":
        return answer._replace(
            kind=f"{answer.kind}, gzip", body=gzip.compress(answer.body), headers={"Content-Encoding": "gzip"}
        )
    if kind == "gzip bomb":
        return Reply(kind, 200, _BOMB, {"Content-Encoding": "gzip"}, billed=True)
    if kind == "huge":
        return Reply(kind, 200, _LARGE, billed=True)
    if kind == "other packing":
        return Reply(kind, 200, b"\x00" * 99, {"Content-Encoding": "br"}, billed=True)
    return Reply(kind, 302, b"", {"Location": "http://127.0.0.2:9/v1"})


_BOMB = gzip.compress(b"x" * (4 * OVERSIZED_BYTES), 9)
_LARGE = b'{"x": "' + b"x" * OVERSIZED_BYTES


def _answer(body: dict[str, Any], anthropic: bool, rng: random.Random, tag: str, key: str) -> Reply:
    """Draw an answer: text or tool calls in some form, within an envelope of some form."""
    tools = [t.get("function", t)["name"] for t in body.get("tools") or []]
    value = _value(body, tag)
    kind = rng.choice(sorted(CONTENTS))
    content, calls, more, is_good = CONTENTS[kind](value, _name(tools, body), rng, key)
    harness_tools = [t for t in tools if not t.endswith("Answer")]
    if harness_tools and rng.random() < 0.4:  # noqa: PLR2004  # a conversation has a few turns
        kind, content, calls, more, is_good = "tool calls", "", _odd_calls(harness_tools, rng), {}, False
    usage_kind, usage, tokens = _usage(rng, anthropic)
    form = _anthropic_body if anthropic else _openai_body
    raw = json.dumps(form(content, calls, more, usage, rng)).encode()
    good = tag if is_good else ""
    return Reply(
        f"{kind}; usage {usage_kind}" if usage_kind != "whole" else kind,
        200,
        raw,
        good=good,
        billed=True,
        tokens=tokens,
    )


def _name(tools: list[str], body: dict[str, Any]) -> str:
    form = ((body.get("response_format") or {}).get("json_schema") or {}).get("name")
    return form or next((t for t in tools if t.endswith("Answer")), "")


def _value(body: dict[str, Any], tag: str) -> dict[str, Any]:
    if '"sentences' in json.dumps([body.get("tools"), body.get("response_format")]) or (
        "sentences" in json.dumps(body["messages"][:1])  # the schema in words
    ):
        return {"sentences": [{"text": f"Answer {tag}.", "claims": [1]}]}
    return {
        "description": f"Answer {tag}.",
        "order": "task.submit_time",
        "admit": "1",
        "rules": [{"when": "1", "score": "-fit.cost - 0.5 * fit.latency"}],
        "head_of_line_blocking": False,
        "backfill": "none",
        "device_choice": "best_fit",
    }


Content = tuple[Any, list[dict[str, Any]], dict[str, Any], bool]
"""Content, tool calls, other fields of the message (`finish`, `refusal`, ...), and whether the answer is valid."""


def _text(write: Callable[[str], Any], good: bool = True, **more: Any) -> Callable[..., Content]:
    return lambda value, name, rng, key: (write(json.dumps(value)), [], more, good)


def _call(value: dict[str, Any], name: str, rng: random.Random, key: str) -> Content:
    call_id = rng.choice((None, "", "same", f"call_{rng.getrandbits(32):x}", 7, "x" * 400))
    arguments = rng.choice((json.dumps(value), value))
    return None, [_called(call_id, name, arguments)], {}, True


def _called(call_id: Any, name: str, arguments: Any) -> dict[str, Any]:
    return {"id": call_id, "name": name or "answer", "arguments": arguments}


DRAFT = '{"description": "a draft", "order": "task.submit_time", "sentences": []}'
CONTENTS: Mapping[str, Callable[..., Content]] = {
    "plain": _text(lambda t: t),
    "fence": _text(lambda t: f"```json\n{t}\n```"),
    "prose around": _text(lambda t: f"Gladly!\n{t}\nAnything else?"),
    "draft before": _text(lambda t: f"First I thought of {{\"order\": \"1\"}}, but:\n{t}"),
    "think": _text(lambda t: f"<think>{DRAFT}</think>\n{t}"),
    "think nested": _text(lambda t: f"<think>a <think>{DRAFT}</think> {DRAFT}</think>{t}"),
    "think opened by the template": _text(lambda t: f"{DRAFT} so\n</think>\n\n{t}"),
    "think unclosed": _text(lambda t: f"<think>{t}", good=False),
    "channels": _text(lambda t: f"<|channel|>analysis<|message|>{DRAFT}<|end|><|channel|>final<|message|>{t}"),
    "blocks": _text(lambda t: [{"type": "thinking", "thinking": [{"text": DRAFT}]}, {"type": "text", "text": t}]),
    "reasoning_content": _text(lambda t: t, reasoning_content=DRAFT),
    "tool call": _call,
    "empty": _text(lambda t: "", good=False),
    "null": _text(lambda t: None, good=False),
    "all reasoning": _text(lambda t: "", good=False, finish="length"),
    "cut text": _text(lambda t: t[: len(t) // 2], good=False, finish="length"),
    "filtered": _text(lambda t: "", good=False, finish="content_filter"),
    "refusal": _text(lambda t: None, good=False, refusal="I can't help with that."),
    "refusal in words": _text(lambda t: "I'm sorry, but I can't assist with that request.", good=False),
    "only talk": _text(lambda t: "I would rather not say.", good=False),
    "wrong types": _text(lambda t: json.dumps(dict.fromkeys(json.loads(t), 7)), good=False),
    "half emoji": _text(lambda t: t.replace("Answer", "Answer \\ud83d"), good=False),
    "escape sequences": lambda value, name, rng, key: (f"\x1b]0;owned\x07\x1b[2J {key}", [], {}, False),
    "malformed call": lambda value, name, rng, key: (None, [_called("c", name, '{"a": ')], {}, False),
    "list for arguments": lambda value, name, rng, key: (None, [_called("c", name, "[]")], {}, False),
}  # fmt: skip
"""Content of an answer by kind."""


def _odd_calls(tools: list[str], rng: random.Random) -> list[dict[str, Any]]:
    """Draw one to three tool calls, some of them invalid."""
    same = rng.choice((None, "", "same", f"c{rng.getrandbits(20)}"))

    def one() -> dict[str, Any]:
        name = rng.choice((*tools, *tools, "x" * 5000, "", "delete archive", None))
        arguments = rng.choice(
            ({}, {"expression": "fit.cost + 1", "place": "score"}, "", None, "[]", '{"a": ', 7, {"\ud83d": 1})
        )
        return {"id": same, "name": name, "arguments": arguments}

    return [one() for _ in range(rng.randint(1, 3))]


def _usage(rng: random.Random, anthropic: bool) -> tuple[str, Any, tuple[int, int]]:
    tokens_in, tokens_out = rng.randint(1, 9000), rng.randint(0, 3000)
    names = ("input_tokens", "output_tokens") if anthropic else ("prompt_tokens", "completion_tokens")
    whole = dict(zip(names, (tokens_in, tokens_out), strict=True))
    kind = rng.choice(("whole", "whole", "whole", "cached", "texts", "null", "absent", "part", "odd"))
    if kind == "cached" and anthropic:
        return (
            kind,
            {**whole, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 7},
            (tokens_in + 57, tokens_out),
        )
    if kind == "cached":
        return kind, {**whole, "prompt_tokens_details": {"cached_tokens": tokens_in // 2}}, (tokens_in, tokens_out)
    if kind == "texts":
        return kind, {k: str(v) for k, v in whole.items()}, (tokens_in, tokens_out)
    if kind == "part":
        return kind, {names[0]: tokens_in}, (tokens_in, 0)
    odd: Any = {"odd": dict.fromkeys(names, -7), "null": None, "absent": "absent"}
    return (kind, odd[kind], (0, 0)) if kind in odd else (kind, whole, (tokens_in, tokens_out))


def _openai_body(
    content: Any, calls: list[dict[str, Any]], more: dict[str, Any], usage: Any, rng: random.Random
) -> dict[str, Any]:
    role = rng.choice(("assistant", "assistant", "model", "user", None))
    message = {"role": role, "content": content, **{k: v for k, v in more.items() if k != "finish"}}
    if calls:
        message["tool_calls"] = [
            {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": _written(c, rng)}}
            for c in calls
        ]
    finish = more.get("finish", rng.choice(("stop", "tool_calls", None, "eos")))
    body = {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    return body if usage == "absent" else {**body, "usage": usage}


def _written(call: dict[str, Any], rng: random.Random) -> Any:
    """Return arguments as text, sometimes as an object."""
    arguments = call["arguments"]
    return json.dumps(arguments) if isinstance(arguments, dict) and rng.randrange(5) else arguments


def _anthropic_body(
    content: Any, calls: list[dict[str, Any]], more: dict[str, Any], usage: Any, rng: random.Random
) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = []
    if rng.random() < 0.2:  # noqa: PLR2004  # some think
        blocks.append({"type": "thinking", "thinking": "hm", "signature": "c2ln"})
    if isinstance(content, list):
        blocks += [b for b in content if b["type"] == "text"]
    elif content:
        blocks.append({"type": "text", "text": content})
    blocks += [{"type": "tool_use", "id": c["id"], "name": c["name"], "input": c["arguments"]} for c in calls]
    stop = {"length": "max_tokens", "content_filter": "refusal"}.get(
        more.get("finish", ""), rng.choice(("end_turn", "tool_use", None))
    )
    if "refusal" in more:
        stop = "refusal"
    body = {
        "id": "x",
        "type": "message",
        "role": rng.choice(("assistant", "user", None)),
        "content": blocks,
        "stop_reason": stop,
    }
    return body if usage == "absent" else {**body, "usage": usage}
