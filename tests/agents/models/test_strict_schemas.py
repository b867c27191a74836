"""Schemas stay within the published strict subsets: OpenAI's structured outputs and Anthropic's tools."""

import json
import re

import pytest

from aurora.agents.models.metered import metered
from aurora.agents.models.model import model_name
from aurora.agents.models.schemas import response_schema
from aurora.agents.roles.answers import ExplanationAnswer, PolicyAnswer, ScenariosAnswer
from aurora.agents.roles.defender import DEFENDER_TOOLS
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness

KEYWORDS = {
    "string": {"enum", "pattern", "format"},
    "number": {"enum", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"},
    "integer": {"enum", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"},
    "boolean": {"enum"},
    "null": set(),
    "array": {"items", "minItems", "maxItems"},
    "object": {"properties", "required", "additionalProperties"},
}
"""What OpenAI's strict mode takes beside `type` and `description`, by type."""
MOST_PROPERTIES, MOST_NESTED, MOST_CHARACTERS, MOST_VALUES = 5000, 10, 120_000, 1000


def strict_problems(schema: dict) -> list[str]:
    """Return what violates OpenAI's strict mode."""
    definitions = schema.get("$defs", {})
    told: list[str] = []
    seen = {"properties": 0, "characters": sum(map(len, definitions)), "values": 0}
    if schema.get("type") != "object" or "anyOf" in schema:
        told.append("the root is no object")

    def walk(part: dict, where: str, depth: int, within: tuple[str, ...]) -> None:
        if depth > MOST_NESTED:
            told.append(f"{where}: nested deeper than {MOST_NESTED}")
            return
        if "$ref" in part:
            if set(part) != {"$ref"}:
                told.append(f"{where}: $ref beside {sorted(set(part) - {'$ref'})}")
            name = part["$ref"].removeprefix("#/$defs/")
            if name not in definitions:
                told.append(f"{where}: {part['$ref']} leads nowhere")
            elif name not in within:
                walk(definitions[name], f"{where} -> {name}", depth, (*within, name))
            return
        if "anyOf" in part:
            if set(part) - {"anyOf", "description"}:
                told.append(f"{where}: anyOf beside {sorted(set(part) - {'anyOf', 'description'})}")
            for each in part["anyOf"]:
                walk(each, f"{where}|", depth, within)
            return
        kind = part.get("type")
        if "const" in part or kind not in KEYWORDS:
            told.append(f"{where}: type {kind}")
            return
        odd = set(part) - KEYWORDS[kind] - {"type", "description", "$defs"}
        if odd:
            told.append(f"{where}: {sorted(odd)} is not taken")
        seen["values"] += len(part.get("enum", ()))
        seen["characters"] += sum(len(str(v)) for v in part.get("enum", ()))
        if kind == "object":
            properties = part.get("properties", {})
            seen["properties"] += len(properties)
            seen["characters"] += sum(map(len, properties))
            if part.get("additionalProperties") is not False:
                told.append(f"{where}: additionalProperties is not false")
            if sorted(part.get("required", [])) != sorted(properties):
                told.append(f"{where}: not all is required")
            for name, each in properties.items():
                walk(each, f"{where}.{name}", depth + 1, within)
        if kind == "array":
            walk(part["items"], f"{where}[]", depth + 1, within)

    walk(schema, "$", 0, ())
    limits = {"properties": MOST_PROPERTIES, "characters": MOST_CHARACTERS, "values": MOST_VALUES}
    return told + [f"{what}: {seen[what]}" for what, most in limits.items() if seen[what] > most]


@pytest.mark.parametrize("schema", [PolicyAnswer, ScenariosAnswer, ExplanationAnswer])
def test_answer_schemas_satisfy_openais_strict_mode(schema) -> None:
    assert strict_problems(response_schema(schema)) == []


def test_the_checker_finds_violations_of_strict_mode() -> None:
    odd = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/A", "description": "with words beside it"},
            "b": {"type": "string", "minLength": 1},
            "c": {"type": "object", "properties": {"d": {"const": 1}}, "required": []},
        },
        "required": ["a", "b", "c"],
        "additionalProperties": False,
        "$defs": {},
    }
    told = "\n".join(strict_problems(odd))
    for word in (
        "$ref beside",
        "leads nowhere",
        "minLength",
        "additionalProperties is not",
        "not all is required",
        "type None",
    ):
        assert word in told


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_tool_names_and_descriptions_satisfy_the_providers_limits(monkeypatch, provider) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    bound = metered(model_name(f"{provider}:m")).bind_tools(Harness(Desk([]), DEFENDER_TOOLS).langchain_tools())
    for tool in bound.kwargs["tools"]:
        function = tool.get("function", tool)
        schema = function.get("parameters") or function.get("input_schema")
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", function["name"])
        assert function["description"]
        assert schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf"} & set(schema)  # Anthropic refuses them at the root
        for name in re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)):
            assert name in schema["$defs"]
