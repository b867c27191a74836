"""The short schemas that a model reads: all fields and kinds are there, and calls by them are valid."""

from __future__ import annotations

import json

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool

from aurora.agents.operator.tool_schemas import short_schema
from aurora.agents.roles.operator import _told
from aurora.cluster.samples.load import load_sample
from aurora.graphs.chat.surroundings import tools_for
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness

DESK = Desk([], snapshot=load_sample("web-shop"))
HARNESS = Harness(DESK, tools_for(DESK))
TOOLS = HARNESS.langchain_tools()


def names_in(schema):
    """Return the names of all fields, at any depth."""
    found = set()
    if isinstance(schema, dict):
        found |= set(schema.get("properties", {}))
        for value in schema.values():
            found |= names_in(value)
    if isinstance(schema, list):
        for value in schema:
            found |= names_in(value)
    return found


@pytest.mark.parametrize("tool", TOOLS, ids=[t.name for t in TOOLS])
def test_no_field_is_lost_and_no_schema_is_longer(tool) -> None:
    whole, short = (convert_to_openai_tool(t)["function"]["parameters"] for t in (tool, _told(tool.name)))
    assert names_in(short) == names_in(whole)
    assert short.get("required", []) == whole.get("required", [])
    assert len(json.dumps(short)) <= len(json.dumps(whole))


def test_the_kinds_of_changes_are_one_object_that_says_which_fields_each_has() -> None:
    tool = next(t for t in TOOLS if t.name == "cluster_what_if")
    item = convert_to_openai_tool(_told(tool.name))["function"]["parameters"]["properties"]["changes"]["items"]
    assert "node_fails(node_id): A node fails" in item["description"]
    assert "add_nodes(like, count?)" in item["description"]
    assert len(item["properties"]["kind"]["enum"]) == 13
    assert len(json.dumps(item)) < 3000


def test_null_stays_where_it_means_something() -> None:
    amounts = {"additionalProperties": {"anyOf": [{"type": "number"}, {"type": "null"}]}}
    assert short_schema(amounts) == amounts
    vast = {"additionalProperties": {"anyOf": [{"type": "number", "maximum": 1e15}, {"type": "null"}]}}
    assert short_schema(vast) == amounts
    assert short_schema({"anyOf": [{"type": "number"}, {"type": "null"}], "default": None}) == {"type": "number"}


def test_a_wrong_kind_of_change_is_explained_by_the_harness() -> None:
    shown = HARNESS.call("cluster_what_if", {"changes": [{"kind": "explode", "node_id": "node-a1"}]})
    assert "invalid arguments" in shown
    assert "node_fails" in shown
