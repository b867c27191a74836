"""Finds the runs of self-play in a folder, and how far each is; other processes may play them meanwhile."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from aurora.errors import AuroraError, RunError
from aurora.files import is_locked
from aurora.graphs.run_directory import EVENTS, LOCK, MANIFEST, REQUESTS, read_manifest
from aurora.graphs.settings import SelfPlaySettings
from aurora.validation import explain_validation

MOST_DEPTH = 4
"""Depth of folders below the given one in which runs are looked for: a study keeps its runs in folders of its own."""
MOST_FOLDERS = 5_000
"""Largest number of folders that are looked at."""
_TAIL_BYTES = 1 << 18


class RunRow(NamedTuple):
    """A run in a list.

    Attributes:
        name: Path of its folder below the folder of the list, with `/`.
        directory: Its folder.
        settings: Its settings; None: they can't be read, or it was asked for and has not begun.
        problem: Why its settings can't be read; "" if they can, or it has not begun.
        is_running: True if a process plays it now.
        iterations: Finished iterations.
        last: Event of the last finished iteration; None: there is none.
        stopped: Reason why the last process stopped; "" while one plays, and after a kill.
        changed: Time of its last event, seconds since 1970; 0: it has none.
    """

    name: str
    directory: Path
    settings: SelfPlaySettings | None
    problem: str
    is_running: bool
    iterations: int
    last: dict[str, Any] | None
    stopped: str
    changed: float


def find_runs(folder: Path) -> list[RunRow]:
    """Return the runs of self-play below a folder, the one that changed last first; none if it does not exist."""
    rows = [row for row in (_row(folder, path) for path in _folders(folder)) if row is not None]
    return sorted(rows, key=lambda row: (not row.is_running, -row.changed, row.name))


def run_row(folder: Path, name: str) -> RunRow:
    """Return a run by its name in the list of a folder.

    Raises:
        RunError: There is no such run, or the name leads out of the folder.
    """
    row = _row(folder, run_folder(folder, name))
    if row is None:
        raise RunError(f"there is no run {name!r} in {folder}; see the list of runs")
    return row


def run_folder(folder: Path, name: str) -> Path:
    """Return the folder of a run by its name.

    Raises:
        RunError: The name leads out of the folder, or is empty.
    """
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise RunError(f"{name[:80]!r} names no run in {folder}; see the list of runs")
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RunError(f"{name[:80]!r} leads out of {folder}; see the list of runs")
    return path


def _folders(folder: Path) -> Iterator[Path]:
    """Yield the folders below a folder, without links and hidden ones; those of a run are not searched further."""
    waiting, seen = [(folder, 0)], 0
    while waiting and seen < MOST_FOLDERS:
        here, depth = waiting.pop()
        seen += 1
        if depth:
            yield here
        if depth == MOST_DEPTH or (depth and (here / MANIFEST).is_file()):
            continue
        try:
            with os.scandir(here) as entries:
                below = sorted(e.name for e in entries if e.is_dir(follow_symlinks=False) and e.name[0] != ".")
        except OSError:
            continue  # a folder that may not be read, or was removed meanwhile, has no runs to show
        waiting += [(here / name, depth + 1) for name in reversed(below)]


def _row(folder: Path, directory: Path) -> RunRow | None:
    """Return the row of a folder; None if it holds no run of self-play."""
    if not (directory / MANIFEST).exists() and (directory / REQUESTS).exists():
        changed = (directory / REQUESTS).stat().st_mtime
        is_running = is_locked(directory / LOCK)
        return RunRow(_name(folder, directory), directory, None, "", is_running, 0, None, "", changed)
    try:
        settings = read_manifest(directory)["settings"]
    except AuroraError:
        return None
    if "source" not in settings or "seed" not in settings:
        return None  # another kind of run, such as one of prompts
    problem, parsed = "", None
    try:
        parsed = SelfPlaySettings.model_validate(settings)
    except ValidationError as error:
        problem = explain_validation(error)
    last, stopped, changed = _last_events(directory / EVENTS)
    is_running = is_locked(directory / LOCK)
    return RunRow(
        name=_name(folder, directory),
        directory=directory,
        settings=parsed,
        problem=problem,
        is_running=is_running,
        iterations=0 if last is None else last["iteration"] + 1,
        last=last,
        stopped="" if is_running else stopped,
        changed=changed,
    )


def _name(folder: Path, directory: Path) -> str:
    return directory.relative_to(folder).as_posix()


def _last_events(path: Path) -> tuple[dict[str, Any] | None, str, float]:
    """Return the last `iteration` event of a log, why the last process stopped, and when the log changed."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read().splitlines()
            changed = os.fstat(file.fileno()).st_mtime
    except OSError:
        return None, "", 0.0
    stopped, is_last = "", True
    for line in reversed(lines):
        try:
            event = json.loads(line)
            kind = event["event"]
            if kind == "iteration":
                return dict(event, iteration=int(event["iteration"])), stopped, changed
            if kind == "stopped" and is_last:
                stopped = str(event["reason"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # the first line of the tail may be torn, and so may the last
        is_last = False
    return None, stopped, changed
