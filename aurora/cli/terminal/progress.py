"""Progress of self-play on stderr: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aurora.cli.terminal.output import note, printable
from aurora.quantities import duration

if TYPE_CHECKING:  # heavy at run time
    from aurora.graphs.events import Event, Generation, IterationDone, ModelCalled

_ENDS = {"time limit": "time is up", "budget spent": "the model's budget is spent"}
QUIET_SECONDS = 5.0
"""Least seconds between two lines of progress within an iteration, where stderr is no terminal."""


@contextmanager
def progress(iterations: int | None, time_limit: float | None) -> Iterator[Callable[[Event], None]]:
    """Provide a listener that shows the events of a run.

    Args:
        iterations: Number of iterations at the end of the run; None without a limit.
        time_limit: Time limit of this process, seconds; None without a limit.
    """
    if not sys.stderr.isatty():
        yield _Lines(_Clock(iterations, time_limit)).tell
        return
    from rich.console import Console  # slow to import, for terminals only
    from rich.progress import BarColumn, Progress, TextColumn  # likewise

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}")
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        yield _Bar(bar, _Clock(iterations, time_limit)).tell


class _Clock:
    """The share of the work done, and the time left."""

    def __init__(self, iterations: int | None, time_limit: float | None) -> None:
        self.iterations = iterations
        self._limit = time_limit
        self._started = time.monotonic()
        self._first: int | None = None

    def start(self, iteration: int) -> None:
        """Store the first iteration of this process: a resumed run does not start at 0."""
        self._first = iteration if self._first is None else self._first

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def share(self, done: float) -> float | None:
        """Return the share of this process's work done, 0 to 1, by iterations or time limit; None if unknown."""
        shares = []
        first = self._first or 0
        if self.iterations is not None and self.iterations > first:
            shares.append((done - first) / (self.iterations - first))
        if self._limit is not None:
            shares.append(self.elapsed / self._limit)
        return min(1.0, max(shares)) if shares else None

    def left(self, done: float) -> str:
        """Return the time left in words; "" before a whole iteration of this process shows how long one takes."""
        guesses = []
        if self._limit is not None:
            if self.elapsed > self._limit:
                return "time is up: this iteration is finished first"
            guesses.append(self._limit - self.elapsed)
        here = done - (self._first or 0)
        if self.iterations is not None and here >= 1:
            guesses.append(self.elapsed / here * (self.iterations - done))
        return f"{duration(float(round(max(0.0, min(guesses)))))} left" if guesses else ""

    def of(self) -> str:
        return "" if self.iterations is None else f" of {self.iterations}"


def _iteration(event: IterationDone) -> str:
    return (
        f"level {event['level']}  champion {event['champion']}  Elo {event['champion_elo']:.0f}  "
        f"validation {event['validation_advantage']:+.4f}  gap {event['gap']:+.4f}  {event['evaluations']} simulations"
    )


def _cost(event: ModelCalled) -> str:
    """Return the cost of the model so far, in words."""
    tokens = event["tokens_in"] + event["tokens_out"]
    dollars = f", ${event['dollars']:.4f}" if event["dollars"] else ""
    return f"{event['calls']} model calls, {tokens} tokens{dollars}"


def _within(event: Generation) -> float:
    """Return the iterations done, with the share of the current one."""
    return event["iteration"] + (event["generation"] + 1) / event["generations"]


def _remark(event: Event) -> str:
    """Return the line that an event adds; "" for events without one."""
    if event["event"] == "forgetting":
        shares = ", ".join(f"level {k}: {v:.0%}" for k, v in event["success"].items())
        return f"now level {event['level']}; success on earlier levels: {shares}"
    if event["event"] == "remark":
        return event["text"]
    if event["event"] == "stopped" and event["reason"] in ("time limit", "budget spent"):
        return f"{_ENDS[event['reason']]}; an unfinished iteration is left for --resume"
    return ""


class _Lines:
    """Progress as lines: one for every iteration, and some within long ones."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._spoken = 0.0

    def tell(self, event: Event) -> None:
        clock = self._clock
        if event["event"] == "started":
            clock.start(event["iteration"])
        elif event["event"] == "iteration":
            done = event["iteration"] + 1
            note(f"iteration {done}{clock.of()}  {_iteration(event)}  {clock.left(done)}")
            self._spoken = clock.elapsed
        elif event["event"] == "generation" and clock.elapsed - self._spoken > QUIET_SECONDS:
            left = clock.left(_within(event))
            note(
                f"iteration {event['iteration'] + 1}{clock.of()}  "
                f"generation {event['generation'] + 1} of {event['generations']}  {left}"
            )
            self._spoken = clock.elapsed
        elif event["event"] == "model" and clock.elapsed - self._spoken > QUIET_SECONDS:
            note(f"iteration {event['iteration'] + 1}{clock.of()}  {_cost(event)}")
            self._spoken = clock.elapsed
        elif remark := _remark(event):
            note(remark)


class _Bar:
    """Progress as a bar that grows with every generation, below the lines of the finished iterations."""

    def __init__(self, bar: Any, clock: _Clock) -> None:
        self._bar = bar
        self._clock = clock
        self._task = bar.add_task("", total=None, left="")

    def tell(self, event: Event) -> None:
        clock = self._clock
        if event["event"] == "started":
            clock.start(event["iteration"])
            self._show(event["iteration"], f"iteration {event['iteration'] + 1}{clock.of()}")
        elif event["event"] == "iteration":
            done = event["iteration"] + 1
            self._bar.console.print(f"iteration {done}{clock.of()}  {_iteration(event)}", markup=False)
            self._show(done, f"iteration {done}{clock.of()}")
        elif event["event"] == "generation":
            where = f"generation {event['generation'] + 1} of {event['generations']}"
            self._show(_within(event), f"iteration {event['iteration'] + 1}{clock.of()}, {where}")
        elif event["event"] == "model":
            self._show(event["iteration"], f"iteration {event['iteration'] + 1}{clock.of()}, {_cost(event)}")
        elif remark := _remark(event):
            self._bar.console.print(printable(remark), markup=False)

    def _show(self, done: float, text: str) -> None:
        share = self._clock.share(done)
        self._bar.update(
            self._task,
            description=text,
            total=None if share is None else 1.0,
            completed=share or 0.0,
            left=self._clock.left(done),
        )
