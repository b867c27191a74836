import inspect
import os
import subprocess
import sys
from importlib import import_module

import pytest
from numba import njit

from aurora.cli.terminal import steps
from aurora.sim.compilation import PARTS, watch_compiling

SIMULATE = [
    "simulate.simulate",
    "compare.compare",
    "explain.explain",
    "rate_rl.rate",
    "futures.commands.futures",
    "train.rl._train",
    "train.clone.clone",
    "recommend.commands.accounts",
    "recommend.commands.sample",
    "selfplay.selfplay",
    "doctor.doctor",
    "bench.commands.openb",
    "bench.commands.swf",
    "bench.commands.speed",
    "bench.commands.agents",
    "bench.commands.explanations",
    "bench.environments.env",
    "bench.rl.rl",
    "bench.futures.futures",
    "bench.wording.wording",
    "bench.cloning.cloning",
    "bench.experiments.experiment",
]


@pytest.mark.parametrize("command", SIMULATE)
def test_every_simulating_command_announces_compilation(command: str) -> None:
    module, _, name = command.rpartition(".")
    function = getattr(import_module(f"aurora.cli.{module}"), name)
    assert "note_compiling()" in inspect.getsource(function)


def test_compilation_of_a_function_and_its_callees_is_reported_once() -> None:
    @njit
    def part(x):
        return x + 1

    @njit
    def whole(x):
        return part(x) * 2

    told: list[str] = []
    watch_compiling(told.append)
    assert whole(1) == 4
    assert whole(2) == 6
    assert told == [f"{__name__}.whole"]


def test_waits_are_reported_once_on_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now, watching = [1000.0], []
    monkeypatch.setattr("aurora.cli.terminal.steps.time.monotonic", lambda: now[0])
    monkeypatch.setattr("aurora.sim.compilation.watch_compiling", watching.append)
    steps.note_compiling.__wrapped__()
    (tell,) = watching
    for function in ("accounts.outlook._outlook", "accounts.situation._describe"):
        tell(f"aurora.learning.{function}")
    tell("somebody.elses")
    for _ in range(2):  # scenarios of nodes alone, then those with devices
        tell("aurora.sim.kernel.many.simulate_many")
        now[0] += 35
    out, err = capsys.readouterr()
    assert not out
    assert [line.split(",")[0] for line in err.splitlines()] == [
        "compiling the simulator of accounts",
        "compiling the simulator",
        "compiling the simulator",
    ]
    assert "about 40 s" in err


def test_doctor_lists_functions_not_yet_compiled(tmp_path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    asked = "from aurora.sim.compilation import missing; print(*missing())"
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert tuple(done.stdout.split()) == PARTS
