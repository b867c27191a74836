"""Values of many policies at once are those of single simulations, to the bit, with and without a cache and threads."""

import numpy as np
import pytest

from aurora.agents.arena.evaluation import measurements, values
from aurora.agents.arena.generated_source import GeneratedSource
from aurora.memory.measurement_cache import MeasurementCache
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy

SOURCE = GeneratedSource()


def drawn():
    rng = np.random.default_rng(4)
    encoded = [encode(SOURCE.expand(SOURCE.sample(family, 2, rng))) for family in SOURCE.training]
    template = compile_policy(SOURCE.templates[0])
    weights = [rng.normal(1, 0.3, len(template.consts)) for _ in range(4)]
    programs = [template._replace(consts=template.consts * w) for w in weights]
    return encoded, [*programs, *map(compile_policy, SOURCE.references.values()), programs[0]]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("cached", [False, True])
def test_values_are_those_of_single_simulations(jobs: int, cached: bool) -> None:
    encoded, programs = drawn()
    outcomes = [[run(e, p) for e in encoded] for p in programs]
    expected = [[SOURCE.value(e.scenario, o) for e, o in zip(encoded, row, strict=True)] for row in outcomes]
    cache = MeasurementCache() if cached else None
    found = values(SOURCE, encoded, programs, jobs, cache)
    assert found.tolist() == expected
    assert found.flags.c_contiguous  # means over scenarios add in the order that they have in memory
    rows = measurements(SOURCE, encoded, programs, jobs, cache)
    assert [[summary for _, summary in row] for row in rows] == [[o.summary for o in row] for row in outcomes]


def test_what_the_cache_holds_is_not_simulated_again() -> None:
    encoded, programs = drawn()
    cache = MeasurementCache()
    values(SOURCE, encoded[:2], programs[:3], 1, cache)
    assert cache.added == 6
    values(SOURCE, encoded, programs, 2, cache)
    assert cache.added == len(encoded) * (len(programs) - 1)  # one program is there twice
    values(SOURCE, encoded, programs, 2, cache)
    assert cache.added == len(encoded) * (len(programs) - 1)
