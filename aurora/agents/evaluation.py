"""Runs many policies on many scenarios, over all cores, in an order that doesn't depend on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from aurora.agents.sources import Source, measure
from aurora.sim.compiler import compile_policy
from aurora.sim.kernel import EncodedScenario
from aurora.sim.outcome import Summary
from aurora.sim.policy import Policy
from aurora.sim.program import Program


class Arena(NamedTuple):
    """Scenarios that policies are compared on, with the mark that the references set.

    Attributes:
        source: Says what a value is.
        scenarios: Encoded.
        reference_names: Names of the references.
        reference_values: float64 [references, scenarios].
    """

    source: Source
    scenarios: tuple[EncodedScenario, ...]
    reference_names: tuple[str, ...]
    reference_values: NDArray[np.float64]

    @property
    def mark(self) -> NDArray[np.float64]:
        """Best reference of each scenario, float64 [scenarios]."""
        best: NDArray[np.float64] = self.reference_values.max(axis=0)
        return best


def values(
    source: Source, scenarios: Sequence[EncodedScenario], programs: Sequence[Program], jobs: int
) -> NDArray[np.float64]:
    """Value of every program on every scenario, float64 [programs, scenarios]."""
    return np.array([[v for v, _ in row] for row in measurements(source, scenarios, programs, jobs)])


def measurements(
    source: Source, scenarios: Sequence[EncodedScenario], programs: Sequence[Program], jobs: int
) -> list[list[tuple[float, Summary]]]:
    """Value and sums of every program on every scenario.

    Threads share the encoded scenarios; the kernel runs without the interpreter lock. Results come
    back in the order asked for, so one core and two give the same.
    """
    tasks = [(p, e) for p in programs for e in scenarios]
    if jobs == 1:
        flat = [measure(source, e, p) for p, e in tasks]
    else:
        flat = Parallel(n_jobs=jobs, backend="threading")(delayed(measure)(source, e, p) for p, e in tasks)
    width = len(scenarios)
    return [flat[i * width : (i + 1) * width] for i in range(len(programs))]


def arena(source: Source, scenarios: Sequence[EncodedScenario], jobs: int) -> Arena:
    """Scenarios with the values of the source's references on them."""
    names = tuple(source.references)
    programs = [compile_policy(source.references[n]) for n in names]
    return Arena(source, tuple(scenarios), names, values(source, scenarios, programs, jobs))


def advantage(where: Arena, policy: Policy, jobs: int) -> NDArray[np.float64]:
    """Value of a policy less the best reference's on each scenario, float64 [scenarios]."""
    got: NDArray[np.float64] = values(where.source, where.scenarios, [compile_policy(policy)], jobs)[0]
    return got - where.mark
