"""Standard streams that may be full, closed, or of an encoding that lacks characters."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:  # of Python 3.12
    from typing_extensions import Buffer

BROKEN_PIPE = 141
"""Exit code if nobody reads stdout any more, as in shells."""


_REASONS = {
    errno.ENOSPC: "No space left on device; free some, or write elsewhere",
    errno.EBADF: "stdout is closed; send it to a file or to /dev/null",
}


class OutputError(Exception):
    """Stdout can't be written.

    Args:
        fault: Error of the system.
    """

    def __init__(self, fault: OSError) -> None:
        self.is_closed_pipe = fault.errno == errno.EPIPE
        super().__init__(f"can't write the result: {_REASONS.get(fault.errno or 0, fault.strerror)}")


class _Stdout(io.FileIO):
    """Stdout that raises `OutputError`, which no handler of file errors catches."""

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError as fault:
            raise OutputError(fault) from None


class _Stderr(io.FileIO):
    """Stderr that drops what it can't write: a lost note must not end a command."""

    def write(self, data: Buffer, /) -> int:
        with contextlib.suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


def prepare() -> None:
    """Make stdout raise `OutputError`, stderr drop what it can't write, and both replace unknown characters.

    Descriptors that the caller closed are opened, so that no file gets their numbers and the output with it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)  # the lowest free number is this one
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    sys.stdout = _text(_Stdout(1, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Stderr(2, "w", closefd=False), sys.stderr)


def abandon() -> None:
    """Drop the output that is not yet written to stdout."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _text(raw: io.FileIO, before: TextIO | None) -> TextIO:
    encoding = "utf-8" if before is None else before.encoding
    is_terminal = raw.isatty()
    buffered = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, encoding=encoding, errors="replace", line_buffering=is_terminal)
