"""Failures of commands: one line or one JSON object, and an exit code."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import typer

from aurora.cli.options import with_options
from aurora.cli.terminal.output import note, printable
from aurora.errors import AuroraError, InputError

INTERNAL = 70
"""Exit code of a fault of AURORA itself, as in `sysexits.h`."""

MAX_CHARACTERS = 4_000
"""Most characters of a message."""


class Failure(NamedTuple):
    """The failure that ended a command.

    Attributes:
        message: One line without control characters; empty if nothing is left to say.
        kind: Class of the error, or `usage`.
        exit_code: Exit code of the process.
    """

    message: str
    kind: str
    exit_code: int

    @property
    def is_usage(self) -> bool:
        """True if the command was called wrongly."""
        return self.kind == "usage"


def failure_of(error: Exception, options: Mapping[str, str] | None = None) -> Failure:
    """Convert an exception to the failure that the caller of a command sees.

    Args:
        error: The exception that ended the command.
        options: Option of the command for each parameter; see `options_of`.
    """
    if isinstance(error, InputError):
        return Failure(_line(with_options(error, options or {})), type(error).__name__, error.exit_code)
    if isinstance(error, AuroraError):
        return Failure(_line(str(error)), type(error).__name__, error.exit_code)
    if isinstance(error, typer.TyperException):
        message = error.format_message().replace("Value error, ", "")  # pydantic's prefix
        command = getattr(getattr(error, "ctx", None), "command_path", "aurora")
        shown = f"{_line(message).rstrip('.')}; see `{command} --help`" if message else ""
        return Failure(shown, "usage", error.exit_code)
    if isinstance(error, typer.Abort):
        return Failure("stopped", "Abort", 1)
    if isinstance(error, MemoryError):
        return Failure("there is not enough memory for this input; give less of it", "MemoryError", INTERNAL)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" in {Path(last[0].filename).name}, line {last[0].lineno}" if last else ""
    return Failure(
        _line(
            f"a fault of AURORA itself{where} ({type(error).__name__}: {str(error)[:200]}); "
            "run it again with --debug and report what it shows"
        ),
        type(error).__name__,
        INTERNAL,
    )


def report_failure(failure: Failure, *, as_json: bool) -> None:
    """Print a failure on stderr: a line, or with `--json` an object with `error`, `kind` and `exit_code`."""
    if not failure.message:
        return
    if as_json:
        fields = {"error": failure.message, "kind": failure.kind, "exit_code": failure.exit_code}
        typer.echo(json.dumps(fields, ensure_ascii=False), err=True)
    else:
        note(f"aurora: {failure.message}")


def _line(text: str) -> str:
    shown = text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS // 2]} ... {text[-MAX_CHARACTERS // 2 :]}"
    return printable(" ".join(shown.split("\n")))
