"""The compositions that a composer chooses from: those that nothing else excels at the usual load or at the peak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Weights
from aurora.learning.composition.selfplay.demands import SIMULATED
from aurora.learning.composition.spaces.space import enumerate_space
from aurora.types import Progress, no_progress

BEST = 30
"""Compositions with the highest rewards at each load, beside the Pareto sets."""


def contenders(
    evaluator: TableEvaluator, limits: Limits, weights: Weights, peak: float, *, progress: Progress = no_progress
) -> list[Pipeline]:
    """Return the compositions worth comparing: Pareto sets and highest rewards at the usual load and at the peak.

    Args:
        evaluator: Measurements, with the usual load.
        limits: Limits of a pipeline's size.
        weights: What accuracy, latency and cost are worth.
        peak: Largest load, in the usual one.
        progress: Receives the number of scored pipelines.

    Raises:
        InputError: Nothing has been measured.
    """
    found: dict[Pipeline, None] = {}
    for rate in (evaluator.queue.rate, evaluator.queue.rate * peak):
        queue = replace(evaluator.queue, rate=rate, requests=SIMULATED)
        space = enumerate_space(limits, replace(evaluator, queue=queue), progress=progress)
        best = np.argsort(-space.rewards(weights), kind="stable")[:BEST]
        found |= dict.fromkeys(space.pipeline(int(number)) for number in (*space.front(), *best))
    return list(found)
