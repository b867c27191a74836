"""Output of results: JSON, tables that fit the terminal, tab-separated columns elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from math import isfinite
from typing import Any

import typer

from aurora.quantities import number

SCHEMA_VERSION = 1
"""Version of the objects that `--json` prints; it rises when a key is removed or changes its meaning."""


MIN_DECIMALS = 4
"""Least number of decimals of a float in a piped table."""


def emit_json(data: Any) -> None:
    """Print a result as JSON on stdout; an object holds the version of its keys.

    Not for scenarios, policies and other files, which have their own schema: those are printed as they are.
    """
    typer.echo(json.dumps(_versioned(data), indent=2, allow_nan=False))


def emit_json_line(data: dict[str, Any]) -> None:
    """Print one of several results as a line of JSON on stdout."""
    typer.echo(json.dumps(_versioned(data), allow_nan=False))


def _versioned(data: Any) -> Any:
    return {"schema_version": SCHEMA_VERSION, **data} if isinstance(data, dict) else data


def emit_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, keys: int = 1) -> None:
    """Print a table on stdout, laid out for the terminal's width; elsewhere a line `# title` and tab-separated columns.

    Args:
        title: Title above the table.
        columns: Headers.
        rows: Cells. A float has five significant digits; on a terminal without zeros that its whole column ends in,
            elsewhere with four decimals at least. None is "-".
        keys: Number of first columns that identify a row.
    """
    if not on_terminal():
        typer.echo(f"# {printable(title)}")
        typer.echo("\t".join(columns))
        for row in rows:
            typer.echo("\t".join(printable(_piped(cell)) for cell in row))
        return
    from aurora.cli.terminal.tables import laid_out  # for terminals only

    cells = [list(row) for row in zip(*map(_texts, zip(*rows, strict=True)), strict=True)]
    rule = "─" if "utf" in (sys.stdout.encoding or "").lower() else "-"
    bold = os.environ.get("TERM") != "dumb"
    for line in laid_out(printable(title), columns, cells, terminal_width(), keys=keys, rule=rule):
        typer.echo(typer.style(line.text, bold=True) if bold and line.is_strong and line.text else line.text)
    typer.echo("")


def note(text: str) -> None:
    """Print a note for the user on stderr, wrapped at words if that is a terminal."""
    typer.echo(_for_reading(text, sys.stderr.isatty()), err=True)


def tell(text: str) -> None:
    """Print sentences on stdout without control characters, wrapped at words if that is a terminal."""
    typer.echo(_for_reading(text, on_terminal()))


def _for_reading(text: str, is_terminal: bool) -> str:
    text = _printable_lines(text)
    if not is_terminal:
        return text
    from aurora.cli.terminal.tables import wrapped  # for terminals only

    hang = " " * (len(text) - len(text.lstrip(" ")) + 2)
    return "\n".join(part for line in text.split("\n") for part in wrapped(line, terminal_width(), hang=hang))


def on_terminal() -> bool:
    """Test whether stdout is a terminal."""
    return sys.stdout.isatty()


def terminal_width() -> int:
    """Return the number of columns of the terminal; the variable `COLUMNS` takes precedence."""
    return max(20, shutil.get_terminal_size().columns)


def say(text: str) -> None:
    """Print text on stdout without control characters."""
    typer.echo(_printable_lines(text))


def _printable_lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def printable(text: str) -> str:
    """Return a text with blanks for tabs and line ends, and a mark for every control character."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _piped(cell: object) -> str:
    """Return a cell for other programs, with at least `MIN_DECIMALS` decimals."""
    text = _text(cell)
    if isinstance(cell, float) and isfinite(cell) and "e" not in text and len(text.partition(".")[2]) < MIN_DECIMALS:
        return f"{cell + 0.0:.{MIN_DECIMALS}f}"  # no zero keeps a sign
    return text


def _texts(column: Sequence[object]) -> list[str]:
    """Return the cells of a column for a terminal; floats lose their trailing zeros, in a column of floats alike."""
    texts = [printable(_text(cell)) for cell in column]
    points = [k for k, cell in enumerate(column) if isinstance(cell, float) and re.fullmatch(r"-?\d+\.\d+", texts[k])]
    zeros = {k: len(texts[k]) - len(texts[k].rstrip("0")) for k in points}
    if all(cell is None or isinstance(cell, float) for cell in column):
        zeros = dict.fromkeys(zeros, min(zeros.values(), default=0))
    for k, count in zeros.items():
        texts[k] = texts[k][: len(texts[k]) - count].rstrip(".")
    return texts


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return number(cell) if isinstance(cell, float) else str(cell)
