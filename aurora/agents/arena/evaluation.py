"""Evaluation of many policies on many scenarios, over all cores, in an order that doesn't depend on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from aurora.agents.arena.source import Source
from aurora.memory.measurement_cache import (
    Measurement,
    MeasurementCache,
    fingerprint,
    measurement_key,
    scenario_print,
)
from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Program


class Arena(NamedTuple):
    """Scenarios that policies are compared on, with the mark that the references set.

    Attributes:
        source: Source that says what a value is.
        scenarios: Encoded scenarios.
        reference_names: Names of the references.
        reference_values: float64 [references, scenarios].
        cache: Keeps the measurements; None: nothing keeps them.
        families: Family of each scenario; empty: not known.
    """

    source: Source
    scenarios: tuple[EncodedScenario, ...]
    reference_names: tuple[str, ...]
    reference_values: NDArray[np.float64]
    cache: MeasurementCache | None = None
    families: tuple[str, ...] = ()

    @property
    def mark(self) -> NDArray[np.float64]:
        """Best reference of each scenario, float64 [scenarios]."""
        best: NDArray[np.float64] = self.reference_values.max(axis=0)
        return best


def measure(source: Source, encoded: EncodedScenario, program: Program) -> Measurement:
    """Simulate a compiled policy on an encoded scenario."""
    outcome = run(encoded, program)
    return source.value(encoded.scenario, outcome), outcome.summary


def measurements(
    source: Source,
    scenarios: Sequence[EncodedScenario],
    programs: Sequence[Program],
    jobs: int,
    cache: MeasurementCache | None = None,
) -> list[list[Measurement]]:
    """Measure every program on every scenario.

    What the cache holds is not simulated again. Threads share the encoded scenarios; the kernel runs without the
    interpreter lock. Results come back in the order asked for, so one core and two give the same.

    Args:
        source: Source that says what a value is.
        scenarios: Encoded scenarios.
        programs: Compiled policies.
        jobs: Threads.
        cache: Keeps the measurements; None: nothing keeps them.

    Returns:
        A row for each program, with a measurement for each scenario.
    """
    kept = MeasurementCache() if cache is None else cache
    prints = [scenario_print(e) for e in scenarios]
    keys = [[measurement_key(print_, program) for print_ in prints] for program in map(fingerprint, programs)]
    missing: dict[bytes, tuple[EncodedScenario, Program]] = {}
    for row, program in zip(keys, programs, strict=True):
        for key, encoded in zip(row, scenarios, strict=True):
            if kept.find(key) is None:
                missing[key] = (encoded, program)
    _simulate(source, missing, jobs, kept)
    return [[_known(kept, key) for key in row] for row in keys]


def _simulate(
    source: Source, missing: dict[bytes, tuple[EncodedScenario, Program]], jobs: int, cache: MeasurementCache
) -> None:
    """Simulate what is missing, and keep it under its key."""
    if jobs == 1 or len(missing) == 1:
        for key, (encoded, program) in missing.items():
            cache.add(key, measure(source, encoded, program))
    elif missing:
        queue = iter(missing.items())  # shared: a task a simulation would cost as much as a small simulation

        def work() -> None:
            for key, (encoded, program) in queue:
                cache.add(key, measure(source, encoded, program))

        Parallel(n_jobs=jobs, backend="threading")(delayed(work)() for _ in range(jobs))


def _known(cache: MeasurementCache, key: bytes) -> Measurement:
    measurement = cache.find(key)
    assert measurement is not None  # it was there, or has just been added
    return measurement


def values(
    source: Source,
    scenarios: Sequence[EncodedScenario],
    programs: Sequence[Program],
    jobs: int,
    cache: MeasurementCache | None = None,
) -> NDArray[np.float64]:
    """Return the value of every program on every scenario, float64 [programs, scenarios]; see `measurements`."""
    rows = measurements(source, scenarios, programs, jobs, cache)
    return np.array([[v for v, _ in row] for row in rows]).reshape(len(programs), len(scenarios))


def arena(
    source: Source, scenarios: Sequence[EncodedScenario], jobs: int, cache: MeasurementCache | None = None
) -> Arena:
    """Return scenarios with the values of the source's references on them."""
    names = tuple(source.references)
    programs = [compile_policy(source.references[n]) for n in names]
    return Arena(source, tuple(scenarios), names, values(source, scenarios, programs, jobs, cache), cache)


def advantages(where: Arena, programs: Sequence[Program], jobs: int) -> NDArray[np.float64]:
    """Return each program's value less the best reference's on each scenario, float64 [programs, scenarios]."""
    achieved: NDArray[np.float64] = values(where.source, where.scenarios, programs, jobs, where.cache)
    return achieved - where.mark


def advantage(where: Arena, policy: Policy, jobs: int) -> NDArray[np.float64]:
    """Return a policy's value less the best reference's on each scenario, float64 [scenarios]."""
    lead: NDArray[np.float64] = advantages(where, [compile_policy(policy)], jobs)[0]
    return lead
