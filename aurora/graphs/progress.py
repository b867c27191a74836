"""Progress of self-play: the events of a run as steps of the one protocol, `aurora.types.Progress`."""

from __future__ import annotations

import time

from aurora.graphs.events import Event, Listener
from aurora.quantities import duration
from aurora.types import Progress


def progress_of_events(progress: Progress, iterations: int | None, time_limit: float | None) -> Listener:
    """Return a listener that reports generations as steps of the stage "self-play".

    Args:
        progress: Receives the generations done, with the iteration and the time left as detail.
        iterations: Number of iterations at the end of the run; None without a limit.
        time_limit: Time limit of this process, seconds; None without a limit.
    """
    clock = Clock(iterations, time_limit)
    done = generations = 0  # of the run; generations per iteration, 0 while it is not known

    def show(iteration: int, detail: str, share: float) -> None:
        of = "" if iterations is None else f" of {iterations}"
        parts = (f"iteration {iteration + 1}{of}", detail, clock.left(iteration + share))
        total = iterations * generations if iterations is not None and generations else None
        progress("self-play", done, total, ", ".join(part for part in parts if part))

    def listen(event: Event) -> None:
        nonlocal done, generations
        if event["event"] == "started":
            clock.start(event["iteration"])
            show(event["iteration"], "", 0.0)
        elif event["event"] == "generation":
            generations = event["generations"]
            done = event["iteration"] * generations + event["generation"] + 1
            which = f"generation {event['generation'] + 1} of {generations}"
            show(event["iteration"], which, (event["generation"] + 1) / generations)
        elif event["event"] == "model":
            tokens = event["tokens_in"] + event["tokens_out"]
            dollars = f", ${event['dollars']:.4f}" if event["dollars"] else ""
            show(event["iteration"], f"{event['calls']} model calls, {tokens} tokens{dollars}", 0.0)

    return listen


class Clock:
    """The time left of a run in this process.

    Args:
        iterations: Number of iterations at the end of the run; None without a limit.
        time_limit: Time limit of this process, seconds; None without a limit.
    """

    def __init__(self, iterations: int | None, time_limit: float | None) -> None:
        self._iterations = iterations
        self._limit = time_limit
        self._started = time.monotonic()
        self._first: int | None = None

    def start(self, iteration: int) -> None:
        """Store the first iteration of this process: a resumed run does not start at 0."""
        self._first = iteration if self._first is None else self._first

    def left(self, done: float) -> str:
        """Return the time left in words; "" before a whole iteration of this process shows how long one takes.

        Args:
            done: Iterations done, with the share of the current one.
        """
        elapsed = time.monotonic() - self._started
        guesses = []
        if self._limit is not None:
            if elapsed > self._limit:
                return "time is up: this iteration is finished first"
            guesses.append(self._limit - elapsed)
        here = done - (self._first or 0)
        if self._iterations is not None and here >= 1:
            guesses.append(elapsed / here * (self._iterations - done))
        return f"{duration(float(round(max(0.0, min(guesses)))))} left" if guesses else ""
