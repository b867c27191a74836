"""A killed run resumes where it stopped: nothing is lost, repeated or paid for twice."""

import json
import os
import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from aurora.errors import RunError, StoreError
from aurora.graphs.run import open_run, settings_of
from aurora.graphs.run_directory import ARCHIVE, EVENTS, MANIFEST
from aurora.memory.index import INDEX_FOLDER
from aurora.memory.store import Store
from tests.graphs.victim import TINY, WORDS, hold, play, play_on
from tests.memory.bag_of_words import BagOfWords

ITERATIONS = 3
MOST_IN_A_BLOCK = 64
"""Simulations that a thread may have finished and not yet written down."""


class Whole(NamedTuple):
    """The results of an uninterrupted run."""

    dump: dict
    simulations: int
    events: list


def dump(directory: Path) -> dict:
    with Store.open(directory / ARCHIVE) as store:
        return store.dump()


def events(directory: Path) -> list[dict]:
    """Return the event log without fields that depend on the clock or the number of processes."""
    lines = [json.loads(line) for line in (directory / EVENTS).read_text().splitlines()]
    return [{k: v for k, v in e.items() if k != "seconds"} for e in lines if e["event"] != "stopped"]


def run(processes, directory: Path, counter: Path, *, jobs: int = 1, die: tuple[str, int] | None = None) -> int:
    process = processes.Process(target=play, args=(directory, ITERATIONS, jobs, counter, die))
    process.start()
    process.join(600)
    assert process.exitcode is not None, "a run of three tiny iterations hangs"
    return process.exitcode


@pytest.fixture(scope="module")
def whole(processes, tmp_path_factory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    assert run(processes, folder / "run", folder / "count") == 0
    return Whole(dump(folder / "run"), (folder / "count").stat().st_size, events(folder / "run"))


def test_every_simulation_is_counted_and_none_is_run_twice(whole):
    state = json.loads(whole.dump["iterations"][-1]["state"])
    assert state["evaluations"] == whole.simulations


@pytest.mark.parametrize(
    "deaths",
    [
        [("simulation", 1), ("event", 4), ("writing", 2)],
        [("committed", 1), ("simulation", 150), ("writing", 1)],
        *(
            pytest.param(deaths, marks=pytest.mark.slow)
            for deaths in (
                [("simulation", 1), ("simulation", 1)],
                [("simulation", 40), ("simulation", 150), ("simulation", 80)],
                [("writing", 1), ("writing", 1), ("writing", 2)],
                [("committed", 1), ("committed", 1)],
                [("event", 1), ("event", 4), ("event", 2)],
                [("committed", 2), ("simulation", 33), ("writing", 1)],
            )
        ),
    ],
    ids=str,
)
def test_a_killed_run_ends_as_an_uninterrupted_one(processes, whole, tmp_path, deaths):
    directory, counter = tmp_path / "run", tmp_path / "count"
    for die in deaths:
        assert run(processes, directory, counter, die=die) == -signal.SIGKILL
    assert run(processes, directory, counter) == 0
    assert dump(directory) == whole.dump
    assert counter.stat().st_size == whole.simulations
    assert [e for e in events(directory) if e["event"] in ("iteration", "forgetting")] == [
        e for e in whole.events if e["event"] in ("iteration", "forgetting")
    ]


def test_kills_with_two_threads_give_the_same_archive(processes, whole, tmp_path):
    directory, counter = tmp_path / "run", tmp_path / "count"
    deaths = [("simulation", 60), ("committed", 1), ("event", 5)]
    for die in deaths:
        assert run(processes, directory, counter, jobs=2, die=die) == -signal.SIGKILL
    assert run(processes, directory, counter, jobs=2) == 0
    assert dump(directory) == whole.dump
    # The other thread may die between the end of its block and writing it down.
    assert whole.simulations <= counter.stat().st_size <= whole.simulations + len(deaths) * MOST_IN_A_BLOCK


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_moment_loses_and_repeats_nothing(processes, whole, tmp_path, seed):
    directory, counter = tmp_path / "run", tmp_path / "count"
    moments = random.Random(seed)
    kills = 0
    for _ in range(8):
        process = processes.Process(target=play, args=(directory, ITERATIONS, 2, counter, None))
        process.start()
        time.sleep(moments.uniform(0.05, 1.5))
        process.kill()
        process.join()
        kills += process.exitcode != 0
    assert run(processes, directory, counter, jobs=2) == 0
    assert kills > 0
    assert dump(directory) == whole.dump
    assert whole.simulations <= counter.stat().st_size <= whole.simulations + 2 * kills * MOST_IN_A_BLOCK


def test_a_finished_run_is_complete_and_can_be_extended(processes, whole, tmp_path):
    directory, counter = tmp_path / "run", tmp_path / "count"
    with open_run(directory, TINY, WORDS) as opened:
        assert opened.play(iterations=2).iterations == 2
        again = opened.play(iterations=2)
        assert (again.reason, again.iterations, again.simulated) == ("done", 2, 0)
    assert run(processes, directory, counter) == 0
    assert dump(directory) == whole.dump


def test_a_second_process_in_one_directory_is_refused_immediately(processes, tmp_path):
    held, release = processes.Event(), processes.Event()
    owner = processes.Process(target=hold, args=(tmp_path, held, release))
    owner.start()
    try:
        assert held.wait(300)
        with pytest.raises(RunError, match=rf"pid {owner.pid}.*another folder"), open_run(tmp_path, TINY, WORDS):
            pass
    finally:
        release.set()
        owner.join()
    with open_run(tmp_path, TINY, WORDS):
        pass


def test_a_killed_owner_leaves_no_lock(processes, tmp_path):
    held, release = processes.Event(), processes.Event()
    owner = processes.Process(target=hold, args=(tmp_path, held, release))
    owner.start()
    assert held.wait(300)
    owner.kill()
    owner.join()
    with open_run(tmp_path, TINY, WORDS):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_interrupt_ends_the_run_cleanly(processes, tmp_path, number):
    began, result = processes.Event(), processes.Queue()
    process = processes.Process(target=play_on, args=(tmp_path / "run", began, result))
    process.start()
    assert began.wait(300)
    os.kill(process.pid, number)
    reason, iterations = result.get(timeout=300)
    process.join(300)
    assert (process.exitcode, reason) == (0, "interrupted")
    assert events(tmp_path / "run")[-1]["event"] != "iteration"
    with open_run(tmp_path / "run", TINY, WORDS) as opened:
        opened.play(iterations=iterations)
        interrupted = opened.store.dump()
    with open_run(tmp_path / "other", TINY, WORDS) as opened:
        opened.play(iterations=iterations)
        assert opened.store.dump() == interrupted


def test_a_changed_configuration_is_refused_and_the_difference_named(tmp_path):
    with open_run(tmp_path, TINY, WORDS):
        pass
    other = TINY.model_copy(update={"seed": 4, "population": 5})
    with pytest.raises(RunError, match=r"population was 4, now 5; seed was 3, now 4"), open_run(tmp_path, other, WORDS):
        pass
    assert settings_of(tmp_path) == TINY


def test_a_run_of_a_newer_aurora_is_refused(tmp_path):
    with open_run(tmp_path, TINY, WORDS):
        pass
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(RunError, match="newer AURORA"), open_run(tmp_path, TINY, WORDS):
        pass


def test_an_archive_of_a_newer_schema_is_refused(tmp_path):
    with open_run(tmp_path, TINY, WORDS):
        pass
    with sqlite3.connect(tmp_path / ARCHIVE) as connection:
        connection.execute("UPDATE meta SET value = '99'")
    with pytest.raises(StoreError, match="newer AURORA"), open_run(tmp_path, TINY, WORDS):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "settings": [], "files": {}}'])
def test_a_broken_manifest_raises_run_error(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(RunError):
        settings_of(tmp_path)


def test_unknown_settings_in_a_manifest_are_named(tmp_path):
    (tmp_path / MANIFEST).write_text('{"format": 1, "settings": {"depth": 3}, "files": {}}')
    with pytest.raises(RunError, match="depth"):
        settings_of(tmp_path)


def test_a_run_resumes_with_its_original_embedder(tmp_path: Path) -> None:
    with (
        pytest.raises(RunError, match=r"words-1.*words-2.*AURORA_EMBEDDER"),
        open_run(tmp_path, TINY, BagOfWords("words-2")),
    ):
        pass


def test_a_lost_index_changes_nothing(tmp_path: Path) -> None:
    for name in ("kept", "lost"):
        for iterations in (1, 2):
            with open_run(tmp_path / name, TINY, WORDS) as opened:
                opened.play(iterations=iterations)
            if name == "lost":
                shutil.rmtree(tmp_path / name / INDEX_FOLDER)
    assert dump(tmp_path / "kept") == dump(tmp_path / "lost")
