import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import ScenarioError
from aurora.sim.kernel import encode, evaluate
from aurora.sim.optimum.witness import unplaceable
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import attacker_reward, hyperbolic, learnability, score, succeeds
from aurora.sim.scenarios.curriculum import ADVANCE_AT, LEVELS, SUCCESS_WINDOW, Curriculum
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, TEST_FAMILIES, mutate_spec, sample_spec
from aurora.sim.scenarios.spec import ScenarioSpec, parse_spec
from tests.examples import examples

EVERY = FAMILIES | TEST_FAMILIES


def test_no_family_of_the_test_is_among_the_others() -> None:
    assert not set(FAMILIES) & set(TEST_FAMILIES)
    assert {f.domain for f in TEST_FAMILIES.values()} == {f.domain for f in FAMILIES.values()}


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("level", [1, 3])
def test_a_spec_expands_to_the_same_valid_scenario(family: str, level: int) -> None:
    spec = sample_spec(family, level, np.random.default_rng(level))
    scenario = expand(spec)
    assert scenario == expand(ScenarioSpec.model_validate_json(spec.model_dump_json()))
    assert scenario.domain == EVERY[family].domain
    assert len(scenario.tasks) == LEVELS[level - 1].tasks


@pytest.mark.parametrize("family", EVERY)
def test_no_task_is_unplaceable_at_any_level(family: str) -> None:
    for level in LEVELS:
        for seed in range(4 if level.tasks <= 100 else 1):
            scenario = expand(sample_spec(family, level.number, np.random.default_rng(seed)))
            assert unplaceable(encode(scenario)) == ""


@pytest.mark.parametrize("family", ["batch", "services", "spot"])
def test_cloud_tasks_wait_longer_at_higher_levels(family: str) -> None:
    waited = []
    for level in (2, 5):
        summaries = [
            evaluate(
                encode(expand(sample_spec(family, level, np.random.default_rng(seed)))),
                compile_policy(REFERENCES["best_fit"]),
            )
            for seed in range(10 if level < 5 else 3)
        ]
        waited.append(np.mean([s.latency_mean for s in summaries]))
    assert 0 < waited[0] < waited[1]


@given(st.sampled_from(sorted(EVERY)), st.integers(1, 3), st.integers(0, 1000))
@settings(max_examples=examples(40), deadline=None)
def test_mutants_stay_valid_and_simulate(family: str, level: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spec = sample_spec(family, level, rng)
    for _ in range(5):
        spec = mutate_spec(spec, rng)
    scenario = expand(spec)
    summary = evaluate(encode(scenario), compile_policy(REFERENCES["best_fit"]))
    assert summary.tasks == len(scenario.tasks)
    assert 0 <= score(summary, scenario).reward <= 1


def test_references_differ_at_every_level() -> None:
    programs = [compile_policy(REFERENCES[n]) for n in ("best_fit", "worst_fit", "cheapest", "fastest", "nearest")]
    for level in (1, 2, 3):
        spreads = []
        for family in FAMILIES:
            scenario = expand(sample_spec(family, level, np.random.default_rng(level)))
            encoded = encode(scenario)
            rewards = [score(evaluate(encoded, p), scenario).reward for p in programs]
            spreads.append(max(rewards) - min(rewards))
        assert np.mean(spreads) > 0.02


@pytest.mark.parametrize("data", [None, {}, {"spec_id": "x", "domain": "cloud", "time_horizon": 1, "groups": []}])
def test_a_malformed_spec_is_refused(data: object) -> None:
    with pytest.raises(ScenarioError):
        parse_spec(data)


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ScenarioError, match="families"):
        sample_spec("moon", 1, np.random.default_rng(0))


def test_the_curriculum_moves_up_after_a_full_window_of_success() -> None:
    state = Curriculum(level=1)
    for i in range(SUCCESS_WINDOW - 1):
        state = state.record(i % 4 != 0)
        assert state.level == 1
    assert state.success_rate >= ADVANCE_AT
    assert state.record(True) == Curriculum(level=2)
    for _ in range(10 * SUCCESS_WINDOW):
        state = state.record(True)
    assert state.level == len(LEVELS)


def test_the_curriculum_moves_up_where_success_no_longer_rises_and_stays_where_it_does() -> None:
    stalled = rising = Curriculum()
    for i in range(2 * SUCCESS_WINDOW):
        assert stalled.level == rising.level == 1
        stalled = stalled.record(i % 2 == 0)
        rising = rising.record(i % 2 == 0 and i > 3)
    assert stalled == Curriculum(level=2)
    assert rising.level == 1 and rising.success_rate == 0.5
    last = Curriculum(level=len(LEVELS))
    for _ in range(3 * SUCCESS_WINDOW):
        last = last.record(False)
    assert last.level == len(LEVELS) and len(last.recent) == 2 * SUCCESS_WINDOW


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_rewards_stay_in_their_bounds(rate: float, diversity: float, complexity: float, target: float) -> None:
    assert 0 <= attacker_reward(rate, diversity, complexity, target) <= 1 + 1e-12
    assert 0 <= learnability(rate) <= 1
    assert hyperbolic(rate, 1) >= hyperbolic(rate + 1, 1)


def test_success_means_reaching_the_best_reference() -> None:
    assert succeeds(0.5, [0.4, 0.5])
    assert not succeeds(0.49, [0.4, 0.5])
