"""A policy against the references on scenarios that nobody has seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.evaluation import arena, values
from aurora.agents.sources import Source
from aurora.evals.statistics import Interval, paired_interval
from aurora.sim.compiler import compile_policy
from aurora.sim.kernel import encode
from aurora.sim.policy import Policy

FRESH_SEED = 2_000_003
"""Keeps fresh scenarios apart from those of training and validation, whatever the run's seed."""


class Comparison(NamedTuple):
    """A policy against one reference.

    Attributes:
        reference: Its name.
        difference: Policy less reference, mean over scenarios with its 95 % interval.
        reference_mean: The reference's mean value.
    """

    reference: str
    difference: Interval
    reference_mean: float


def against_references(  # what is compared, and on what
    source: Source,
    policy: Policy,
    *,
    level: int,
    per_family: int,
    seed: int,
    jobs: int,
    families: tuple[str, ...] | None = None,
) -> tuple[float, tuple[Comparison, ...]]:
    """Mean value of a policy on fresh scenarios of a level, and its paired differences to all references.

    Fresh scenarios are drawn from all families of the source, those for validation included.
    """
    rng = np.random.default_rng([FRESH_SEED, seed, level])
    chosen = families or source.training + source.validation
    scenarios = [
        encode(source.expand(source.sample(family, level, rng))) for family in chosen for _ in range(per_family)
    ]
    ground = arena(source, scenarios, jobs)
    got: NDArray[np.float64] = values(source, ground.scenarios, [compile_policy(policy)], jobs)[0]
    rows = tuple(
        Comparison(name, paired_interval(got - reference), float(reference.mean()))
        for name, reference in zip(ground.reference_names, ground.reference_values, strict=True)
    )
    return float(got.mean()), tuple(sorted(rows, key=lambda c: c.difference.mean))
