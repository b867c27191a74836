"""Shows the guess of tables' headings and asks, and tells what was read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.terminal.output import note

if TYPE_CHECKING:
    from aurora.cluster.readers.tables import TableGuess
    from aurora.cluster.snapshot import Snapshot

MAX_EXAMPLE = 30
"""Most characters of an example cell that are shown."""


def asking(yes: bool) -> Callable[[Sequence[TableGuess]], bool]:
    """Return what shows a guess on stderr, and asks whether it is right unless `yes`."""

    def confirm(guesses: Sequence[TableGuess]) -> bool:
        for guess in guesses:
            note(f"{guess.path}:")
            width = max(len(c.heading) for c in guess.columns)
            for column in guess.columns:
                taken = column.field or "left out"
                unit = f" in {column.shown_unit}" if column.shown_unit and column.field else ""
                example = column.example[:MAX_EXAMPLE]
                note(f"  {column.heading.ljust(width)}  {taken}{unit}" + (f", such as {example}" if example else ""))
        if yes:
            return True
        if not sys.stdin.isatty():
            raise options.usage_error("--yes", "headings are guessed as shown: give --yes, or --map HEADING=FIELD")
        return typer.confirm("is that right?", err=True)

    return confirm


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Parse `HEADING=FIELD` pairs; an empty field leaves the column out.

    Raises:
        BadParameter: A pair has no `=`.
    """
    mapping = {}
    for pair in pairs:
        heading, equals, field = pair.rpartition("=")
        if not equals or not heading:
            raise options.usage_error("--map", f"{options.shown(pair)}: write HEADING=FIELD, such as 'mem (MB)=memory'")
        mapping[heading.strip()] = field.strip()
    return mapping


def tell_read(snapshot: Snapshot) -> None:
    """Tell on stderr what a snapshot holds and what was noted."""
    states = {s: sum(t.state == s for t in snapshot.tasks) for s in ("running", "pending", "finished", "failed")}
    tasks = ", ".join(f"{count} {state}" for state, count in states.items() if count) or "none"
    note(f"{snapshot.snapshot_id} ({snapshot.system}): nodes: {len(snapshot.nodes)}; tasks: {tasks}")
    for entry in snapshot.notes:
        subjects = f" ({', '.join(entry.subjects[:3])}{', ...' if entry.count > 3 else ''})" if entry.subjects else ""  # noqa: PLR2004
        count = f" {entry.count} ×" if entry.count > 1 else ""
        note(f"{entry.kind}:{count} {entry.message}{subjects}")
