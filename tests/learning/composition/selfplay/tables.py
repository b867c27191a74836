"""Compositions of two stated chains: a fast one that is right on one class, and a slow one that is right on both."""

from __future__ import annotations

import numpy as np

from aurora.learning.composition.pipelines.pipeline import Branch, single
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Weights
from aurora.learning.composition.scores.queueing import QueueModel

FAST, SLOW = single("fast"), single("slow")
LABELS = np.repeat([0, 1], [70, 30])
WEIGHTS = Weights(1.0, 0.1, 0.0, latency_scale=0.1, cost_scale=1.0)


def chain(name, seconds, is_right):
    answers = np.where(is_right, LABELS, 1 - LABELS)
    return ChainMeasurement(
        branch=Branch((), name),
        probabilities=np.eye(2, dtype=np.float32)[answers],
        seconds=np.full(len(LABELS), seconds),
        batch_seconds={1: seconds},
        memory=1e6,
        size=1e6,
    )


def evaluator(rate=10.0):
    """Return the scores under a load; the slow chain can't keep up with 100 requests a second."""
    made = [chain("fast", 0.001, LABELS == 0), chain("slow", 0.01, np.arange(len(LABELS)) % 10 > 0)]
    return TableEvaluator({one.branch: one for one in made}, LABELS, QueueModel(rate=rate))
