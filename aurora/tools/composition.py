"""Tools for compositions: check and score a pipeline, profile a chain, look at a deployment, deploy a pipeline.

A model composes by the same rules and the same measurements as every other search. Chains are fitted and measured once,
and kept; a pipeline is then scored from its chains without running it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from aurora.errors import InputError
from aurora.learning.composition.catalogue import Entry, entries_of
from aurora.learning.composition.engine.control import Control, is_running
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.service import JOURNAL
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline
from aurora.learning.composition.pipelines.rules import Limits, Rules
from aurora.learning.composition.pipelines.validation import check
from aurora.learning.composition.profiles.profiling import measure_branch, task_chains
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.tasks.registry import DEFAULT_TASK, TASKS
from aurora.learning.composition.tasks.task import Task
from aurora.tools.desk import Desk
from aurora.types import Frozen

NAME = r"^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$"
SHORT = 2
"""Most components of the chains that are suggested: a model after one transformation."""
COMPOSE = "compose"
"""Folder below that of the runs, with the catalogue, the fitted components and their measurements."""
MOST_CHARACTERS = 2000
MOST_NEXT = 12
MOST_ITEMS = 8
"""Most rows of a list in an answer."""


class ComposeArguments(Frozen):
    """A pipeline, and for what."""

    task: str = Field(default=DEFAULT_TASK, description="name of the task")
    pipeline: str = Field(
        max_length=MOST_CHARACTERS,
        description="stages split by |, branches by +, steps by >, thresholds after ?: 'tree-8 ? 0.8 | svc + mlp-32'",
    )
    rate: float = Field(default=50.0, gt=0, le=1e6, description="requests a second")


class Composed(Frozen):
    """Whether a pipeline can run, and how well."""

    pipeline: str
    misfits: tuple[str, ...] = Field(description="what does not fit, and why; empty: it can run")
    accuracy: float | None = Field(default=None, description="share of right answers")
    latency_ms: float | None = Field(default=None, description="95th percentile under the load; null: overloaded")
    cost: float | None = Field(default=None, description="of 1,000 requests, in core hours")
    memory_mb: float | None = None
    next: tuple[str, ...] = Field(default=(), description="some pipelines that one edit leads to")


class ProfileArguments(Frozen):
    """Which chain on which task."""

    task: str = Field(default=DEFAULT_TASK, description="name of the task")
    chain: str = Field(
        default="", max_length=MOST_CHARACTERS, description="such as 'standardise > svc'; empty: list the components"
    )


class Profiled(Frozen):
    """A chain alone, or the components that there are."""

    chain: str = ""
    accuracy: float | None = Field(default=None, description="share of right answers")
    median_ms: float | None = Field(default=None, description="of one request, without waiting")
    memory_mb: float | None = None
    size_mb: float | None = None
    components: dict[str, str] = Field(default_factory=dict, description="id -> what it is")


class StatusArguments(Frozen):
    """Which deployment."""

    name: str = Field(default="", max_length=42, description="its name; empty: all")


class DeploymentRow(Frozen):
    """A deployment."""

    name: str
    state: str = Field(description="runs or stopped")
    pipeline: str
    version: int | None
    adaptations: tuple[str, ...] = Field(description="the last steps of its adaptations")


class Statuses(Frozen):
    """The deployments that there are."""

    deployments: tuple[DeploymentRow, ...]


class DeployArguments(Frozen):
    """What is to serve."""

    name: str = Field(pattern=NAME, description="name of a deployment that runs")
    pipeline: str = Field(max_length=MOST_CHARACTERS, description="the pipeline that is to take over")
    why: str = Field(max_length=1000, description="why, for the journal")


class Deployed(Frozen):
    """What serves now."""

    name: str
    version: int
    pipeline: str
    found: str = Field(description="what the check on live requests found")


def compose_pipeline(desk: Desk, arguments: ComposeArguments) -> Composed:
    """Check whether a pipeline of models and transformations fits together, and score it: accuracy, latency, cost."""
    task = _task(arguments.task)
    pipeline = parse_pipeline(arguments.pipeline)
    folder = desk.runs / COMPOSE
    entries = entries_of(folder)
    rules = _rules(task, entries)
    found = tuple(map(str, check(pipeline, rules)))
    if found:
        return Composed(pipeline=str(pipeline), misfits=found[:MOST_ITEMS])
    branches = sorted({branch for stage in pipeline.stages for branch in stage.branches})
    measurements = {branch: measure_branch(branch, task, folder) for branch in branches}
    score = TableEvaluator(measurements, task.select.labels, QueueModel(rate=arguments.rate))(pipeline)
    return Composed(
        pipeline=str(pipeline),
        misfits=(),
        accuracy=score.accuracy,
        latency_ms=1000 * score.latency if math.isfinite(score.latency) else None,
        cost=score.cost,
        memory_mb=score.memory / 1e6,
        next=_next(pipeline, rules, branches, task_chains(task, entries)),
    )


def profile(desk: Desk, arguments: ProfileArguments) -> Profiled:
    """Measure one chain alone: accuracy, time, memory; without a chain, list the components that there are."""
    task = _task(arguments.task)
    if not arguments.chain.strip():
        entries = entries_of(desk.runs / COMPOSE).values()
        return Profiled(
            components={one.id: f"{one.kind}: {one.description}" for one in entries if one.is_for(task.name)}
        )
    pipeline = parse_pipeline(arguments.chain)
    if len(pipeline.stages) > 1 or len(pipeline.stages[0].branches) > 1:
        raise InputError("give one chain, without | and +", parameter="chain", value=arguments.chain)
    branch = pipeline.stages[0].branches[0]
    found = measure_branch(branch, task, desk.runs / COMPOSE)
    right = found.probabilities.argmax(axis=1) == task.select.labels
    return Profiled(
        chain=str(branch),
        accuracy=float(right.mean()),
        median_ms=1000 * float(sorted(found.seconds)[len(found.seconds) // 2]),
        memory_mb=found.memory / 1e6,
        size_mb=found.size / 1e6,
    )


def pipeline_status(desk: Desk, arguments: StatusArguments) -> Statuses:
    """Which pipelines serve as deployments, in which version, and the last steps of their adaptation."""
    from aurora.learning.composition.adaptation.steps import FILE, read_steps  # noqa: PLC0415  # used here only

    folder = desk.runs / "deployments"
    places = sorted(path.parent for path in folder.glob(f"*/{JOURNAL}"))
    rows = []
    for place in places:
        if arguments.name and place.name != arguments.name:
            continue
        history = History(place / JOURNAL)
        version = history.serving[-1] if history.serving else None
        steps = read_steps(place / FILE)[-MOST_ITEMS:]
        rows.append(
            DeploymentRow(
                name=place.name,
                state="runs" if is_running(place) else "stopped",
                pipeline="" if version is None else history.description(version).pipeline,
                version=version,
                adaptations=tuple(" ".join(filter(None, (s.step, s.pipeline, s.verdict, s.reason))) for s in steps),
            )
        )
    if arguments.name and not rows:
        names = ", ".join(place.name for place in places[:MOST_ITEMS]) or "none"
        raise InputError(f"there is no such deployment; there are: {names}", parameter="name", value=arguments.name)
    return Statuses(deployments=tuple(rows))


def deploy(desk: Desk, arguments: DeployArguments) -> Deployed:
    """Let a pipeline take over in a running deployment, once live requests were compared. A person is asked before."""
    place = desk.runs / "deployments" / arguments.name
    control = Control(place)
    history = History(place / JOURNAL)
    described = history.description(history.serving[-1])
    pipeline = parse_pipeline(arguments.pipeline)
    if described.task in TASKS:
        _prepare(pipeline, TASKS[described.task](), desk)
    new = described.model_copy(update={"pipeline": str(pipeline)})
    status = control.swap(new, who="an agent, approved by a person", why=arguments.why)
    return Deployed(
        name=arguments.name,
        version=int(status["version"]),
        pipeline=str(status["pipeline"]),
        found=_detail(status),
    )


def _detail(status: dict[str, Any]) -> str:
    change = status.get("change") or {}
    return str(change.get("detail", ""))


def _prepare(pipeline: Pipeline, task: Task, desk: Desk) -> None:
    """Refuse a pipeline that can't run, and fit what is not fitted yet."""
    found = check(pipeline, _rules(task, entries_of(desk.runs / COMPOSE)))
    if found:
        raise InputError("; ".join(map(str, found)), parameter="pipeline", value=str(pipeline))
    for stage in pipeline.stages:
        for branch in stage.branches:
            measure_branch(branch, task, desk.runs / COMPOSE)


def _task(name: str) -> Task:
    if name not in TASKS:
        raise InputError(f"there is no such task; there are: {', '.join(TASKS)}", parameter="task", value=name)
    return TASKS[name]()


def _rules(task: Task, entries: Mapping[str, Entry]) -> Rules:
    usable = {name: one for name, one in entries.items() if one.is_for(task.name)}
    return Rules(usable, task.input, task.classes, Limits())


def _next(pipeline: Pipeline, rules: Rules, branches: list[Branch], chains: Sequence[Branch]) -> tuple[str, ...]:
    """Return some neighbours: with chains of one step and those of the pipeline, evenly drawn over the edits."""
    short = [branch for branch in chains if len(branch.components) <= SHORT]
    space = EditSpace(rules, sorted({*branches, *short}))
    found = [str(one) for _, one in space.neighbours(pipeline)]
    step = max(1, len(found) // MOST_NEXT)
    return tuple(found[::step][:MOST_NEXT])
