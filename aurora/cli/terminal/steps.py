"""Progress of long work on stderr: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from aurora.cli.terminal.output import note

if TYPE_CHECKING:  # slow to import
    from aurora.types import Progress

QUIET_SECONDS = 5.0
"""Least seconds between two lines of progress where stderr is no terminal; a stage's last step is always shown."""


@contextmanager
def steps() -> Iterator[Progress]:
    """Show the progress of work on stderr while the block runs."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console  # slow to import, for terminals only
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # likewise
    from rich.progress import Progress as Bars  # likewise

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Bars(*columns, console=Console(stderr=True, highlight=False), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total, description=f"{stage}  {detail}".rstrip())

        yield show


def _lines() -> Progress:
    """Return a progress that prints a line at most every `QUIET_SECONDS`, and at the end of each stage."""
    began = last = time.monotonic()

    def tell(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last > QUIET_SECONDS:
            of = "" if total is None else f" of {total}"
            note(f"{stage}: {done}{of}  {now - began:.0f} s{detail and '  ' + detail}")
            last = now

    return tell


COMPILED = {
    "aurora.sim.kernel.many.": ("the simulator", 40),
    "aurora.sim.kernel.episode.": ("the simulator of training", 30),
    "aurora.learning.accounts.": ("the simulator of accounts", 10),
}
"""Name of a simulator, and approximate seconds to compile it on one core, by the start of its functions' names."""


@cache
def note_compiling() -> None:
    """Print a note, from now on, when a simulator is compiled; a silent minute looks like a hang."""
    from aurora.sim.compilation import watch_compiling  # loads numba, for commands that simulate

    spoken: dict[str, float] = {}

    def tell(function: str) -> None:
        for start, (what, seconds) in COMPILED.items():
            # One simulator compiles several functions: its note is not repeated within most of its time.
            if function.startswith(start) and time.monotonic() - spoken.get(what, -math.inf) > 0.75 * seconds:
                spoken[what] = time.monotonic()
                note(f"compiling {what}, once on this machine: about {seconds} s")

    watch_compiling(tell)
