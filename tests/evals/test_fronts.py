"""The champions of a front decide as their champion does where the objectives have the weights of the preference."""

import numpy as np
import pytest

from aurora.agents.arena.alterations import with_change, with_weights
from aurora.agents.arena.sources import open_source
from aurora.agents.arena.templates import general_template
from aurora.champions.champion import Champion
from aurora.champions.shipped import shipped_champion, shipped_champions
from aurora.errors import InputError
from aurora.evals.fronts import PREFERENCES, front_champion, specialised
from aurora.evals.shipping import Judging
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy, parse_sections
from aurora.sim.policies.expression import Ref, walk
from aurora.sim.policies.policy import DecisionRule, Policy
from aurora.sim.rewards import score


def reads_weights(policy: Policy) -> bool:
    order, admit, rules = parse_sections(policy)
    return any(
        isinstance(e, Ref) and e.name.startswith("objective.") and not e.name.endswith("_target")
        for part in (order, admit, *(p for rule in rules for p in rule))
        for e in walk(part)
    )


@pytest.mark.parametrize("preference", PREFERENCES)
def test_a_specialised_policy_decides_alike_without_reading_the_weights(preference: str) -> None:
    weights = PREFERENCES[preference].weights
    source = with_weights(open_source("generated", None), weights)
    policy = general_template()
    fixed = specialised(policy, weights)
    assert reads_weights(policy)
    assert not reads_weights(fixed)
    rng = np.random.default_rng(7)
    for family in source.training[:4]:
        encoded = encode(source.expand(source.sample(family, 2, rng)))
        assert encoded.scenario.weights() == pytest.approx(weights)
        tasks = [run(encoded, compile_policy(p)).tasks for p in (policy, fixed)]
        assert tasks[0].start.tolist() == tasks[1].start.tolist()
        assert tasks[0].node.tolist() == tasks[1].node.tolist()


def test_a_rule_for_other_weights_is_dropped() -> None:
    policy = general_template()
    only_cheap = DecisionRule(when="objective.cost > 0.5", score="-fit.cost")
    rules = (only_cheap, *policy.allocation_strategy.decision_rules)
    both = policy.model_copy(
        update={"allocation_strategy": policy.allocation_strategy.model_copy(update={"decision_rules": rules})}
    )
    assert len(specialised(both, PREFERENCES["cheap"].weights).allocation_strategy.decision_rules) == 1
    assert specialised(both, PREFERENCES["fast"].weights) == specialised(policy, PREFERENCES["fast"].weights)


def test_weights_rule_the_reward_of_a_source_with_weights() -> None:
    source = with_weights(open_source("generated", None), {"cost": 1.0})
    encoded = encode(source.expand(source.sample("batch", 1, np.random.default_rng(0))))
    outcome = score(run(encoded, compile_policy(general_template())).summary, encoded.scenario)
    assert set(outcome.objectives) == {"cost"}


def test_an_unknown_preference_and_another_source_are_refused() -> None:
    source = open_source("generated", None)
    with pytest.raises(InputError, match="balanced"):
        front_champion(shipped_champion("gpu"), "dear", source, Judging(1))
    with pytest.raises(InputError, match="openb"):
        front_champion(shipped_champion("gpu"), "cheap", source, Judging(1))


@pytest.mark.parametrize("champion", [c for c in shipped_champions() if c.weights], ids=lambda c: c.name)
def test_a_front_that_ships_is_its_parent_with_these_weights(champion: Champion) -> None:
    parent = shipped_champion(champion.provenance.parent)
    assert specialised(parent.policy, champion.weights).allocation_strategy == champion.policy.allocation_strategy


def test_weights_are_given_beside_another_change() -> None:
    drawn = open_source("generated", None)
    source = with_weights(with_change(drawn, "prices"), {"cost": 1.0})
    spec = drawn.sample("batch", 1, np.random.default_rng(0))
    assert source.expand(spec).nodes[0].price_per_hour == 3 * drawn.expand(spec).nodes[0].price_per_hour
    assert source.expand(spec).objectives == ("cost",)
