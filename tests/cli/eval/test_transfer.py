"""`aurora eval transfer` and `ablations`: what a model lacks is told before anything is trained."""

from pathlib import Path

import pytest

from tests.cli.command import aurora

COMMANDS = ("transfer", "ablations")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        (("--model", "nope"), {}, "PROVIDER:MODEL"),
        (("--model", "openai:x"), {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY"),
        (("--model", "openai:x", "--dollars", "1"), {"OPENAI_API_KEY": "x"}, "no price"),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, options, environment, told: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = tmp_path / "out"
    refused = aurora("eval", command, "--quick", *options, "--out", str(out), code=9)
    assert told in refused.stderr
    assert not out.exists()


def test_more_seeds_for_the_model_than_there_are_name_their_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    options = ("--quick", "--model", "openai:x", "--model-seeds", "3", "--out", str(tmp_path / "out"))
    refused = aurora("eval", "transfer", *options, code=6)
    assert "--model-seeds" in refused.stderr
    assert not (tmp_path / "out").exists()
