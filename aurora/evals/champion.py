"""A policy on scenarios that nobody has seen: against the references, and against what is possible."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.evaluation import arena, values
from aurora.agents.sources import Source
from aurora.evals.optimality import Distance, distance
from aurora.evals.statistics import Interval, paired_interval
from aurora.sim.compiler import compile_policy
from aurora.sim.curriculum import LEVELS
from aurora.sim.kernel import EncodedScenario, encode
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


class Verdict(NamedTuple):
    """A policy on fresh scenarios of one level.

    Attributes:
        level: 1 to 5; 0 where the source has none.
        mean: The policy's mean value.
        comparisons: With every reference, the closest first.
        distance: From bounds that nothing can pass; None where the source has none.
    """

    level: int
    mean: float
    comparisons: tuple[Comparison, ...]
    distance: Distance | None

    @property
    def is_ahead(self) -> bool:
        """Whether the interval of every difference lies above zero."""
        return min(c.difference.low for c in self.comparisons) > 0


def fresh_scenarios(source: Source, level: int, per_family: int, seed: int) -> list[EncodedScenario]:
    """Scenarios of all families of a source, those for validation included, that no run has met."""
    rng = np.random.default_rng([FRESH_SEED, seed, level])
    return [
        encode(source.expand(source.sample(family, level, rng)))
        for _ in range(per_family)
        for family in source.training + source.validation
    ]


def judge(source: Source, policy: Policy, *, per_family: int, bounded: int, seed: int, jobs: int) -> list[Verdict]:
    """A policy on fresh scenarios of every level.

    Args:
        source: Says what a value is, and which references there are.
        policy: The policy.
        per_family: Scenarios of each family and level.
        bounded: For how many of these the bounds are computed, where the source has levels.
        seed: Of the scenarios.
        jobs: Threads.
    """
    program = compile_policy(policy)
    found = []
    for level in [level.number for level in LEVELS] if source.has_levels else [0]:
        scenarios = fresh_scenarios(source, max(1, level), per_family, seed)
        ground = arena(source, scenarios, jobs)
        got: NDArray[np.float64] = values(source, ground.scenarios, [program], jobs)[0]
        rows = [
            Comparison(name, paired_interval(got - reference), float(reference.mean()))
            for name, reference in zip(ground.reference_names, ground.reference_values, strict=True)
        ]
        families = len(source.training + source.validation)
        far = distance(scenarios[: bounded * families], program, jobs=jobs) if source.has_levels else None
        rows.sort(key=lambda c: c.difference.mean)
        found.append(Verdict(level, float(got.mean()), tuple(rows), far))
    return found
