"""An evaluation that is killed at random moments pays for each answer once, and ends like one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from aurora.cli.main import main
from aurora.evals.results.calls import CONCURRENT, EvalModel
from aurora.evals.results.result import load_result
from aurora.evals.results.samples import read_samples
from aurora.evals.trials.measuring import TrialSettings, evaluate_trials
from tests.cli.command import AURORA
from tests.evals.trials.counting_server import CountingServer, counting_server
from tests.processes import processes

Started = tuple[Callable[[], bool], Callable[[], int]]
"""Whether a process runs, and a function that kills it and returns its exit code."""


def words(out: Path, cases: int, trials: int) -> list[str]:
    command = ["eval", "trials", "--model", "openai:counted", "--suite", "explanations"]
    return [*command, "--cases", str(cases), "--trials", str(trials), "--out", str(out)]


def table(folder: Path) -> str:
    """Return what an evaluation found, without when and by which command."""
    return load_result(folder).model_dump_json(include={"metrics", "tables", "notes"})


def kill_at_random(
    start: Callable[[], Started], server: CountingServer, kills: int, most: int, chance: random.Random
) -> None:
    """Start an evaluation and kill it after a random number of questions, several times."""
    for _ in range(kills):
        is_alive, kill = start()
        goal = server.asked.total() + chance.randint(1, most)
        while is_alive() and server.asked.total() < goal:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        assert kill() == -signal.SIGKILL, "it had ended before"


def require_paid_once(
    server: CountingServer, alone: CountingServer, out: Path, whole: Path, kills: int, evaluations: int
) -> int:
    """Require that each question was asked as often as without kills, but for those in flight; return their number.

    A question is in flight until its answer is recorded, so up to `CONCURRENT` are at a kill.
    """
    again = server.asked - alone.asked
    assert server.most <= CONCURRENT
    assert not alone.asked - server.asked
    assert again.total() <= kills * CONCURRENT
    assert table(out) == table(whole)
    samples = read_samples(out)
    assert len(samples) == evaluations == len((out / "samples.jsonl").read_text().splitlines())
    assert sum(s.model_calls for s in samples) == alone.asked.total()
    return again.total()


def run(words: list[str], environment: dict[str, str]) -> None:
    os.environ.update(environment)
    sys.argv = ["aurora", *words]
    main()


def test_an_evaluation_killed_twice_pays_for_each_answer_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    with counting_server() as server, counting_server(0) as alone:

        def begun() -> ForkServerProcess:
            process = processes().Process(target=run, args=(words(out, 6, 4), server.environment))
            process.start()
            return process

        def start() -> Started:
            process = begun()

            def kill() -> int:
                process.kill()
                process.join()
                return process.exitcode or 0

            return process.is_alive, kill

        kill_at_random(start, server, 2, 8, random.Random(5))
        process = begun()
        for name, value in alone.environment.items():
            monkeypatch.setenv(name, value)
        evaluate_trials(whole, EvalModel("openai:counted"), TrialSettings(("explanations",), 6, 4))
        process.join(240)
        assert process.exitcode == 0
        require_paid_once(server, alone, out, whole, 2, 24)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_thousand_evaluations_killed_ten_times_pay_for_each_answer_once(tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    with counting_server() as server, counting_server() as alone:

        def start() -> Started:
            process = subprocess.Popen(
                [*AURORA, *words(out, 250, 4)],
                env=os.environ | server.environment,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

            def kill() -> int:
                os.killpg(process.pid, signal.SIGKILL)
                return process.wait()

            return lambda: process.poll() is None, kill

        kill_at_random(start, server, 10, 90, random.Random(1000))
        for folder, of in ((out, server), (whole, alone)):
            environment = os.environ | of.environment
            subprocess.run([*AURORA, *words(folder, 250, 4)], check=True, env=environment, stdout=subprocess.DEVNULL)
        again = require_paid_once(server, alone, out, whole, 10, 1000)
    print(
        f"\n1000 evaluations, 10 kills: {server.asked.total()} questions, {alone.asked.total()} without kills; "
        f"{again} were in flight at a kill and asked again; at most {server.most} at once; the tables are equal"
    )
