"""Runs many policies on many scenarios, over all cores, in an order that doesn't depend on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from aurora.agents.arena.sources import Source, measure
from aurora.memory.ledger import Ledger, Measurement, fingerprint, measurement_key, scenario_print
from aurora.sim.kernel import EncodedScenario
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Program


class Arena(NamedTuple):
    """Scenarios that policies are compared on, with the mark that the references set.

    Attributes:
        source: Says what a value is, and keeps what was paid for.
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
    rows = measurements(source, scenarios, programs, jobs)
    return np.array([[v for v, _ in row] for row in rows]).reshape(len(programs), len(scenarios))


def measurements(
    source: Source, scenarios: Sequence[EncodedScenario], programs: Sequence[Program], jobs: int
) -> list[list[Measurement]]:
    """Value and sums of every program on every scenario.

    What the source's ledger holds is not simulated again. Threads share the encoded scenarios; the
    kernel runs without the interpreter lock. Results come back in the order asked for, so one core and
    two give the same.
    """
    ledger = Ledger() if source.ledger is None else source.ledger
    places = [scenario_print(e) for e in scenarios]
    keys = [[measurement_key(place, print_) for place in places] for print_ in map(fingerprint, programs)]
    missing: dict[bytes, tuple[EncodedScenario, Program]] = {}
    for row, program in zip(keys, programs, strict=True):
        for key, encoded in zip(row, scenarios, strict=True):
            if ledger.find(key) is None:
                missing[key] = (encoded, program)

    def pay(key: bytes, encoded: EncodedScenario, program: Program) -> None:
        ledger.add(key, measure(source, encoded, program))

    if jobs == 1 or len(missing) == 1:
        for key, (encoded, program) in missing.items():
            pay(key, encoded, program)
    elif missing:
        todo = iter(missing.items())  # shared: a task a simulation would cost as much as a small one takes

        def work() -> None:
            for key, (encoded, program) in todo:
                pay(key, encoded, program)

        Parallel(n_jobs=jobs, backend="threading")(delayed(work)() for _ in range(jobs))
    return [[_paid(ledger, key) for key in row] for row in keys]


def _paid(ledger: Ledger, key: bytes) -> Measurement:
    found = ledger.find(key)
    assert found is not None  # it was there, or has just been added
    return found


def arena(source: Source, scenarios: Sequence[EncodedScenario], jobs: int) -> Arena:
    """Scenarios with the values of the source's references on them."""
    names = tuple(source.references)
    programs = [compile_policy(source.references[n]) for n in names]
    return Arena(source, tuple(scenarios), names, values(source, scenarios, programs, jobs))


def advantage(where: Arena, policy: Policy, jobs: int) -> NDArray[np.float64]:
    """Value of a policy less the best reference's on each scenario, float64 [scenarios]."""
    got: NDArray[np.float64] = values(where.source, where.scenarios, [compile_policy(policy)], jobs)[0]
    return got - where.mark
