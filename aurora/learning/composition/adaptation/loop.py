"""Looks once at a running deployment: what changed since its composition was chosen, and which one is right now."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import DataError, InputError
from aurora.files import locked, write_atomically
from aurora.learning.composition.adaptation.catalogue_changes import Listed
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.deployed import DeployedApplication
from aurora.learning.composition.adaptation.recomposition import (
    Recomposed,
    RecompositionSettings,
    recompose,
)
from aurora.learning.composition.adaptation.recorded import read_requests
from aurora.learning.composition.adaptation.steps import FILE, AdaptationJournal
from aurora.learning.composition.adaptation.warm_start import searched_trials, warm_trials
from aurora.learning.composition.adaptation.watch import UNKNOWN, Watch, Window, needs_recomposition
from aurora.learning.composition.catalogue import shipped
from aurora.learning.composition.engine.control import Control
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.in_process import InProcess
from aurora.learning.composition.engine.service import JOURNAL
from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.pipelines.rules import Limits, Rules
from aurora.learning.composition.profiles.profiling import task_chains
from aurora.learning.composition.scores.objective import Weights
from aurora.learning.composition.scores.queueing import Service
from aurora.learning.composition.tasks.task import Split, Task
from aurora.reading import read_json
from aurora.types import Progress, no_progress

CATALOGUE = "catalogue-seen.json"
"""File of the catalogue as it was at the last look."""
LOCK = "adapt.lock"
MOST_CHAINS = 40
AGENT = "hill-climbing"
"""It needs no enumeration: with the components of a catalogue, the space is large."""


@dataclass(frozen=True)
class LoopSettings:
    """How a deployment is adapted.

    Attributes:
        weights: What accuracy, latency and cost are worth.
        budget: Most compositions that are measured.
        rate: Requests a second.
        seed: Random seed of the search.
        is_forced: Whether a better composition is looked for even where nothing changed.
    """

    weights: Weights
    budget: int = 20
    rate: float = 50.0
    seed: int = 0
    is_forced: bool = False


class Adapted(NamedTuple):
    """What a look at a deployment gave.

    Attributes:
        changes: What changed.
        recomposed: What came of the recomposition; None: none was needed.
    """

    changes: tuple[Change, ...]
    recomposed: Recomposed | None


def adapt(
    place: Path,
    requests: Path,
    load_task: Callable[[str], Task],
    settings: LoopSettings,
    *,
    progress: Progress = no_progress,
) -> Adapted:
    """Look for changes in recorded requests, and recompose the deployment if the running composition can be wrong.

    An adaptation that was interrupted goes on with the next call.

    Args:
        place: Folder of the deployment.
        requests: File of recent requests; see `recorded`.
        load_task: Returns a task by its name.
        settings: Weights, budget and load.
        progress: Receives the number of compositions that are measured.

    Raises:
        InputError: The deployment names no task, or too few requests have labels.
        FileError: A file can't be read or written, or another process adapts the deployment.
        DataError: A file is not what it says.
        RunError: The deployment does not run, or can't be run here.
    """
    with locked(place / LOCK, busy=f"adapts the deployment in {place}; wait for it"):
        control = Control(place)
        history = History(place / JOURNAL)
        described = history.description(history.serving[-1])
        if not described.task:
            raise InputError("the deployment names no task, so nothing can be compared", parameter="place", value=place)
        task = load_task(described.task)
        recorded = read_requests(requests, task.input, task.classes)
        running = InProcess(described)
        listed = {name: Listed(version=str(e.version), deprecated=e.deprecated) for name, e in shipped().items()}
        reference = _window(running, task.select.items, task.select.labels)
        watch = Watch(reference, task.input, task.classes, listed=_seen(place) or listed)
        window = Window(
            recorded.items,
            running.answer(recorded.items).probabilities.argmax(axis=1),
            recorded.labels,
            recorded.counts,
            recorded.seconds,
            listed,
        )
        journal = AdaptationJournal.opened(place / FILE)
        changes = watch.step(window, described.graph())
        recomposed = None
        if journal.unfinished or settings.is_forced or needs_recomposition(changes):
            known = recorded.labels != UNKNOWN
            recent = Split(_chosen(recorded.items, known), recorded.labels[known])
            service = Service(rate=settings.rate, workers=described.workers)
            application = DeployedApplication(place, task, recent, control, service=service)
            if any(step.step == "refitted" for step in journal.unfinished):
                application.fit_anew()
            recomposed = recompose(
                application,
                changes,
                warm_trials({}, lambda _: 0.0, searched_trials(_problem(task, running.pipeline, settings), AGENT)),
                journal,
                RecompositionSettings(settings.weights, budget=settings.budget),
                progress=progress,
            )
        seen = {name: one.model_dump() for name, one in listed.items()}
        write_atomically(place / CATALOGUE, json.dumps(seen, sort_keys=True) + "\n")
        return Adapted(tuple(changes), recomposed)


def _window(running: InProcess, items: object, labels: np.ndarray) -> Window:
    assert isinstance(items, list | np.ndarray)
    return Window(items, running.answer(items).probabilities.argmax(axis=1), labels)


def _chosen(items: list[str] | np.ndarray, rows: np.ndarray) -> list[str] | np.ndarray:
    if isinstance(items, list):
        return [item for item, is_chosen in zip(items, rows, strict=True) if is_chosen]
    return np.asarray(items[rows])


def _seen(place: Path) -> dict[str, Listed]:
    if not (place / CATALOGUE).exists():
        return {}
    found = read_json(place / CATALOGUE)
    if not isinstance(found, dict):
        raise DataError(f"{place / CATALOGUE} is no catalogue; delete it")
    return {str(name): Listed.model_validate(one) for name, one in found.items()}


def _problem(task: Task, running: Pipeline, settings: LoopSettings) -> Problem:
    """Return what is searched: short chains, and those of the running composition."""
    limits = Limits(branches=2, transformations=2)
    entries = {name: one for name, one in shipped().items() if one.is_for(task.name)}
    own = {branch for stage in running.stages for branch in stage.branches}
    short = sorted(task_chains(task, shipped()), key=lambda one: (len(one.components), one))
    chains = tuple(sorted({*own, *short[:MOST_CHAINS]}))
    moves = EditSpace(Rules(entries, task.input, task.classes, limits), chains)
    return Problem(
        weights=settings.weights, moves=moves, chains=chains, load=settings.rate, most_stages=2, most_branches=2
    )
