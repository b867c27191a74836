"""Self-play with a model: real clients against a local server, with and without faults."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from aurora.agents.arena.sources import open_source
from aurora.agents.models.budget import Budget
from aurora.agents.models.metered import metered
from aurora.agents.models.model import CallLimits, connect, model_name
from aurora.evals.model_usage import model_usage
from aurora.evals.testing.scripted_server import CLIENT_TIMEOUT, CONTENT_FAULTS, TRANSPORT_FAULTS, scripted_server
from aurora.graphs import prompt_iterations
from aurora.graphs.context import Authors
from aurora.graphs.events import Event
from aurora.graphs.prompt_evolution.evolution import Evolved
from aurora.graphs.prompt_evolution.state import Judged, Variant, first_standing
from aurora.graphs.selfplay import play
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.store import Store
from aurora.prompts.loader import Prompt, load_prompt
from aurora.sim.kernel import encode
from aurora.sim.optimum.witness import witness
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.tools.recording import Recording

PROMPTS = load_prompt("attacker"), load_prompt("defender")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch):
    def use(url: str) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "x")

    return use


def settings(proposer: str, provider: str) -> SelfPlaySettings:
    return SelfPlaySettings(
        seed=5,
        proposer=proposer,
        model=f"{provider}:faulty",
        model_from_level=1,
        prompts=tuple(p.prompt_id for p in PROMPTS),
        training_families=("batch", "spot"),
        validation_families=("services",),
        population=4,
        generations=1,
        training_per_family=1,
        validation_per_family=2,
    )


def authors(chosen: SelfPlaySettings, recording: Recording, budget: Budget = Budget()) -> Authors:  # noqa: B008
    name = model_name(chosen.model)
    inner = connect(name, offline=recording.replaying, limits=CallLimits(CLIENT_TIMEOUT))
    model = metered(name, budget=budget, recording=recording, inner=inner, first_wait=0.001)
    return Authors(model, *PROMPTS)


def run(where: Path, chosen: SelfPlaySettings, iterations: int | None, recording: Recording, budget=Budget()):  # noqa: B008
    events: list[Event] = []
    with Store.open(where) as store:
        finished = play(
            store,
            chosen,
            iterations=iterations,
            tell=events.append,
            authors=authors(chosen, recording, budget),
        )
        return finished, store.dump(), events


@pytest.mark.parametrize(("proposer", "provider"), [("model", "openai"), ("both", "anthropic")])
def test_a_recorded_run_replays_offline_to_the_same_archive(tmp_path, environment, proposer, provider) -> None:
    chosen = settings(proposer, provider)
    with scripted_server(fault_share=0.1, seed=1) as server, Recording(tmp_path / "calls.jsonl") as recording:
        environment(server.url)
        finished, archive, events = run(tmp_path / "one.sqlite", chosen, 2, recording)
    assert finished.reason == "done"
    assert {p["origin"] for p in archive["policies"]} >= {"model"}
    assert {p["prompt_id"] for p in archive["policies"] if p["origin"] == "model"} == {PROMPTS[1].prompt_id}
    written = {s["scenario_id"] for s in archive["scenarios"] if s["prompt_id"] == PROMPTS[0].prompt_id}
    assert written
    for row in archive["scenarios"]:
        if row["family"] != "model":
            assert row["prompt_id"] is None
        else:  # the search may have varied a model's scenario: that one is not the prompt's
            assert (row["scenario_id"] in written) == (
                re.fullmatch(r"model-[0-9a-f]{12}", row["scenario_id"]) is not None
            )
    assert {p["prompt_id"]: p["text"] for p in archive["prompts"]} == {p.prompt_id: p.text for p in PROMPTS}
    assert [e for e in events if e["event"] == "model"][-1]["calls"] > 0
    environment("http://127.0.0.1:9")  # nobody is there
    with Recording(tmp_path / "calls.jsonl", replaying=True) as replay:
        _, again, _ = run(tmp_path / "two.sqlite", chosen, 2, replay)
    assert again == archive


def test_a_spent_budget_ends_the_run_and_a_larger_one_resumes_it(tmp_path, environment) -> None:
    chosen = settings("model", "openai")
    with scripted_server(seed=2) as server:
        environment(server.url)
        with Recording(tmp_path / "calls.jsonl") as recording:
            finished, _, _ = run(tmp_path / "one.sqlite", chosen, 3, recording, Budget(calls=3))
        assert finished.reason == "budget spent"
        assert server.served.total() <= 3
        with Recording(tmp_path / "calls.jsonl") as recording:
            finished, rest, _ = run(tmp_path / "one.sqlite", chosen, 3, recording, Budget(calls=500))
        assert finished.reason == "done"
        paid = server.served.total()
    with Recording(tmp_path / "calls.jsonl", replaying=True) as replay:
        _, whole, _ = run(tmp_path / "two.sqlite", chosen, 3, replay)
    assert rest == whole  # nothing was lost or asked twice
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").open()]
    assert sum(line["cost"]["requests"] for line in lines if line["kind"] == "model") == paid


def check(archive, faults: int, served) -> None:
    """Assert that the archive holds only valid entries."""
    source = open_source("generated", None)
    for row in archive["policies"]:
        compile_policy(type(REFERENCES["fgd"]).model_validate_json(row["document"]))
    for row in archive["scenarios"]:
        spec = source.parse(json.loads(row["spec"]))
        assert witness(encode(source.expand(spec)), REFERENCES).is_solvable
    on_purpose = sum(served[f] for f in (*TRANSPORT_FAULTS, "empty"))
    # On a busy machine an answer that was sent in time may be late all the same.
    assert on_purpose <= faults <= on_purpose + served.total() // 50


def survive(tmp_path, environment, provider: str, calls: int):
    chosen = settings("both" if provider == "anthropic" else "model", provider)
    with (
        scripted_server(fault_share=0.35, seed=calls) as server,
        Recording(tmp_path / "calls.jsonl") as recording,
        Store.open(tmp_path / "one.sqlite") as store,
    ):
        environment(server.url)
        who = authors(chosen, recording, Budget(calls=calls))
        finished = play(store, chosen, authors=who)
        assert finished.reason == "budget spent"
        spent = who.model.purse.spent
        check(store.dump(), sum(spent.faults.values()), server.served)
        assert spent.requests == calls
        assert spent.calls + sum(spent.faults.values()) == calls
        with sqlite3.connect(tmp_path / "one.sqlite") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        usage = model_usage(tmp_path, store)
        assert usage is not None
        assert (usage["requests"], usage["faults"]) == (calls, dict(sorted(spent.faults.items())))
        assert usage["answers_sent_back"] > 0
        return server.served, Recording(tmp_path / "calls.jsonl", replaying=True)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_faulty_server_neither_crashes_a_run_nor_corrupts_its_archive(tmp_path, environment, provider) -> None:
    survive(tmp_path, environment, provider, 60)


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_thousand_calls_of_a_scripted_server(tmp_path, environment, provider) -> None:
    served, recording = survive(tmp_path, environment, provider, 1000)
    assert all(served[fault] for fault in TRANSPORT_FAULTS + CONTENT_FAULTS)
    outcomes = [e.response[0] for e in recording if e.kind == "tool"]
    assert {"unknown tool", "invalid arguments", "ok"} <= set(outcomes)


def test_prompts_evolve_every_few_iterations_and_the_run_replays(tmp_path, environment) -> None:
    chosen = settings("model", "openai").model_copy(update={"evolve_prompts": 2})
    with scripted_server(seed=1) as server, Recording(tmp_path / "calls.jsonl") as recording:
        environment(server.url)
        finished, archive, events = run(tmp_path / "one.sqlite", chosen, 3, recording)
    assert finished.reason == "done"
    (judged,) = [e for e in events if e["event"] == "prompts"]
    assert judged["iteration"] == 1
    assert set(judged["judged"]) == {"attacker", "defender"}
    versions = {p["prompt_id"]: p["parent_id"] for p in archive["prompts"]}
    assert len(versions) > len(PROMPTS)
    assert {parent for parent in versions.values() if parent} <= {p.prompt_id for p in PROMPTS}
    environment("http://127.0.0.1:9")  # nobody is there
    with Recording(tmp_path / "calls.jsonl", replaying=True) as replay:
        _, again, _ = run(tmp_path / "two.sqlite", chosen, 3, replay)
    assert again == archive


def test_a_variant_with_a_sealed_gain_takes_over_from_the_next_iteration(tmp_path, environment, monkeypatch) -> None:
    def evolve(context, first) -> Evolved:
        better = Prompt(first.role, first.text.replace("# user", "Be bold.\n# user", 1))
        made = Variant(prompt_id=better.prompt_id, text=better.text, parent_id=first.prompt_id, generation=1)
        verdict = "gain" if first.role == "defender" else "none"
        gain = {"selection": (0.1, 0.0, 0.2), "sealed": (0.1, 0.05, 0.15), "p_value": 0.01, "pairs": 6}
        judged = Judged(prompt_id=better.prompt_id, candidates=2, judgements=1, verdict=verdict, **gain)
        before = first_standing(first)
        return Evolved("done", before.model_copy(update={"variants": (*before.variants, made), "judged": (judged,)}))

    monkeypatch.setattr(prompt_iterations, "evolve", evolve)
    chosen = settings("model", "openai").model_copy(update={"evolve_prompts": 1})
    better = Prompt("defender", PROMPTS[1].text.replace("# user", "Be bold.\n# user", 1))
    with scripted_server(seed=1) as server, Recording(tmp_path / "calls.jsonl") as recording:
        environment(server.url)
        run(tmp_path / "one.sqlite", chosen, 1, recording)
        _, archive, _ = run(tmp_path / "one.sqlite", chosen, 2, recording)  # the prompt in use is restored
    used = {(p["iteration"], p["prompt_id"]) for p in archive["policies"] if p["origin"] == "model"}
    assert used == {(0, PROMPTS[1].prompt_id), (1, better.prompt_id)}
    wrote = {s["prompt_id"] for s in archive["scenarios"]} - {None}
    assert wrote <= {PROMPTS[0].prompt_id}


def test_a_run_without_evolving_prompts_has_the_manifest_of_before() -> None:
    assert "evolve_prompts" not in settings("model", "openai").model_dump()
    assert SelfPlaySettings(evolve_prompts=10).model_dump()["evolve_prompts"] == 10
