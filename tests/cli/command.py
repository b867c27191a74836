"""The command `aurora` in its own process, with its streams and its exit code."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from aurora.cli.main import main
from tests.processes import forked

AURORA = [str(Path(sys.executable).with_name("aurora"))]


def aurora(
    *args: str, code: int = 0, environment: Mapping[str, str] | None = None, fresh: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command and expect its exit code.

    Args:
        args: Words after `aurora`.
        code: Exit code.
        environment: Environment variables; None: those of this process.
        fresh: True for a new process, as a user starts it; False for one forked with its imports done.
    """
    if fresh:
        variables = dict(os.environ if environment is None else environment)
        done = subprocess.run([*AURORA, *args], capture_output=True, text=True, check=False, env=variables)
    else:
        done = forked(run_command, args, environment=environment)
    assert done.returncode == code, done.stderr
    return done


def run_command(args: tuple[str, ...]) -> None:
    """Run the command line in this process."""
    sys.argv = ["aurora", *args]
    main()
