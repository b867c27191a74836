"""Comparison of policies: the winner, its lead, and the reason."""

import numpy as np
import pytest

from aurora.evals.compare import compare_policies, suitable_references
from aurora.sim.kernel import simulate
from aurora.sim.optimum.plans import plan_of
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import score
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec

SCENARIOS = [expand(sample_spec("batch", 2, np.random.default_rng(seed))) for seed in range(3)]
FEW = {n: REFERENCES[n] for n in ("first_fit", "cheapest", "fastest")}


def test_the_standings_equal_single_simulations() -> None:
    found = compare_policies(SCENARIOS, FEW)
    for standing in found.standings:
        summaries = [simulate(s, FEW[standing.policy_id]).summary for s in SCENARIOS]
        rewards = [score(summary, s).reward for s, summary in zip(SCENARIOS, summaries, strict=True)]
        assert list(standing.rewards.values()) == rewards
        assert standing.reward.mean == pytest.approx(np.mean(rewards))
        assert standing.amounts["cost"] == pytest.approx(np.mean([s.cost for s in summaries]))
        assert sum(standing.parts.values()) == pytest.approx(standing.reward.mean)
    means = [s.reward.mean for s in found.standings]
    assert means == sorted(means, reverse=True)
    assert found.winner.behind == (0.0, 0.0, 0.0)


def test_the_terms_of_the_reason_sum_to_the_lead() -> None:
    best, other, *_ = compare_policies(SCENARIOS[:1], FEW).standings
    gains = {o: best.parts[o] - other.parts[o] for o in best.parts}
    assert sum(gains.values()) == pytest.approx(other.behind.mean)
    why = compare_policies(SCENARIOS[:1], FEW).why
    assert why.startswith(f"{best.policy_id} is best, with a reward of {best.reward.mean:.4f}, ")
    assert all(f"{o} {g:+.4f}" in why for o, g in gains.items() if abs(g) > 1e-12)
    assert "interval" not in why


def test_several_scenarios_have_intervals_and_one_has_none() -> None:
    several = compare_policies(SCENARIOS, FEW)
    assert "of 3 scenarios, 95 % interval" in several.why
    assert several.standings[1].behind.low < several.standings[1].behind.high
    one = compare_policies(SCENARIOS[:1], FEW).standings[1].behind
    assert one.low == one.mean == one.high


def test_equal_policies_tie_and_a_single_policy_has_no_runner_up() -> None:
    twins = {"a": REFERENCES["first_fit"], "b": REFERENCES["first_fit"]}
    assert compare_policies(SCENARIOS[:1], twins).why.startswith("a, b are equal, with a reward of")
    assert "nothing else was compared" in compare_policies(SCENARIOS[:1], {"a": REFERENCES["first_fit"]}).why


def test_an_explicit_plan_is_compared_as_it_is_simulated() -> None:
    scenario = SCENARIOS[0]
    plan = plan_of(simulate(scenario, REFERENCES["cheapest"]), scenario)
    planned = REFERENCES["first_fit"].model_copy(update={"policy_id": "plan", "allocation_plan": plan})
    found = {s.policy_id: s for s in compare_policies([scenario], {"plan": planned, **FEW}).standings}
    assert found["plan"].amounts == pytest.approx(found["cheapest"].amounts)


def test_inapplicable_references_are_omitted() -> None:
    names = suitable_references(SCENARIOS)
    assert not {"fgd", "gpu_packing", "nearest", "wfp3_published"} & set(names)
    assert {"first_fit", "cheapest", "sjf+easy"} <= set(names)
    flows = expand(sample_spec("bulk", 1, np.random.default_rng(1)))
    assert "nearest" in suitable_references([flows])
