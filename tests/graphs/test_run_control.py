"""Runs are found, started, paused once and resumed, each as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from aurora.errors import InputError, RunError
from aurora.files import is_locked, lock_owner, locked
from aurora.graphs.run_control import NewRun, RunControl, last_error, last_words, requests
from aurora.graphs.run_directory import LOCK, OUTPUT, start_manifest
from aurora.graphs.run_list import find_runs, run_folder, run_row
from aurora.graphs.settings import SelfPlaySettings

_HOLDER = """
import signal, sys, time
from pathlib import Path
from aurora.errors import RunError
from aurora.files import locked
signals = []
signal.signal(signal.SIGINT, lambda *_: signals.append(1))
directory = Path(sys.argv[sys.argv.index("--run" if "--run" in sys.argv else "--resume") + 1])
with locked(directory / "lock", busy="plays", error=RunError):
    while not signals:
        time.sleep(0.02)
    time.sleep(0.5)
print("aurora: interrupted", len(signals), flush=True)
"""
"""Holds the lock of a run as a run does, until it is interrupted; it tells how often that was."""
_LOOKER = """
import sys
from pathlib import Path
from aurora.files import is_locked
print(flush=True)
while True:
    is_locked(Path(sys.argv[1]))
"""
"""Looks all the time whether a file is locked."""


def _launched(words: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
    with output.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-c", _HOLDER, *words], stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )


def _await(condition: object, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _manifest(directory: Path, **settings: object) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    start_manifest(directory, SelfPlaySettings(**settings).model_dump(mode="json"))  # type: ignore[arg-type]


def test_a_run_is_started_paused_once_and_resumed(tmp_path: Path) -> None:
    control = RunControl(tmp_path / "runs", _launched)
    directory = control.start(NewRun("mine", seed=3, iterations=4), "ada")
    assert control.state(directory) in ("starting", "running")
    _await(lambda: control.state(directory) == "running")
    with pytest.raises(RunError, match="is being played"):
        control.resume(directory, "ben", iterations=9)
    control_elsewhere = RunControl(tmp_path / "runs", _launched)  # a server that was started anew
    _manifest(directory, seed=3)
    with pytest.raises(RunError, match="is being played"):
        control_elsewhere.resume(directory, "ben", iterations=9)
    control_elsewhere.pause(directory, "ben")
    assert control.state(directory) == "pausing"
    control.pause(directory, "ada")  # a double click
    control.wait()
    assert control.state(directory) == "stopped"
    assert last_words(directory) == "aurora: interrupted 1"
    control.resume(directory, "ada", iterations=9)
    _await(lambda: control.state(directory) == "running")
    control.pause(directory, "ada")
    control.wait()
    asked = requests(directory)
    assert [(r.who, r.action) for r in asked] == [
        ("ada", "start"),
        ("ben", "pause"),
        ("ada", "resume"),
        ("ada", "pause"),
    ]
    assert asked[0].command == (
        f"aurora selfplay --run {directory} --source generated --seed 3 --iterations 4 --jobs 1 --json"
    )


def test_two_runs_at_once_are_the_most(tmp_path: Path) -> None:
    control = RunControl(tmp_path, _launched)
    folders = [control.start(NewRun(name), "ada") for name in ("a", "b")]
    with pytest.raises(RunError, match="2 runs"):
        control.start(NewRun("c"), "ada")
    assert not (tmp_path / "c").exists()
    for folder in folders:
        _await(lambda folder=folder: control.state(folder) == "running")
        control.pause(folder, "ada")
    control.wait()


@pytest.mark.parametrize(
    ("new", "name"),
    [
        (NewRun("../out"), "name"),
        (NewRun(""), "name"),
        (NewRun("-x"), "name"),
        (NewRun("a" * 61), "name"),
        (NewRun("a", source="openb"), "data"),
        (NewRun("a", source="no"), "source"),
        (NewRun("a", iterations=0), "iterations"),
        (NewRun("a", jobs=1000), "jobs"),
        (NewRun("a", seed=-1), "seed"),
        (NewRun("a", time_limit=0.0), "time_limit"),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_made(tmp_path: Path, new: NewRun, name: str) -> None:
    with pytest.raises(InputError) as caught:
        RunControl(tmp_path, _launched).start(new, "ada")
    assert caught.value.parameter == name
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(RunError, match="already"):
        RunControl(tmp_path, _launched).start(NewRun("mine"), "ada")


def test_a_run_with_a_model_needs_a_limit(tmp_path: Path) -> None:
    _manifest(tmp_path / "m", proposer="model", model="openai:x", prompts=("a", "b"))
    with pytest.raises(InputError, match="most calls"):
        RunControl(tmp_path, _launched).resume(tmp_path / "m", "ada", iterations=3)


def test_only_a_selfplay_that_holds_the_lock_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    control = RunControl(tmp_path)
    directory = tmp_path / "mine"
    with pytest.raises(RunError, match="nothing to pause"):
        control.pause(directory, "ada")
    sent: list[int] = []
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda *_: sent.append(1))
    with locked(directory / LOCK, busy="tests"):  # this process is pytest, no self-play
        assert lock_owner(directory / LOCK) == os.getpid()
        with pytest.raises(RunError, match="is no `aurora selfplay`"):
            control.pause(directory, "ada")
        (directory / LOCK).write_text("pid 1")  # data that lies: process 1 does not hold it
        with pytest.raises(RunError):
            control.pause(directory, "ada")
    assert sent == []
    assert requests(directory) == []


def test_looking_at_a_lock_does_not_keep_a_run_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    looks = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from aurora.files import is_locked\nfrom pathlib import Path\np = Path({str(path)!r})\n"
            "print(flush=True)\nwhile True: is_locked(p)",
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert looks.stdout is not None
        looks.stdout.readline()
        for _ in range(30):
            with locked(path, busy="tests"):
                assert is_locked(path)
    finally:
        looks.kill()
        looks.wait()


def test_runs_are_found_below_a_folder(tmp_path: Path) -> None:
    _manifest(tmp_path / "a", seed=1)
    _manifest(tmp_path / "study" / "base" / "7", seed=7)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text('{"format": 1, "settings": {"role": "x"}, "files": {}}')
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text(
        '{"format": 1, "settings": {"source": "no", "seed": 1}, "files": {}}'
    )
    (tmp_path / "link").symlink_to(tmp_path / "a")
    line = '{"event": "iteration", "iteration": 2, "level": 3, "champion": "x", "validation_advantage": 0.5}\n'
    (tmp_path / "a" / "events.jsonl").write_text(
        line + '{"event": "stopped", "iteration": 2, "reason": "time limit"}\n'
    )
    rows = {row.name: row for row in find_runs(tmp_path)}
    assert list(rows) == ["a", "bad", "study/base/7"]
    assert (rows["a"].iterations, rows["a"].stopped) == (3, "time limit")
    assert "there is no source" in rows["bad"].problem
    assert rows["study/base/7"].settings is not None
    assert rows["study/base/7"].settings.seed == 7
    assert find_runs(tmp_path / "absent") == []
    assert run_row(tmp_path, "study/base/7").iterations == 0
    for name in ("../a", "a/../../etc", "", "a//b", "\0", "link/../.."):
        with pytest.raises(RunError):
            run_folder(tmp_path, name)


def test_the_last_words_are_those_for_people(tmp_path: Path) -> None:
    assert last_words(tmp_path) == ""
    (tmp_path / OUTPUT).write_text('compiling\n\n{\n  "run": "x"\n}\naurora: no traces in x\n')
    assert last_words(tmp_path) == "compiling\naurora: no traces in x"
    assert last_error(tmp_path) == ""
    with (tmp_path / OUTPUT).open("a") as file:
        file.write('{"error": "no traces in x", "kind": "FileError", "exit_code": 6}\n')
    assert last_error(tmp_path) == "no traces in x"


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    control = RunControl(tmp_path)
    directory = control.start(NewRun("traces", source="openb", data=tmp_path / "absent"), "ada")
    control.wait(120)
    assert control.state(directory) == "stopped"
    assert "no openb_node_list" in last_error(directory)
    (row,) = find_runs(tmp_path)
    assert (row.name, row.settings, row.problem) == ("traces", None, "")
