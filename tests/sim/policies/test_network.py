"""Network policies: the kernel, NumPy and PyTorch agree on their scores, and variation leaves them unchanged."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from aurora.agents.explain.explainer import explain
from aurora.agents.search.effort import Settings
from aurora.agents.search.policy_search import first_state, search
from aurora.agents.search.variation import vary
from aurora.errors import PolicyError
from aurora.memory.elo import rate_rounds
from aurora.memory.records import Iteration, NewOutcome, NewPolicy, NewScenario
from aurora.memory.store import Store
from aurora.memory.texts import policy_text
from aurora.sim.episodes import Episodes
from aurora.sim.explain.decision import decisions, rank, terms
from aurora.sim.kernel import encode, run, simulate
from aurora.sim.policies.compiler import compile_policy, policy_key, readable
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS, scale_of
from aurora.sim.policies.network import gradients_of, inputs_from, network_of, scores_of, scoring_network
from aurora.sim.policies.policy import Policy, parse_policy, read_policy
from aurora.sim.policies.program import MAX_REGISTERS
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.generators import sample_spec
from tests.sim.kernel.test_kernel import flavoured
from tests.sim.kernel.test_kernel_against_reference import random_scenario

INPUTS = (*CANDIDATE_INPUTS, *CONTEXT_INPUTS)


def made(
    hidden: tuple[int, ...] = (16,), *, seed: int = 0, activation: str = "relu", base: str = "first_fit"
) -> Policy:
    """Return a network with random weights and inputs in a random order."""
    rng = np.random.default_rng(seed)
    inputs = [INPUTS[k] for k in rng.permutation(len(INPUTS))]
    sizes = [len(inputs), *hidden, 1]
    weights = [(rng.normal(0, 1, (b, a)) / np.sqrt(a), rng.normal(0, 0.1, b)) for a, b in itertools.pairwise(sizes)]
    scale = [scale_of(text) for text in inputs]
    return scoring_network(inputs, scale, weights, activation=activation, base=REFERENCES[base])  # type: ignore[arg-type]


SHAPES = [((), "relu"), ((8,), "tanh"), ((32,), "relu"), ((16, 24), "relu"), ((64, 64), "tanh")]


@pytest.mark.parametrize(("hidden", "activation"), SHAPES)
@pytest.mark.parametrize("base", ["first_fit", "sjf+easy"])
def test_the_kernel_scores_as_numpy_does(hidden: tuple[int, ...], activation: str, base: str) -> None:
    policy = made(hidden, activation=activation, base=base)
    network, program, compared = network_of(policy), compile_policy(policy), 0
    for scenario in [*map(random_scenario, range(0, 40, 5)), flavoured(1, tasks=60)]:
        traced = run(encode(scenario), program, trace_top=40)
        assert traced.trace is not None
        there = traced.trace.candidates >= 0
        expected = scores_of(network, inputs_from(network, traced.trace.features))
        np.testing.assert_allclose(traced.trace.scores[there], expected[there], rtol=0, atol=1e-6)
        compared += int(there.sum())
        # The quick ways to find the best candidate, which look at all nodes at once, choose the same.
        assert run(encode(scenario), program).summary == traced.summary
    assert compared > 200


def test_torch_scores_the_observations_of_an_environment_alike() -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Linear(len(INPUTS), 24), torch.nn.Tanh(), torch.nn.Linear(24, 1))
    layers = [(m.weight.detach().numpy(), m.bias.detach().numpy()) for m in (module[0], module[2])]
    policy = scoring_network(INPUTS, [scale_of(t) for t in INPUTS], layers, activation="tanh")
    encoded = encode(flavoured(2, tasks=80))
    trace = run(encoded, compile_policy(policy), trace_top=40).trace
    assert trace is not None
    episodes = Episodes([encoded], 1, base=policy, forced=True, restarts=False)
    episodes.begin()
    for k in range(len(trace.time)):
        rows = np.flatnonzero(episodes.mask[0])
        context = np.repeat(episodes.context, len(rows), axis=0)
        shown = np.concatenate([episodes.candidates[0, rows], context], axis=1)
        with torch.no_grad():
            scores = dict(zip(rows, module(torch.from_numpy(shown))[:, 0].numpy(), strict=True))
        found = trace.candidates[k] >= 0
        expected = [scores[number] for number in trace.candidates[k, found]]
        np.testing.assert_allclose(trace.scores[k, found], expected, atol=1e-5)  # float32 there
        episodes.step(trace.candidates[k, :1])
    assert episodes.task[0] == -1


def test_a_network_of_one_feature_decides_as_the_equivalent_rule() -> None:
    """The highest free share of cores, as a rule and as a network."""
    features = ["fit.cpu_left", "fit.memory_left", "task.cpu"]
    policy = scoring_network(features, [1, 1, 8], [([[2.0, 0.0, 5.0]], [0.5])])
    rule = parse_policy({"policy_id": "r", "allocation_strategy": {"decision_rules": [{"score": "fit.cpu_left"}]}})
    for seed in range(20):
        scenario = random_scenario(seed)
        one, other = simulate(scenario, policy), simulate(scenario, rule)
        np.testing.assert_array_equal(one.tasks.node, other.tasks.node)


def test_a_network_survives_a_file_and_an_archive(tmp_path: Path) -> None:
    policy, other = made(seed=1), made(seed=2)
    path = tmp_path / "network.json"
    path.write_text(policy.model_dump_json(indent=2, exclude_none=True))
    assert read_policy(path) == policy
    assert parse_policy(json.loads(policy.model_dump_json())) == policy
    assert policy_key(policy) == policy.policy_id != policy_key(other)
    assert "16 hidden units, relu" in readable(policy)
    assert "trained network of" in policy_text(policy)
    scenario = random_scenario(3)
    assert simulate(scenario, read_policy(path)).summary == simulate(scenario, policy).summary
    spec = sample_spec("batch", 1, np.random.default_rng(1))
    with Store.open(tmp_path / "a.sqlite") as store:
        store.commit(
            Iteration(
                number=0,
                policies=[NewPolicy(p, "trained") for p in (policy, other)],
                scenarios=[NewScenario(spec.spec_id, spec.family, 1, spec.model_dump_json(), 0.5, 0.4)],
                outcomes=[NewOutcome(p.policy_id, spec.spec_id, 1.0, {}) for p in (policy, other)],
                failures=[],
                matches=rate_rounds({}, {spec.spec_id: {policy.policy_id: 1.0, other.policy_id: 0.5}})[1],
                fronts={},
                state={},
                events=[],
            )
        )
        rated = store.ratings([policy.policy_id, other.policy_id])
        assert rated[policy.policy_id] > rated[other.policy_id]
        assert store.policy(policy.policy_id) == policy
        best = store.top(1)[0]
        assert best["rules"] == [] and "16 hidden units" in best["network"]


def test_nine_digits_distinguish_all_float32_weights() -> None:
    rng = np.random.default_rng(5)
    weights = rng.normal(size=(8, 2)).astype(np.float32)
    policy = scoring_network(["fit.cost", "task.cpu"], [1, 1], [(weights, np.zeros(8)), (np.ones((1, 8)), [0])])
    kept = np.array(network_of(policy).layers[0].weights)
    np.testing.assert_array_equal(kept.astype(np.float32), weights)


def test_a_decision_of_a_network_is_explained() -> None:
    scenario = flavoured(4, tasks=60)
    policy = made((12,), seed=3)
    outcome = run(encode(scenario), compile_policy(policy), trace_top=40)
    contested = [d for d in decisions(scenario, policy, outcome) if d.runner_up is not None]
    assert len(contested) > 20
    for decision in contested[:20]:
        other = decision.runner_up
        assert other is not None
        assert rank(decision, decision.chosen.features) == pytest.approx(decision.chosen.score, abs=1e-9)
        shares = terms(decision, other)
        lead = decision.chosen.score - other.score
        assert sum(t.chosen - t.other for t in shares) == pytest.approx(lead, abs=1e-9)
        assert abs(shares[-1].chosen) < 0.5 * sum(abs(t.chosen) for t in shares) + 1e-6
    text = explain(scenario, policy, contested[3].task_id, level="full", audience="engineer").text
    assert "Terms of the score" in text
    assert contested[3].chosen.name in text


@pytest.mark.parametrize(("hidden", "activation"), SHAPES)
def test_gradients_match_finite_differences_of_the_scores(hidden: tuple[int, ...], activation: str) -> None:
    network = network_of(made(hidden, activation=activation))
    rng = np.random.default_rng(1)
    points = rng.normal(size=(5, len(INPUTS)))
    step = 1e-6
    gradients = gradients_of(network, points)
    for j in range(len(INPUTS)):
        ahead = points.copy()
        ahead[:, j] += step
        slope = (scores_of(network, ahead) - scores_of(network, points)) / step
        np.testing.assert_allclose(gradients[:, j], slope, atol=1e-4)


def test_variation_and_search_leave_networks_unchanged() -> None:
    policy, rng = made(), np.random.default_rng(0)
    for parent, other in ((policy, REFERENCES["cheapest"]), (REFERENCES["cheapest"], policy)):
        with pytest.raises(PolicyError, match="trained network"):
            vary(parent, other, rng)
    with pytest.raises(PolicyError, match="starts from one with rules"):
        search(first_state(policy), None, (), Settings(4, 1, 1), 0, lambda *_: None)  # type: ignore[arg-type]


GOOD = ([[0.5, 1.0]], [0.0])


@pytest.mark.parametrize(
    ("features", "scale", "weights", "reason"),
    [
        (["fit.cost", "task.cpu"], [1, 1], [([[0.5, np.nan]], [0.0])], "not finite"),
        (["fit.cost", "task.cpu"], [1, 1], [([[0.5]], [0.0])], "1 units need 2 weights"),
        (["fit.cost", "task.cpu"], [1, 1], [([[0.5, 1], [1, 1]], [0, 0])], "the score is one"),
        (["fit.cost", "task.cpu"], [1], [GOOD], "1 scales for 2 inputs"),
        (["fit.cost", "task.cpu"], [1, 0], [GOOD], "greater than 0"),
        (["fit.cost", "fit.cost"], [1, 1], [GOOD], "named twice"),
        (["task.wait", "task.cpu"], [1, 1], [GOOD], "differs between candidates"),
        (["fit.price", "task.cpu"], [1, 1], [GOOD], "an input is a feature"),
        (["fit.cost", "task.cpu"], [1, 1], [], "at least 1"),
        (["fit.cost", "task.cpu"], [1, 1], [(np.ones((80, 2)), np.ones(80)), (np.ones((1, 80)), [0])], "at most 64"),
        (["fit.cost", "task.cpu"], [1, 1], [([0.5, 1.0], [0.0])], r"weights are \[units, inputs\]"),
    ],
)
def test_a_network_with_inconsistent_shapes_is_refused(
    features: list[str], scale: list[float], weights: list[tuple[object, object]], reason: str
) -> None:
    with pytest.raises(PolicyError, match=reason):
        scoring_network(features, scale, weights)  # type: ignore[arg-type]


def test_a_policy_with_rules_and_a_network_is_refused() -> None:
    network = network_of(made()).model_dump(mode="json")
    for strategy in ({}, {"network": network, "decision_rules": [{"score": "1"}]}):
        with pytest.raises(PolicyError, match="and not both"):
            parse_policy({"policy_id": "p", "allocation_strategy": strategy})


def test_a_large_network_does_not_exhaust_the_machine() -> None:
    """As many inputs and units as a policy may have still fit into the registers."""
    policy = made((64, 64))
    scenario = random_scenario(5)
    assert compile_policy(policy).code[:, 1].max() < MAX_REGISTERS
    assert simulate(scenario, policy).summary.tasks == len(scenario.tasks)
