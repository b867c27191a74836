"""The whole space of a task on this machine: its chains measured, the leading ones composed, every pipeline scored."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from aurora.charts import Chart, Line
from aurora.errors import RunError
from aurora.learning.composition.catalogue import Entry, entries_of
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.rules import Limits, Rules
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.profiles.profiling import DEFAULT_FOLDER, measure_branch, measure_task, task_chains
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.prices import EXAMPLE, Prices
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.spaces.scored_space import ScoredSpace
from aurora.learning.composition.spaces.space import scored_space
from aurora.learning.composition.spaces.survey import Survey, leading_chains
from aurora.learning.composition.tasks.task import Task
from aurora.types import Progress, no_progress

SPACES = "spaces"
"""Folder of the scored spaces within that of the measurements."""
CHAINS = 20
"""Chains of which pipelines are composed, unless another number is given."""
MAX_POINTS = 3000
"""Most pipelines of a chart; more make a page that a browser is slow to draw."""
_MILLISECONDS = 1e3


@dataclass(frozen=True)
class SpaceSettings:
    """What the space of a task depends on, beside the task and the machine.

    Attributes:
        limits: Limits of a pipeline's size.
        chains: Number of chains that pipelines are composed of.
        queue: Load, workers and batches.
        prices: Prices.
    """

    limits: Limits = field(default_factory=lambda: Limits(branches=2))
    chains: int = CHAINS
    queue: QueueModel = field(default_factory=QueueModel)
    prices: Prices = EXAMPLE


@dataclass(frozen=True, eq=False)
class TaskSpace:
    """The whole space of a task.

    Attributes:
        rules: What pipelines may be made of.
        space: Scores of every pipeline on the items that choices are made on.
        evaluator: What the scores are from.
        sealed: Scores pipelines on items that no choice has seen.
        failures: Chain -> why it could not be measured.
        seconds: Processor time of enumeration, in seconds; about 0 if it was read from a file.
    """

    rules: Rules
    space: ScoredSpace
    evaluator: TableEvaluator
    sealed: TableEvaluator
    failures: Mapping[Branch, str]
    seconds: float


class Leading(NamedTuple):
    """The leading chains of a task, measured.

    Attributes:
        rules: What pipelines may be made of.
        evaluator: Scores pipelines of these chains.
        failures: Chain -> why it could not be measured; of all chains of the task.
    """

    rules: Rules
    evaluator: TableEvaluator
    failures: Mapping[Branch, str]


def measure_leading(
    task: Task,
    folder: Path,
    settings: SpaceSettings,
    *,
    components: Mapping[str, Entry] | None = None,
    progress: Progress = no_progress,
) -> Leading:
    """Measure the chains of a task, and choose the leading ones to compose pipelines of.

    Args:
        task: The task.
        folder: Folder of artefacts and measurements; what is in it is not measured again.
        settings: Limits, number of chains, load and prices.
        components: Id -> component; None: those of the catalogue in the folder.
        progress: Receives the number of measured chains.

    Raises:
        InputError: A setting does not fit the task.
        FileError: A file can't be read or written.
        DataError: A file is not what it says.
        RunError: No chain of the task can be measured.
    """
    components = components or entries_of(folder)
    most = settings.limits.transformations
    wanted = [chain for chain in task_chains(task, components) if len(chain.transformations) <= most]
    profile = measure_task(task, folder, branches=wanted, components=components, progress=progress)
    if not profile.measurements:
        reason = next(iter(profile.failures.values()), "the catalogue has none that fits its input")
        raise RunError(f"no chain of {task.name} can be measured: {reason}")
    labels = task.select.labels
    accuracies = {b: float((m.probabilities.argmax(axis=1) == labels).mean()) for b, m in profile.measurements.items()}
    chosen = leading_chains(profile.measurements, accuracies, settings.chains)
    selected = {chain: profile.measurements[chain] for chain in chosen}
    return Leading(
        Rules(components, task.input, task.classes, settings.limits),
        TableEvaluator(selected, labels, settings.queue, settings.prices),
        profile.failures,
    )


def open_task_space(
    task: Task,
    folder: Path = DEFAULT_FOLDER,
    settings: SpaceSettings | None = None,
    *,
    components: Mapping[str, Entry] | None = None,
    progress: Progress = no_progress,
) -> TaskSpace:
    """Measure the chains of a task, compose the leading ones, and score every pipeline.

    What was measured or scored before is read from the folder.

    Args:
        task: The task.
        folder: Folder of artefacts, measurements and scored spaces.
        settings: Limits, number of chains, load and prices; None for the usual ones.
        components: Id -> component; None: those of the catalogue in the folder.
        progress: Receives the number of measured chains and of scored pipelines.

    Raises:
        InputError: A setting does not fit the task.
        FileError: A file can't be read or written.
        DataError: A file is not what it says.
        RunError: No chain of the task can be measured.
    """
    settings = settings or SpaceSettings()
    components = components or entries_of(folder)
    leading = measure_leading(task, folder, settings, components=components, progress=progress)
    evaluator = leading.evaluator
    sealed = {chain: _sealed(chain, task, folder, components) for chain in evaluator.measurements}
    began = time.process_time()
    space = scored_space(settings.limits, evaluator, folder / SPACES / f"{task.name}.npz", progress=progress)
    return TaskSpace(
        rules=leading.rules,
        space=space,
        evaluator=evaluator,
        sealed=TableEvaluator(sealed, task.sealed.labels, settings.queue, settings.prices),
        failures=leading.failures,
        seconds=time.process_time() - began,
    )


def front_chart(task: str, space: ScoredSpace, found: Survey) -> Chart:
    """Return a chart of the space: pipelines by latency and accuracy, single chains, and the front.

    Pipelines slower than the slowest of the front are left out; of many, an even selection is drawn.
    """
    front = sorted((one.selection.latency, one.selection.accuracy) for one in found.front)
    widest = front[-1][0] * 1.1
    shown = [k for k in range(len(space)) if space.latency[k] <= widest]
    shown = shown[:: max(1, -(-len(shown) // MAX_POINTS))]
    singles = [k for k in range(len(space)) if space.is_single[k] and space.latency[k] <= widest]
    marks = (
        Line("pipelines", *_points(space, shown), points=True, colour="#56b4e9"),
        Line("single chains", *_points(space, singles), points=True, colour="#000000"),
        Line("front", [x * _MILLISECONDS for x, _ in front], [y for _, y in front], points=True, colour="#d55e00"),
    )
    return Chart(f"{task}: {len(space):,} pipelines", "95th percentile of latency, ms", "accuracy", marks)


def _points(space: ScoredSpace, numbers: list[int]) -> tuple[list[float], list[float]]:
    return [float(space.latency[k]) * _MILLISECONDS for k in numbers], [float(space.accuracy[k]) for k in numbers]


def _sealed(chain: Branch, task: Task, folder: Path, components: Mapping[str, Entry]) -> ChainMeasurement:
    return measure_branch(chain, task, folder, components=components, split="sealed")
