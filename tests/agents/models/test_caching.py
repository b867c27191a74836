"""Prompt caching: the stable part comes first, is marked for Anthropic, and cached tokens cost less."""

import json
from itertools import pairwise

import pytest
from langchain_core.messages import HumanMessage

from aurora.agents.models.agent import run_agent
from aurora.agents.models.budget import Price, price_of
from aurora.agents.models.metered import metered
from aurora.agents.models.model import model_name
from aurora.agents.models.replies import TokenUsage
from aurora.agents.models.structured import ask
from aurora.agents.roles.answers import PolicyAnswer
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from tests.agents.models.test_metered import environment, replying  # noqa: F401  # the fixture
from tests.agents.models.test_nonconforming_servers import VALUE, NoteAnswer, message

POLICY = {
    "description": "d",
    "order": "task.submit_time",
    "admit": "1",
    "rules": [{"when": "1", "score": "-fit.cost"}],
    "head_of_line_blocking": False,
    "backfill": "none",
    "device_choice": "best_fit",
}
STEPS = [
    ("check_expression", {"expression": "fit.cost", "place": "score"}),
    ("feature_table", {}),
    ("check_expression", {"expression": "fit.cpu_left", "place": "score"}),
    ("PolicyAnswer", POLICY),
]


def wire(provider: str, number: int, name: str, arguments: dict) -> tuple:
    """A reply with one tool call."""
    if provider == "anthropic":
        return message([{"type": "tool_use", "id": f"t{number}", "name": name, "input": arguments}])
    call = {"id": f"t{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    choice = {"message": {"role": "assistant", "content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}
    return 200, {}, {"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 5}}


def written(body: dict) -> str:
    """A request in the order in which providers read and cache it: tools, instructions, messages."""

    def unmarked(value):
        if isinstance(value, dict):
            return {k: unmarked(v) for k, v in value.items() if k != "cache_control"}
        if isinstance(value, list):
            return [unmarked(v) for v in value]
        return value

    def blocks(content):  # a text and a block with that text are the same to the provider
        return [{"type": "text", "text": content}] if isinstance(content, str) else content

    turns = [{**m, "content": blocks(m.get("content"))} for m in body["messages"]]
    parts = [body.get("tools"), body.get("response_format"), blocks(body.get("system")), *turns]
    return "\n".join(json.dumps(unmarked(p)) for p in parts)


def shared(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_consecutive_requests_share_their_prefix(environment, provider, capsys) -> None:  # noqa: F811
    replies = [wire(provider, i, *step) for i, step in enumerate(STEPS)]
    prompts = [("You write policies. " * 50, f"Scenarios and marks. Candidate {i}.") for i in (1, 2)]
    bodies = []
    for prompt in prompts:
        with replying(*replies) as (url, seen):
            environment(url)
            asked = metered(model_name(f"{provider}:m"))
            harness = Harness(Desk([]), ("check_expression", "feature_table"))
            run_agent(asked, prompt, PolicyAnswer, lambda a: a, harness=harness, temperature=0.5)
            bodies += [seen]
    repeated = total = 0
    for before, after in ((a, b) for seen in bodies for a, b in pairwise(seen)):
        first, second = written(before), written(after)
        assert second.startswith(first)  # to the byte: a conversation only grows
        repeated, total = repeated + len(first), total + len(second)
    across = written(bodies[0][0]), written(bodies[1][0])
    assert shared(*across) > across[0].index("Candidate")  # another conversation differs only where its question does
    print(f"{provider}: {repeated / total:.0%} of what is sent repeats the request before")
    assert repeated / total > 0.7


def marks(body: dict) -> list[str]:
    found = [
        *(f"tool {t['name']}" for t in body.get("tools", []) if "cache_control" in t),
        *("system" for b in body["system"] if "cache_control" in b),
    ]
    for number, turn in enumerate(body["messages"]):
        if isinstance(turn["content"], list):
            found += [f"message {number}" for b in turn["content"] if "cache_control" in b]
    return found


def test_anthropic_cache_marks_follow_the_stable_parts(environment) -> None:  # noqa: F811
    replies = [wire("anthropic", i, *step) for i, step in enumerate(STEPS)]
    with replying(*replies) as (url, seen):
        environment(url)
        harness = Harness(Desk([]), ("check_expression", "feature_table"))
        run_agent(metered(model_name("anthropic:m")), ("S", "U"), PolicyAnswer, lambda a: a, harness=harness)
    for body in seen:
        found = marks(body)
        assert len(found) <= 4
        assert found == [f"tool {body['tools'][-1]['name']}", "system", f"message {len(body['messages']) - 1}"]


def test_cache_marks_are_dropped_for_a_server_that_rejects_them(environment) -> None:  # noqa: F811
    from tests.agents.models.test_metered import failed

    use = {"type": "tool_use", "id": "t", "name": "NoteAnswer", "input": VALUE}
    refused = failed(400, "tools.0.cache_control: Extra inputs are not permitted")
    with replying(refused, message([use])) as (url, seen):
        environment(url)
        ask(metered(model_name("anthropic:m")), [HumanMessage("Explain.")], NoteAnswer, lambda a: a)
    assert "cache_control" not in json.dumps(seen[1])


def test_cached_tokens_are_counted_and_priced(environment) -> None:  # noqa: F811
    blocks = [{"type": "text", "text": "hello"}]
    counted = {
        "input_tokens": 10,
        "cache_read_input_tokens": 900,
        "cache_creation_input_tokens": 90,
        "output_tokens": 5,
    }
    with replying(message(blocks, usage=counted)) as (url, _):
        environment(url)
        asked = metered(model_name("anthropic:claude-sonnet-4-5-20250929"))
        asked.invoke("Hi.")
    spent = asked.purse.spent
    assert (spent.tokens_in, spent.tokens_cached) == (1000, 900)
    assert spent.dollars == pytest.approx((10 * 3 + 900 * 0.3 + 90 * 3.75 + 5 * 15) / 1e6)
    usage = {"prompt_tokens": 1000, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 800}}
    body = {"choices": [{"message": {"content": "hello"}}], "usage": usage}
    with replying((200, {}, body)) as (url, _):
        environment(url)
        asked = metered(model_name("openai:gpt-4o"))
        asked.invoke("Hi.")
    assert asked.purse.spent.tokens_cached == 800
    assert asked.purse.spent.dollars == pytest.approx((200 * 2.5 + 800 * 1.25 + 5 * 10) / 1e6)


def test_prices_apply_to_a_model_name_and_its_snapshots_only(tmp_path, monkeypatch) -> None:
    assert price_of("openai:gpt-5-2025-08-07") == price_of("openai:gpt-5")
    assert price_of("anthropic:claude-sonnet-4-20250514") == price_of("anthropic:claude-sonnet-4")
    assert price_of("openai:gpt-5-pro") != price_of("openai:gpt-5")
    for name in ("gpt-5.4-mini", "gpt-5-chat-latest", "gpt-4o-audio-preview", "gpt-5-codex", "gpt-4o-2024-11-20-x"):
        assert price_of(f"openai:{name}") is None
    assert (
        Price(1, 2).dollars(TokenUsage(1_000_000, 0, 500_000, 0)) == 1
    )  # without a price of its own, the cache costs the same
    table = tmp_path / "prices.json"
    for row in (
        '{"in": 1}',
        '{"in": 1, "out": -2}',
        '{"in": 1, "out": 1e999}',
        '{"in": 1, "out": 2, "cached": 3}',
        "[1]",
        "7",
    ):
        table.write_text(f'{{"dollars_per_million_tokens": {{"openai:m": {row}}}}}')
        monkeypatch.setenv("AURORA_PRICES", str(table))
        with pytest.raises(Exception, match="AURORA_PRICES"):
            price_of("openai:m")
