"""Exact scores of any pipeline from the measurements of its chains; latency is that of a service under load.

What a stage answers to each item follows from what its branches answered, and which items reach the next stage from its
threshold. So accuracy, time and memory of every pipeline are known without running it; only the queue is simulated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline
from aurora.learning.composition.pipelines.value_types import Array
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.scores.objective import Measured
from aurora.learning.composition.scores.prices import EXAMPLE, Prices, cost_of_requests
from aurora.learning.composition.scores.queueing import (
    QueueModel,
    batched_response_times,
    item_order,
    poisson_arrivals,
    quantile,
    response_times,
)
from aurora.learning.composition.scores.split_queues import SplitStage, split_response_times, split_utilisation
from aurora.types import BoolArray, FloatArray, IntArray

LATENCY_SHARE = 0.95
"""Share of requests that are answered within the latency of a composition."""


class StageAnswers(NamedTuple):
    """What a stage answers to every item, whether the item reaches it or not.

    Attributes:
        is_correct: Whether the likeliest class is the label, of shape (items,).
        sureness: Probability of the likeliest class, of shape (items,).
        seconds: Time for which it keeps a worker busy with an item, in seconds, of shape (items,).
        core_seconds: Core seconds of the item, of shape (items,).
    """

    is_correct: BoolArray
    sureness: Array
    seconds: FloatArray
    core_seconds: FloatArray


class Trace(NamedTuple):
    """What a pipeline does with every item.

    Attributes:
        is_correct: Whether its answer is the label, of shape (items,).
        seconds: Time of each stage, in seconds, of shape (stages, items); -1 where the item does not reach it.
        core_seconds: Core seconds of each item, of shape (items,).
    """

    is_correct: BoolArray
    seconds: FloatArray
    core_seconds: FloatArray

    @property
    def total_seconds(self) -> FloatArray:
        """Time of each item in all stages, without waiting, in seconds, of shape (items,)."""
        return np.asarray(np.maximum(self.seconds, 0.0).sum(axis=0))


class Prediction(NamedTuple):
    """Predicted response times of a pipeline under load.

    Attributes:
        p50: Median, in seconds; infinite if it is overloaded.
        p95: 95th percentile, in seconds; infinite if it is overloaded.
        p99: 99th percentile, in seconds; infinite if it is overloaded.
        utilisation: Share of time for which workers are busy; with batches, if all were full.
    """

    p50: float
    p95: float
    p99: float
    utilisation: float

    @property
    def is_overloaded(self) -> bool:
        """Whether requests arrive faster than they can be answered, so that the queue grows without end."""
        return self.utilisation >= 1.0


@dataclass(frozen=True, eq=False)
class TableEvaluator:
    """Scores pipelines from a table of measured chains; an `Evaluator`.

    Attributes:
        measurements: Chain -> its measurement, all on the same items.
        labels: Number of each item's class, of shape (items,).
        queue: Load, workers and batches, which latency and cost depend on.
        prices: Prices.
    """

    measurements: Mapping[Branch, ChainMeasurement]
    labels: NDArray[np.int64]
    queue: QueueModel = field(default_factory=QueueModel)
    prices: Prices = EXAMPLE
    _stages: dict[tuple[Branch, ...], StageAnswers] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not len(self.labels):
            raise InputError("give at least one item", parameter="labels")
        for branch, one in self.measurements.items():
            if len(one.probabilities) != len(self.labels) or len(one.seconds) != len(self.labels):
                reason = f"{branch} was measured on {len(one.seconds)} items; there are {len(self.labels)} labels"
                raise InputError(reason, parameter="measurements")

    def __call__(self, pipeline: Pipeline) -> Measured:
        """Return the scores of a pipeline.

        Raises:
            InputError: A chain of it has not been measured, or it has no stage.
        """
        trace = self.trace(pipeline)
        memory, size = self.resources(pipeline)
        held = memory * self.queue.workers
        return Measured(
            accuracy=float(trace.is_correct.mean()),
            latency=self._responses_of(pipeline, trace)[1].p95,
            cost=cost_of_requests(float(trace.core_seconds.mean()), held, self.queue.rate, self.prices),
            memory=memory,
            size=size,
        )

    def stage(self, branches: Sequence[Branch]) -> StageAnswers:
        """Return what a stage of some branches answers.

        Raises:
            InputError: A branch has not been measured.
        """
        key = tuple(branches)
        if key not in self._stages:
            parts = [self._measurement(branch) for branch in key]
            probabilities = mean_probabilities([one.probabilities for one in parts])
            seconds = np.array([one.seconds for one in parts])
            self._stages[key] = StageAnswers(
                is_correct=probabilities.argmax(axis=1) == self.labels,
                sureness=probabilities.max(axis=1),
                seconds=self.queue.handover + (seconds.max(axis=0) if self.queue.is_split else seconds.sum(axis=0)),
                core_seconds=seconds.sum(axis=0),
            )
        return self._stages[key]

    def trace(self, pipeline: Pipeline) -> Trace:
        """Return what a pipeline does with every item.

        Raises:
            InputError: A chain of it has not been measured, or it has no stage.
        """
        if not pipeline.stages or not all(stage.branches for stage in pipeline.stages):
            raise InputError("it has a stage without a model, or no stage", parameter="pipeline", value=str(pipeline))
        items = len(self.labels)
        reaches = np.ones(items, bool)
        is_correct, core_seconds = np.zeros(items, bool), np.zeros(items)
        seconds = np.full((len(pipeline.stages), items), -1.0)
        for number, stage in enumerate(pipeline.stages):
            answers = self.stage(stage.branches)
            seconds[number, reaches] = answers.seconds[reaches]
            core_seconds[reaches] += answers.core_seconds[reaches]
            is_correct[reaches] = answers.is_correct[reaches]
            if stage.threshold is not None:
                reaches &= is_unsure(answers.sureness, stage.threshold)
            else:
                reaches[:] = False
        return Trace(is_correct, seconds, core_seconds)

    def resources(self, pipeline: Pipeline) -> tuple[float, float]:
        """Return resident memory and size on disk of all components of a pipeline, in bytes, each counted once.

        Chains with the same first transformations share these, unless each branch has workers of its own.

        Raises:
            InputError: A chain of it has not been measured.
        """
        parts = self.parts(b for stage in pipeline.stages for b in stage.branches)
        memory, size = np.sum(list(parts.values()), axis=0)
        return float(memory), float(size)

    def parts(self, branches: Iterable[Branch]) -> dict[tuple[str, ...], tuple[float, float]]:
        """Return memory and size of what some branches are made of, in bytes; see `resource_parts`.

        Raises:
            InputError: A branch has not been measured.
        """
        measured = [self._measurement(branch) for branch in branches]
        if self.queue.is_split:
            return {one.branch.components: (one.memory, one.size) for one in measured}
        return resource_parts(measured)

    def predict(self, pipeline: Pipeline) -> Prediction:
        """Predict the response times of a pipeline under the load of `queue`.

        Raises:
            InputError: A chain of it has not been measured, or it has no stage.
        """
        return self._responses_of(pipeline, self.trace(pipeline))[1]

    def response_times(self, pipeline: Pipeline) -> FloatArray:
        """Return the simulated response times, in seconds; they grow without end if it is overloaded.

        Raises:
            InputError: A chain of it has not been measured, or it has no stage.
        """
        return self._responses_of(pipeline, self.trace(pipeline), keep_overloaded=True)[0]

    def _responses_of(
        self, pipeline: Pipeline, trace: Trace, *, keep_overloaded: bool = False
    ) -> tuple[FloatArray, Prediction]:
        queue = self.queue
        if queue.is_split:
            responses, utilisation = self._split(pipeline, trace, keep_overloaded=keep_overloaded)
        else:
            responses, utilisation = self._whole(pipeline, trace, keep_overloaded=keep_overloaded)
        if not len(responses):
            return np.full(1, np.inf), Prediction(np.inf, np.inf, np.inf, utilisation)
        responses = responses[queue.skipped :] + queue.overhead
        p50, p95, p99 = (quantile(responses, share) for share in (0.5, LATENCY_SHARE, 0.99))
        return responses, Prediction(p50, p95, p99, utilisation)

    def _whole(self, pipeline: Pipeline, trace: Trace, *, keep_overloaded: bool) -> tuple[FloatArray, float]:
        """Return response times, none if it is overloaded, and utilisation where workers have the whole pipeline."""
        queue, factors = self.queue, self._factors(pipeline)
        full = factors[:, -1] / (factors.shape[1] - 1)
        work = np.maximum(trace.seconds, 0.0).mean(axis=1)
        utilisation = float(queue.rate * (work * full).sum() / queue.workers)
        if utilisation >= 1.0 and not keep_overloaded:
            return np.zeros(0), utilisation
        arrivals, items = self._requests()
        if queue.batching.is_none:
            return response_times(arrivals, trace.total_seconds[items], queue.workers), utilisation
        seconds = np.ascontiguousarray(trace.seconds[:, items])
        return batched_response_times(arrivals, seconds, factors, queue.workers, queue.batching.deadline), utilisation

    def _split(self, pipeline: Pipeline, trace: Trace, *, keep_overloaded: bool) -> tuple[FloatArray, float]:
        """Return the same where each branch has workers of its own."""
        queue, sizes = self.queue, np.arange(self.queue.batching.size + 1)
        arrivals, items = self._requests()
        stages, drawn = [], []
        for stage, seconds in zip(pipeline.stages, trace.seconds, strict=True):
            parts = [self._measurement(branch) for branch in stage.branches]
            taken = queue.handover + np.array([one.seconds for one in parts])
            factors = [_growth(batch_times(one, sizes), queue.handover) for one in parts]
            whole = SplitStage(seconds >= 0, taken, np.array(factors))
            stages.append(whole)
            drawn.append(SplitStage(whole.reaches[items], whole.seconds[:, items], whole.factors))
        utilisation = split_utilisation(queue.rate, stages, queue.workers)
        if utilisation >= 1.0 and not keep_overloaded:
            return np.zeros(0), utilisation
        return split_response_times(arrivals, drawn, queue.workers, queue.batching), utilisation

    def _requests(self) -> tuple[FloatArray, IntArray]:
        """Return when the simulated requests arrive, and the item of each."""
        queue = self.queue
        arrivals = poisson_arrivals(queue.rate, queue.requests, queue.seed)
        return arrivals, item_order(len(self.labels), queue.requests, queue.seed)

    def _factors(self, pipeline: Pipeline) -> FloatArray:
        """Return the time of a batch in that of a single request, of shape (stages, largest batch + 1)."""
        sizes = np.arange(self.queue.batching.size + 1)
        factors = np.ones((len(pipeline.stages), len(sizes)))
        for number, stage in enumerate(pipeline.stages):
            whole = np.sum([batch_times(self._measurement(branch), sizes) for branch in stage.branches], axis=0)
            factors[number] = _growth(whole, self.queue.handover)
        return factors

    def _measurement(self, branch: Branch) -> ChainMeasurement:
        try:
            return self.measurements[branch]
        except KeyError:
            raise InputError("this chain has not been measured", parameter="branch", value=str(branch)) from None


def _growth(times: FloatArray, handover: float) -> FloatArray:
    """Return the time of a batch in that of a single item, from the times of batches of 0, 1, 2, … items."""
    whole = times + handover
    return whole / whole[1] if len(whole) > 1 and whole[1] > 0 else np.ones(len(whole))


def mean_probabilities(answers: Sequence[Array]) -> Array:
    """Return the mean of what the branches of a stage answer, in the arithmetic of the engine."""
    if len(answers) == 1:
        return answers[0]
    return np.asarray(np.sum(answers, axis=0, dtype=np.float64) / len(answers), np.float32)


def is_unsure(sureness: Array, threshold: float) -> BoolArray:
    """Return which answers do not stand: those whose likeliest class is less probable than the threshold."""
    return np.asarray(sureness < threshold)


def batch_times(measurement: ChainMeasurement, sizes: NDArray[np.int64]) -> FloatArray:
    """Return the time of batches, in seconds: straight lines between the measured sizes and beyond the last two.

    Args:
        measurement: Measurement of a chain.
        sizes: Sizes of batches, of shape (n,).
    """
    measured = {1: float(np.mean(measurement.seconds)), **measurement.batch_seconds}
    known = sorted(measured)
    times = [measured[k] for k in known]
    if len(known) == 1:
        return np.asarray(times[0] * np.maximum(sizes, 1), float)  # nothing is known of a gain
    found = np.interp(sizes, known, times)
    slope = max(0.0, (times[-1] - times[-2]) / (known[-1] - known[-2]))
    return np.asarray(np.where(sizes > known[-1], times[-1] + slope * (sizes - known[-1]), found))


def resource_parts(measurements: Iterable[ChainMeasurement]) -> dict[tuple[str, ...], tuple[float, float]]:
    """Return memory and size of each component of some chains, in bytes, by the ids from the start of its chain.

    A component is fitted on what the ones before it give. So chains share what they begin with, and nothing else. A
    chain whose components were not measured apart counts as a whole.
    """
    parts: dict[tuple[str, ...], tuple[float, float]] = {}
    for one in measurements:
        names = one.branch.components
        if len(one.component_memory) == len(one.component_size) == len(names):
            for k in range(len(names)):
                parts[names[: k + 1]] = (one.component_memory[k], one.component_size[k])
        else:
            parts[names] = (one.memory, one.size)
    return parts
