import numpy as np
import pytest

from aurora.agents.arena.evaluation import advantage, arena
from aurora.agents.arena.sources import open_source
from aurora.agents.arena.templates import general_template
from aurora.agents.search.pruning import Term, prune, terms, without
from aurora.sim.kernel import encode
from aurora.sim.policies.compiler import policy_key
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES

SOURCE = open_source("generated", None)


def scored(score: str, order: str = "task.submit_time") -> Policy:
    return Policy(
        policy_id="p", allocation_strategy=AllocationStrategy(order=order, decision_rules=(DecisionRule(score=score),))
    )


@pytest.fixture(scope="module")
def ground():
    rng = np.random.default_rng(4)
    return arena(SOURCE, [encode(SOURCE.expand(SOURCE.sample("batch", 2, rng))) for _ in range(8)], 1)


def test_terms_are_those_of_sums() -> None:
    policy = scored("-fit.cost + 2 * fit.energy - 3 * node.speed", "task.wait + task.cpu")
    assert terms(policy) == [Term(0, 0), Term(0, 1), Term(1, 0), Term(1, 1), Term(1, 2)]
    assert terms(scored("-fit.cost")) == []


def test_a_policy_without_a_term_keeps_the_signs_of_the_others() -> None:
    policy = scored("-fit.cost - (2 * fit.energy - 3 * node.speed)")
    assert without(policy, [Term(1, 1)]).allocation_strategy.decision_rules[0].score == "-fit.cost + 3 * node.speed"
    smaller = without(policy, [Term(1, 0), Term(1, 1), Term(1, 2)])
    assert smaller.allocation_strategy.decision_rules[0].score == "-fit.cost"
    assert smaller.policy_id == policy_key(smaller)


def test_terms_without_effect_go_and_the_others_stay(ground) -> None:
    pruned = prune(scored("0.000001 * cluster.time - fit.cost + 0 * node.speed + task.priority"), ground, 1)
    assert pruned.policy.allocation_strategy.decision_rules[0].score == "-fit.cost"
    assert pruned.dropped == 3
    assert np.array_equal(advantage(ground, pruned.policy, 1), advantage(ground, REFERENCES["cheapest"], 1))


def test_a_pruned_policy_achieves_as_much_with_fewer_terms(ground) -> None:
    template = general_template()
    pruned = prune(template, ground, 1, rounds=3)
    assert 0 < pruned.dropped <= len(terms(template)) - len(terms(pruned.policy))
    assert advantage(ground, pruned.policy, 1).mean() >= advantage(ground, template, 1).mean()
    assert prune(template, ground, 2, rounds=3) == pruned
