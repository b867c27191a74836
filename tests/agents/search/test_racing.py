import numpy as np
import pytest

from aurora.agents.arena.evaluation import advantages, arena
from aurora.agents.arena.sources import open_source
from aurora.agents.search.racing import blocks, is_ahead, part_of, race
from aurora.memory.measurement_cache import MeasurementCache
from aurora.sim.kernel import encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES

SOURCE = open_source("generated", None)
NAMES = ("random", "cheapest", "nearest", "round_robin", "greenest", "worst_fit")


@pytest.fixture(scope="module")
def ground():
    rng = np.random.default_rng(4)
    scenarios = [encode(SOURCE.expand(SOURCE.sample("batch", 2, rng))) for _ in range(16)]
    return arena(SOURCE, scenarios, 1)


def test_blocks_cover_every_scenario_once_and_double() -> None:
    split = blocks(40, np.random.default_rng(0))
    assert sorted(k for block in split for k in block) == list(range(40))
    assert [len(block) for block in split] == [10, 10, 20]
    assert [len(block) for block in blocks(2, np.random.default_rng(0))] == [2]


def test_a_part_of_an_arena_has_its_scenarios_marks_and_families(ground) -> None:
    part = part_of(ground._replace(families=tuple(f"f{k}" for k in range(16))), [5, 2])
    assert part.scenarios == (ground.scenarios[5], ground.scenarios[2])
    assert (part.mark == ground.mark[[5, 2]]).all()
    assert part.families == ("f5", "f2")


def test_a_race_ranks_its_survivors_as_all_scenarios_do_and_spends_less(ground) -> None:
    programs = [compile_policy(REFERENCES[name]) for name in NAMES]
    cache = MeasurementCache()
    raced = race(ground._replace(cache=cache), programs, np.random.default_rng(1), 1, keep=2)
    full = advantages(ground, programs, 1)
    assert (raced.values == full)[~np.isnan(raced.values)].all()
    assert not np.isnan(raced.values[list(raced.order)]).any()
    means = full.mean(axis=1)
    assert list(raced.order) == sorted(raced.order, key=lambda i: -means[i])
    assert cache.added == raced.met.sum() < len(programs) * len(ground.scenarios)


def test_the_result_of_a_race_does_not_depend_on_the_number_of_cores(ground) -> None:
    programs = [compile_policy(REFERENCES[name]) for name in NAMES]
    one, two = (race(ground, programs, np.random.default_rng(2), jobs) for jobs in (1, 2))
    assert one.order == two.order
    assert np.array_equal(one.values, two.values, equal_nan=True)


def test_a_lead_must_exceed_its_error() -> None:
    assert not is_ahead(np.zeros(5), (), 1.5)
    assert not is_ahead(np.array([1.0]), (), 1.5)  # a single scenario proves nothing
    assert is_ahead(np.array([1.0, 1.1, 0.9]), (), 1.5)
    assert not is_ahead(np.array([-1.0, 1.0, 0.0]), (), 1.5)


def test_a_family_of_many_scenarios_does_not_outvote_the_others() -> None:
    lead = np.array([-1.0, -1.1, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6])
    assert is_ahead(lead, (), 0.0)
    assert is_ahead(-lead, ("a", "b", *("attacked" for _ in range(6))), 1.5)
