"""Ctrl-C ends every command with one line and exit code 130, even while it is loading."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from aurora.cli.terminal.interrupts import is_interrupt
from aurora.cluster.changes import Cordon, Scale
from aurora.cluster.plans import folder
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.samples.load import load_sample
from tests.cli.command import AURORA

STOPPED_AT = """
import signal, sys

class AtImport:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, AtImport())
sys.argv = ["aurora", *{arguments!r}]
from aurora.cli.main import main
main()
"""
SNAPSHOT = ["snapshot", "show", "sample:web-shop"]
ASK = ["ask", "how full is the cluster?", "--snapshot", "sample:web-shop"]


def stopped_at(module, arguments, folder=None):
    """Run a command that is interrupted when it loads a module; return its exit code, stdout and stderr."""
    code = STOPPED_AT.format(module=module, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("typer", ["doctor"]),
        ("aurora.cli.app", ["doctor"]),
        ("aurora.cli.train.commands", ["doctor"]),
        ("rich.console", ["--help"]),
        ("pydantic", SNAPSHOT),
        ("aurora.cluster.report", SNAPSHOT),
        ("langgraph.checkpoint.memory", ASK),
        ("aurora.cluster.samples.load", ASK),
        ("prompt_toolkit", ASK),  # not loaded: the answer comes
    ],
)
def test_an_interrupt_while_loading_is_one_line(module, arguments) -> None:
    code, out, err = stopped_at(module, arguments)
    if module == "prompt_toolkit":
        assert (code, "12 nodes" in out) == (0, True)
    else:
        assert (code, out, err) == (130, "", "aurora: stopped before the end; run it again\n")


def test_an_interrupted_plan_says_how_far_it_is_and_how_to_go_on(tmp_path) -> None:
    shop = load_sample("web-shop")
    changes = [Proposal(Scale(workload_id="shop/Deployment/checkout", replicas=3)), Proposal(Cordon(node_id="node-a1"))]
    plan = make_plan(shop, changes, at=datetime.now(UTC))
    folder.save(tmp_path, plan, shop)
    apply = ["plan", "apply", plan.plan_id, "--yes", plan.sha256, "--folder", str(tmp_path)]
    code, _, err = stopped_at("aurora.cluster.plans.targets.patches", apply)
    assert (code, err) == (130, "aurora: stopped before the end; run it again\n")
    stop = "from aurora.cluster.plans.targets import files; import signal\n"
    stop += "make = files.FilesTarget.make\n"
    stop += (
        "def once(self, step, direction):\n    make(self, step, direction)\n    signal.raise_signal(signal.SIGINT)\n"
    )
    stop += "files.FilesTarget.make = once\n"
    run = f"import sys\nsys.argv = ['aurora', *{apply!r}]\nfrom aurora.cli.main import main\nmain()\n"
    done = subprocess.run([sys.executable, "-c", stop + run], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 130, done.stderr
    assert re.fullmatch(
        rf"aurora: stopped; 1 of 5 steps of plan {plan.plan_id} are made or begun\. Go on with the same command, "
        rf"or undo them: aurora plan rollback {plan.plan_id}\n",
        done.stderr,
    )
    gone_on = subprocess.run([*AURORA, *apply], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert gone_on.returncode == 0, gone_on.stderr
    assert folder.progress_of(tmp_path, plan).state == "applied"


def test_an_error_that_an_interrupt_caused_is_an_interrupt() -> None:
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ImportError("half loaded") from None
    except ImportError as error:
        assert is_interrupt(error)
    assert not is_interrupt(ImportError("absent"))


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.15, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3])
@pytest.mark.parametrize("arguments", [ASK, SNAPSHOT, ["chat"]])
def test_ctrl_c_at_any_time_leaves_no_traceback(tmp_path, arguments, after) -> None:
    process = subprocess.Popen(
        [*AURORA, *arguments],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130)  # 0: it had ended, or the conversation goes on to the end of its input
    assert "Traceback" not in err
    assert process.returncode == 0 or len(err.splitlines()) <= 3
