"""How work of known steps shows where it stands, on stderr: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aurora.cli.output import note

QUIET_SECONDS = 5.0
"""Where stderr is not a terminal, steps are told no more often than this; the end of each piece of work always."""


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """Takes (what is going on, steps done, steps in all), as it comes."""
    if not sys.stderr.isatty():
        began = spoken = time.monotonic()

        def tell(what: str, done: int, of: int) -> None:
            nonlocal spoken
            now = time.monotonic()
            if done == of or now - spoken > QUIET_SECONDS:
                note(f"{what}: {done} of {of}  {now - began:.0f} s")
                spoken = now

        yield tell
        return
    from rich.console import Console  # slow to import, for terminals only
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # likewise

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        tasks: dict[str, object] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done)  # type: ignore[arg-type]  # rich's own id

        yield show


def note_compiling() -> None:
    """Say that the simulator is compiled first, where it is; a minute without a word looks like a hang."""
    from aurora.sim.compilation import ABOUT_SECONDS, is_compiled  # loads numba, for commands that simulate

    if not is_compiled():
        note(f"compiling the simulator, once on this machine: about {ABOUT_SECONDS} s")
