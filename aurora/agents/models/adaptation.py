"""Adapts a request to the model: a setting that the server refused is left out for the rest of the session.

Not every model accepts a temperature, a forced tool or a JSON schema, and no list of models stays current. So a
request is sent in full; when the server names a setting in its refusal, the request is sent again without it, and
so are all later ones of the session. The answer is validated here in any case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage

from aurora.agents.models.providers import Provider
from aurora.agents.models.replies import Receipt
from aurora.tools.arguments import whole_characters

CACHE_MARK = {"type": "ephemeral"}
"""Anthropic's mark that everything up to this block should be cached."""
REFUSAL_STATUSES = (400, 404, 415, 422, 500, 501)
"""HTTP statuses with which servers refuse a setting; some report it as an error of their own."""

Settings = dict[str, Any]


class OptionalSetting(NamedTuple):
    """A setting that a request can do without.

    Attributes:
        name: Name of the setting.
        substitute: Words for what is sent instead, for a message.
        pattern: Pattern of a server's refusal: its message, parameter and code.
        is_sent: Predicate of the settings of a request: this one is among them.
    """

    name: str
    substitute: str
    pattern: re.Pattern[str]
    is_sent: Callable[[Settings], bool]


def _has(key: str) -> Callable[[Settings], bool]:
    return lambda settings: key in settings


def _format(kind: str) -> Callable[[Settings], bool]:
    return lambda settings: (settings.get("response_format") or {}).get("type") == kind


def _is_forced(settings: Settings) -> bool:
    choice = settings.get("tool_choice")
    return bool(choice) and choice not in ("auto", {"type": "auto"})


_FORMAT = (
    r"response_format|json[_ ]?schema|json[_ ]?object|json mode|structured output|guided|output_config|invalid schema"
)
_NOT_TAKEN = "unsupported|support|allow|verif|unrecogni|unexpected|unknown|invalid|extra|disabled|permit"
OPTIONAL_SETTINGS = (
    OptionalSetting("temperature", "without a temperature", re.compile(r"\btemperature\b", re.I), _has("temperature")),
    OptionalSetting(
        "max_completion_tokens",
        "with max_tokens in place of max_completion_tokens",
        re.compile("max_completion_tokens", re.I),
        _has("max_completion_tokens"),
    ),
    OptionalSetting("max_tokens", "without a limit of tokens", re.compile("max_tokens", re.I), _has("extra_body")),
    OptionalSetting(
        "forced tool",
        "without forcing a tool",
        re.compile(r"tool_choice|tool choice|forces? tool|forced tool|`?required`? is not supported", re.I),
        _is_forced,
    ),
    OptionalSetting(
        "json_schema", "with json_object in place of json_schema", re.compile(_FORMAT, re.I), _format("json_schema")
    ),
    OptionalSetting("json_object", "without response_format", re.compile(_FORMAT, re.I), _format("json_object")),
    OptionalSetting(
        "stream_options",
        "without a count of streamed tokens",
        re.compile("stream_options|include_usage"),
        _has("stream"),
    ),
    OptionalSetting(
        "stream",
        "for whole answers in place of a stream",
        re.compile(
            rf"\b(?:{_NOT_TAKEN})\w*\b.{{0,80}}\bstream(?:ing)?\b|\bstream(?:ing)?\b.{{0,80}}\b(?:{_NOT_TAKEN})", re.I
        ),
        _has("stream"),
    ),
    OptionalSetting("cache_control", "without marks for caching", re.compile("cache_control", re.I), _has("cached")),
    OptionalSetting(
        "system",
        "with the instructions in the user's message",
        re.compile(r"system (?:role|message|prompt)|'system'|roles must alternate", re.I),
        _has("system"),
    ),
)
NO_TOOLS = re.compile(
    r"support(?:s|ing)? (?:tools?|function)|\btools?\W{1,3}(?:is|are) (?:not supported|unsupported)|tool use is not"
    r"|enable-auto-tool-choice|tools param requires|\btools: extra inputs"
    r"|(?:unrecognized|unknown|unsupported|unexpected)\b[^.]{0,60}\btools\b",
    re.I,
)
"""Pattern of a server's message that a model takes no tools."""


def to_leave_out(receipt: Receipt, sent: Settings, known: frozenset[str]) -> OptionalSetting | None:
    """Find the setting that a server refused, if the request had it and can do without it.

    Args:
        receipt: Receipt of the refused request.
        sent: Settings of that request.
        known: Names of the settings that are left out already.
    """
    if receipt.status not in REFUSAL_STATUSES or receipt.fault:
        return None
    refusal = f"{receipt.param} {receipt.code} {receipt.message}"
    if re.search(r"too large|maximum allowed|at most", receipt.message, re.I):
        return None  # the value is wrong, not the setting
    return next(
        (s for s in OPTIONAL_SETTINGS if s.name not in known and s.is_sent(sent) and s.pattern.search(refusal)), None
    )


def fitted(
    provider: Provider,
    messages: Sequence[BaseMessage],
    settings: Mapping[str, Any],
    left_out: frozenset[str],
    answer_tokens: int | None,
) -> tuple[list[BaseMessage], Settings]:
    """Return messages and settings as they are sent.

    Args:
        provider: Provider of the model.
        messages: Messages of the full request.
        settings: Settings of the full request.
        left_out: Names of the settings that the model refused.
        answer_tokens: Most tokens of an answer; None: no limit is sent.
    """
    changed: Settings = {k: v for k, v in settings.items() if k not in left_out}
    added = ""
    if "forced tool" in left_out and _is_forced(changed):
        names = [t.get("function", t).get("name") for t in changed.get("tools") or []]
        changed.pop("tool_choice")
        added = f"Answer with a call of {names[0] if len(names) == 1 else 'a tool'}, not with text."
    if "json_schema" in left_out and _format("json_schema")(changed):
        added = _as_text(changed["response_format"])
        changed["response_format"] = {"type": "json_object"}
    if "json_object" in left_out and _format("json_object")(changed):
        changed.pop("response_format")
    if answer_tokens is not None and provider.sends_limit and "max_tokens" not in left_out:
        if "max_completion_tokens" in left_out:
            changed["extra_body"] = {"max_tokens": answer_tokens}
        else:
            changed["max_completion_tokens"] = answer_tokens
    shown = [_writable(m) for m in messages]
    if added:
        shown = _with_instruction(shown, added)
    if "system" in left_out:
        shown = _without_system(shown)
    if provider.marks_cache and "cache_control" not in left_out:
        shown, changed = _marked(shown, changed)
    return shown, changed


def sent_settings(
    messages: Sequence[BaseMessage], settings: Settings, provider: Provider, *, is_streamed: bool = False
) -> Settings:
    """Return the settings that a refusal may name, those that lie in the messages or on the wire included."""
    more = {"system": True} if any(isinstance(m, SystemMessage) for m in messages) else {}
    is_marked = provider.marks_cache and "cache_control" in str([settings.get("tools"), _blocks(messages)])
    more |= {"cached": True} if is_marked else {}
    more |= {"stream": True} if is_streamed else {}
    return {**settings, **more}


def _marked(messages: Sequence[BaseMessage], settings: Mapping[str, Any]) -> tuple[list[BaseMessage], Settings]:
    """Mark what Anthropic should cache: the tools, the instructions, and the latest message of a conversation.

    A request may have four marks; this uses three. Anthropic orders a prompt as tools, instructions, messages and
    caches everything up to a mark. A single question repeats nothing after its instructions.
    """
    changed, shown = dict(settings), list(messages)
    tools = changed.get("tools")
    if tools:
        changed["tools"] = [*tools[:-1], {**tools[-1], "cache_control": CACHE_MARK}]
    last = len(shown) - 1
    for place, message in enumerate(shown):
        if not isinstance(message, SystemMessage | HumanMessage | ToolMessage):
            continue
        is_stable = isinstance(message, SystemMessage) and place == 0
        goes_on = place == last and (len(tools or ()) > 1 or place > 1)
        # All are written in blocks, so that a message does not change when the mark has moved on.
        blocks = _in_blocks(message, CACHE_MARK if is_stable or goes_on else None)
        shown[place] = message.model_copy(update={"content": blocks})
    return shown, changed


def _in_blocks(message: BaseMessage, mark: dict[str, str] | None) -> list[Any]:
    content = message.content
    text = content if isinstance(content, str) else ""
    blocks: list[Any] = list(content) if isinstance(content, list) else [{"type": "text", "text": text or "(nothing)"}]
    if mark is not None and blocks and isinstance(blocks[-1], dict):
        blocks[-1] = {**blocks[-1], "cache_control": mark}
    return blocks


def _blocks(messages: Sequence[BaseMessage]) -> list[Any]:
    return [b for m in messages if isinstance(m.content, list) for b in m.content]


def _as_text(response_format: Mapping[str, Any]) -> str:
    schema = json.dumps(response_format["json_schema"]["schema"], separators=(",", ":"))
    return f"Answer with one JSON object of this JSON schema, and nothing else:\n{schema}"


def _with_instruction(messages: list[BaseMessage], text: str) -> list[BaseMessage]:
    """Append an instruction to the first message, where it is the same for every question of a kind."""
    first = messages[0]
    return [first.model_copy(update={"content": f"{first.text}\n\n{text}"}), *messages[1:]]


def _without_system(messages: list[BaseMessage]) -> list[BaseMessage]:
    instructions = "\n\n".join(m.text for m in messages if isinstance(m, SystemMessage))
    rest = [m for m in messages if not isinstance(m, SystemMessage)]
    if not instructions or not rest:
        return messages
    if not isinstance(rest[0], HumanMessage):
        return [HumanMessage(instructions), *rest]
    return [HumanMessage(f"{instructions}\n\n{rest[0].text}"), *rest[1:]]


def _writable(message: BaseMessage) -> BaseMessage:
    """Return a message without lone surrogates, which UTF-8 can't encode."""
    return message.model_copy(update={"content": whole_characters(message.content)})
