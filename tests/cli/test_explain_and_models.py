"""The command `aurora explain`, benchmarks of explanations and agents, and self-play with a model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aurora.evals.testing.scripted_server import scripted_server
from tests.agents.models.test_metered import replying
from tests.cli.command import aurora

FAMILIES = ("--train-on", "batch", "--validate-on", "spot")
"""Two families, so that an iteration takes a third of the simulations."""


def with_model(url: str, *args: str, code: int = 0, key: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("OPENAI_API_KEY", "AURORA_MODEL")}
    environment |= {"OPENAI_BASE_URL": f"{url}/v1"} | ({"OPENAI_API_KEY": "x"} if key else {})
    return aurora(*args, code=code, environment=environment)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("explain") / "s.json"
    aurora("scenarios", "generate", "--family", "spot", "--level", "2", "--seed", "3", "--out", str(path))
    return str(path)


def test_a_decision_is_explained_with_its_claims(scenario: str) -> None:
    told = json.loads(aurora("explain", scenario, "cheapest", "--task", "g0-1", "--json").stdout)
    assert set(told) == {
        "schema_version",
        "scenario_id",
        "policy_id",
        "task_id",
        "decision",
        "time",
        "status",
        "text",
        "claims",
    }
    assert told["text"].startswith("Task g0-1 on ")
    assert all(c["holds"] and c["found"] for c in told["claims"])
    assert {"kind", "holds", "found"} <= set(told["claims"][0])


def test_an_unplaced_task_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    tasks = [
        {"task_id": "first", "arrival_time": 0, "cpu_required": 3, "duration": 100},
        {"task_id": "huge", "arrival_time": 0, "cpu_required": 6, "duration": 100},
    ]
    nodes = [{"node_id": n, "cpu": 4} for n in ("a", "b")]
    workload = {"tasks": tasks, "time_horizon": 10}
    path.write_text(
        json.dumps({"scenario_id": "two", "domain": "cloud", "nodes": nodes, "workload_definition": workload})
    )
    asked = ("explain", str(path), "first_fit", "--task")
    told = json.loads(aurora(*asked, "huge", "--json").stdout)
    assert told["status"] == "unplaceable"
    assert told["decision"] is told["time"] is None
    assert {"attempt", "wait", "infeasible", "status"} >= {c["kind"] for c in told["claims"]}
    assert aurora(*asked, "huge").stdout == (
        "Task huge can never be placed: it asks for 6 cores, the largest node has 4.\n"
    )
    against = json.loads(aurora(*asked, "first", "--why-not", "b", "--json").stdout)["why_not"]
    assert set(against) == {"candidate", "because", "text", "claims", "changes"}
    whole = json.loads(aurora("explain", str(path), "first_fit", "--json").stdout)
    assert whole["late"] == []
    assert [t["task_id"] for t in whole["not_completed"]] == ["huge"]
    assert "name it with --task" in aurora("explain", str(path), "first_fit", "--why-not", "b", code=2).stderr


def test_a_run_is_explained_as_a_whole(scenario: str) -> None:
    told = json.loads(aurora("explain", scenario, "cheapest", "--json").stdout)
    assert sum(told["reasons"].values()) >= 20
    assert "placements of 20 tasks" in told["text"]


def test_an_unknown_task_is_named(scenario: str) -> None:
    assert "task 'x' is not in the scenario" in aurora("explain", scenario, "fgd", "--task", "x", code=3).stderr


def test_a_model_words_the_claims_once_and_replays_the_recording(scenario: str, tmp_path: Path) -> None:
    record = str(tmp_path / "calls.jsonl")
    asked = ("explain", scenario, "cheapest", "--task", "g0-1", "--model", "openai:m", "--json")
    with scripted_server() as server:
        first = json.loads(with_model(server.url, *asked, "--record", record).stdout)
    again = json.loads(with_model("http://127.0.0.1:9", *asked, "--replay", record, key=False).stdout)
    assert first == again
    assert first["by_model"] is True
    assert first["prompt_id"].startswith("explainer-")


def test_a_model_words_the_explanation_of_a_run(scenario: str) -> None:
    with scripted_server() as server:
        done = with_model(server.url, "explain", scenario, "cheapest", "--model", "openai:m", "--json")
    assert json.loads(done.stdout)["by_model"] is True


def test_missing_model_settings_are_named(scenario: str, tmp_path: Path) -> None:
    asked = ("explain", scenario, "cheapest", "--task", "g0-1", "--model", "openai:m")
    assert "needs OPENAI_API_KEY" in with_model("http://127.0.0.1:9", *asked, code=9, key=False).stderr
    assert "names no model" in aurora("selfplay", "--proposer", "model", "--model", "gpt", code=9).stderr
    run = tmp_path / "run"
    keyless = ("selfplay", "--proposer", "model", "--model", "openai:m", "--run", str(run))
    assert "needs OPENAI_API_KEY" in with_model("http://127.0.0.1:9", *keyless, code=9, key=False).stderr
    assert not run.exists()


def test_self_play_with_a_model_stops_at_its_budget_resumes_and_replays(tmp_path: Path) -> None:
    run, again = str(tmp_path / "run"), str(tmp_path / "again")
    asked = (
        "--proposer",
        "model",
        "--model",
        "openai:m",
        "--model-from-level",
        "1",
        "--seed",
        "2",
        "--iterations",
        "1",
        *FAMILIES,
    )
    with scripted_server() as server:
        stopped = with_model(server.url, "selfplay", *asked, "--max-calls", "1", "--run", run, "--no-report", code=8)
        assert "the model's budget is spent" in stopped.stderr
        assert f"--resume {run}" in stopped.stderr
        done = with_model(server.url, "selfplay", "--resume", run, "--iterations", "1", "--no-report", "--json")
    result = json.loads(done.stdout)
    assert result["model"]["calls"] > 1
    replayed = with_model(
        "http://127.0.0.1:9",
        *("selfplay", *asked, "--run", again, "--replay", f"{run}/calls.jsonl", "--no-report", "--json"),
        key=False,
    )
    assert json.loads(replayed.stdout)["top"] == result["top"]


def test_the_benchmark_of_explanations_prints_its_documented_keys() -> None:
    found = json.loads(aurora("bench", "explanations", "--decisions", "40", "--json").stdout)
    assert set(found) == {
        "schema_version",
        "decisions",
        "from",
        "claims",
        "planted",
        "milliseconds_median",
        "milliseconds_p95",
    }


def test_the_benchmark_of_wording_prints_its_documented_keys() -> None:
    asked = ("bench", "wording", "--false", "46", "--true", "20", "--decisions", "15", "--json")
    found = json.loads(aurora(*asked).stdout)
    documented = {"seed", "decisions", "runs", "false", "true", "struck_pct", "kept_pct", "wrong", "seconds"}
    assert set(found) - {"schema_version"} == documented
    assert found["struck_pct"] >= 99


@pytest.mark.slow
def test_the_benchmark_of_agents_prints_its_documented_keys() -> None:
    found = json.loads(aurora("bench", "agents", "--calls", "2", "--iterations", "1", "--json").stdout)
    assert set(found) == {"schema_version", "calls", "iterations"}
    assert {r["provider"] for r in found["calls"]} == {"openai", "anthropic"}


def test_help_imports_nothing_heavy() -> None:
    heavy = "'numpy', 'pydantic', 'openai', 'anthropic', 'langchain', 'torch', 'prompt_toolkit', 'kubernetes', 'yaml'"
    code = f"import sys, aurora.cli.main; print([m for m in ({heavy}) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


REFUSAL = {
    "message": {"role": "assistant", "content": None, "refusal": "I can't help with that."},
    "finish_reason": "stop",
}
REFUSED = (200, {}, {"choices": [REFUSAL], "usage": {"prompt_tokens": 4000, "completion_tokens": 12}})


def test_the_built_in_explanation_is_used_when_a_model_declines(scenario: str) -> None:
    asked = ("explain", scenario, "cheapest", "--task", "g0-1")
    own = json.loads(aurora(*asked, "--json").stdout)
    with replying(REFUSED) as (url, seen):
        done = with_model(url, *asked, "--model", "openai:m", "--json")
    told = json.loads(done.stdout)
    assert (told["text"], told["by_model"], len(seen)) == (own["text"], False, 1)
    assert "declined the question (I can't help with that.)" in told["declined"]
    assert "AURORA's own words" in done.stderr


def test_a_run_without_any_model_answer_ends_with_an_error(tmp_path: Path) -> None:
    asked = (
        "--proposer",
        "model",
        "--model",
        "openai:gpt-4o",
        "--model-from-level",
        "1",
        "--iterations",
        "1",
        *FAMILIES,
    )
    with replying(REFUSED) as (url, seen):
        run = ("selfplay", *asked, "--no-report", "--json", "--run", str(tmp_path / "run"))
        done = with_model(url, *run, code=9)
    usage = json.loads(done.stdout)["model"]
    assert (usage["calls"], usage["requests"]) == (0, len(seen))
    assert usage["faults"] == {"refusal": len(seen)}
    assert usage["tokens_in"] == 4000 * len(seen)
    assert usage["dollars"] > 0
    assert f"no answer came from openai:gpt-4o in {len(seen)} requests" in done.stderr
