"""JSON schemas of answers in the form that all providers take, strict modes included."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

_LEFT_OUT = ("title", "default", "minLength", "maxLength")
"""Keywords that strict modes refuse or may refuse. What they say is validated here all the same."""


def response_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of an answer as OpenAI's strict mode and Anthropic's tools take it.

    Nothing is optional, there are no titles and no defaults, and a reference stands alone: one with a description of
    its own beside it is put within an `anyOf`. Limits of length are told in the description.
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
