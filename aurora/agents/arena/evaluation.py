"""Evaluation of many policies on many scenarios, over all cores, in an order that doesn't depend on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.source import Results, Source
from aurora.memory.measurement_cache import (
    Measurement,
    MeasurementCache,
    measurement_keys,
    program_prints,
    scenario_print,
)
from aurora.sim.grid import Block, run_grid
from aurora.sim.kernel import EncodedScenario
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
    keys = _complete(source, scenarios, programs, jobs, kept)
    rows: list[list[Measurement]] = []
    for p in range(len(programs)):
        row = [kept.find(scenario_keys[p]) for scenario_keys in keys]
        rows.append([m for m in row if m is not None])  # all are there
    return rows


def values(
    source: Source,
    scenarios: Sequence[EncodedScenario],
    programs: Sequence[Program],
    jobs: int,
    cache: MeasurementCache | None = None,
) -> NDArray[np.float64]:
    """Return the value of every program on every scenario, float64 [programs, scenarios]; see `measurements`."""
    achieved = np.empty((len(scenarios), len(programs)))
    if cache is not None:
        for s, keys in enumerate(_complete(source, scenarios, programs, jobs, cache)):
            achieved[s] = [cache.value(key) for key in keys]
        return np.ascontiguousarray(achieved.T)  # sums over scenarios round by the order in memory

    def take(block: Block) -> None:
        for s, row in zip(block.scenarios.tolist(), _values(source, scenarios, block), strict=True):
            achieved[s, block.policies] = row

    run_grid(scenarios, programs, jobs, take, with_status=source.values_need_status)
    return np.ascontiguousarray(achieved.T)


def _complete(
    source: Source,
    scenarios: Sequence[EncodedScenario],
    programs: Sequence[Program],
    jobs: int,
    cache: MeasurementCache,
) -> list[list[bytes]]:
    """Simulate what the cache lacks and add it; return the keys, a row for each scenario."""
    keys = measurement_keys([scenario_print(e) for e in scenarios], program_prints(programs))
    missing = np.zeros((len(scenarios), len(programs)), bool)
    asked: set[bytes] = set()
    for s, row in enumerate(keys):
        for p, key in enumerate(row):
            if cache.value(key) is None and key not in asked:
                missing[s, p] = True
                asked.add(key)

    def take(block: Block) -> None:
        for place, (s, row) in enumerate(zip(block.scenarios.tolist(), _values(source, scenarios, block), strict=True)):
            new = missing[s, block.policies]
            chosen = [key for key, wanted in zip(keys[s][block.policies], new.tolist(), strict=True) if wanted]
            cache.add_rows(chosen, row[new], block.sums[place][new])

    if asked:
        wanted = None if missing.all() else missing
        run_grid(scenarios, programs, jobs, take, wanted=wanted, with_status=source.values_need_status)
    return keys


def _values(source: Source, scenarios: Sequence[EncodedScenario], block: Block) -> Iterator[NDArray[np.float64]]:
    """Yield the values of a block's policies on each of its scenarios; arbitrary for pairs that did not run."""
    for place, s in enumerate(block.scenarios.tolist()):
        status = None if block.status is None else block.status[place]
        yield source.values(scenarios[s].scenario, Results(block.sums[place], status))


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
