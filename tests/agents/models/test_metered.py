"""Metered models: errors, retries, budgets, prices and recordings."""

import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from langchain_core.messages import HumanMessage

from aurora.agents.models.budget import Budget, Purse, price_of
from aurora.agents.models.metered import MAX_ANSWER_CHARACTERS, metered
from aurora.agents.models.model import connect, model_name
from aurora.agents.models.schemas import response_schema
from aurora.agents.models.structured import ask
from aurora.agents.roles.answers import ExplanationAnswer, PolicyAnswer, ScenariosAnswer, sizes, to_policy, to_spec
from aurora.errors import AnswerError, BudgetExceeded, ModelError, ScenarioError
from aurora.evals.testing.scripted_server import scripted_server
from aurora.tools.recording import Recording

QUESTION = [HumanMessage("Write 1 policy.")]
PROVIDERS = ["openai", "anthropic"]


@contextmanager
def replying(*answers):
    """Serve these (status, headers, body) in turn, and repeat the last one."""
    left = list(answers)
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

        def do_POST(self) -> None:
            seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()


def said(text: str) -> tuple:
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    usage = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    body = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": choices, "usage": usage}
    return 200, {}, body


def failed(status: int, message: str = "no", headers=None, **more) -> tuple:
    return status, headers or {}, {"type": "error", "error": {"message": message, "type": "t", **more}}


@pytest.fixture
def environment(monkeypatch):
    def use(url: str) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "x")

    return use


def model(name: str = "openai:gpt-4o", **settings):
    return metered(model_name(name), first_wait=0.001, **settings)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("status", "message", "told", "fault"),
    [
        (401, "bad key", "refused the key; check .*_API_KEY", "refused"),
        (403, "not yours", "refused the key", "refused"),
        (404, "no such model", "there is no .*:m; check the name", "refused"),
        (400, "prompt is too long: 300000 tokens", "longer than .*:m can read", "too long"),
        (400, "odd request", r"refuses the request \(.*odd request", "invalid request"),
    ],
)
def test_permanent_errors_are_not_retried(environment, provider, status, message, told, fault) -> None:
    with replying(failed(status, message)) as (url, seen):
        environment(url)
        asked = model(f"{provider}:m")
        with pytest.raises(ModelError, match=told) as caught:
            asked.invoke(QUESTION)
        assert not caught.value.retryable
        assert len(seen) == 1
        assert asked.purse.spent.faults == {fault: 1}


def test_the_retry_delay_of_the_provider_is_respected(environment, monkeypatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with replying(failed(429, headers={"Retry-After": "7"}), failed(503), said("hello")) as (url, _):
        environment(url)
        asked = model()
        assert asked.invoke(QUESTION).text == "hello"
    assert waits[0] == 7
    assert waits[1] <= 0.002
    assert asked.purse.spent.retries == 2
    assert asked.purse.spent.faults == {"rate limit": 1, "server error": 1}


def test_an_unreachable_provider_is_given_up_and_its_attempts_counted(environment, tmp_path) -> None:
    with replying(failed(500)) as (url, seen), Recording(tmp_path / "calls.jsonl") as recording:
        environment(url)
        with pytest.raises(ModelError, match="openai:gpt-4o failed") as caught:
            model(recording=recording).invoke(QUESTION)
        assert caught.value.retryable
        assert len(seen) == 6
    with Recording(tmp_path / "calls.jsonl") as recording:
        assert Purse(Budget(), recording).spent.faults == {"server error": 6}
        assert Purse(Budget(), recording).spent.calls == 0


def test_a_very_long_answer_is_truncated(environment) -> None:
    with replying(said("x" * (MAX_ANSWER_CHARACTERS + 1))) as (url, _):
        environment(url)
        assert "[cut: the answer had" in model().invoke(QUESTION).text


def test_tokens_and_dollars_are_counted(environment) -> None:
    with replying(said("hello")) as (url, _):
        environment(url)
        asked = model("openai:gpt-4o-2024-11-20")
        asked.invoke(QUESTION)
    spent = asked.purse.spent
    assert (spent.calls, spent.tokens_in, spent.tokens_out) == (1, 1000, 500)
    assert spent.dollars == pytest.approx(1000 * 2.5e-6 + 500 * 10e-6)
    assert spent.seconds > 0


@pytest.mark.parametrize(
    ("budget", "what"),
    [(Budget(calls=2), "calls"), (Budget(tokens=3000), "tokens"), (Budget(dollars=0.015), "dollars")],
)
def test_a_spent_budget_prevents_further_calls(environment, budget, what) -> None:
    with replying(said("hello")) as (url, seen):
        environment(url)
        asked = model(budget=budget)
        asked.invoke(QUESTION)
        asked.invoke(QUESTION)
        with pytest.raises(BudgetExceeded, match=f"{what} is spent.*larger limit of {what}"):
            asked.invoke(QUESTION)
        assert len(seen) == 2


def test_the_repr_of_a_model_shows_only_its_name(environment) -> None:
    class Held:
        def __repr__(self) -> str:
            raise AssertionError("LangChain prints a model at each call: this would be printed each time")

    with replying(said("yes")) as (url, _):
        environment(url)
        asked = model()
        asked.watch = partial(lambda held, call: None, Held())
        asked.invoke(QUESTION)
    assert repr(asked) == "MeteredModel(name_='openai:gpt-4o')"


def test_costs_of_earlier_processes_count_towards_the_budget(environment, tmp_path) -> None:
    with replying(said("hello")) as (url, _):
        environment(url)
        with Recording(tmp_path / "calls.jsonl") as recording:
            model(recording=recording).invoke(QUESTION)
        with Recording(tmp_path / "calls.jsonl") as recording:
            recording.begin("later")
            with pytest.raises(BudgetExceeded):
                model(recording=recording, budget=Budget(calls=1)).invoke(QUESTION)


def test_a_recorded_answer_is_not_requested_again(environment, tmp_path) -> None:
    with replying(said("hello")) as (url, seen):
        environment(url)
        for _ in range(2):
            with Recording(tmp_path / "calls.jsonl") as recording:
                asked = model(recording=recording)
                assert asked.invoke(QUESTION).text == "hello"
        assert len(seen) == 1
        assert (asked.purse.spent.calls, asked.purse.spent.cached) == (1, 1)


def test_a_replay_makes_no_request_and_names_the_missing_answer(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "calls.jsonl").touch()
    with (
        Recording(tmp_path / "calls.jsonl", replaying=True) as recording,
        pytest.raises(ModelError, match="the recording has no answer"),
    ):
        model(recording=recording).invoke(QUESTION)


def test_a_dollar_budget_requires_a_known_price(monkeypatch, tmp_path, environment) -> None:
    environment("http://127.0.0.1:9")
    with pytest.raises(ModelError, match="openai:mystery has no price"):
        model("openai:mystery", budget=Budget(dollars=1))
    prices = tmp_path / "prices.json"
    prices.write_text('{"dollars_per_million_tokens": {"openai:mystery": [1, 2]}}')
    monkeypatch.setenv("AURORA_PRICES", str(prices))
    assert price_of("openai:mystery") == price_of("openai:mystery-2025-08-07") == (1.0, 2.0, None, None)
    prices.write_text('{"openai:mystery": [1, 2]}')
    with pytest.raises(ModelError, match="is no price table"):
        price_of("openai:mystery")
    assert price_of("transformers:/weights", needed=True)[:2] == (0, 0)


@pytest.mark.parametrize("text", ["gpt-4o", "openai:", "other:model", ""])
def test_a_model_is_named_by_provider_and_name(text, monkeypatch) -> None:
    monkeypatch.delenv("AURORA_MODEL", raising=False)
    with pytest.raises(ModelError, match=r"no model is named|names no model"):
        model_name(text)
    monkeypatch.setenv("AURORA_MODEL", "anthropic:claude")
    assert str(model_name(None)) == "anthropic:claude"


def test_a_missing_api_key_is_named(monkeypatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ModelError, match="needs ANTHROPIC_API_KEY"):
        connect(model_name("anthropic:claude"))
    with pytest.raises(ModelError, match="no model there"):
        connect(model_name("transformers:/nowhere"))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("schema", [PolicyAnswer, ScenariosAnswer])
def test_an_answer_under_a_schema(environment, provider, schema) -> None:
    with scripted_server() as server:
        environment(server.url)
        answered = ask(model(f"{provider}:m"), QUESTION, schema, lambda answer: answer)
        assert isinstance(answered.value, schema)
        assert answered.rejected == ()


def test_an_invalid_answer_is_returned_with_the_validation_error(environment) -> None:
    right = {
        "description": "d",
        "order": "task.submit_time",
        "admit": "1",
        "rules": [{"when": "1", "score": "-fit.cost"}],
        "head_of_line_blocking": False,
        "backfill": "none",
        "device_choice": "best_fit",
    }
    wrong = {**right, "order": "node.cpu_free", "surprise": 1}
    with replying(said(json.dumps(wrong)), said(f"Sure: {json.dumps(right)}")) as (url, seen):
        environment(url)
        answered = ask(model(), QUESTION, PolicyAnswer, to_policy)
    assert "order: node.cpu_free can't be read here; only cluster.*" in answered.rejected[0]
    assert "surprise: Extra inputs are not permitted" in answered.rejected[0]
    assert answered.rejected[0] in seen[1]["messages"][-1]["content"]
    assert seen[0]["response_format"]["json_schema"]["strict"] is True


def test_repeated_invalid_answers_end_with_the_last_one_in_the_error(environment) -> None:
    with replying(said("I can't.")) as (url, seen):
        environment(url)
        with pytest.raises(AnswerError, match="no valid PolicyAnswer in 4 answers") as caught:
            ask(model(), QUESTION, PolicyAnswer, to_policy)
        assert caught.value.answer == "I can't."
        assert len(seen) == 4


def objects(schema):
    """Yield every object of a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


@pytest.mark.parametrize("schema", [PolicyAnswer, ScenariosAnswer, ExplanationAnswer])
def test_schemas_use_only_what_all_providers_support(schema) -> None:
    found = response_schema(schema)
    for word in ("allOf", "oneOf", "if", "default", "title"):
        assert f'"{word}":' not in json.dumps(found)
    for each in objects(found):
        assert each["additionalProperties"] is False
        assert sorted(each["required"]) == sorted(each["properties"])
        assert all("description" in p for p in each["properties"].values())


def test_a_scenario_outside_the_size_of_its_level_is_rejected(environment) -> None:
    with scripted_server(level=1) as server:
        environment(server.url)
        answer = ask(model(), QUESTION, ScenariosAnswer, lambda a: a).value.scenarios[0]
    assert to_spec(answer, 1, 3).level == 1
    assert sizes(5) == (2, 8)
    with pytest.raises(ScenarioError, match="5 tasks in all, but level 3 asks for 25 to 75"):
        to_spec(answer, 3, 3)
