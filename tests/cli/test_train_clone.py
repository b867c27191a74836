import json
from pathlib import Path

import pytest

from tests.cli.command import aurora


def test_the_training_data_are_reported_once(tmp_path: Path) -> None:
    assert "either files" in aurora("train", "clone", "--out", str(tmp_path / "a"), code=6).stderr
    assert "--out FOLDER" in aurora("train", "clone", "--generate", "40", code=2).stderr
    lacking = aurora("train", "clone", str(tmp_path / "absent.jsonl"), "--out", str(tmp_path / "b"), code=6)
    assert "no such file" in lacking.stderr


@pytest.mark.slow
def test_repeating_a_finished_clone_training_prints_the_same_report(tmp_path: Path) -> None:
    folder, plot = tmp_path / "run", tmp_path / "curve.html"
    arguments = ("--generate", "80", "--steps", "1000", "--share", "0.25", "--seed", "2", "--json")
    done = aurora("train", "clone", *arguments, "--out", str(folder), "--plot", str(plot))
    result = json.loads(done.stdout)
    assert set(result["policies"]) == {"keep", "clone", "fine_tuned"}
    assert len(result["experts"]) == 16
    assert {"schema_version": 1} | json.loads((folder / "result.json").read_text()) == result
    assert plot.stat().st_size > 1000
    again = aurora("train", "clone", "--resume", str(folder), "--json")
    assert json.loads(again.stdout) == result
    assert "--resume" in aurora("train", "clone", *arguments, "--out", str(folder), code=8).stderr
