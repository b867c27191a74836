"""An episode ends as the run of the policy that its agent follows, with the same reward."""

import copy

import numpy as np
import pytest

from aurora.errors import PolicyError, ScenarioError
from aurora.sim.episodes import BASE, Episodes, play
from aurora.sim.kernel import EncodedScenario, encode, run, with_plan
from aurora.sim.kernel import layout as at
from aurora.sim.optimum.plans import plan_of
from aurora.sim.outcome import Outcome
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.features import BOUND, FEATURES, NETWORK_FEATURES, squash
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS, parse_input, scale_of
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import score
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from tests.sim.kernel.test_kernel_against_reference import ZOO, random_scenario, with_allowed_nodes


@pytest.fixture(scope="module")
def generated() -> list[EncodedScenario]:
    """Return scenarios of every family and level, and only one of the last level."""
    pairs = [(family, level) for family in FAMILIES for level in (1, 2, 3, 4)] + [("batch", 5)]
    return [encode(expand(sample_spec(f, level, np.random.default_rng([level, 5])))) for f, level in pairs]


def assert_equal(one: Outcome, other: Outcome) -> None:
    assert one.summary == other.summary
    for name in one.tasks.__slots__:
        np.testing.assert_array_equal(getattr(one.tasks, name), getattr(other.tasks, name), err_msg=name)


def assert_same_as_run(scenarios: list[EncodedScenario], policy: Policy) -> int:
    """Play all scenarios in step, each decision by the policy's scores; return the number of decisions."""
    program = compile_policy(policy)
    episodes = Episodes(scenarios, len(scenarios), base=policy, forced=True, restarts=False)
    episodes.begin()
    shown = 0
    while (episodes.task >= 0).any():
        shown += int((episodes.task >= 0).sum())
        episodes.step(episodes.preferred())
    assert sorted(episodes.playing) == list(range(len(scenarios)))
    for k, number in enumerate(episodes.playing):
        assert_equal(episodes.outcome(k), run(scenarios[number], program))
    return shown


@pytest.fixture(scope="module")
def random_ones() -> list[EncodedScenario]:
    return [encode(random_scenario(seed)) for seed in range(60)]


@pytest.mark.parametrize("which", ZOO, ids=lambda p: p.policy_id)
def test_an_episode_ends_as_the_policys_own_run_on_random_scenarios(
    which: Policy, random_ones: list[EncodedScenario]
) -> None:
    first = ZOO.index(which) % 3
    assert assert_same_as_run(random_ones[first::3], which) > 30


@pytest.mark.slow
@pytest.mark.parametrize("which", ZOO, ids=lambda p: p.policy_id)
def test_an_episode_ends_as_the_policys_own_run_on_all_random_scenarios(
    which: Policy, random_ones: list[EncodedScenario]
) -> None:
    assert assert_same_as_run(random_ones, which) > 100


@pytest.mark.parametrize("which", ZOO[::4], ids=lambda p: p.policy_id)
def test_an_episode_ends_as_the_policys_own_run_where_tasks_may_use_some_nodes_only(which: Policy) -> None:
    scenarios = [encode(with_allowed_nodes(random_scenario(seed))) for seed in range(ZOO.index(which) // 4, 60, 3)]
    assert assert_same_as_run(scenarios, which) > 30


@pytest.mark.parametrize("name", ["first_fit", "fgd", "fastest", "fcfs", "sjf+easy", "wfp3+easy", "unicep"])
def test_an_episode_ends_as_the_policys_own_run_on_generated_scenarios(
    name: str, generated: list[EncodedScenario]
) -> None:
    assert assert_same_as_run(generated, REFERENCES[name]) > 1000


def test_a_single_candidate_is_taken_without_a_decision_unless_requested(generated: list[EncodedScenario]) -> None:
    shown = {}
    for forced in (True, False):
        outcomes, fewest = [], 99
        for encoded in generated[:20]:
            episodes = Episodes([encoded], 1, base=REFERENCES["cheapest"], forced=forced, restarts=False)
            episodes.begin()
            while episodes.task[0] >= 0:
                shown[forced] = shown.get(forced, 0) + 1
                fewest = min(fewest, int(episodes.mask[0].sum()))
                episodes.step(episodes.preferred())
            outcomes.append(episodes.outcome())
        assert fewest == (1 if forced else 2)
        for encoded, outcome in zip(generated, outcomes, strict=False):
            assert_equal(outcome, run(encoded, compile_policy(REFERENCES["cheapest"])))
    assert shown[False] < shown[True]


@pytest.mark.parametrize("forced", [True, False])
@pytest.mark.parametrize("base", ["first_fit", "sjf+easy"])
def test_the_rewards_of_an_episode_sum_to_the_reward_of_the_scenario(base: str, forced: bool) -> None:
    scenarios = [encode(random_scenario(seed)) for seed in range(40)]
    scenarios += [encode(expand(sample_spec(f, 2, np.random.default_rng(3)))) for f in FAMILIES]
    rng, played = np.random.default_rng(0), 0
    for number, encoded in enumerate(scenarios):
        episodes = Episodes([encoded], 1, base=REFERENCES[base], forced=forced, restarts=False)
        try:
            episodes.begin()
        except ScenarioError:
            assert not forced
            continue
        paid = 0.0
        played += episodes.task[0] >= 0
        while episodes.task[0] >= 0:
            assert np.isnan(episodes.value[0])
            episodes.step(rng.permutation(np.flatnonzero(episodes.mask[0]))[:1])
            paid += episodes.reward[0]
        if np.isnan(episodes.value[0]):
            continue  # it was over at once
        due = score(episodes.outcome().summary, encoded.scenario).reward
        assert paid == pytest.approx(due, abs=1e-9), number
        assert episodes.value[0] == pytest.approx(due, abs=1e-12)
    assert played > 30


def test_without_disturbances_the_potential_equals_the_final_sums_of_the_placed_tasks() -> None:
    """Cost, energy and latency of each placement are counted when it is made, as the run counts them at its end."""
    for family in ("batch", "services"):
        encoded = encode(expand(sample_spec(family, 2, np.random.default_rng(8))))
        episodes = Episodes([encoded], 1, forced=True, restarts=False)
        episodes.begin()
        while episodes.task[0] >= 0:
            episodes.step(episodes.preferred())
        placed, latency, cost, energy, carbon, met = episodes._fields.totals[0, : at.G_MET + 1]
        summary = episodes.outcome().summary
        assert placed == summary.completed > 1
        assert latency == pytest.approx(summary.latency_mean * summary.completed)
        assert cost == pytest.approx(summary.cost)
        assert energy == pytest.approx(summary.energy)
        assert carbon == pytest.approx(summary.carbon)
        assert met == summary.tasks - summary.sla_violations


def test_observations_are_the_squashed_features_of_the_trace() -> None:
    """Compare with the traced run of the same policy: every observation is a squashed feature of the table."""
    names = [f.name for f in FEATURES]
    for family in ("accelerators", "sensors", "bulk", "spot"):
        encoded = encode(expand(sample_spec(family, 2, np.random.default_rng(4))))
        policy = REFERENCES["greenest"]
        trace = run(encoded, compile_policy(policy), trace_top=40).trace
        assert trace is not None
        episodes = Episodes([encoded], 1, base=policy, forced=True, restarts=False)
        episodes.begin()
        for k in range(len(trace.time)):
            assert episodes.task[0] == trace.task[k]
            seen = np.flatnonzero(trace.candidates[k] >= 0)
            numbers = trace.candidates[k, seen]
            assert sorted(numbers) == list(np.flatnonzero(episodes.mask[0]))
            raw = trace.features[k, seen]

            def expected(text: str, raw: np.ndarray = raw) -> np.ndarray:
                times, feature, per = parse_input(text)
                value = raw[:, feature] * (raw[:, times] if times >= 0 else 1)
                if per >= 0:
                    value = np.where(raw[:, per] == 0, 0, value / np.where(raw[:, per] == 0, 1, raw[:, per]))
                return squash(value, scale_of(text))

            for j, text in enumerate(CANDIDATE_INPUTS):
                np.testing.assert_allclose(episodes.candidates[0, numbers, j], expected(text), rtol=1e-5, err_msg=text)
            for j, text in enumerate(CONTEXT_INPUTS):
                np.testing.assert_allclose(episodes.context[0, j], expected(text)[0], rtol=1e-5, err_msg=text)
            absent = ~episodes.mask[0]
            assert not episodes.candidates[0, absent].any()
            episodes.step(episodes.preferred())
        assert episodes.task[0] == -1
        assert not episodes.candidates.any() and not episodes.mask.any()
    shown = {parse_input(t).feature for t in (*CANDIDATE_INPUTS, *CONTEXT_INPUTS)}
    left_out = {"node.index", "node.last_placement", "fit.random"}
    assert {names[f] for f in shown} == {f.name for f in NETWORK_FEATURES} - left_out


def test_squashing_keeps_order_and_bounds() -> None:
    values = np.array([-np.inf, -1e9, -3.0, 0.0, 0.1, 3.0, 1e9, np.inf])
    squashed = squash(values, 1.0)
    assert (np.abs(squashed) < BOUND + 1e-9).all()
    assert (np.diff(squashed) >= 0).all() and (np.diff(squashed[1:-1]) > 0).all()
    assert squash(np.array([np.nan]), 1.0)[0] == 0
    assert squash(np.array([0.01]), 1.0)[0] == pytest.approx(0.01, rel=0.01)


def test_episodes_restart_on_every_scenario_equally_often() -> None:
    scenarios = [encode(expand(sample_spec("services", 1, np.random.default_rng(s)))) for s in range(12)]
    episodes = Episodes(scenarios, 5, forced=True, seed=4)
    played = []
    for _ in range(2):
        episodes.begin(seed=9)
        order = list(episodes.playing)
        while len(order) < 36:
            episodes.step(episodes.mask.argmax(1))
            order += list(episodes.playing[episodes.ended >= 0])
        played.append(order)
        assert np.bincount(order[:36], minlength=12).tolist() == [3] * 12
    assert played[0] == played[1]
    assert played[0][:12] != played[0][12:24]


def test_unsuitable_scenarios_are_refused() -> None:
    encoded = encode(expand(sample_spec("batch", 1, np.random.default_rng(1))))
    planned = with_plan(encoded, plan_of(run(encoded, compile_policy(BASE)), encoded.scenario))
    with pytest.raises(ScenarioError, match="none with an allocation plan"):
        Episodes([planned], 1)
    with pytest.raises(ScenarioError, match="at least one scenario"):
        Episodes([], 1)
    with pytest.raises(ScenarioError, match="has 3 candidates, room is for 2"):
        Episodes([encoded], 1, most_candidates=2)
    with pytest.raises(PolicyError, match="is a plan"):
        Episodes([encoded], 1, base=BASE.model_copy(update={"allocation_plan": ()}))
    with pytest.raises(ScenarioError, match="can't take task"):
        play(encoded, BASE, lambda _: 99)
    with pytest.raises(TypeError, match="make others"):
        copy.deepcopy(Episodes([encoded], 1))
    with pytest.raises(ScenarioError, match="not over"):
        episodes = Episodes([encoded], 1, forced=True)
        episodes.begin()
        episodes.outcome()


@pytest.mark.parametrize(
    "text", ["", "node.cpu", "fit.cost / node.speed", "node.speed * fit.cost", "fit.cost/task.cpu", "fit.cost + 1"]
)
def test_an_unknown_input_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_input(text)
