"""`aurora study`: the file, its check, the run, its states and gates."""

import json
from pathlib import Path

import pytest

from tests.cli.command import aurora
from tests.evals.studies.made_up import TINY, study_file


def test_the_example_is_written_once_and_checked_with_all_limits(tmp_path: Path) -> None:
    file = str(tmp_path / "new.yaml")
    aurora("study", "new", file)
    assert "is there already" in aurora("study", "new", file, code=6).stderr
    checked = aurora("study", "run", file, "--out", str(tmp_path / "out"), "--dry-run")
    assert "18 runs: 3 variations with 6 seeds each." in checked.stderr
    assert "evaluations: at most 3,000 a run, 54,000 in all" in checked.stderr
    assert "no model is called" in checked.stderr
    assert "no limit of seconds" in checked.stderr
    assert not (tmp_path / "out").exists()
    plan = json.loads(aurora("study", "run", file, "--out", str(tmp_path / "out"), "--dry-run", "--json").stdout)
    assert len(plan["runs"]) == 18
    assert plan["limits"]["iterations"] == {"run": 10, "all": 180}


def test_a_study_runs_and_is_compared(tmp_path: Path) -> None:
    file, out = str(study_file(tmp_path, TINY)), str(tmp_path / "out")
    result = json.loads(aurora("study", "run", file, "--out", out, "--workers", "threads", "--json").stdout)
    assert result["kind"] == "study"
    assert result["failures"] == []
    assert {m["name"] for m in result["metrics"]} == {"value", "lead", "evaluations", "value less base"}
    status = json.loads(aurora("study", "status", out, "--json").stdout)
    assert status["counts"] == {"done": 4}
    assert not status["is_running"]
    assert "less base" in aurora("study", "report", out).stdout
    failed = aurora("study", "report", out, "--fail-on", "base:value<2", code=6)
    assert "--fail-on" in failed.stderr
    assert (
        "generated/base:value is"
        in aurora("study", "report", out, "--fail-on", "generated/base:value<2", code=1).stderr
    )
    compared = json.loads(aurora("study", "compare", out, out, "--json").stdout)
    assert {d["difference"]["mean"] for d in compared["differences"]} == {0.0}
    assert json.loads(aurora("eval", "compare", out, out, "--json").stdout)["only_first"] == 0


@pytest.mark.parametrize("command", ["status", "report"])
def test_a_folder_without_a_study_is_named(tmp_path: Path, command: str) -> None:
    assert "holds no study" in aurora("study", command, str(tmp_path), code=8).stderr
    assert "holds no study" in aurora("study", "compare", str(tmp_path), str(tmp_path), code=8).stderr


def test_a_fault_of_the_file_ends_before_there_is_a_folder(tmp_path: Path) -> None:
    file = str(study_file(tmp_path, "base: {populaton: 3}\nseeds: [0]\nbudget: {iterations: 1}"))
    refused = aurora("study", "run", file, "--out", str(tmp_path / "out"), code=6)
    assert "did you mean population?" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_failed_run_ends_the_command_with_its_reason(tmp_path: Path) -> None:
    file, out = str(study_file(tmp_path, TINY)), tmp_path / "out"
    broken = out / "runs" / "base" / "1"
    broken.mkdir(parents=True)
    (broken / "archive.sqlite").write_text("no archive")
    done = aurora("study", "run", file, "--out", str(out), "--workers", "threads", code=8)
    assert "failed: base, seed 1: " in done.stderr
    assert "1 of 4 runs failed; play them again with: aurora study run" in done.stderr
    assert "# variations" in done.stdout
