"""Output of an evaluation's result: its tables and notes, or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aurora.cli.terminal.output import emit_json, emit_table, note

if TYPE_CHECKING:
    from aurora.evals.results.result import EvalResult


def emit_result(result: EvalResult, folder: Path, *, as_json: bool) -> None:
    """Print a result, and where it is kept.

    Args:
        result: Result of an evaluation.
        folder: Folder that holds it.
        as_json: True: as JSON on stdout, with the fields of `EvalResult`.
    """
    if as_json:
        emit_json(result.model_dump(mode="json"))
        return
    for table in result.tables:
        emit_table(table.title, table.columns, table.rows)
        if table.note:
            note(table.note)
    for remark in result.notes:
        note(remark)
    note(f"Kept in {folder}; `aurora eval compare` compares it with another.")
