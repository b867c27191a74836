"""Processes for tests, forked from a server that has done the imports, so that they start quickly.

A missing or circular lazy import may show only in a freshly started process:
`tests.cli.command.aurora(..., fresh=True)`.
"""

import multiprocessing
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

PATIENCE = 300
"""Seconds that a process may take."""


@cache
def processes() -> ForkServerContext:
    """Return how processes are started; all tests of a pytest worker share one server."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.loaded"])
    return context


def forked(
    function: Callable[..., Any], *args: Any, environment: Mapping[str, str] | None = None, **kwargs: Any
) -> subprocess.CompletedProcess[str]:
    """Call a function in its own process, in this working directory, and return its printed output.

    Args:
        function: A function that the new process can import.
        args: Its arguments.
        environment: Variables of the process; None: those of this one.
        kwargs: Its named arguments.
    """
    variables = dict(os.environ if environment is None else environment)
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = processes().Process(target=_call, args=(function, args, kwargs, variables, Path.cwd(), out, err))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired([function.__name__, *map(str, args)], PATIENCE)
        return subprocess.CompletedProcess(args, process.exitcode, out.read_text(), err.read_text())


def _call(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    variables: dict[str, str],
    folder: Path,
    out: Path,
    err: Path,
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    for number, path in ((1, out), (2, err)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    function(*args, **kwargs)
