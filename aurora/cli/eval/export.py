"""`aurora eval export`: writes a kept evaluation for another program."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.output import note


class FormatName(StrEnum):
    """Formats of other programs."""

    inspect = "inspect"


def export(
    folder: Path = options.path_argument(help="Folder of the evaluation."),
    form: FormatName = typer.Option(FormatName.inspect, "--format", help="Format: a log of Inspect."),
    out: Path | None = options.path(None, help="File to write, .eval or .json; default: inspect.eval in the folder."),
) -> None:
    """Write a kept evaluation as a log of Inspect: samples, values, failures and metrics.

    It needs the extra `inspect`. `inspect view` shows the log.

    Example: aurora eval export runs/eval/explanations --format inspect
    """
    from aurora.errors import InputError
    from aurora.evals.inspect_tasks.log import export_log

    file = folder / "inspect.eval" if out is None else out
    if file.suffix not in (".eval", ".json"):
        raise InputError("a log of Inspect ends in .eval or .json", parameter="out", value=file)
    export_log(folder, file)
    note(f"Wrote {file}; `inspect view --log-dir {file.parent}` shows it.")
