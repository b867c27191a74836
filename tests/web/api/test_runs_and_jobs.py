"""Runs that are started, paused, resumed and stopped; jobs that are cancelled; accounts that are judged."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from aurora.graphs.run_control import RunControl, requests
from aurora.learning.accounts import generate
from aurora.learning.accounts.reader import write_accounts
from aurora.reading import read_lines
from aurora.types import Cancelled
from aurora.web.api.jobs import Job, Jobs

PLAYER = """
import signal, sys, time
from pathlib import Path
from aurora.files import locked
from aurora.graphs.interrupts import interruptible

is_deaf = "deaf" in sys.argv
with interruptible() as is_asked, locked(Path(sys.argv[2]) / "lock", busy="busy"):
    if is_deaf:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    while is_deaf or not is_asked() or "slow" in sys.argv:
        time.sleep(0.01)
"""


def playing(*words: str):
    """Return what starts a process that holds a run's lock until it is interrupted, as `aurora selfplay` does."""

    def launch(given: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
        folder = next(w for w, before in zip(given[1:], given, strict=False) if before in ("--run", "--resume"))
        command = [sys.executable, "-c", PLAYER, "selfplay", folder, *words]
        with output.open("ab") as file:
            return subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)

    return launch


def awaited(condition, seconds: float = 60.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_is_started_paused_resumed_and_stopped(api, context) -> None:
    runs = context.settings.runs
    control = context.control
    control._launch = playing("slow")
    begun = api.post("/api/runs", json={"seed": 3, "iterations": 4})
    assert (begun.status_code, begun.headers["location"]) == (201, "/api/runs/run-1")
    awaited(lambda: control.state(runs / "run-1") == "running")
    assert api.post("/api/runs", json={"name": "run-1"}).status_code == 409
    assert api.post("/api/runs", json={"source": "nowhere"}).json()["field"] == "source"
    paused = api.post("/api/runs/run-1/pause")
    assert (paused.status_code, paused.json()["state"]) == (202, "pausing")
    stopped = api.post("/api/runs/run-1/stop")  # it takes its time
    assert stopped.status_code == 202
    awaited(lambda: control.state(runs / "run-1") == "stopped")
    assert api.post("/api/runs/run-1/stop").status_code == 409
    assert [r.action for r in requests(runs / "run-1")] == ["start", "pause", "stop"]
    assert api.post("/api/runs/none/pause").status_code == 404


def test_a_run_that_hears_nothing_is_stopped(tmp_path) -> None:
    from aurora.graphs.run_control import NewRun

    control = RunControl(tmp_path, playing("deaf"))
    directory = control.start(NewRun("deaf"), "ada")
    awaited(lambda: control.state(directory) == "running")
    time.sleep(0.3)  # it has ceased to listen
    control.stop(directory, "ada")
    awaited(lambda: control.state(directory) == "stopped")


def jobs_of(api) -> Jobs:
    """Return the jobs of a server."""
    return next(r for r in api.app.routes if getattr(r, "path", "") == "/api").app.state.jobs


@pytest.fixture
def stepping(api, monkeypatch):
    """Have comparisons go step by step without an end; return how many steps they made, and let them be jobs."""
    steps = []

    def compare(scenarios, policies, progress):
        while True:
            steps.append(None)
            progress("simulations", len(steps), 1000)
            time.sleep(0.01)

    monkeypatch.setattr("aurora.web.api.simulation.compare_policies", compare)
    jobs_of(api).patience = 0.0
    return steps


@pytest.mark.parametrize("drop", [False, True])
def test_a_job_at_work_is_cancelled_at_its_next_step(api, stepping, drop) -> None:
    address = api.post("/api/compare", json={"policies": ["best_fit", "first_fit"]}).headers["location"]
    awaited(lambda: stepping)
    assert api.get(address).json()["progress"].startswith("simulations: ")
    if drop:
        assert api.delete(address).status_code == 204
        assert api.get(address).status_code == 404
    else:
        assert api.post(f"{address}/cancel").status_code == 202
        awaited(lambda: api.get(address).json()["state"] == "cancelled")
        assert api.post(f"{address}/cancel").json()["state"] == "cancelled"
    time.sleep(0.1)
    made = len(stepping)
    time.sleep(0.1)
    assert len(stepping) == made


def test_a_job_that_waits_is_not_begun_once_it_is_cancelled() -> None:
    begun = []
    job = Job("test", "me", begun.append)
    job.cancel()
    job.run()
    assert not begun
    assert job.state.state == "cancelled"


def test_a_job_that_has_ended_stays_as_it_is() -> None:
    job = Job("test", "me", lambda progress: 7)
    thread = threading.Thread(target=job.run)
    thread.start()
    thread.join()
    job.cancel()
    assert (job.state.state, job.state.result) == ("done", 7)


def test_a_step_of_cancelled_work_ends_it() -> None:
    job = Job("test", "me", lambda progress: progress("steps", 1, 2))
    job._is_unwanted.set()
    with pytest.raises(Cancelled):
        job._at("steps", 1)
    job.run()
    assert job.state.state == "cancelled"


def test_accounts_are_judged_as_the_command_line_does(api, tmp_path) -> None:
    import json

    write_accounts(generate(1, 2).accounts, tmp_path / "a.jsonl")
    rows = [json.loads(line) for _, line in read_lines(tmp_path / "a.jsonl", limit=1 << 24)]
    known = api.get("/api/openapi.json").json()["components"]["schemas"]["AccountPeriod"]["properties"]
    periods = [{k: v for k, v in row.items() if k in known} for row in rows]
    jobs_of(api).patience = 120.0  # on a busy machine it would be a job
    answer = api.post("/api/recommend/accounts", json={"periods": periods})
    assert answer.status_code == 200, answer.text
    from aurora.learning.rightsizing.report import recommend

    expected = recommend([tmp_path / "a.jsonl"], with_flips=False).recommendations
    told = answer.json()["recommendations"]
    assert [(r["account"], r["finding"]) for r in told] == [(r.account, r.finding) for r in expected]
    wrong = api.post("/api/recommend/accounts", json={"periods": [{**p, "instance": "none"} for p in periods]})
    assert wrong.status_code == 422
    assert "none" in wrong.json()["detail"]
