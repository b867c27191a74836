"""Starts, pauses and resumes runs of self-play as processes of their own, and notes who asked for it.

A run is a process of `aurora selfplay`, so it goes on when the program that started it ends. It can be resumed from any
place, since its directory holds all of it. A pause is the first Ctrl-C: nothing committed is lost.
"""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from aurora import journal
from aurora.agents.arena.sources import SOURCES
from aurora.errors import InputError, RunError
from aurora.files import is_locked, lock_owner, writing
from aurora.graphs.run_directory import LOCK, OUTPUT, REQUESTS, read_manifest
from aurora.types import Frozen

MOST_AT_ONCE = 2
"""Largest number of runs that one program keeps going at a time."""
MOST_ITERATIONS, MOST_SECONDS, MOST_JOBS, MOST_SEED = 1_000_000, 366 * 86_400, 256, 2**31 - 1
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
"""Names that a run can be given."""
_LAST_LINES, _LAST_BYTES = 3, 4_000
_OWNER_SECONDS = 2.0
_SIGNAL_SECONDS = 1.0
"""Seconds between two signals to one process."""

Action = Literal["start", "resume", "pause", "stop"]
State = Literal["starting", "running", "pausing", "stopped"]


class Request(Frozen):
    """A line of `requests.jsonl`."""

    when: str = Field(description="Time in UTC, ISO 8601.")
    who: str = Field(description="Name of the person who asked.")
    action: Action = Field(description="What was asked for.")
    pid: int = Field(description="Process that was started or interrupted.")
    command: str = Field("", description="Command of the process; empty: a pause or a stop.")


class NewRun(NamedTuple):
    """A run to start.

    Attributes:
        name: Name of its folder.
        source: Source of scenarios, from `SOURCES`.
        seed: Random seed.
        iterations: Iterations at the end of the run.
        time_limit: Seconds after which it stops; None: no limit.
        jobs: Threads.
        data: Folder of traces; None: the source reads none.
    """

    name: str
    source: str = "generated"
    seed: int = 0
    iterations: int = 10
    time_limit: float | None = None
    jobs: int = 1
    data: Path | None = None


class RunControl:
    """Starts, pauses and resumes the runs of a folder.

    Args:
        folder: Folder of the runs.
        launch: Starts a process with its output in a file; for tests.
    """

    def __init__(
        self, folder: Path, launch: Callable[[Sequence[str], Path], subprocess.Popen[bytes]] | None = None
    ) -> None:
        self._folder = folder
        self._launch = launch or _launched
        self._children: dict[Path, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def state(self, directory: Path) -> State:
        """Return what a run does now."""
        owner = lock_owner(directory / LOCK)
        if owner is None and not is_locked(directory / LOCK):
            return "starting" if self._is_alive(directory) else "stopped"
        last = requests(directory)[-1:]
        return "pausing" if last and last[0].action in ("pause", "stop") and last[0].pid == owner else "running"

    def start(self, new: NewRun, who: str) -> Path:
        """Start a new run and return its folder.

        Raises:
            InputError: A value is out of range, or the source needs a folder of traces.
            RunError: There is a run of that name, too many are going, or the process can't be started.
        """
        _check(new)
        directory = self._folder / new.name
        words = ["--run", str(directory), "--source", new.source, "--seed", str(new.seed)]
        words += ["--iterations", str(new.iterations), "--jobs", str(new.jobs)]
        if new.time_limit is not None:
            words += ["--time-limit", f"{new.time_limit:g}"]
        if new.data is not None:
            words += ["--data", str(new.data)]
        with self._lock:
            self._require_room()
            with writing(directory, error=RunError):
                self._folder.mkdir(parents=True, exist_ok=True)
                try:
                    directory.mkdir()
                except FileExistsError:
                    raise RunError(f"there is a run {new.name!r} already; resume it, or give another name") from None
            self._begin(directory, "start", words, who)
        return directory

    def resume(
        self, directory: Path, who: str, *, iterations: int, jobs: int = 1, max_calls: int | None = None
    ) -> None:
        """Resume a run that no process plays.

        Args:
            directory: Folder of the run.
            who: Name of the person who asks.
            iterations: Iterations at the end of the run, earlier ones included.
            jobs: Threads.
            max_calls: Most calls of the model over the whole run; None: no limit, for runs without a model only.

        Raises:
            InputError: A value is out of range, or a run with a model has no limit of calls.
            RunError: It is no run, it is being played, too many are going, or the process can't be started.
        """
        self._require_stopped(directory)
        _check_number("iterations", iterations, 1, MOST_ITERATIONS)
        _check_number("jobs", jobs, 1, MOST_JOBS)
        settings = read_manifest(directory)["settings"]
        words = ["--resume", str(directory), "--iterations", str(iterations), "--jobs", str(jobs)]
        if settings.get("proposer", "search") != "search":
            if max_calls is None:
                raise InputError("this run asks a model; give the most calls of the whole run", parameter="max_calls")
            _check_number("max_calls", max_calls, 0, MOST_ITERATIONS)
            words += ["--max-calls", str(max_calls)]
        with self._lock:
            self._require_stopped(directory)  # once more: another page may have been quicker
            self._require_room()
            self._begin(directory, "resume", words, who)

    def pause(self, directory: Path, who: str) -> None:
        """Interrupt the process that plays a run, as the first Ctrl-C does. Asking twice does not interrupt twice.

        Raises:
            RunError: No process plays it, or one that is no `aurora selfplay` of this machine and user does.
        """
        with self._lock:
            if self.state(directory) == "pausing":
                return
            pid = _owner_soon(directory / LOCK)
            if pid is None:
                raise RunError(f"no process plays {directory}; there is nothing to pause")
            _interrupt(pid, directory / LOCK, lambda: _note(directory, who, "pause", pid))

    def stop(self, directory: Path, who: str) -> None:
        """End the process that plays a run at once, as the second Ctrl-C does. Finished iterations are kept.

        A process that does not end by itself is killed, which loses nothing either: the archive stores an iteration
        as a whole or not at all.

        Raises:
            RunError: No process plays it, or one that is no `aurora selfplay` of this machine and user does.
        """
        with self._lock:
            is_pausing = self.state(directory) == "pausing"
            pid = _owner_soon(directory / LOCK)
            if pid is None:
                raise RunError(f"no process plays {directory}; there is nothing to stop")
            signals = (signal.SIGINT,) if is_pausing else (signal.SIGINT, signal.SIGINT)
            _interrupt(pid, directory / LOCK, lambda: _note(directory, who, "stop", pid), (*signals, signal.SIGKILL))

    def wait(self, seconds: float = 30.0) -> None:
        """Wait until the processes that this program started have ended, at most some seconds each; for tests."""
        for child in list(self._children.values()):
            with suppress(subprocess.TimeoutExpired):
                child.wait(seconds)

    def _is_alive(self, directory: Path) -> bool:
        child = self._children.get(directory)
        return child is not None and child.poll() is None

    def _require_stopped(self, directory: Path) -> None:
        if self.state(directory) != "stopped":
            raise RunError(f"{directory} is being played; wait for it, or pause it")

    def _require_room(self) -> None:
        if sum(self._is_alive(directory) for directory in list(self._children)) >= MOST_AT_ONCE:
            raise RunError(f"{MOST_AT_ONCE} runs that were started here are going; pause one, or wait for it")

    def _begin(self, directory: Path, action: Action, words: Sequence[str], who: str) -> None:
        command = ["aurora", "selfplay", *words, "--json"]
        child = self._launch(["-m", *command], directory / OUTPUT)
        self._children[directory] = child
        _note(directory, who, action, child.pid, shlex.join(command))


def requests(directory: Path) -> list[Request]:
    """Return who asked for what, oldest first; nothing for a run that the command line started.

    Raises:
        FileError: The file can't be read.
        DataError: It is damaged.
    """
    return journal.read_as(directory / REQUESTS, Request, "request")


def last_words(directory: Path) -> str:
    """Return the last lines that a run's processes printed for people; "" if there are none."""
    words = [line for line in _printed(directory) if line[0] not in "{}[] "]  # the rest is JSON
    return "\n".join(words[-_LAST_LINES:])


def last_error(directory: Path) -> str:
    """Return the error with which the last process of a run ended; "" if it ended without one."""
    try:
        told = json.loads((_printed(directory) or ["{}"])[-1])
    except (ValueError, RecursionError):
        return ""
    return str(told["error"]) if isinstance(told, dict) and "error" in told else ""


def _printed(directory: Path) -> list[str]:
    """Return the last lines that a run's processes printed."""
    try:
        with (directory / OUTPUT).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LAST_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def _check(new: NewRun) -> None:
    if not NAME.fullmatch(new.name):
        reason = "a name has up to 60 letters, digits, dots, dashes and underscores, and begins with a letter or digit"
        raise InputError(reason, parameter="name", value=new.name[:80])
    if new.source not in SOURCES:
        raise InputError(f"there are {', '.join(SOURCES)}", parameter="source", value=new.source[:80])
    if SOURCES[new.source].data and new.data is None:
        reason = f"source {new.source} reads {SOURCES[new.source].data}; start the server with --data"
        raise InputError(reason, parameter="data")
    _check_number("seed", new.seed, 0, MOST_SEED)
    _check_number("iterations", new.iterations, 1, MOST_ITERATIONS)
    _check_number("jobs", new.jobs, 1, MOST_JOBS)
    if new.time_limit is not None:
        _check_number("time_limit", new.time_limit, 1, MOST_SECONDS)


def _check_number(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InputError(f"give a number from {least:g} to {most:,g}", parameter=name, value=value)


def _launched(words: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
    """Start Python in a session of its own, so that Ctrl-C in a terminal does not reach it."""
    try:
        with output.open("ab") as file:
            return subprocess.Popen(  # no shell, and every word is checked
                [sys.executable, *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise RunError(f"the process of the run can't be started: {error.strerror}; see to {output}") from None


def _note(directory: Path, who: str, action: Action, pid: int, command: str = "") -> None:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    request = Request(when=when, who=who, action=action, pid=pid, command=command)
    journal.append(directory / REQUESTS, [request.model_dump()])


def _owner_soon(lock: Path) -> int | None:
    """Return the process that holds a lock; one that has just taken it writes its id a moment later."""
    deadline = time.monotonic() + _OWNER_SECONDS
    while True:
        pid = lock_owner(lock)
        is_there = pid is not None and (Path("/proc") / str(pid)).exists()
        if is_there or not is_locked(lock) or time.monotonic() > deadline:
            return pid
        time.sleep(_OWNER_SECONDS / 50)


def _interrupt(
    pid: int, lock: Path, note: Callable[[], None], signals: Sequence[signal.Signals] = (signal.SIGINT,)
) -> None:
    """Interrupt the process that holds a lock; `note` is called before, so that nobody asks twice.

    Of several signals, each next one is sent where the process is still there after a while.

    The id comes from a file. So it must belong to an `aurora selfplay` that has the lock open.
    """
    try:
        handle = os.pidfd_open(pid)
    except (OSError, AttributeError):  # it has ended, or the system is no Linux
        raise RunError(f"process {pid} can't be reached from here; stop it with Ctrl-C where it was started") from None
    try:
        if not _is_selfplay(pid, lock):
            raise RunError(f"process {pid} is no `aurora selfplay` of this user; stop it where it was started")
        note()
        for number in signals:
            signal.pidfd_send_signal(handle, number)
            if number is not signals[-1] and select.select([handle], [], [], _SIGNAL_SECONDS)[0]:
                return  # it has ended: a handle of a process that has can be read
    except ProcessLookupError:
        return  # it has ended meanwhile
    finally:
        os.close(handle)


def _is_selfplay(pid: int, lock: Path) -> bool:
    process = Path("/proc") / str(pid)
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        opened = [os.path.realpath(handle) for handle in (process / "fd").iterdir()]
    except OSError:
        return False
    return b"selfplay" in words and os.path.realpath(lock) in opened
