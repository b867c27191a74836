"""Reads replies of model servers in their many forms and rewrites them as the providers' clients expect.

There are two wire formats: OpenAI's chat completions and Anthropic's messages. Many servers speak them, seldom to
the letter: content as a list of blocks, arguments that are not JSON, counts as text, another role. Every known
variant is rewritten in the usual form; the rest is `Unreadable`. The facts that decide what happens next go into a
`Receipt`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from aurora.agents.models.listening import Listener
from aurora.agents.models.masking import one_line
from aurora.agents.models.thoughts import without_thoughts
from aurora.tools.arguments import arguments_in

Stop = Literal["", "length", "filter", "refusal", "error"]
OK = range(200, 300)
"""HTTP statuses of success."""
LONGEST_NAME = 64
"""Most characters of a tool's name that providers accept."""
MOST_TOKENS = 10**9
"""Largest credible count of tokens."""
_STOPS: Mapping[str, Stop] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "filter",
    "safety": "filter",
    "refusal": "refusal",
    "error": "error",
}


class Unreadable(ValueError):  # noqa: N818  # passed on as an error of the model
    """The body of a reply has no known form."""


class TokenUsage(NamedTuple):
    """Tokens of a request by the server's count; None: the server counted none.

    Attributes:
        tokens_in: Tokens of the prompt, cached or not.
        tokens_out: Tokens of the answer, reasoning included.
        cached: Part of `tokens_in` read from the provider's cache.
        cache_written: Part of `tokens_in` written to the provider's cache, where it charges for that.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    cached: int = 0
    cache_written: int = 0


@dataclass(slots=True)
class Receipt:
    """Facts about a request and its reply.

    Attributes:
        is_sent: True once the request was sent.
        status: HTTP status; 0: none came.
        message, code, param, kind: Fields of the server's error.
        retry_after: Seconds to wait before another request, where the server asks for it.
        usage: Tokens that the server counted; None: none.
        stop: Reason for which the answer ended, where it is unusual.
        refusal: The model's words of refusal.
        fault: Kind of the fault on the way.
        detail: Details of the fault.
        listener: Who reads the answer while it arrives; None: nobody, so that no stream is asked for.
        counts_stream: True: the server is asked to count the tokens of a stream.
        streamed: Text of the answer that has arrived as a stream.
    """

    is_sent: bool = False
    status: int = 0
    message: str = ""
    code: str = ""
    param: str = ""
    kind: str = ""
    retry_after: float | None = None
    usage: TokenUsage | None = None
    stop: Stop = ""
    refusal: str = ""
    fault: str = ""
    detail: str = ""
    listener: Listener | None = None
    counts_stream: bool = True
    streamed: str = ""


_current: ContextVar[Receipt | None] = ContextVar("receipt", default=None)


@contextmanager
def receipt_of_call() -> Iterator[Receipt]:
    """Yield the receipt that a request in this block fills in."""
    receipt = Receipt()
    token = _current.set(receipt)
    try:
        yield receipt
    finally:
        _current.reset(token)


def current_receipt() -> Receipt | None:
    """Return the receipt of the block around this request; None: there is no such block."""
    return _current.get()


def read_error(body: Any, raw: str, receipt: Receipt) -> None:
    """Note the error that a server reports, in any of the forms in use."""
    error: Any = body
    if isinstance(body, dict):
        error = next((body[k] for k in ("error", "detail", "errors", "message") if body.get(k)), body)
    if isinstance(error, list) and error:
        error = error[0]
    if isinstance(error, dict):
        message = next((error[k] for k in ("message", "msg", "error", "detail") if error.get(k)), json.dumps(error))
        inner = error.get("innererror")
        receipt.code = str(error.get("code") or (inner.get("code") if isinstance(inner, dict) else "") or "")
        loc = error.get("loc")  # as servers that validate with pydantic say it
        receipt.param = str(error.get("param") or (".".join(map(str, loc)) if isinstance(loc, list) else ""))
        receipt.kind = str(error.get("type") or "")
    else:
        message = error if isinstance(error, str) and error else re.sub(r"<[^>]*>", " ", raw)
    receipt.message = one_line(message if isinstance(message, str) else json.dumps(message))


def error_within(body: Any) -> int:
    """Return the HTTP status of an error within a body of status 200; 0: there is none."""
    if not isinstance(body, dict):
        return 0
    error = body.get("error")
    choices = body.get("choices")
    if not error and isinstance(choices, list) and choices and isinstance(choices[0], dict):
        error = choices[0].get("error")
    if not error and body.get("type") != "error" and body.get("object") != "error":
        return 0
    code = error.get("code") if isinstance(error, dict) else body.get("code")
    number = count(code)
    return number if number is not None and 400 <= number < 600 else 500  # noqa: PLR2004  # HTTP's errors


def count(value: Any) -> int | None:
    """Parse a count, a number or text; None: the value is no whole number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return int(number) if math.isfinite(number) and 0 <= number <= MOST_TOKENS else None


def openai_completion(body: Any, receipt: Receipt) -> dict[str, Any]:
    """Rewrite a chat completion as OpenAI's client expects it.

    Raises:
        Unreadable: The body is not a chat completion.
    """
    receipt.usage = _openai_usage(body.get("usage")) if isinstance(body, dict) else None
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Unreadable("no choice with a message in it")
    receipt.stop = _STOPS.get(str(choice.get("finish_reason") or "").lower(), "")
    text, refused = _text(message.get("content"))
    refusal = message.get("refusal")
    receipt.refusal = one_line(refusal) if isinstance(refusal, str) and refusal.strip() else refused
    reply: dict[str, Any] = {"role": "assistant", "content": without_thoughts(text)}
    calls = message.get("tool_calls")
    if not calls and message.get("function_call"):  # the older form, with a single call
        calls = [{"function": message["function_call"]}]
    if isinstance(calls, list) and calls:
        reply["tool_calls"] = [_openai_call(c) for c in calls if isinstance(c, dict)]
    usage = receipt.usage or TokenUsage()
    tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
    return {
        "id": "answer",
        "object": "chat.completion",
        "created": 0,
        "model": "",
        "choices": [{"index": 0, "message": reply, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out},
    }


def anthropic_message(body: Any, receipt: Receipt) -> dict[str, Any]:
    """Rewrite a message as Anthropic's client expects it.

    Raises:
        Unreadable: The body is not a message.
    """
    receipt.usage = _anthropic_usage(body.get("usage")) if isinstance(body, dict) else None
    if not isinstance(body, dict):
        raise Unreadable("no message")
    receipt.stop = _STOPS.get(str(body.get("stop_reason") or "").lower(), "")
    details = body.get("stop_details")
    content = body.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        if receipt.stop != "refusal":
            raise Unreadable("no content")
        content = []
    if receipt.stop == "refusal":
        explanation = details.get("explanation") if isinstance(details, dict) else None
        receipt.refusal = one_line(str(explanation or _text(content)[0] or "no reason given"))
    blocks = [block for raw in content if isinstance(raw, dict) for block in _anthropic_block(raw)]
    usage = receipt.usage or TokenUsage()
    return {
        "id": "answer",
        "type": "message",
        "role": "assistant",
        "model": "",
        "content": blocks,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": usage.tokens_in or 0, "output_tokens": usage.tokens_out or 0},
    }


def _text(content: Any) -> tuple[str, str]:
    """Return the text of a content in any form, and a refusal in it. Blocks of reasoning are left out."""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        return "", ""
    texts, refused = [], ""
    for block in content:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, dict) and block.get("type") in ("text", "output_text", "input_text", None):
            texts.append(block["text"] if isinstance(block.get("text"), str) else "")
        elif isinstance(block, dict) and block.get("type") == "refusal":
            refused = one_line(str(block.get("refusal") or "no reason given"))
    return "".join(texts), refused


def _name(value: Any) -> str:
    """Return a tool's name in characters that may be sent back."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", value if isinstance(value, str) else "")[:LONGEST_NAME] or "unnamed"


def _openai_call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    function = function if isinstance(function, dict) else call
    arguments = json.dumps(arguments_in(function.get("arguments")))
    call_id = call.get("id")
    return {
        "id": call_id if isinstance(call_id, str) else "",
        "type": "function",
        "function": {"name": _name(function.get("name")), "arguments": arguments},
    }


def _anthropic_block(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a block as the client expects it; an empty list for a kind that nobody reads."""
    kind = block.get("type")
    if kind == "text" and isinstance(block.get("text"), str):
        text = without_thoughts(block["text"])
        return [{"type": "text", "text": text}] if text.strip() else []
    if kind == "thinking" and isinstance(block.get("signature"), str):  # must go back as it came
        return [{"type": kind, "thinking": str(block.get("thinking") or ""), "signature": block["signature"]}]
    if kind == "redacted_thinking" and isinstance(block.get("data"), str):
        return [{"type": kind, "data": block["data"]}]
    if kind == "tool_use":
        call_id = block.get("id")
        name, given = _name(block.get("name")), arguments_in(block.get("input"))
        return [{"type": kind, "id": call_id if isinstance(call_id, str) else "", "name": name, "input": given}]
    return []


def usage_in(counts: dict[str, Any]) -> TokenUsage | None:
    """Return the tokens that a stream counted before it broke off, in either provider's form; None: it counted none."""
    if not counts:
        return None
    return _anthropic_usage(counts) if "input_tokens" in counts else _openai_usage(counts)


def _openai_usage(usage: Any) -> TokenUsage | None:
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else usage.get("prompt_cache_hit_tokens")
    tokens_in = count(usage.get("prompt_tokens"))
    cached_in = min(count(cached) or 0, tokens_in or 0)
    return TokenUsage(tokens_in, count(usage.get("completion_tokens")), cached_in)


def _anthropic_usage(usage: Any) -> TokenUsage | None:
    """Read a count of tokens; Anthropic's `input_tokens` excludes those read from or written to the cache."""
    if not isinstance(usage, dict):
        return None
    plain = count(usage.get("input_tokens"))
    read, written = (
        count(usage.get("cache_read_input_tokens")) or 0,
        count(usage.get("cache_creation_input_tokens")) or 0,
    )
    return TokenUsage(
        None if plain is None else plain + read + written, count(usage.get("output_tokens")), read, written
    )
