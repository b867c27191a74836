"""`aurora evolve-prompts`: a run against a local server, its versions, and prompts in use."""

import json
import subprocess

import pytest

from aurora.errors import InputError
from aurora.evals.results.result import load_result
from aurora.evals.testing.scripted_server import scripted_server
from aurora.prompts.loader import load_prompt
from tests.cli.command import aurora

SMALL = [
    *("evolve-prompts", "--role", "explainer", "--model", "openai:gpt-5-mini", "--families", "batch"),
    *("--families", "spot", "--selection", "2", "--sealed", "2", "--level", "1", "--generations", "1"),
    *("--budget", "proposals=2,evaluations=16"),
]
CODE = InputError.exit_code


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evolution") / "run"
    with scripted_server(seed=1) as server:
        environment = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "x", "PATH": "/usr/bin:/bin"}
        done = aurora(*SMALL, "--run", str(folder), "--json", environment=environment)
        again = aurora(*SMALL, "--run", str(folder), "--json", environment=environment)
    return folder, done, json.loads(done.stdout), json.loads(again.stdout)


def test_the_budget_is_stated_before_the_start_and_kept(run) -> None:
    _, done, result, _ = run
    assert done.stderr.startswith("Budget: 2 proposals, 16 evaluations, any number of tokens.")
    assert (result["proposals"], result["evaluations"] <= 16, result["reason"]) == (2, True, "done")
    assert result["versions"][0]["prompt_id"] == load_prompt("explainer").prompt_id
    assert all(v["parent_id"] == result["versions"][0]["prompt_id"] for v in result["versions"][1:])
    assert "evaluations, 2 proposals" in done.stderr


def test_the_same_command_resumes_a_finished_run_and_calls_nothing(run) -> None:
    *_, result, again = run
    assert again == result


def test_versions_are_listed_shown_and_told_apart(run, tmp_path) -> None:
    folder, _, result, _ = run
    last = result["versions"][-1]["prompt_id"]
    listed = json.loads(aurora("evolve-prompts", "list", "--run", str(folder), "--json").stdout)
    assert listed["versions"] == result["versions"]
    shown = aurora("evolve-prompts", "show", last[:14], "--run", str(folder))
    assert "Weigh at most" in shown.stdout
    assert "why: few terms carry further" in shown.stderr
    patch = tmp_path / "p.patch"
    aurora("evolve-prompts", "diff", last, "--run", str(folder), "--out", str(patch))
    (tmp_path / "aurora/prompts").mkdir(parents=True)
    own = tmp_path / "aurora/prompts/explainer.md"
    own.write_text(load_prompt("explainer").text)
    subprocess.run(["git", "apply", str(patch)], cwd=tmp_path, check=True)
    assert own.read_text() == shown.stdout.removesuffix("\n") or own.read_text() == shown.stdout
    aurora("evolve-prompts", "show", "zzz", "--run", str(folder), code=CODE)


def test_a_version_is_used_and_taken_back(run, tmp_path) -> None:
    folder, _, result, _ = run
    last = result["versions"][-1]["prompt_id"]
    used = aurora("evolve-prompts", "use", last, "--run", str(folder), "--folder", str(tmp_path))
    assert "not shown to be better" in used.stderr
    assert "AURORA_PROMPTS=" in used.stderr
    assert "Weigh at most" in (tmp_path / "explainer.md").read_text()
    back = aurora("evolve-prompts", "rollback", "--role", "explainer", "--folder", str(tmp_path))
    assert "AURORA's own prompt" in back.stderr
    assert not (tmp_path / "explainer.md").exists()


def test_the_run_is_an_evaluation_too(run) -> None:
    folder, _, result, _ = run
    evaluation = load_result(folder)
    assert evaluation.kind == "prompt evolution"
    assert [row[0] for row in evaluation.tables[0].rows] == [v["prompt_id"] for v in result["versions"]]
    assert len((folder / "samples.jsonl").read_text().splitlines()) == result["evaluations"]


def test_a_wrong_budget_is_a_wrong_option(tmp_path) -> None:
    wrong = aurora(
        "evolve-prompts", "--model", "openai:x", "--budget", "calls=3", "--run", str(tmp_path / "r"), code=CODE
    )
    assert "--budget" in wrong.stderr


def test_the_search_has_no_prompts_to_evolve(tmp_path) -> None:
    wrong = aurora("selfplay", "--evolve-prompts", "2", "--run", str(tmp_path / "r"), code=2)
    assert "--proposer model" in wrong.stderr
