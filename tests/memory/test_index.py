import multiprocessing
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aurora.errors import StoreError
from aurora.memory.elo import rate_rounds
from aurora.memory.index import KINDS, Entry, open_index
from aurora.memory.records import Iteration, NewOutcome, NewPolicy, NewScenario
from aurora.memory.store import Store
from aurora.memory.texts import policy_text, scenario_text
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.spec import ScenarioSpec
from tests.memory.bag_of_words import BagOfWords

SPECS: list[ScenarioSpec] = [
    sample_spec(family, 1 + i % 3, np.random.default_rng(i)) for i, family in enumerate(sorted(FAMILIES) * 2)
]


def _commit(store: Store, number: int, specs: list[ScenarioSpec], policies: list[str]) -> None:
    store.commit(
        Iteration(
            number=number,
            policies=[NewPolicy(REFERENCES[p], "reference") for p in policies],
            scenarios=[NewScenario(s.spec_id, s.family, 1, s.model_dump_json(), 0.5, 0.4) for s in specs],
            outcomes=[NewOutcome(p, specs[0].spec_id, 1.0, {}) for p in policies],
            failures=[],
            matches=rate_rounds({}, {specs[0].spec_id: dict.fromkeys(policies, 1.0)})[1],
            fronts={},
            state={},
            events=[],
        )
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "a.sqlite") as opened:
        _commit(opened, 0, SPECS[:6], ["fgd", "sjf"])
        yield opened


def _found(folder: Path, store: Store, embedder: BagOfWords, *, rebuild: bool = False) -> tuple[str, object]:
    """Return why the index was rebuilt, and all its answers."""
    with open_index(folder, store, embedder, rebuild=rebuild) as index:
        asked = [scenario_text(s) for s in SPECS]
        return index.why_rebuilt, (
            {kind: index.count(kind) for kind in KINDS},
            index.nearest("scenarios", asked, 3),
            index.nearest("policies", ["shortest job first"], 2),
        )


def test_the_nearest_scenario_to_itself_is_itself_with_its_description(store: Store, tmp_path: Path) -> None:
    with open_index(tmp_path / "index", store, BagOfWords()) as index:
        for spec in SPECS[:6]:
            ((near,),) = index.nearest("scenarios", [scenario_text(spec)], 1)
            assert near.similarity == pytest.approx(1)
            assert index.describe("scenarios", [near.key])[near.key] == scenario_text(spec)
        assert index.nearest("policies", [policy_text(REFERENCES["sjf"])], 1)[0][0].key == "sjf"


def test_a_reopened_index_is_reused_and_answers_alike(store: Store, tmp_path: Path) -> None:
    first, embedder = BagOfWords(), BagOfWords()
    why, before = _found(tmp_path / "index", store, first)
    assert why == "there was none"
    why, after = _found(tmp_path / "index", store, embedder)
    assert (why, after) == ("", before)
    assert len(embedder.asked) == len({scenario_text(s) for s in SPECS}) + 1, "only what was asked for is embedded"


def test_entries_archived_meanwhile_are_added(store: Store, tmp_path: Path) -> None:
    _found(tmp_path / "index", store, BagOfWords())
    _commit(store, 1, SPECS[6:], ["random"])
    why, grown = _found(tmp_path / "index", store, BagOfWords())
    assert why == ""
    assert grown == _found(tmp_path / "other", store, BagOfWords())[1]


def test_an_incremental_index_equals_one_built_at_the_end(store: Store, tmp_path: Path) -> None:
    with open_index(tmp_path / "index", store, BagOfWords()) as index:
        _commit(store, 1, SPECS[6:], ["random"])
        index.add("policies", [Entry("random", REFERENCES["random"].model_dump_json())])
        index.add("scenarios", [Entry(s.spec_id, s.model_dump_json()) for s in reversed(SPECS)])
    why, found = _found(tmp_path / "index", store, BagOfWords())
    assert why == ""
    assert found == _found(tmp_path / "other", store, BagOfWords())[1]


def _truncate(index: Path) -> None:
    for path in index.rglob("chroma.sqlite3"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _overwrite(index: Path) -> None:
    for path in index.rglob("chroma.sqlite3"):
        path.write_bytes(b"not a database" * 1000)


def _lose(index: Path) -> None:
    for path in [p for p in index.iterdir() if p.is_dir()]:
        shutil.rmtree(path)


def _forget_the_rows(index: Path) -> None:
    for path in index.rglob("chroma.sqlite3"):
        with sqlite3.connect(path) as database:
            database.execute("DELETE FROM collections")


@pytest.mark.parametrize("damage", [_truncate, _overwrite, _lose, _forget_the_rows])
def test_a_damaged_index_is_rebuilt(damage, store: Store, tmp_path: Path) -> None:
    _, before = _found(tmp_path / "index", store, BagOfWords())
    damage(tmp_path / "index")
    why, after = _found(tmp_path / "index", store, BagOfWords())
    assert why
    assert after == before


def test_vectors_of_another_embedder_are_not_used(store: Store, tmp_path: Path) -> None:
    _found(tmp_path / "index", store, BagOfWords())
    why, found = _found(tmp_path / "index", store, BagOfWords("words-2", 32))
    assert "another embedder" in why
    assert found == _found(tmp_path / "other", store, BagOfWords("words-2", 32))[1]


def test_entries_of_another_archive_are_not_used(store: Store, tmp_path: Path) -> None:
    _found(tmp_path / "index", store, BagOfWords())
    with Store.open(tmp_path / "b.sqlite") as other:
        _commit(other, 0, SPECS[:2], ["fgd"])
        why, (counts, *_) = _found(tmp_path / "index", other, BagOfWords())
    assert "which the archive does not" in why
    assert counts == {"scenarios": 2, "policies": 1}


def test_an_index_is_rebuilt_on_request(store: Store, tmp_path: Path) -> None:
    _, before = _found(tmp_path / "index", store, BagOfWords())
    assert _found(tmp_path / "index", store, BagOfWords(), rebuild=True) == ("as asked", before)
    assert len([p for p in (tmp_path / "index").iterdir() if p.is_dir()]) == 1


def _hold(folder: Path, archive: Path, held, release) -> None:
    with Store.open(archive) as store, open_index(folder, store, BagOfWords()):
        held.set()
        release.wait(60)


def _die_while_adding(folder: Path, archive: Path) -> None:
    class Deadly(BagOfWords):
        def embed(self, texts):
            if len(self.asked) >= 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().embed(texts)

    with Store.open(archive) as store, open_index(folder, store, Deadly()) as index:
        for spec in SPECS[6:]:
            index.add("scenarios", [Entry(spec.spec_id, spec.model_dump_json())])


def test_an_index_in_use_is_refused_until_released(store: Store, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "index", tmp_path / "a.sqlite", held, release))
    other.start()
    assert held.wait(60)
    with (
        pytest.raises(StoreError, match=f"pid {other.pid}"),
        open_index(tmp_path / "index", store, BagOfWords()),
    ):
        pass
    release.set()
    other.join(60)
    assert _found(tmp_path / "index", store, BagOfWords())[0] == ""


def test_a_kill_during_a_write_loses_nothing(store: Store, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    other = context.Process(target=_die_while_adding, args=(tmp_path / "index", tmp_path / "a.sqlite"))
    other.start()
    other.join(60)
    assert other.exitcode == -signal.SIGKILL
    _, found = _found(tmp_path / "index", store, BagOfWords())
    assert found == _found(tmp_path / "other", store, BagOfWords())[1]


def test_an_unwritable_folder_is_an_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(StoreError, match="something else has this name"),
        open_index(tmp_path / "file", store, BagOfWords()),
    ):
        pass


def test_an_unreadable_scenario_is_an_error(store: Store, tmp_path: Path) -> None:
    with (
        open_index(tmp_path / "index", store, BagOfWords()) as index,
        pytest.raises(StoreError, match="can't be read"),
    ):
        index.add("scenarios", [Entry("x", '{"a": 1}')])
