"""`aurora` as it is typed: in a process of its own, with its streams and its exit code."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from aurora.cli.main import main
from tests.processes import processes

AURORA = [str(Path(sys.executable).with_name("aurora"))]
PATIENCE = 300
"""Seconds that a command may take."""


def aurora(
    *args: str, code: int = 0, environment: Mapping[str, str] | None = None, fresh: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command and expect its exit code.

    Args:
        args: Words after `aurora`.
        code: Exit code.
        environment: Its variables; None: those of this process.
        fresh: Whether it starts from nothing, as a user's does; otherwise it is forked with its imports done.
    """
    variables = dict(os.environ if environment is None else environment)
    if fresh:
        done = subprocess.run([*AURORA, *args], capture_output=True, text=True, check=False, env=variables)
    else:
        done = _forked(args, variables)
    assert done.returncode == code, done.stderr
    return done


def _forked(args: tuple[str, ...], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = processes().Process(target=_run, args=(args, variables, Path.cwd(), out, err))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(["aurora", *args], PATIENCE)
        return subprocess.CompletedProcess(["aurora", *args], process.exitcode, out.read_text(), err.read_text())


def _run(args: tuple[str, ...], variables: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    for number, path in ((1, out), (2, err)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = ["aurora", *args]
    main()
