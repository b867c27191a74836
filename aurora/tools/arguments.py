"""Reads the arguments that a model writes for a tool call: an object, or a mark that they are none."""

from __future__ import annotations

import json
import re
from typing import Any

MALFORMED = "malformed_arguments"
"""Name of the only argument of a tool call whose arguments are no JSON object; its value is what was written."""
MALFORMED_SHOWN = 500
"""Characters of malformed arguments that are kept."""
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
    """Say what is wrong with arguments that were marked as malformed; "" if they were not."""
    if not isinstance(arguments, dict) or set(arguments) != {MALFORMED}:
        return ""
    written = str(arguments[MALFORMED])
    return f"the arguments are no JSON object, or were cut off: {written!r:.120}; write them as one object"


def whole_characters(value: Any) -> Any:
    """Return a JSON value with U+FFFD for halves of characters in its texts (lone surrogates): UTF-8 has none."""
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {whole_characters(k): whole_characters(v) for k, v in value.items()}
    return [whole_characters(v) for v in value] if isinstance(value, list) else value


def half_character(value: Any, place: str = "") -> str:
    """Name the field of a JSON value whose text has half a character in it; "" if there is none."""
    if isinstance(value, str):
        return (place or "the text") if "\ufffd" in value or _HALVES.search(value) else ""
    if isinstance(value, dict):
        fields = [(f"{place}.{k}" if place else str(k), v) for k, v in value.items()]
    elif isinstance(value, list):
        fields = [(f"{place}[{i}]", v) for i, v in enumerate(value)]
    else:
        return ""
    return next((found for name, v in fields if (found := half_character(v, name))), "")
