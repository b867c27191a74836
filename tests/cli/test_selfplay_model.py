from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.cli.selfplay_model import asked_from, require_answers, tell_when_asked
from aurora.errors import ModelError
from aurora.graphs.run import Run
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.records import Iteration
from aurora.memory.store import Store
from aurora.sim.scenarios.curriculum import Curriculum

USAGE: dict[str, Any] = {"requests": 0, "calls": 0, "accepted": 0, "answers_sent_back": 0, "faults": {}}
SETTINGS = SelfPlaySettings(seed=1, proposer="both", model="openai:some", model_from_level=3, prompts=("a", "b"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "a.sqlite") as opened:
        yield opened


def _run(store: Store, settings: SelfPlaySettings = SETTINGS) -> Run:
    return Run(Path("run"), settings, GeneratedSource(), store, None)


def _at_level(store: Store, level: int) -> None:
    state = {"curriculum": Curriculum(level=level).model_dump(mode="json")}
    store.commit(Iteration(0, [], [], [], [], [], {}, state, []))


def test_a_model_used_only_from_a_higher_level_is_reported_at_the_start(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_when_asked(_run(store))
    said = capsys.readouterr()
    assert "from level 3 on" in said.err and "begins at level 1" in said.err and not said.out
    for quiet in (SETTINGS.model_copy(update={"model_from_level": 1}), SelfPlaySettings(seed=1)):
        tell_when_asked(_run(store, quiet))
    _at_level(store, 3)
    tell_when_asked(_run(store))
    assert not capsys.readouterr().err


def test_an_unreached_level_is_no_failure_of_the_model(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    _at_level(store, 2)
    assert asked_from(_run(store)) == {"from_level": 3, "level": 2}
    require_answers(SETTINGS, USAGE | asked_from(_run(store)))
    said = capsys.readouterr().err
    assert "level 3 was not reached" in said and "--model-from-level 2" in said


def test_a_model_that_never_answered_is_a_failure(store: Store) -> None:
    with pytest.raises(ModelError, match="no answer came from openai:some in 4 requests"):
        require_answers(SETTINGS, USAGE | {"requests": 4} | asked_from(_run(store)))
