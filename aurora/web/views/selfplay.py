"""The data of the list of runs of self-play, and who asked for what."""

from __future__ import annotations

import itertools
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from aurora.agents.arena.sources import SOURCES
from aurora.graphs.run_control import RunControl, State, last_error, last_words, requests
from aurora.graphs.run_list import RunRow, find_runs
from aurora.quantities import duration

STATE_WORDS: Mapping[State, str] = {
    "starting": "starting",
    "running": "running",
    "pausing": "pausing",
    "stopped": "not running",
}
ENDED_WORDS: Mapping[str, str] = {
    "done": "done",
    "time limit": "time was up",
    "interrupted": "paused",
    "budget spent": "budget spent",
}
"""Why a run that is not running stopped."""


class RunLine(NamedTuple):
    """A run in the list.

    Attributes:
        name: Its name, the path below the folder of runs.
        source: Source of scenarios.
        seed: Random seed, as text; "" if it is not known.
        author: Author of scenarios and policies: search, model or both.
        state: What it does now.
        ended: Why it stopped, in words; "" while it runs.
        iterations: Finished iterations.
        level: Level of the last iteration; 0: there is none.
        champion: Id of the champion; "": there is none.
        advantage: Champion's mean value over the best reference on validation; None: there is none.
        changed: Seconds since the last event; None: there is none.
        problem: Why it can't be shown; "": it can.
    """

    name: str
    source: str
    seed: str
    author: str
    state: State
    ended: str
    iterations: int
    level: int
    champion: str
    advantage: float | None
    changed: float | None
    problem: str

    @property
    def age(self) -> str:
        """Return the time since the last event in words."""
        return "no event yet" if self.changed is None else f"{duration(float(round(self.changed)))} ago"


def run_lines(folder: Path, control: RunControl) -> list[RunLine]:
    """Return the runs of a folder, those that are played first, then the one that changed last.

    Args:
        folder: Folder of the runs.
        control: Knows what each does.
    """
    now = time.time()
    return [run_line(row, control, now=now) for row in find_runs(folder)]


def run_line(row: RunRow, control: RunControl, *, now: float | None = None) -> RunLine:
    """Return a run as a line of the list.

    Args:
        row: The run.
        control: Knows what it does.
        now: Present time, seconds since 1970; None: that of the clock.
    """
    now = time.time() if now is None else now
    last, settings = row.last or {}, row.settings
    state = control.state(row.directory)
    return RunLine(
        name=row.name,
        source="" if settings is None else settings.source,
        seed="" if settings is None else str(settings.seed),
        author="" if settings is None else settings.proposer,
        state=state,
        ended="" if state != "stopped" else _ended(row),
        iterations=row.iterations,
        level=int(number_of(last.get("level")) or 0),
        champion=str(last.get("champion", "")),
        advantage=number_of(last.get("validation_advantage")),
        changed=max(0.0, now - row.changed) if row.changed else None,
        problem=row.problem,
    )


def _ended(row: RunRow) -> str:
    if row.settings is None and not row.problem:
        return "did not begin"
    return ENDED_WORDS.get(row.stopped, "stopped without a word")


class Asked(NamedTuple):
    """A request in words: when, who, and what."""

    when: str
    who: str
    what: str


def asked(directory: Path) -> list[Asked]:
    """Return who asked for what, latest first."""
    words = {"start": "started it", "resume": "resumed it", "pause": "paused it"}
    return [Asked(r.when, r.who, f"{words[r.action]} (process {r.pid})") for r in reversed(requests(directory))]


def failure(directory: Path, state: State, row: RunRow) -> str:
    """Return the error with which the last process of a run ended, or its last words if it did not begin to play."""
    if state != "stopped":
        return ""
    return last_error(directory) or ("" if row.stopped or row.iterations else last_words(directory))


def source_choices(data: Path | None) -> dict[str, str]:
    """Return the sources that can be played, with what they are in words.

    Args:
        data: Folder of traces; None: only sources that need none.
    """
    return {name: f"{name}: {row.about}" for name, row in SOURCES.items() if not row.data or data is not None}


def resume_command(directory: Path, iterations: int) -> str:
    """Return the command that resumes a run."""
    return f"aurora selfplay --resume {shlex.quote(str(directory))} --iterations {iterations}"


def new_name(folder: Path) -> str:
    """Return a name that no run of a folder has.

    Args:
        folder: Folder of the runs.
    """
    return next(name for k in itertools.count(1) if not (folder / (name := f"run-{k}")).exists())


def unit_of(row: RunRow) -> str:
    """Return the unit of a run's values."""
    return SOURCES[row.settings.source].unit if row.settings is not None else "value"


def use_commands(directory: Path) -> tuple[tuple[str, str], ...]:
    """Return commands that use the champion of a run, each with what it does."""
    run = shlex.quote(str(directory))
    return (
        ("Write it to a file", f"aurora policies export --run {run} --best --out champion.json"),
        (
            "Make a scenario to try it on",
            "aurora scenarios generate --family video --level 2 --seed 7 --out scenario.json",
        ),
        ("Simulate it", "aurora simulate scenario.json champion.json --bounds"),
        ("Explain its decisions", "aurora explain scenario.json champion.json"),
    )


def decisions_of(name: str, scenario_id: str) -> str:
    """Return the path of the page Decisions with the champion of a run, on a scenario of it.

    Args:
        name: Name of the run.
        scenario_id: Id of the scenario; "": the page's own choice.

    Returns:
        The path; "" for runs of studies and others in folders of folders, which that page does not open.
    """
    if "/" in name:
        return ""
    chosen = {"policy": f"run:{name}:best"} | ({"scenario": f"run:{name}:{scenario_id}"} if scenario_id else {})
    return f"/decisions?{urlencode(chosen)}"


def number_of(value: object) -> float | None:
    """Return a number from a log; None where there is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
