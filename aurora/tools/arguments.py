"""Parses the arguments of a model's tool call into an object, or marks them as malformed."""

from __future__ import annotations

import json
import re
from typing import Any

MALFORMED = "malformed_arguments"
"""Name of the only argument of a tool call whose arguments are not a JSON object; its value is the text."""
MALFORMED_SHOWN = 500
"""Most characters kept of malformed arguments."""
_HALVES = re.compile("[\\ud800-\\udfff]")


def arguments_in(value: Any) -> dict[str, Any]:
    """Return the arguments of a tool call as an object: as such, from JSON text, empty, or marked as malformed."""
    if value is None or value == "":
        return {}
    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value) if value.strip() else {}
        except (ValueError, RecursionError):
            found = None
    if isinstance(found, dict):
        return dict(whole_characters(found))
    written = value if isinstance(value, str) else json.dumps(value)
    return {MALFORMED: written[:MALFORMED_SHOWN]}


def problem_of(arguments: Any) -> str:
    """Describe the fault of arguments marked as malformed; "" if they are not."""
    if not isinstance(arguments, dict) or set(arguments) != {MALFORMED}:
        return ""
    written = str(arguments[MALFORMED])
    return f"the arguments are no JSON object, or were cut off: {written!r:.120}; write them as one object"


def whole_characters(value: Any) -> Any:
    """Replace lone surrogates in the texts of a JSON value by U+FFFD, since UTF-8 can't encode them."""
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {whole_characters(k): whole_characters(v) for k, v in value.items()}
    return [whole_characters(v) for v in value] if isinstance(value, list) else value


def half_character(value: Any, place: str = "") -> str:
    """Name the field of a JSON value whose text holds a lone surrogate; "" if there is none."""
    if isinstance(value, str):
        return (place or "the text") if "\ufffd" in value or _HALVES.search(value) else ""
    if isinstance(value, dict):
        fields = [(f"{place}.{k}" if place else str(k), v) for k, v in value.items()]
    elif isinstance(value, list):
        fields = [(f"{place}[{i}]", v) for i, v in enumerate(value)]
    else:
        return ""
    return next((found for name, v in fields if (found := half_character(v, name))), "")
