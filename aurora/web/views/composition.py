"""The data of the page Composition: the catalogue, what searches measured, deployments and their adaptation."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from aurora import journal
from aurora.charts import Chart, Line
from aurora.errors import AuroraError, InputError
from aurora.learning.composition.adaptation.steps import FILE as ADAPTATION
from aurora.learning.composition.adaptation.steps import Step, read_steps
from aurora.learning.composition.catalogue import entries_of
from aurora.learning.composition.engine.control import is_running
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.service import JOURNAL
from aurora.learning.composition.scores.objective import pareto_set
from aurora.learning.composition.searching.measurement_journal import COMPOSITIONS, Record

COMPOSE, DEPLOYMENTS = "compose", "deployments"
"""Folders below that of the runs, where the command line keeps the catalogue with its measurements, and deployments."""
THOUSANDS = 1000
"""Thousands of requests whose cost is shown: that of one thousand is a number with many zeros."""
MOST_STEPS = 200
"""Most steps of a journal that are shown, the latest ones."""
MOST_DEPLOYMENTS = 100
MOST_FRONTS = 12
_SUBJECT = re.compile(
    r"(?P<task>\S+) (?P<data>[0-9a-f]{8})[0-9a-f]* (?P<machine>[0-9a-f]{8}) (?P<settings>[0-9a-f]{8})[0-9a-f]*"
)


class ComponentLine(NamedTuple):
    """A component of the catalogue; `tasks` is in words, and `state` is "" if it may be used."""

    name: str
    kind: str
    takes: str
    description: str
    tasks: str
    source: str
    state: str


class Composition(NamedTuple):
    """A measured composition.

    Attributes:
        pipeline: As people write it.
        accuracy: Share of right answers.
        latency_ms: 95th percentile, in milliseconds; None: overloaded.
        cost: For a million requests, in the currency of its front; None: overloaded.
        memory_mb: Resident memory in MB.
        runs: Names of the deployments that run it.
    """

    pipeline: str
    accuracy: float
    latency_ms: float | None
    cost: float | None
    memory_mb: float
    runs: str


class Front(NamedTuple):
    """What was measured of one subject.

    Attributes:
        subject: Task, load and machine, as the journal names it.
        measured: Number of compositions that were measured.
        failed: Number that could not be run.
        currency: What costs are in.
        front: The Pareto set, the fastest first.
        chart: Accuracy against latency.
    """

    subject: str
    measured: int
    failed: int
    currency: str
    front: tuple[Composition, ...]
    chart: Chart

    @property
    def title(self) -> str:
        """Name of the task; the whole subject where it is written in another way."""
        found = _SUBJECT.fullmatch(self.subject)
        return found["task"] if found else self.subject

    @property
    def note(self) -> str:
        """What tells two searches of a task apart: beginnings of the hashes of data, machine and settings."""
        found = _SUBJECT.fullmatch(self.subject)
        return f"Data {found['data']}, machine {found['machine']}, settings {found['settings']}." if found else ""


class VersionLine(NamedTuple):
    """A line of a deployment's journal, in words."""

    version: str
    time: str
    action: str
    who: str
    why: str
    found: str


class StepLine(NamedTuple):
    """A step of an adaptation, in words."""

    number: str
    time: str
    step: str
    pipeline: str
    verdict: str
    reason: str


class DeploymentView(NamedTuple):
    """A deployment.

    Attributes:
        name: Its name.
        is_running: Whether a service runs.
        task: Its task; "": none is named.
        pipeline: What serves, or served last.
        stages: The stages in words, in the order in which they are tried.
        version: Number of the version.
        versions: Its journal, the latest first.
        steps: Its adaptations, the latest step first.
        left_out: Number of earlier steps that are not shown.
        commands: What a command does, and the command.
        problem: Why it can't be shown; "": it can.
    """

    name: str
    is_running: bool
    task: str = ""
    pipeline: str = ""
    stages: tuple[str, ...] = ()
    version: str = ""
    versions: tuple[VersionLine, ...] = ()
    steps: tuple[StepLine, ...] = ()
    left_out: int = 0
    commands: tuple[tuple[str, str], ...] = ()
    problem: str = ""


def component_lines(runs: Path) -> list[ComponentLine]:
    """Return the components that can be composed: those that AURORA brings, with the changes of the user's catalogue.

    Args:
        runs: Folder of runs.

    Raises:
        FileError: The catalogue's journal can't be read.
        DataError: The catalogue is damaged.
    """
    return [
        ComponentLine(
            name=entry.id,
            kind=entry.kind,
            takes=", ".join(dict.fromkeys(str(one) for one in entry.takes)),
            description=entry.description,
            tasks=", ".join(entry.tasks) or "every task that it fits",
            source=" ".join(filter(None, (entry.provenance.package, entry.provenance.licence))),
            state=entry.deprecated,
        )
        for entry in entries_of(runs / COMPOSE).values()
    ]


def fronts(runs: Path) -> list[Front]:
    """Return what searches measured, one front for each task and load, the latest first.

    Args:
        runs: Folder of runs.

    Raises:
        FileError: The file can't be read.
        DataError: A line is no measurement.
    """
    records = journal.read_as(runs / COMPOSE / COMPOSITIONS, Record, "measurement")
    running: dict[str, list[str]] = {}
    for view in deployments(runs):
        running.setdefault(view.pipeline, []).append(view.name)
    subjects = list(dict.fromkeys(record.subject for record in reversed(records)))
    return [
        _front(subject, [record for record in records if record.subject == subject], running)
        for subject in subjects[:MOST_FRONTS]
    ]


def _front(subject: str, records: Sequence[Record], running: dict[str, list[str]]) -> Front:
    usable = {record.pipeline: record.to_measured() for record in records if not record.failure}
    served = {pipeline: one for pipeline, one in usable.items() if math.isfinite(one.latency)}
    best = pareto_set(served)
    lines = tuple(
        Composition(
            pipeline=pipeline,
            accuracy=served[pipeline].accuracy,
            latency_ms=1000 * served[pipeline].latency,
            cost=THOUSANDS * served[pipeline].cost if math.isfinite(served[pipeline].cost) else None,
            memory_mb=served[pipeline].memory / 1e6,
            runs=", ".join(running.get(pipeline, ())),
        )
        for pipeline in best
    )
    chosen = [one for one in lines if one.runs]
    others = [one for name, one in served.items() if name not in set(best)]
    marks = [
        _points("measured", [(1000 * one.latency, one.accuracy) for one in others]),
        _points("Pareto set", [(one.latency_ms or 0.0, one.accuracy) for one in lines]),
        _points("running", [(one.latency_ms or 0.0, one.accuracy) for one in chosen]),
    ]
    chart = Chart(
        "Accuracy against latency",
        "95th percentile of latency, ms",
        "share of right answers",
        tuple(mark for mark in marks if mark.x),
    )
    failed = len({record.pipeline for record in records if record.failure})
    return Front(subject, len(usable), failed, records[0].currency, lines, chart)


def _points(name: str, places: Sequence[tuple[float, float]]) -> Line:
    return Line(name, [x for x, _ in places], [y for _, y in places], points=True)


def deployments(runs: Path) -> list[DeploymentView]:
    """Return the deployments of a folder, sorted by name; one that can't be read says why.

    Args:
        runs: Folder of runs.
    """
    folder = runs / DEPLOYMENTS
    places = sorted(path.parent for path in folder.glob(f"*/{JOURNAL}") if not path.is_symlink())
    found = []
    for place in places[:MOST_DEPLOYMENTS]:
        try:
            found.append(_deployment(place))
        except (AuroraError, OSError) as error:
            found.append(DeploymentView(place.name, is_running=False, problem=str(error)))
    return found


def deployment(runs: Path, name: str) -> DeploymentView:
    """Return a deployment by its name.

    Args:
        runs: Folder of runs.
        name: Its name.

    Raises:
        InputError: There is no such deployment.
    """
    for view in deployments(runs):
        if view.name == name:
            return view
    raise InputError(f"there is no deployment {name[:80]!r}; see the list of deployments")


def _deployment(place: Path) -> DeploymentView:
    history = History(place / JOURNAL)
    serving = history.serving
    described = history.description(serving[-1]) if serving else None
    steps = read_steps(place / ADAPTATION)
    shown = steps[-MOST_STEPS:]
    graph = None if described is None else described.graph()
    return DeploymentView(
        name=place.name,
        is_running=is_running(place),
        task="" if described is None else described.task,
        pipeline="" if graph is None else str(graph),
        stages=() if graph is None else tuple(map(str, graph.stages)),
        version=str(serving[-1]) if serving else "",
        versions=tuple(
            VersionLine(str(r.version), _when(r.time), r.action, r.who, r.why, r.detail)
            for r in reversed(history.records)
        ),
        steps=tuple(_step_line(step) for step in reversed(shown)),
        left_out=len(steps) - len(shown),
        commands=_commands(place.name),
    )


def _step_line(step: Step) -> StepLine:
    figures = [f"{name.replace('_', ' ')} {value:.4g}" for name, value in step.figures.items()]
    reason = "; ".join(filter(None, (step.reason, ", ".join(figures))))
    return StepLine(str(step.number), _when(step.time), step.step, step.pipeline, step.verdict, reason)


def _when(time: str) -> str:
    return time[:16].replace("T", " ") + " UTC" if len(time) > 16 else time  # noqa: PLR2004  # to the minute


def _commands(name: str) -> tuple[tuple[str, str], ...]:
    word = shlex.quote(name)
    return (
        ("Show its state:", f"aurora compose status {word}"),
        (
            "Look whether it is still the right one, and adapt it:",
            f"aurora compose adapt {word} --requests FILE",
        ),
        ("Return to the version before:", f"aurora compose rollback {word}"),
    )
