"""Looks once at a running deployment: what changed since its composition was chosen, and which one is right now."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import DataError, InputError
from aurora.files import locked, write_atomically
from aurora.learning.composition.adaptation.catalogue_changes import Listed, listed_components
from aurora.learning.composition.adaptation.chain_times import capacity_of, queue_of
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.composing import LIMITS
from aurora.learning.composition.adaptation.deployed import DeployedApplication
from aurora.learning.composition.adaptation.judging import RecompositionSettings
from aurora.learning.composition.adaptation.recomposition import Recomposed, recompose
from aurora.learning.composition.adaptation.recorded import Recorded, read_requests
from aurora.learning.composition.adaptation.steps import FILE, AdaptationJournal
from aurora.learning.composition.adaptation.warm_start import candidates, earlier_measurements, valid_chains
from aurora.learning.composition.adaptation.watch import UNKNOWN, Watch, Window, needs_recomposition
from aurora.learning.composition.catalogue import entries_of
from aurora.learning.composition.engine.control import Control
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.in_process import InProcess
from aurora.learning.composition.engine.service import JOURNAL
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.rules import Rules
from aurora.learning.composition.profiles.chain_profiles import read_profiles
from aurora.learning.composition.profiles.profiling import DEFAULT_FOLDER, machine_id
from aurora.learning.composition.scores.objective import Weights
from aurora.learning.composition.scores.prices import EXAMPLE, Prices
from aurora.learning.composition.tasks.task import Split, Task
from aurora.reading import read_json
from aurora.types import Progress, no_progress

CATALOGUE = "catalogue-seen.json"
"""File of the catalogue as it was at the last look."""
LOCK = "adapt.lock"
USUAL_RATE = 50.0
"""Requests a second where nothing tells the load."""


@dataclass(frozen=True)
class LoopSettings:
    """How a deployment is adapted.

    Attributes:
        weights: What accuracy, latency and cost are worth.
        budget: Most compositions that are measured.
        rate: Requests a second; None: those of the recorded requests since the load last changed, or `USUAL_RATE`
            where their times are not known.
        is_forced: Whether a better composition is looked for even where nothing changed.
        catalogue: Folder of the catalogue, its profiles, and the measurements of searches.
        prices: Prices.
    """

    weights: Weights
    budget: int = 20
    rate: float | None = None
    is_forced: bool = False
    catalogue: Path = DEFAULT_FOLDER
    prices: Prices = EXAMPLE


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
        history = History(place / JOURNAL)
        described = history.description(history.serving[-1])
        if not described.task:
            raise InputError("the deployment names no task, so nothing can be compared", parameter="place", value=place)
        task = load_task(described.task)
        recorded = read_requests(requests, task.input, task.classes)
        running = InProcess(described)
        entries = entries_of(settings.catalogue)
        profiles = [
            one for one in read_profiles(settings.catalogue, machine_id(), task.name) if one.data == task.fingerprint
        ]
        listed = listed_components(entries, profiles, settings.prices)
        reference = _window(running, task.select.items, task.select.labels)
        seconds = Control(place).status()["seconds"]
        most = capacity_of(described, task, settings.weights.latency_scale, seconds)
        watch = Watch(reference, task.input, task.classes, listed=_seen(place) or listed, capacity=most)
        window = Window(
            recorded.items,
            running.answer(recorded.items).probabilities.argmax(axis=1),
            recorded.labels,
            recorded.counts,
            recorded.seconds,
            listed,
        )
        journal = AdaptationJournal.opened(place / FILE)
        rules = Rules({n: one for n, one in entries.items() if one.is_for(task.name)}, task.input, task.classes, LIMITS)
        changes = watch.step(window, described.graph())
        recomposed = None
        if journal.unfinished or settings.is_forced or needs_recomposition(changes):
            has_label = recorded.labels != UNKNOWN
            recent = Split(_chosen(recorded.items, has_label), recorded.labels[has_label])
            application = DeployedApplication(
                place,
                task,
                recent,
                queue=queue_of(described, settings.rate or _rate(recorded, changes), seconds),
                catalogue=settings.catalogue,
                profiled=valid_chains([Branch(one.chain[:-1], one.chain[-1]) for one in profiles], rules),
                prices=settings.prices,
            )
            if any(step.step == "refitted" for step in journal.unfinished):
                application.fit_anew()
            judging = RecompositionSettings(settings.weights, budget=settings.budget)
            known = earlier_measurements(settings.catalogue, task, journal.finished)
            recomposed = recompose(
                application,
                changes,
                candidates(running.pipeline, changes, known, rules, judging),
                journal,
                judging,
                progress=progress,
            )
        seen = {name: one.model_dump() for name, one in listed.items()}
        write_atomically(place / CATALOGUE, json.dumps(seen, sort_keys=True) + "\n")
        return Adapted(tuple(changes), recomposed)


def _rate(recorded: Recorded, changes: Sequence[Change]) -> float:
    """Return the load that there is now, in requests a second."""
    if changed := [change.after for change in changes if change.kind == "load"]:
        return changed[-1]
    return float(recorded.counts.mean() / recorded.seconds) if len(recorded.counts) else USUAL_RATE


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
