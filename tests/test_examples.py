"""Every program in examples/ runs and prints its documented output."""

import runpy
from pathlib import Path

import pytest

from tests.processes import forked

EXAMPLES = Path(__file__).parents[1] / "examples"
PRINTS = {
    "simulate_and_explain": ("no policy: mean latency under", "Late, 3 tasks", "because:"),
    "write_a_policy": ("mean reward on 20 scenarios", "urgent-near", "did you mean fit.cost"),
    "own_trace": ("first_fit: reward", "query-2", "completed"),
    "forecast_and_reserve": ("q0.9", "cores with a confidence of 99%"),
    "train_ppo": ("Discrete(3)", "of PPO"),
    "own_proposer": ("draw 8:", "after 1 iteration the champion is"),
    "model_proposer": ("openai:scripted answered", "the champion's score"),
    "recommendation": ("applied to", "the inventory is as before"),
}
"""Program -> some of what it prints."""


def test_every_example_is_run_and_listed():
    programs = {path.stem for path in EXAMPLES.glob("*.py")}
    assert programs == set(PRINTS)
    index = (EXAMPLES / "README.md").read_text()
    assert all(f"({name}.py)" in index for name in programs)


@pytest.mark.parametrize("name", PRINTS)
def test_the_example_prints_its_documented_output(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = forked(runpy.run_path, str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert done.returncode == 0, done.stderr
    for text in PRINTS[name]:
        assert text in done.stdout
    assert not any(tmp_path.iterdir()), "an example leaves files behind"
