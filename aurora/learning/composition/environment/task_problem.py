"""The search of a task on this machine: its chains measured, and what is composed of them to be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aurora.errors import RunError
from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.pipeline import Branch, alone
from aurora.learning.composition.pipelines.rules import Rules
from aurora.learning.composition.profiles.profiling import DEFAULT_FOLDER, machine_id
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Weights
from aurora.learning.composition.spaces.space import origin_of, pipelines, space_size
from aurora.learning.composition.spaces.task_space import SpaceSettings, measure_leading
from aurora.learning.composition.tasks.task import Task
from aurora.types import Progress, no_progress


@dataclass(frozen=True, eq=False)
class TaskProblem:
    """What is needed to search for a task.

    Attributes:
        problem: What is searched; single chains are known.
        evaluator: Scores pipelines from the chains' measurements.
        size: Number of pipelines in the space.
        subject: What is measured and how, for the journal.
        failures: Chain -> why it could not be measured.
    """

    problem: Problem
    evaluator: TableEvaluator
    size: int
    subject: str
    failures: Mapping[Branch, str]


def open_task_problem(
    task: Task,
    amounts: tuple[float, float, float],
    folder: Path = DEFAULT_FOLDER,
    settings: SpaceSettings | None = None,
    *,
    enumerated: bool = False,
    progress: Progress = no_progress,
) -> TaskProblem:
    """Measure the chains of a task, and return the problem of composing the leading ones.

    Args:
        task: The task.
        amounts: Weights of accuracy, latency and cost.
        folder: Folder of artefacts and measurements.
        settings: Limits, number of chains, load and prices; None for the usual ones.
        enumerated: Whether the problem lists its whole space, which some agents need.
        progress: Receives the number of measured chains.

    Raises:
        InputError: A setting does not fit the task.
        FileError: A file can't be read or written.
        DataError: A file is not what it says.
        RunError: No chain of the task can be measured, or none keeps up with the load.
    """
    settings = settings or SpaceSettings()
    leading = measure_leading(task, folder, settings, progress=progress)
    evaluator = leading.evaluator
    subject = f"{subject_of(task)} {origin_of(settings.limits, evaluator)}"
    problem = problem_of(leading.rules, evaluator, amounts, enumerated=enumerated)
    size = space_size(settings.limits, len(evaluator.measurements))
    return TaskProblem(problem, evaluator, size, subject, leading.failures)


def subject_of(task: Task) -> str:
    """Return how the subjects of a task's measurements on this machine begin."""
    return f"{task.name} {task.fingerprint} {machine_id()}"


def problem_of(
    rules: Rules, evaluator: TableEvaluator, amounts: tuple[float, float, float], *, enumerated: bool = False
) -> Problem:
    """Return the problem of composing the chains that an evaluator knows; these count as measured already.

    Latency and cost are scaled by the slowest and the dearest single chain that keeps up with the load.

    Args:
        rules: What pipelines may be made of.
        evaluator: Measurements of the chains.
        amounts: Weights of accuracy, latency and cost.
        enumerated: Whether the problem lists its whole space.

    Raises:
        RunError: No chain keeps up with the load.
    """
    chains = tuple(sorted(evaluator.measurements))
    singles = [alone(chain) for chain in chains]
    known = {pipeline: evaluator(pipeline) for pipeline in singles}
    running = [one for one in known.values() if np.isfinite(one.latency)]
    if not running:
        rate = evaluator.queue.rate
        raise RunError(f"no single chain keeps up with {rate:g} requests a second; ask for fewer, or give more workers")
    scales = max(one.latency for one in running), max(one.cost for one in running)
    return Problem(
        weights=Weights(*amounts, *scales),
        moves=EditSpace(rules, chains),
        chains=chains,
        known=known,
        space=tuple(pipelines(rules.limits, chains)) if enumerated else (),
        load=evaluator.queue.rate,
        most_stages=rules.limits.stages,
        most_branches=rules.limits.branches,
    )
