"""`aurora selfplay`: the main job."""

from __future__ import annotations

import signal
import sys
import time
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Any

import typer

from aurora.cli.output import emit_json, emit_table, note
from aurora.errors import RunError


class SourceName(StrEnum):
    """Where scenarios come from."""

    generated = "generated"
    openb = "openb"
    swf = "swf"


MANY = 1_000_000
"""Iterations of a run that only a time limit ends."""


def selfplay(  # one parameter an option
    iterations: int | None = typer.Option(None, min=1, help="Iterations that the run shall hold in the end."),
    source: SourceName = typer.Option(SourceName.generated, help="Where scenarios come from."),
    data: Path | None = typer.Option(None, help="Folder with the traces (openb/, swf/)."),
    seed: int = typer.Option(0, min=0, help="Of everything random."),
    run: Path | None = typer.Option(None, help="Run directory; default runs/SOURCE-SEED."),
    resume: Path | None = typer.Option(None, help="Continue the run in this directory, as it was configured."),
    time_limit: float | None = typer.Option(None, min=1, help="Stop after so many seconds."),
    jobs: int = typer.Option(2, min=1, max=256, help="Threads; the result does not depend on it."),
    report: bool = typer.Option(True, help="Write report.html at the end."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Attacker and defender play; the archive, the champion and a report are kept in a run directory.

    Example: aurora selfplay --iterations 5 --seed 1 --run runs/first
    """
    from aurora.evals.report import write_report  # heavy, used here only
    from aurora.graphs.run_directory import (  # heavy, used here only
        ARCHIVE,
        EVENTS,
        owned,
        read_manifest,
        start_manifest,
    )
    from aurora.graphs.selfplay import SelfPlaySettings, play  # heavy, used here only
    from aurora.memory.store import Store  # heavy, used here only

    directory = resume or run or Path("runs") / f"{source.value}-{seed}"
    if resume is not None:
        manifest = read_manifest(resume)
        settings = SelfPlaySettings.model_validate(manifest["settings"])
    else:
        settings = SelfPlaySettings(source=source.value, data=None if data is None else str(data.absolute()), seed=seed)
    if iterations is None and time_limit is None:
        iterations = 10
    with owned(directory):
        start_manifest(directory, settings.model_dump(mode="json"))
        with (
            Store.open(directory / ARCHIVE) as store,
            (directory / EVENTS).open("a", encoding="utf-8") as log,
        ):
            progress = _Progress(log, iterations, time_limit)
            with _Interruptible():
                try:
                    play(
                        store,
                        settings,
                        iterations=iterations or MANY,
                        jobs=jobs,
                        time_limit=time_limit,
                        tell=progress.tell,
                    )
                except KeyboardInterrupt:
                    note(f"interrupted; nothing committed is lost. Go on with: aurora selfplay --resume {directory}")
                    raise
            if store.last_iteration() is None:
                raise RunError("no iteration was finished in the time given; give a longer --time-limit")
            result = _result(store, directory)
        path = write_report(directory, settings, jobs=jobs) if report else None
    result["report"] = None if path is None else str(path)
    if as_json:
        emit_json(result)
        return
    emit_table(
        "policies by Elo",
        ("policy", "elo", "games", "origin"),
        [(p["policy_id"], p["elo"], p["games"], p["origin"]) for p in result["top"]],
    )
    note(f"champion {result['champion']}, validation advantage {result['validation_advantage']:+.4f}")
    if path is not None:
        note(f"report: {path}")


def _result(store: Any, directory: Path) -> dict[str, Any]:
    number, state = store.last_iteration()
    return {
        "run": str(directory),
        "iterations": number + 1,
        "champion": state["champion"]["policy_id"],
        "validation_advantage": state["champion_value"],
        "evaluations": state["evaluations"],
        "counts": store.counts(),
        "top": [{k: p[k] for k in ("policy_id", "elo", "games", "origin", "parents")} for p in store.top(10)],
    }


class _Progress:
    """Writes events to the log and shows one line of progress on stderr."""

    def __init__(self, log: Any, iterations: int | None, time_limit: float | None) -> None:
        self._log = log
        self._iterations = iterations
        self._limit = time_limit
        self._started = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def tell(self, event: dict[str, Any]) -> None:
        import json  # standard library, used here only

        elapsed = time.monotonic() - self._started
        self._log.write(json.dumps({"seconds": round(elapsed, 3), **event}) + "\n")
        self._log.flush()
        if event["event"] == "iteration":
            line = (
                f"iteration {event['iteration'] + 1}{self._of()}  level {event['level']}  "
                f"champion {event['champion']}  validation {event['validation_advantage']:+.4f}  "
                f"{event['evaluations']} simulations  {self._left(event['iteration'] + 1, elapsed)}"
            )
            note(("\r\x1b[K" if self._terminal else "") + line)
        elif event["event"] == "generation" and self._terminal:
            sys.stderr.write(
                f"\r\x1b[Kiteration {event['iteration'] + 1}{self._of()}  generation {event['generation'] + 1}"
            )
            sys.stderr.flush()
        elif event["event"] == "forgetting":
            shares = ", ".join(f"level {k}: {v:.0%}" for k, v in event["success"].items())
            note(f"now level {event['level']}; success on earlier levels: {shares}")
        elif event["event"] == "time_is_up":
            note("time is up; the unfinished iteration is dropped")

    def _of(self) -> str:
        return "" if self._iterations is None else f" of {self._iterations}"

    def _left(self, done: int, elapsed: float) -> str:
        guesses = []
        if self._limit is not None:
            guesses.append(self._limit - elapsed)
        if self._iterations is not None:
            guesses.append(elapsed / done * (self._iterations - done))
        return f"{max(0.0, min(guesses)):.0f} s left" if guesses else ""


class _Interruptible:
    """SIGTERM ends the run as Ctrl-C does."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, self._raise)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    @staticmethod
    def _raise(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt
