import json
from pathlib import Path

import pytest

from aurora import journal
from aurora.evals.results.samples import SAMPLES_FILE
from tests.cli.command import aurora
from tests.evals.results.made_up import samples


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    for name, shift in (("before", 0.0), ("after", -0.4)):
        (tmp_path / name).mkdir()
        journal.append(tmp_path / name / SAMPLES_FILE, [s.model_dump(mode="json") for s in samples("a", shift)])
    return str(tmp_path / "before"), str(tmp_path / "after")


def test_a_loss_is_printed_with_its_interval_and_fails_the_gate(folders: tuple[str, str]) -> None:
    printed = json.loads(aurora("eval", "compare", *folders, "--json").stdout)
    (difference,) = printed["differences"]
    assert difference["difference"]["high"] < 0
    failed = aurora("eval", "compare", *folders, "--fail-on", "reward.high<0", code=1)
    assert "made-up/a:reward is -0.4" in failed.stderr
    assert "made-up" in failed.stdout
    aurora("eval", "compare", *folders, "--fail-on", "reward<-0.5")


def test_a_wrong_gate_and_a_wrong_pair_name_their_option(folders: tuple[str, str]) -> None:
    assert "--fail-on" in aurora("eval", "compare", *folders, "--fail-on", "rewrad<0", code=6).stderr
    assert "--rename" in aurora("eval", "compare", *folders, "--rename", "a", code=2).stderr
