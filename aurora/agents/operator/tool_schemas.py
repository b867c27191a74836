"""Shortens the schemas of tools for a model: what it needs to call them, without what only the validation needs.

Every request carries all schemas. The harness validates each call with the full schema and explains what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DROPPED = frozenset(
    {"title", "discriminator", "additionalProperties", "maxLength", "minLength", "exclusiveMinimum", "exclusiveMaximum"}
)
_EMPTY: tuple[Any, ...] = ("", [], {}, None)
_MANY = 20
"""Longest list whose limit a model is told."""
_VAST = 1e9
"""Bounds beyond it protect the arithmetic and say nothing to a model."""


def short_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON schema without titles, lengths, vast bounds and empty defaults; variants become one object.

    Args:
        schema: Schema of a tool's arguments, its references resolved.
    """
    if "oneOf" in schema:
        return _one_object(schema["oneOf"])
    if "anyOf" in schema and schema.get("default", "") is None:
        rest = [s for s in schema["anyOf"] if s.get("type") != "null"]
        if len(rest) == 1:
            schema = {**{k: v for k, v in schema.items() if k != "anyOf"}, **rest[0]}
    short: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            short[key] = {name: short_schema(part) for name, part in value.items()}
        elif key == "items" or (key == "additionalProperties" and isinstance(value, Mapping)):
            short[key] = short_schema(value)
        elif key == "anyOf":
            short[key] = [short_schema(part) for part in value]
        elif not (
            key in _DROPPED
            or (key == "default" and value in _EMPTY)
            or (key in ("minimum", "maximum") and abs(value) >= _VAST)
            or (key == "maxItems" and value > _MANY)
        ):
            short[key] = value
    return short


def _one_object(variants: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return variants, which differ by `kind`, as one object whose description says which fields each has."""
    fields: dict[str, Any] = {}
    told = []
    for variant in variants:
        own = {k: v for k, v in variant["properties"].items() if k != "kind"}
        required = set(variant.get("required", ()))
        names = ", ".join(k if k in required else f"{k}?" for k in own)
        told.append(f"{variant['properties']['kind']['const']}({names}): {variant['description']}")
        for name, part in own.items():
            short = short_schema(part)
            if name in fields and fields[name] != short:
                short = {k: v for k, v in short.items() if k not in ("description", "default")}
            fields[name] = short
    kinds = [v["properties"]["kind"]["const"] for v in variants]
    return {
        "type": "object",
        "description": " ".join(told),
        "properties": {"kind": {"enum": kinds, "type": "string"}, **fields},
        "required": ["kind"],
    }
