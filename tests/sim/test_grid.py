"""Many policies on many scenarios in one call give what each pair gives alone, on any number of threads."""

import numpy as np
import pytest

from aurora.sim.grid import Block, run_grid
from aurora.sim.kernel import EncodedScenario, encode, run
from aurora.sim.kernel.run import gate_is_static, summary_of
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.program import Program
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec


def scenarios(level: int) -> list[EncodedScenario]:
    rng = np.random.default_rng(level)
    return [encode(expand(sample_spec(family, level, rng))) for family in FAMILIES]


def weighted(count: int) -> list[Program]:
    """Return programs that differ in constants only, of which one decides whether a rule holds."""
    score = "1.0 * fit.cpu_left - 2.0 * node.price + 0.5 * fit.fragmentation_increase"
    strategy = AllocationStrategy(order="0.3 * task.wait", decision_rules=(DecisionRule(when="1", score=score),))
    program = compile_policy(Policy(policy_id="weighted", allocation_strategy=strategy))
    rng = np.random.default_rng(0)
    varied = [program._replace(consts=program.consts * rng.normal(1, 1, len(program.consts))) for _ in range(count)]
    return [*varied, program._replace(consts=np.zeros_like(program.consts))]  # the rule of the last never holds


def collected(encoded, programs, jobs, **options) -> dict[tuple[int, int], tuple[Summary, list[int] | None]]:
    found = {}

    def take(block: Block) -> None:
        for place, s in enumerate(block.scenarios.tolist()):
            for k, p in enumerate(range(len(programs))[block.policies]):
                if np.isnan(block.sums[place, k, 0]):
                    continue
                status = None if block.status is None else block.status[place, k].tolist()
                assert (s, p) not in found
                found[s, p] = summary_of(block.sums[place, k]), status

    run_grid(encoded, programs, jobs, take, **options)
    return found


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("level", [1, 3])
def test_a_grid_gives_what_each_pair_gives_alone(level: int, jobs: int) -> None:
    encoded = scenarios(level)
    programs = [*weighted(3), *map(compile_policy, REFERENCES.values()), *weighted(2)]
    expected = {(s, p): run(e, program) for s, e in enumerate(encoded) for p, program in enumerate(programs)}
    found = collected(encoded, programs, jobs, with_status=True)
    assert found.keys() == expected.keys()
    for pair, (summary, status) in found.items():
        assert summary == expected[pair].summary, pair
        assert status == expected[pair].tasks.status.tolist(), pair


@pytest.mark.parametrize("jobs", [1, 2])
def test_only_wanted_pairs_are_run(jobs: int) -> None:
    encoded, programs = scenarios(1), [*weighted(4), compile_policy(REFERENCES["fgd"])]
    wanted = np.random.default_rng(3).random((len(encoded), len(programs))) < 0.4
    found = collected(encoded, programs, jobs, wanted=wanted)
    assert found.keys() == set(zip(*map(np.ndarray.tolist, wanted.nonzero()), strict=True))
    assert all(found[s, p][0] == run(encoded[s], programs[p]).summary for s, p in found)


def test_cached_scores_are_kept_apart_between_programs_and_scenarios() -> None:
    """Scores are cached by class where fragmentation is scored on nodes with devices."""
    rng = np.random.default_rng(5)
    encoded = [encode(expand(sample_spec(family, 3, rng))) for family in FAMILIES for _ in range(2)]
    programs = [compile_policy(REFERENCES[name]) for name in ("fgd", "gpu_packing", "fgd", "sjf+easy", "fgd")]
    found = collected(encoded, programs, 1)
    assert all(found[s, p][0] == run(encoded[s], programs[p]).summary for s, p in found)


def test_a_constant_decides_whether_a_rule_always_holds() -> None:
    *held, never = weighted(2)
    assert all(map(gate_is_static, held))
    assert gate_is_static(never)  # no rule holds, whatever happens


def test_an_error_in_one_thread_stops_the_others() -> None:
    def fail(_: Block) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_grid(scenarios(1) * 3, weighted(3), 2, fail)


def test_nothing_to_run_takes_nothing() -> None:
    run_grid([], weighted(1), 2, lambda _: pytest.fail("called"))
    run_grid(scenarios(1), [], 2, lambda _: pytest.fail("called"))
