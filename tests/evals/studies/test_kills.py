"""A study that is killed at random moments and continued ends like one that was not."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aurora.cli.main import main
from aurora.evals.results.result import load_result
from aurora.evals.studies.folder import OUTCOMES, study_status
from aurora.evals.studies.plan import plan_study
from aurora.evals.studies.running import run_study
from aurora.graphs.run_directory import EVENTS
from tests.cli.command import AURORA
from tests.evals.studies.made_up import TINY, study_file
from tests.evals.studies.test_running import archives
from tests.processes import processes

FORTY = TINY.replace("[4]", "[3, 4, 5, 6]").replace("0-1", "0-7").replace("iterations: 2", "iterations: 3")
SIX = TINY.replace("0-1", "0-2")


def moments(folder: Path) -> int:
    """Return how far a study has come: events of its runs, outcomes and samples."""
    lines = 0
    for name in (EVENTS, OUTCOMES, "samples.jsonl"):
        for path in folder.rglob(name):
            lines += path.read_bytes().count(b"\n")
    return lines


def table(folder: Path) -> str:
    return load_result(folder).model_dump_json(include={"metrics", "tables", "notes"})


def run(file: Path, out: Path) -> None:
    """Run a study by its command."""
    sys.argv = ["aurora", "study", "run", str(file), "--out", str(out), "--jobs", "2"]
    main()


def wait_for(reached: Callable[[], bool], is_alive: Callable[[], bool]) -> None:
    """Wait until a moment is reached, or the process has ended."""
    while is_alive() and not reached():
        time.sleep(0.01)


def compare_with_one_that_was_not(out: Path, file: Path, whole: Path) -> None:
    run_study(plan_study(file), whole, jobs=1, workers="threads")
    assert table(out) == table(whole)
    assert archives(out) == archives(whole)
    assert {s.state for s in study_status(out)} == {"done"}


def test_a_study_whose_process_is_killed_three_times_ends_like_one_that_was_not(tmp_path: Path) -> None:
    file, out, chance = study_file(tmp_path, SIX), tmp_path / "out", random.Random(7)
    for _ in range(3):
        process = processes().Process(target=run, args=(file, out))
        process.start()
        goal = moments(out) + chance.randint(1, 12)
        wait_for(lambda goal=goal: moments(out) >= goal, process.is_alive)  # type: ignore[misc]
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it had ended before"
    process = processes().Process(target=run, args=(file, out))
    process.start()
    process.join(240)
    assert process.exitcode == 0
    compare_with_one_that_was_not(out, file, tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_study_of_forty_runs_killed_with_its_group_ten_times_ends_like_one_that_was_not(tmp_path: Path) -> None:
    file, out, chance = study_file(tmp_path, FORTY), tmp_path / "out", random.Random(40)
    words: list[Any] = [*AURORA, "study", "run", str(file), "--out", str(out), "--jobs", "2"]
    kills = 0
    while kills < 10:
        process = subprocess.Popen(words, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        goal = moments(out) + chance.randint(0, 60)
        wait_for(lambda goal=goal: moments(out) >= goal, lambda it=process: it.poll() is None)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.2))
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
    assert kills == 10
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    compare_with_one_that_was_not(out, file, tmp_path / "whole")


def _actors() -> list[int]:
    """Return the processes of Ray actors that descend from this process."""
    parents, names = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            head, _, rest = stat.read_text().rpartition(")")
            parents[int(stat.parent.name)], names[int(stat.parent.name)] = int(rest.split()[1]), head
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return [pid for pid in ours if "ray::_Actor" in names.get(pid, "")]


@pytest.mark.slow
def test_a_study_whose_ray_actors_are_killed_ends_like_one_that_was_not(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    file, out, killed = study_file(tmp_path, SIX), tmp_path / "out", []

    def kill() -> None:
        for goal in (4, 20):
            wait_for(lambda goal=goal: moments(out) >= goal and bool(_actors()), lambda: True)  # type: ignore[misc]
            killed.append(_actors()[0])
            os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    result = run_study(plan_study(file), out, jobs=2, ray="local")
    thread.join(10)
    assert len(set(killed)) == 2
    assert (result.done, result.failures) == (6, {})
    compare_with_one_that_was_not(out, file, tmp_path / "whole")


def test_ctrl_c_stops_all_runs_and_says_how_to_go_on(tmp_path: Path) -> None:
    file, out = study_file(tmp_path, SIX.replace("iterations: 2", "iterations: 200")), tmp_path / "out"
    log = tmp_path / "err"
    process = processes().Process(target=_run_logged, args=(file, out, log))
    process.start()
    wait_for(lambda: moments(out) >= 8, process.is_alive)
    os.kill(process.pid or 0, signal.SIGINT)
    process.join(60)
    assert process.exitcode == 130
    assert f"Go on with: aurora study run {file} --out {out}" in log.read_text()
    assert {s.state for s in study_status(out)} == {"begun", "waiting"}


def _run_logged(file: Path, out: Path, log: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
    run(file, out)
