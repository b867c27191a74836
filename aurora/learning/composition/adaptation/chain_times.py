"""Times of chains that are fitted: what a chain answers and takes here, and the load that a deployment can serve."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from aurora.learning.composition.adaptation.load_changes import capacity
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.loading import Loaded, load_function
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline
from aurora.learning.composition.pipelines.value_types import Batch
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.tasks.task import Task

TIMED = 100
"""Items whose time is measured, one by one."""
SIMULATED = 2000
"""Requests of a simulated queue where many rates or compositions are compared."""


def measured_chain(branch: Branch, loaded: Loaded, items: Batch) -> ChainMeasurement:
    """Measure what a loaded chain answers to some items, and how long it takes for the first of them.

    Args:
        branch: The chain.
        loaded: The chain, fitted and loaded.
        items: The items, at least one.
    """
    seconds = []
    for k in range(min(TIMED, len(items))):
        began = time.thread_time()
        loaded(items[k : k + 1])
        seconds.append(time.thread_time() - began)
    return ChainMeasurement(
        branch=branch,
        probabilities=loaded(items),
        seconds=np.resize(np.array(seconds), len(items)),
        batch_seconds={1: float(np.median(seconds))},
        memory=float(getattr(loaded, "memory", 0.0)),
        size=float(getattr(loaded, "size", 0.0)),
    )


def queue_of(described: Deployment, rate: float, seconds: Mapping[str, float] | None = None) -> QueueModel:
    """Return the queue of a deployment under a load.

    Args:
        described: The deployment.
        rate: Requests a second.
        seconds: `overhead` and `handover` of the deployment, as its status has them; None: neither is known.
    """
    known = seconds or {}
    return QueueModel(
        rate=rate,
        workers=described.workers,
        is_split=described.layout == "branches",
        overhead=known.get("overhead", 0.0),
        handover=known.get("handover", 0.0),
    )


def capacity_of(described: Deployment, task: Task, limit: float, seconds: Mapping[str, float] | None = None) -> float:
    """Measure the requests a second that a deployment can serve within a limit of latency, from its chains' times.

    Args:
        described: The deployment.
        task: Its task, on whose items the chains are timed.
        limit: Largest 95th percentile of the latency, in seconds.
        seconds: As for `queue_of`.

    Raises:
        InputError: The limit is not positive, or a chain can't be loaded.
    """
    pipeline, load = described.graph(), load_function(described.load)
    items, labels = task.select.items[:TIMED], task.select.labels[:TIMED]
    table = {
        branch: measured_chain(branch, load(branch, task.name, Path(described.artefacts)), items)
        for branch in branches_of(pipeline)
    }

    def latency(rate: float) -> float:
        queue = replace(queue_of(described, rate, seconds), requests=SIMULATED)
        return TableEvaluator(table, labels, queue).predict(pipeline).p95

    return capacity(latency, limit)


def branches_of(pipeline: Pipeline) -> list[Branch]:
    """Return the branches of a pipeline, each once, sorted."""
    return sorted({branch for stage in pipeline.stages for branch in stage.branches})
