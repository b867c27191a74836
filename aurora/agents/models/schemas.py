"""JSON schemas of answers in the subset that all providers accept, strict modes included."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

_LEFT_OUT = ("title", "default", "minLength", "maxLength")
"""Keywords that strict modes may refuse. Answers are validated against them here."""


def response_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of an answer as OpenAI's strict mode and Anthropic's tools accept it.

    Every field is required, titles and defaults are dropped, and a reference with a description moves into an
    `anyOf`. Limits of length go into the description.
    """
    cleaned: dict[str, Any] = _cleaned(schema.model_json_schema())
    return cleaned


def _cleaned(value: Any) -> Any:
    if isinstance(value, list):
        return [_cleaned(v) for v in value]
    if not isinstance(value, dict):
        return value
    # Names of properties are data: a field may well be called `title`.
    made: dict[str, Any] = {
        k: {n: _cleaned(v) for n, v in v.items()} if k in ("properties", "$defs") else _cleaned(v)
        for k, v in value.items()
        if k not in _LEFT_OUT
    }
    if "properties" in made:
        made["required"] = list(made["properties"])
    if "maxLength" in value and "description" in made:
        made["description"] += f"; at most {value['maxLength']} characters"
    if "$ref" in made and len(made) > 1:
        made["anyOf"] = [{"$ref": made.pop("$ref")}]
    return made
