"""Resources and prompts over a client of the official SDK."""

import json

import pytest
from mcp import MCPError

from aurora.mcp_server.prompts import QUESTIONS
from tests.mcp_server.clients import connected


async def test_resources_show_the_cluster_and_the_plans(desk) -> None:
    async with connected(desk) as (client, _):
        uris = [r.uri for r in (await client.list_resources()).resources]
        texts = {u: json.loads((await client.read_resource(u)).contents[0].text) for u in uris}
        assert texts["aurora://cluster"]["snapshot_id"] == "web-shop"
        (row,) = texts["aurora://plans"]["plans"]
        (template,) = (await client.list_resource_templates()).resource_templates
        shown = await client.read_resource(template.uri_template.replace("{plan_id}", row["plan_id"]))
        assert json.loads(shown.contents[0].text)["plan_id"] == row["plan_id"]


@pytest.mark.parametrize(
    "uri", ["aurora://nothing", "file:///etc/passwd", "aurora://plans/../../x", "aurora://plans/aaaaaaaaaaaa"]
)
async def test_a_resource_that_is_not_there_is_an_error(desk, uri) -> None:
    async with connected(desk) as (client, _):
        with pytest.raises(MCPError):
            await client.read_resource(uri)


async def test_every_prompt_asks_a_question_with_its_argument_quoted(desk) -> None:
    async with connected(desk) as (client, _):
        listed = (await client.list_prompts()).prompts
        assert {p.name for p in listed} == set(QUESTIONS)
        for prompt in listed:
            given = {a.name: 'x\n"y" {z}' for a in prompt.arguments or ()}
            (message,) = (await client.get_prompt(prompt.name, given)).messages
            assert message.role == "user"
            assert "?" in message.content.text or "Order" in message.content.text
            assert all(v.replace("\n", " ") in message.content.text for v in given.values())


@pytest.mark.parametrize(
    ("name", "arguments"), [("nothing", {}), ("why_it_waits", {}), ("why_it_waits", {"task": "x" * 301})]
)
async def test_a_prompt_without_its_argument_is_an_error(desk, name, arguments) -> None:
    async with connected(desk) as (client, _):
        with pytest.raises(MCPError):
            await client.get_prompt(name, arguments)
