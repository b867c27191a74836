"""Proposes compositions after a change: the running one's rivals of before first, then what a search proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aurora.learning.composition.adaptation.recomposition import Trials
from aurora.learning.composition.adaptation.steps import Step, measured_of
from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.environment.task_problem import subject_of
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured
from aurora.learning.composition.searching.measurement_journal import COMPOSITIONS, read_measurements
from aurora.learning.composition.searching.search import DEFAULT_AGENT, agents
from aurora.learning.composition.tasks.task import Task

RIVALS = 5
"""Compositions of before that are measured anew before the search begins."""


def warm_trials(
    earlier: Mapping[Pipeline, Measured],
    worth: Callable[[Measured], float],
    search: Callable[[Mapping[Pipeline, Measured]], Trials],
    *,
    is_valid: Callable[[Pipeline], bool] = lambda pipeline: True,
    rivals: int = RIVALS,
) -> Trials:
    """Propose the best compositions of before, no two with the same components, then continue with a search.

    What was good before the change is often good after it, so few trials suffice; the search is begun with what they
    gave, and finds what became good.

    Args:
        earlier: What was measured before the change.
        worth: Reward of a measurement.
        search: Begins a search that knows some measurements.
        is_valid: Whether a composition can still be run.
        rivals: Most compositions of before.
    """
    measured: dict[Pipeline, Measured] = {}
    shown: set[frozenset[str]] = set()
    for pipeline in sorted(earlier, key=lambda one: -worth(earlier[one])):
        if len(measured) >= rivals:
            break
        components = frozenset(pipeline.components)
        if components in shown or not is_valid(pipeline):
            continue
        shown.add(components)
        measured[pipeline] = yield pipeline
    yield from search(measured)


def earlier_measurements(folder: Path, task: Task, steps: Sequence[Step]) -> dict[Pipeline, Measured]:
    """Return what is known of compositions before an adaptation: from searches, and from adaptations before it.

    Args:
        folder: Folder of the catalogue, whose searches are read.
        task: The task.
        steps: Steps of the deployment's adaptations, the oldest first; what they measured is newer than any search.

    Raises:
        FileError: The file of measurements can't be read.
        DataError: A line of it is no measurement.
    """
    found = read_measurements(folder / COMPOSITIONS, subject_of(task))
    for step in steps:
        if step.step == "measured":
            found[parse_pipeline(step.pipeline)] = measured_of(step.figures)
    return found


def searched_trials(
    problem: Problem, agent: str = DEFAULT_AGENT, *, seed: int = 0
) -> Callable[[Mapping[Pipeline, Measured]], Trials]:
    """Return what begins a search that knows some measurements, for `warm_trials`.

    Args:
        problem: What is searched, under the present load, prices and catalogue.
        agent: Name of the way of searching.
        seed: Random seed.
    """
    return lambda known: agents()[agent](replace(problem, known={**problem.known, **known}), seed)
