import json
from pathlib import Path

import pytest

from tests.cli.command import aurora
from tests.evals.report.made_up import benchmark


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return benchmark(tmp_path / "bench", ["champion", "ppo", "random"])


def test_page_and_markdown_are_written(folder: Path, tmp_path: Path) -> None:
    page, text = tmp_path / "out.html", tmp_path / "out.md"
    done = aurora("eval", "report", str(folder), "--out", str(page), "--markdown", str(text))
    assert str(page) in done.stderr
    assert page.read_text().startswith("<!doctype html>")
    assert text.read_text().startswith("# Benchmark report")


def test_json_has_ratings_and_comparisons_and_writes_no_file(folder: Path, tmp_path: Path) -> None:
    other = benchmark(tmp_path / "other", ["champion", "ppo"], shift=1.0)
    printed = json.loads(aurora("eval", "report", str(folder), str(other), "--json").stdout)
    assert [r["player"] for r in printed["evaluations"][0]["ratings"]] == ["champion", "ppo", "random"]
    (comparison,) = printed["comparisons"]
    assert comparison["comparison"]["differences"]
    assert printed["files"] == []


def test_a_failed_condition_is_told_with_its_evaluation(folder: Path, tmp_path: Path) -> None:
    other = benchmark(tmp_path / "other", ["champion", "ppo"], shift=9.0)
    files = ("--out", str(tmp_path / "r.html"))
    failed = aurora("eval", "report", str(folder), str(other), "--fail-on", "openb/champion:value<9", *files, code=1)
    assert "bench: openb/champion:value is" in failed.stderr
    assert "other: openb" not in failed.stderr
    assert (tmp_path / "r.html").exists()
    aurora("eval", "report", str(folder), "--fail-on", "openb/champion:value<0", *files)
    assert "--fail-on" in aurora("eval", "report", str(folder), "--fail-on", "valeu<0", *files, code=6).stderr
