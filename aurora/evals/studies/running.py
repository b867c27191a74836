"""Runs a study: plays its runs in parallel, judges the champions, and writes the result."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aurora.evals.results.result import EvalResult
from aurora.evals.results.samples import Sample
from aurora.evals.studies.evaluators.opening import WorkerKind, open_evaluator
from aurora.evals.studies.evaluators.protocol import Evaluator, Stopped
from aurora.evals.studies.folder import (
    Ended,
    failures_of,
    note_ended,
    ordered,
    outcomes_of,
    owned_study,
    read_ended,
    read_plan,
    start_study,
)
from aurora.evals.studies.judging import judge_champions, keep_gains
from aurora.evals.studies.plan import BASE, RunName, StudyPlan
from aurora.evals.studies.playing import RunOutcome, RunTask, play_run
from aurora.evals.studies.summary import write_result
from aurora.graphs.interrupts import interruptible
from aurora.graphs.settings import SelfPlaySettings
from aurora.sim.compilation import compile_kernel
from aurora.types import Progress, no_progress


class StudyResult(NamedTuple):
    """The result of a study so far.

    Attributes:
        result: Metrics and tables over all finished runs; None: it was interrupted before they were judged.
        runs: Number of runs of the study.
        done: Number of finished runs.
        failures: Reason of each failed run.
        is_interrupted: True if a person stopped it.
    """

    result: EvalResult | None
    runs: int
    done: int
    failures: dict[RunName, str]
    is_interrupted: bool


def run_study(
    plan: StudyPlan,
    folder: Path,
    *,
    jobs: int = 2,
    workers: WorkerKind = "processes",
    ray: str | None = None,
    retry: bool = True,
    progress: Progress = no_progress,
) -> StudyResult:
    """Play the runs of a study that its folder does not hold yet, and judge all champions.

    A study that was stopped or killed continues with the same call, and loses at most an iteration of each run.

    Args:
        plan: The study.
        folder: Folder of the study; it is created if it is absent.
        jobs: Number of runs at a time; results do not depend on it.
        workers: Kind of workers.
        ray: Address of a Ray cluster whose actors play the runs; None: workers of this machine.
        retry: True: runs that failed before are played again.
        progress: Receives the runs done, and the samples.

    Raises:
        RunError: Another process runs the study, or the folder holds another one.
        InputError: The number of jobs is out of range, or no Ray cluster is reached.
        MissingExtraError: Ray is not installed.
        FileError: A file can't be read or written.
        DataError: A file of the folder is damaged.
    """
    with owned_study(folder), interruptible() as interrupted:
        start_study(folder, plan)
        compile_kernel()  # here, where it is noted; workers then find its machine code
        with open_evaluator(workers, jobs, ray=ray) as evaluator:
            _play(plan, folder, evaluator, interrupted, progress, retry=retry)
            return _judged(plan, folder, evaluator, interrupted, progress)


def report_study(folder: Path, *, jobs: int = 2, progress: Progress = no_progress) -> StudyResult:
    """Judge the champions of the runs that are finished, and write the result.

    Args:
        folder: Folder of a study.
        jobs: Number of threads.
        progress: Receives the samples.

    Raises:
        RunError: Another process runs the study, or the folder holds none.
        FileError: A file can't be read or written.
        DataError: A file of the folder is damaged.
    """
    plan = read_plan(folder)
    with owned_study(folder), interruptible() as interrupted, open_evaluator("threads", jobs) as evaluator:
        return _judged(plan, folder, evaluator, interrupted, progress)


def _play(
    plan: StudyPlan, folder: Path, evaluator: Evaluator, interrupted: Stopped, progress: Progress, *, retry: bool
) -> None:
    """Play the runs that are left, and note each outcome as soon as it is there."""
    runs = ordered(plan.runs, read_ended(folder), retry=retry)
    done, total = len(plan.runs) - len(runs), len(plan.runs)
    progress("runs", done, total)
    tasks = [RunTask(run.folder(folder), plan.settings(run), plan.study.budget) for run in runs]
    for place, outcome, failure in evaluator.submit(play_run, tasks, interrupted=interrupted):
        run = runs[place]
        if outcome is not None and not outcome.is_complete:
            continue  # it was stopped, and continues in the next call
        note_ended(folder, Ended(variation=run.variation, seed=run.seed, outcome=outcome, failure=failure))
        done += 1
        progress("runs", done, total, f"{run}{': failed' if failure else ''}")


def _judged(
    plan: StudyPlan, folder: Path, evaluator: Evaluator, interrupted: Stopped, progress: Progress
) -> StudyResult:
    """Judge the champions of all finished runs, and write the result."""
    ended = read_ended(folder)
    outcomes, failures = outcomes_of(plan, ended), failures_of(plan, ended)
    result = None
    if not interrupted():
        with suppress(KeyboardInterrupt):  # the samples so far are kept
            samples = _samples(plan, folder, outcomes, evaluator, interrupted, progress)
            result = None if interrupted() else write_result(folder, plan, outcomes, failures, samples)
    return StudyResult(result, len(plan.runs), len(outcomes), failures, interrupted())


def _samples(
    plan: StudyPlan,
    folder: Path,
    outcomes: dict[RunName, RunOutcome],
    evaluator: Evaluator,
    interrupted: Stopped,
    progress: Progress,
) -> list[Sample]:
    base = plan.by_variation[BASE]
    if isinstance(base, SelfPlaySettings):
        champions = {run: o.champion for run, o in outcomes.items() if o.champion is not None}
        judge = plan.study.judge
        return judge_champions(folder, base, judge, champions, evaluator, interrupted=interrupted, progress=progress)
    return keep_gains(folder, outcomes)
