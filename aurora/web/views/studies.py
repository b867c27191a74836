"""The data of the page Studies and evaluations: what lies in the folder of runs, its reports, and comparisons."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from aurora.errors import AuroraError, InputError
from aurora.evals.report.evaluations import evaluation_report, read_evaluations
from aurora.evals.report.evaluations.comparisons import compare_all
from aurora.evals.report.evaluations.kinds import kind_of
from aurora.evals.report.evaluations.markup import page_of
from aurora.evals.results.result import RESULT_FILE, load_result
from aurora.evals.studies.folder import MANIFEST, RunStatus, is_running, study_status
from aurora.graphs.run_list import run_folder

MOST_DEPTH = 4
"""Depth of folders in which studies and evaluations are looked for."""
MOST_CHOSEN = 6
"""Largest number of evaluations of a report on the page."""
_STATES = ("done", "failed", "begun", "waiting")


class StudyLine(NamedTuple):
    """A study or an evaluation in the list.

    Attributes:
        name: Path of its folder below the folder of runs.
        kind: Kind of evaluation, in words.
        is_study: True if it is a study, with runs of its own.
        created: Time at which its result was made, ISO 8601; "": it has none yet.
        metrics: Number of metrics of its result.
        command: Command that repeats it; "": not recorded.
        state: Runs of a study by state, in words; "": it is none.
        problem: Why it can't be shown; "": it can.
    """

    name: str
    kind: str
    is_study: bool
    created: str
    metrics: int
    command: str
    state: str
    problem: str

    @property
    def has_result(self) -> bool:
        """Whether a report can be shown."""
        return bool(self.created)


class StudyRuns(NamedTuple):
    """The runs of a study.

    Attributes:
        is_running: True if a process plays it now.
        rows: State of every run.
    """

    is_running: bool
    rows: tuple[RunStatus, ...]


def study_lines(folder: Path) -> list[StudyLine]:
    """Return the studies and evaluations below a folder, the latest first.

    Args:
        folder: Folder of runs.
    """
    places = {p.parent for name in (MANIFEST, RESULT_FILE) for p in _files(folder, name)}
    lines = [_line(folder, place) for place in places]
    return sorted(sorted(lines, key=lambda line: line.name), key=lambda line: line.created, reverse=True)


def _files(folder: Path, name: str) -> Sequence[Path]:
    patterns = ["/".join([*["*"] * depth, name]) for depth in range(1, MOST_DEPTH + 1)]
    return [p for pattern in patterns for p in folder.glob(pattern) if not p.is_symlink()]


def _line(folder: Path, place: Path) -> StudyLine:
    name, is_study = place.relative_to(folder).as_posix(), (place / MANIFEST).exists()
    kind, created, metrics, command, state, problem = "Study" if is_study else "", "", 0, "", "", ""
    try:
        if is_study:
            state = states_text(study_runs(place).rows)
        if (place / RESULT_FILE).exists():
            result = load_result(place)
            kind, created = kind_of(result).title, result.provenance.created
            metrics, command = len(result.metrics), result.provenance.command
    except AuroraError as error:
        problem = str(error)
    return StudyLine(name, kind, is_study, created, metrics, command, state, problem)


def study_runs(place: Path) -> StudyRuns:
    """Return the runs of a study, which may be played meanwhile.

    Raises:
        RunError: The folder holds no study.
        FileError: A file can't be read.
        DataError: A file is damaged.
        StoreError: An archive can't be read.
    """
    return StudyRuns(is_running(place), tuple(study_status(place)))


def states_text(rows: Sequence[RunStatus]) -> str:
    """Return the numbers of runs by state, such as `3 done, 1 failed`."""
    counts = Counter[str](row.state for row in rows)
    return ", ".join(f"{counts[s]} {s}" for s in _STATES if counts[s])


def report_page(folder: Path, names: Sequence[str]) -> str:
    """Return the report of one or more evaluations as a page, which loads nothing and runs nothing.

    Evaluations of the same kind are compared with the first of them.

    Args:
        folder: Folder of runs.
        names: Names of evaluations in the list, the one to compare with first.

    Raises:
        InputError: There are none or too many.
        RunError: A name leads out of the folder.
        FileError: A file can't be read.
        DataError: A file is no result of an evaluation.
    """
    if not 1 <= len(names) <= MOST_CHOSEN:
        raise InputError(f"choose 1 to {MOST_CHOSEN} evaluations", parameter="names", value=len(names))
    evaluations = read_evaluations([run_folder(folder, name) for name in names])
    return page_of(evaluation_report(evaluations, compare_all(evaluations)))


def report_command(folder: Path, names: Sequence[str]) -> str:
    """Return the command that writes the same report to a file."""
    return shlex.join(["aurora", "eval", "report", *(str(folder / name) for name in names), "--out", "report.html"])


def compare_command(folder: Path, first: StudyLine, second: StudyLine) -> str:
    """Return the command that compares two evaluations, or two studies."""
    group: Literal["study", "eval"] = "study" if first.is_study and second.is_study else "eval"
    return shlex.join(["aurora", group, "compare", str(folder / first.name), str(folder / second.name)])
