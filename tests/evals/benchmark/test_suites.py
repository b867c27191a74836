from pathlib import Path

import pytest

from aurora.agents.arena.trace_source import TraceSource
from aurora.errors import InputError
from aurora.evals.benchmark.suites import SUITES, suite
from aurora.sim.policies.references import REFERENCES

TRACE_SUITES = ("azure", "utilisation", "edge", "slices")


def test_every_rival_is_a_reference() -> None:
    for name, each in SUITES.items():
        assert set(each.rivals) <= set(REFERENCES), name


def test_judged_scenarios_are_the_same_again_and_others_for_another_seed() -> None:
    level = suite("level2")
    source = level.open(None)
    first, again, other = (level.judged(source, None, 1, seed) for seed in (1, 1, 2))
    assert first == again
    assert not {j.name for j in first} & {j.name for j in other}
    assert {j.stratum for j in first} == set(source.training + source.validation)


def test_a_larger_number_keeps_the_first_scenarios() -> None:
    level = suite("level1")
    source = level.open(None)
    assert {j.name for j in level.judged(source, None, 1, 1)} <= {j.name for j in level.judged(source, None, 2, 1)}


@pytest.mark.parametrize("name", TRACE_SUITES)
def test_no_part_of_a_trace_is_both_trained_on_and_judged(name: str, traces: Path) -> None:
    source = suite(name).open(traces)
    assert isinstance(source, TraceSource)
    assert not set(source.test) & set(source.training + source.validation)
    judged = suite(name).judged(source, traces, 1, 1)
    assert {j.stratum for j in judged} == set(source.test)
    assert all(len(j.scenario.tasks) >= 100 for j in judged)


def test_judged_machines_and_times_differ_from_those_of_training(traces: Path) -> None:
    """No arrival of Azure's judged part, and no site of EUA's, occurs in the training part."""
    import numpy as np

    edge = suite("edge").open(traces)
    rng = np.random.default_rng(0)
    sites = {
        family: {n.site for _ in range(5) for n in edge.expand(edge.sample(family, 1, rng)).nodes} - {"cloud"}
        for family in ("west", "middle", "east")
    }
    assert not sites["west"] & sites["east"]
    assert not sites["middle"] & sites["east"]


def test_a_suite_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputError, match="level1"):
        suite("level9")


def test_the_published_sequences_are_judged(traces: Path) -> None:
    swf = suite("swf")
    judged = swf.judged(swf.open(traces), traces, 2, 1)
    assert [j.name for j in judged] == ["lublin_256-1981", "lublin_256-2756", "SDSC-SP2-1981", "SDSC-SP2-2756"]
    assert all(len(j.scenario.tasks) == 1024 for j in judged)
