"""How work of known steps shows where it stands, on stderr: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from aurora.cli.terminal.output import note

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


COMPILED = {
    "aurora.sim.kernel.run.": ("the simulator", 40),
    "aurora.sim.kernel.variants.": ("the simulator of futures", 40),
    "aurora.sim.kernel.episode.": ("the simulator of training", 30),
    "aurora.learning.accounts.": ("the simulator of accounts", 10),
}
"""What is compiled by which functions, and about how many seconds that takes on one core."""


@cache
def note_compiling() -> None:
    """Say, from now on, when a simulator is compiled first; a minute without a word looks like a hang."""
    from aurora.sim.compilation import watch_compiling  # loads numba, for commands that simulate

    spoken: dict[str, float] = {}

    def tell(function: str) -> None:
        for start, (what, seconds) in COMPILED.items():
            # Several functions may be one wait: nothing is said twice within most of its time.
            if function.startswith(start) and time.monotonic() - spoken.get(what, -math.inf) > 0.75 * seconds:
                spoken[what] = time.monotonic()
                note(f"compiling {what}, once on this machine: about {seconds} s")

    watch_compiling(tell)
