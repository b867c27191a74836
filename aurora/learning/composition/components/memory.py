"""Measures the resident memory that a fitted component adds to a process, in a child process of its own.

`python -m aurora.learning.composition.components.memory` loads the runtime once, then forks for each folder that it
reads from stdin, and writes the bytes that loading the component and running it on 32 items added. Memory that belongs
to no file counts: the code of libraries is shared by all processes.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

import numpy as np

from aurora.errors import RunError

ITEMS = 32
"""Items of the batch that is run before memory is read."""
_TEXT = "The second version is a little slower than the first, but I like it much better; thanks for the quick answer!"


class MemoryMeter(Protocol):
    """Measures components one after the other."""

    def __call__(self, folder: Path) -> float:
        """Return the resident memory that the component in a folder adds to a process, in bytes.

        Raises:
            RunError: It can't be measured.
        """


@contextmanager
def memory_meter() -> Iterator[MemoryMeter]:
    """Provide what measures memory; its child process lives as long as the block.

    Raises:
        RunError: The child process can't be started, or failed.
    """
    command = [sys.executable, "-m", __name__]
    # A session of its own: Ctrl-C is for this process, which ends the child when its measurement is kept or given up.
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
    except OSError as error:
        raise RunError(f"can't start a process that measures memory: {error}") from None

    def measure(folder: Path) -> float:
        assert child.stdin is not None and child.stdout is not None  # both are pipes
        try:
            child.stdin.write(json.dumps(str(folder)) + "\n")
            child.stdin.flush()
            answer = child.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            raise RunError(f"memory of {folder} can't be measured: the process that measures it ended")
        result = json.loads(answer)
        if "error" in result:
            raise RunError(f"memory of {folder} can't be measured: {result['error']}")
        return float(result["bytes"])

    try:
        yield measure
    finally:
        with suppress(OSError):  # it ended already
            if child.stdin is not None:
                child.stdin.close()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _serve(questions: IO[str], answers: IO[str]) -> None:
    import onnxruntime  # noqa: F401, PLC0415  # every process that runs components has it

    for line in questions:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            result: dict[str, int | str]
            try:
                result = {"bytes": _added(Path(json.loads(line)))}
            except Exception as error:  # the parent tells; a child of a fork must not go on
                result = {"error": f"{type(error).__name__}: {error}"}
            with os.fdopen(writing, "w") as stream:
                json.dump(result, stream)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as stream:
            text = stream.read()
        os.waitpid(child, 0)
        answers.write((text or json.dumps({"error": "the process was killed"})) + "\n")
        answers.flush()


def _added(folder: Path) -> int:
    from aurora.learning.composition.components.runtimes import open_step  # noqa: PLC0415  # what is measured

    _give_back()
    before = _private()
    manifest, step = open_step(folder)
    width = manifest.input.width
    step([_TEXT] * ITEMS if width is None else np.zeros((ITEMS, width), np.float32))
    _give_back()
    return max(0, _private() - before)


def _give_back() -> None:
    """Return what was freed to the system: else small components would take it, and seem to need nothing."""
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def _private() -> int:
    """Return the resident memory that is no file's: code of libraries is shared by all processes."""
    status = Path("/proc/self/status").read_text()
    return next(1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))


if __name__ == "__main__":
    _serve(sys.stdin, sys.stdout)
