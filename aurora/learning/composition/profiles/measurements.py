"""Measurements of chains, from which the score of any pipeline follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import Array


@dataclass(frozen=True, eq=False)
class ChainMeasurement:
    """What one chain answered to each item of a data set, alone in its process, and how long it took.

    Attributes:
        branch: The chain.
        probabilities: Probability of each class, of shape (items, classes).
        seconds: Time of each item as a request of its own, in seconds, of shape (items,).
        batch_seconds: Size of a batch -> median time of one batch of that size, in seconds.
        memory: Resident memory that the loaded chain adds to a process, in bytes.
        size: Size of its components on disk, in bytes.
        component_memory: The part of `memory` that each component adds, in the order of `branch.components`; empty
            where it is not known. Chains with the same first transformations share these, so that they count once.
        component_size: The part of `size` of each component, in the same order; empty where it is not known.
    """

    branch: Branch
    probabilities: Array
    seconds: NDArray[np.float64]
    batch_seconds: Mapping[int, float]
    memory: float
    size: float
    component_memory: tuple[float, ...] = ()
    component_size: tuple[float, ...] = ()
