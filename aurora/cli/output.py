"""How results are shown: JSON, a rich table on a terminal, plain columns elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import typer


def emit_json(data: Any) -> None:
    """Print `data` as JSON on stdout."""
    typer.echo(json.dumps(data, indent=2, allow_nan=False))


def emit_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on stdout; tab-separated where stdout is not a terminal."""
    if not sys.stdout.isatty():
        typer.echo("\t".join(columns))
        for row in rows:
            typer.echo("\t".join(_text(cell) for cell in row))
        return
    from rich.console import Console  # slow to import, for terminals only
    from rich.markup import escape  # slow to import, for terminals only
    from rich.table import Table  # slow to import, for terminals only

    table = Table(title=escape(title))
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(escape(_text(cell)) for cell in row))
    Console().print(table)


def _text(cell: object) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def note(text: str) -> None:
    """Say something to the person at the terminal, on stderr."""
    typer.echo(text, err=True)
