"""The folder of a study: its manifest, its lock, and the outcomes of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from aurora import journal
from aurora.errors import DataError, FileError, RunError
from aurora.evals.studies.plan import RunName, StudyPlan
from aurora.evals.studies.playing import RunOutcome
from aurora.files import is_locked, locked, write_atomically
from aurora.graphs.run_directory import ARCHIVE, open_archive
from aurora.reading import read_json
from aurora.types import Frozen
from aurora.validation import explain_validation

MANIFEST, OUTCOMES, LOCK = "study.json", "outcomes.jsonl", ".study.lock"

State = Literal["done", "failed", "begun", "waiting"]


class Ended(Frozen):
    """A line of the file of outcomes: a run that was finished, or failed."""

    variation: str = Field(description="Name of the variation.")
    seed: int = Field(description="Random seed.")
    outcome: RunOutcome | None = Field(None, description="What it came to; null: it failed.")
    failure: str = Field("", description="Reason of the failure; empty: there is none.")

    @property
    def run(self) -> RunName:
        """Return the identity of the run."""
        return RunName(self.variation, self.seed)


class RunStatus(NamedTuple):
    """The state of a run.

    Attributes:
        run: Identity of the run.
        state: done, failed, begun (it is running, or was stopped or killed), or waiting.
        iterations: Finished iterations.
        evaluations: Evaluations of these iterations; None: not known.
        failure: Reason of its failure; empty: there is none.
    """

    run: RunName
    state: State
    iterations: int
    evaluations: int | None
    failure: str


@contextmanager
def owned_study(folder: Path) -> Iterator[None]:
    """Lock the folder of a study while the block runs; it is created if it is absent.

    Raises:
        RunError: Another process runs the study, or the folder can't be created.
    """
    with locked(folder / LOCK, busy=f"runs the study in {folder}; wait for it, or name another folder", error=RunError):
        yield


def is_running(folder: Path) -> bool:
    """Return whether a process runs the study in a folder."""
    return is_locked(folder / LOCK)


def start_study(folder: Path, plan: StudyPlan) -> None:
    """Write the manifest of a new study, or check that the study of the folder is the same but for added runs.

    Raises:
        RunError: The folder holds another study; the message names what changed.
        FileError: The manifest can't be read or written.
        DataError: The manifest is damaged.
    """
    if (folder / MANIFEST).exists():
        changed = changes(read_plan(folder), plan)
        if changed:
            raise RunError(
                f"{folder} holds another study ({'; '.join(changed)}); only runs may be added. "
                "Restore the study file, or name another folder"
            )
    write_atomically(folder / MANIFEST, plan.model_dump_json(indent=1) + "\n", error=FileError)


def changes(before: StudyPlan, now: StudyPlan) -> list[str]:
    """Return in words what differs between two plans, other than runs that were added."""
    old, new = before.study, now.study
    changed = [f"kind was {old.kind}, now {new.kind}"] if old.kind != new.kind else []
    for part in ("budget", "judge"):
        first, second = getattr(old, part).model_dump(), getattr(new, part).model_dump()
        changed += [f"{part}.{k} was {first[k]!r}, now {second[k]!r}" for k in first if first[k] != second[k]]
    for name, settings in before.variations.items():
        if name not in now.variations:
            changed.append(f"variation {name} is gone")
        elif settings != now.variations[name]:
            changed.append(f"variation {name}: {_differing(settings, now.variations[name])}")
    gone = sorted(set(old.seeds) - set(new.seeds))
    return changed + ([f"seeds {', '.join(map(str, gone))} are gone"] if gone else [])


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    names = [k for k in sorted({*before, *now}) if before.get(k) != now.get(k)]
    return ", ".join(f"{k} was {before.get(k)!r:.60}, now {now.get(k)!r:.60}" for k in names)


def read_plan(folder: Path) -> StudyPlan:
    """Return the plan of the study in a folder.

    Raises:
        RunError: The folder holds no study.
        FileError: The manifest can't be read.
        DataError: It is damaged, or of another AURORA.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise RunError(f"{folder} holds no study (no {MANIFEST}); give the folder of one")
    try:
        return StudyPlan.model_validate(read_json(path))
    except ValidationError as error:
        raise DataError(f"{path} is damaged, or of another AURORA: {explain_validation(error)}") from None


def note_ended(folder: Path, ended: Ended) -> None:
    """Append the outcome of a run.

    Raises:
        FileError: The file can't be written.
    """
    journal.append(folder / OUTCOMES, [ended.model_dump(mode="json")])


def read_ended(folder: Path) -> dict[RunName, Ended]:
    """Return the last outcome of each run that has one.

    Raises:
        FileError: The file can't be read.
        DataError: A line is no outcome.
    """
    return {ended.run: ended for ended in journal.read_as(folder / OUTCOMES, Ended, "outcome")}


def outcomes_of(plan: StudyPlan, ended: Mapping[RunName, Ended]) -> dict[RunName, RunOutcome]:
    """Return the outcome of each finished run, in the order of the plan."""
    results = {}
    for run in plan.runs:
        outcome = ended[run].outcome if run in ended else None
        if outcome is not None:
            results[run] = outcome
    return results


def failures_of(plan: StudyPlan, ended: Mapping[RunName, Ended]) -> dict[RunName, str]:
    """Return the reason of each failed run, in the order of the plan."""
    return {run: ended[run].failure for run in plan.runs if run in ended and ended[run].failure}


def study_status(folder: Path) -> list[RunStatus]:
    """Return the state of every run of a study, which may be running.

    Raises:
        RunError: The folder holds no study.
        FileError: A file can't be read.
        DataError: A file is damaged.
        StoreError: An archive can't be read.
    """
    plan, ended = read_plan(folder), read_ended(folder)
    return [_status(run, folder, ended.get(run)) for run in plan.runs]


def _status(run: RunName, folder: Path, ended: Ended | None) -> RunStatus:
    if ended is not None and ended.outcome is not None:
        return RunStatus(run, "done", ended.outcome.iterations, ended.outcome.evaluations, "")
    iterations, evaluations = _so_far(run.folder(folder))
    failure = "" if ended is None else ended.failure
    state: State = "failed" if failure else "begun" if run.folder(folder).exists() else "waiting"
    return RunStatus(run, state, iterations, evaluations, failure)


def _so_far(directory: Path) -> tuple[int, int | None]:
    """Return the finished iterations of a run, and their evaluations."""
    archive = directory / ARCHIVE
    if not archive.exists() or not archive.stat().st_size:
        return 0, None
    with open_archive(directory) as store:
        last = store.last_iteration()
    return (0, None) if last is None else (last[0] + 1, last[1].get("evaluations"))


def ordered(runs: Sequence[RunName], done: Mapping[RunName, Ended], *, retry: bool) -> list[RunName]:
    """Return the runs that are still to be played: those without an outcome, and failed ones.

    Args:
        runs: Runs of the plan.
        done: Outcomes so far.
        retry: True: failed runs are played again.
    """
    return [r for r in runs if r not in done or (retry and done[r].outcome is None)]
