"""`aurora compose adapt` on a deployment that runs, as a person would type it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora.learning.composition.adaptation.chain_times import branches_of
from aurora.learning.composition.adaptation.steps import read_steps
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.tasks.machines import CLASSES, Conditions, readings

pytestmark = pytest.mark.slow  # it fits components and starts worker processes


def aurora(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "aurora", "compose", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Path]:
    """Return the folder in which a small model serves the task `machines`."""
    aurora(tmp_path, "profile", "machines", "--chain", "boosting-20")
    aurora(tmp_path, "deploy", "boosting-20", "--task", "machines", "--name", "machines", "--port", "0", "--detach")
    yield tmp_path
    aurora(tmp_path, "stop", "machines")


def requests(folder: Path, conditions: Conditions) -> str:
    """Write labelled requests that were taken under some conditions; return their file."""
    drawn = readings(1200, 77, conditions)
    lines = [
        json.dumps({"item": [float(value) for value in row], "label": CLASSES[int(label)]})
        for row, label in zip(drawn.items, drawn.labels, strict=True)
    ]
    (folder / "requests.jsonl").write_text("\n".join(lines))
    return "requests.jsonl"


def test_a_deployment_stays_while_nothing_changes_and_is_fitted_anew_when_the_law_does(deployed: Path) -> None:
    same = aurora(deployed, "adapt", "machines", "--requests", requests(deployed, Conditions()), "--budget", "4")
    assert "nothing changed" in same
    changed = requests(deployed, Conditions(change=1.0))
    told = aurora(deployed, "adapt", "machines", "--requests", changed, "--budget", "4")
    assert "accuracy fell" in told
    assert "swapped" in told
    assert '"version": 2' in aurora(deployed, "status", "machines", "--json")


def test_profiles_tell_what_compositions_are_worth_while_the_data_stays(deployed: Path) -> None:
    aurora(deployed, "profile", "machines", "--chain", "boosting-100")
    words = ("--requests", requests(deployed, Conditions()), "--force", "--budget", "2", "--cost", "0")
    aurora(deployed, "adapt", "machines", *words)
    steps = read_steps(deployed / "runs" / "deployments" / "machines" / "adaptation.jsonl")
    composed = [parse_pipeline(step.pipeline) for step in steps if step.verdict == "composed"]
    untried = Branch((), "boosting-100")
    measured = [step for step in steps if step.step == "measured" and step.verdict != "composed"]
    assert "boosting-100" not in [step.pipeline for step in measured]
    assert any(untried in branches_of(one) for one in composed)
