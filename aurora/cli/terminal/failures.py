"""How a command that failed ends: one line, or one JSON object, and an exit code."""

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
"""Exit code of a fault of AURORA itself, as `sysexits.h` has it."""

LONGEST = 4_000
"""Characters of a message that are shown."""


class Failure(NamedTuple):
    """What ended a command.

    Attributes:
        message: One line without control characters; empty where all was said already.
        kind: Class of the error, or `usage`.
        exit_code: Of the process.
    """

    message: str
    kind: str
    exit_code: int

    @property
    def is_usage(self) -> bool:
        """Whether the command was called wrongly."""
        return self.kind == "usage"


def failure_of(error: Exception, options: Mapping[str, str] | None = None) -> Failure:
    """Return what an exception means to the caller of a command.

    Args:
        error: What ended it.
        options: How the command calls each of its parameters; see `options_of`.
    """
    if isinstance(error, InputError):
        return Failure(_line(with_options(error, options or {})), type(error).__name__, error.exit_code)
    if isinstance(error, AuroraError):
        return Failure(_line(str(error)), type(error).__name__, error.exit_code)
    if isinstance(error, typer.TyperException):
        message = error.format_message().replace("Value error, ", "")  # pydantic's word before its message
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


def tell(failure: Failure, *, as_json: bool) -> None:
    """Say on stderr what ended a command: a line, or with `--json` an object with `error`, `kind` and `exit_code`."""
    if not failure.message:
        return
    if as_json:
        told = {"error": failure.message, "kind": failure.kind, "exit_code": failure.exit_code}
        typer.echo(json.dumps(told, ensure_ascii=False), err=True)
    else:
        note(f"aurora: {failure.message}")


def _line(text: str) -> str:
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
    return printable(" ".join(shown.split("\n")))
