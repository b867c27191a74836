import numpy as np

from aurora.agents.arena.templates import placement_template, queue_templates
from aurora.agents.search.lineage import FIRST_SIGMA, Lineage, inherited, new_lineage, rows_of, weights_of
from aurora.sim.policies.compiler import parse_sections, policy_key, with_sections
from aurora.sim.policies.expression import parse
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES


def with_score(policy: Policy, place: int, score: str) -> Policy:
    sections = parse_sections(policy)
    rules = list(sections.rules)
    rules[place] = (rules[place][0], parse(score))
    strategy = with_sections(policy.allocation_strategy, sections._replace(rules=tuple(rules)))
    child = policy.model_copy(update={"allocation_strategy": strategy})
    return child.model_copy(update={"policy_id": policy_key(child)})


def learnt(policy: Policy) -> Lineage:
    size = len(weights_of(new_lineage(policy)).start)
    shape = np.tril(np.random.default_rng(0).normal(size=(size, size)))
    return new_lineage(policy).model_copy(update={"shape": rows_of(shape), "sigma": 0.1})


def test_a_child_with_another_term_keeps_what_tuning_learned_about_the_others() -> None:
    parent = learnt(queue_templates()[0])
    text = queue_templates()[0].allocation_strategy.order
    strategy = queue_templates()[0].allocation_strategy.model_copy(update={"order": f"0.5 * task.priority + {text}"})
    child = queue_templates()[0].model_copy(update={"allocation_strategy": strategy})
    before, after = weights_of(parent), weights_of(inherited(parent, child))
    old, new = before.shape @ before.shape.T, after.shape @ after.shape.T
    assert np.allclose(new[1:, 1:], old, rtol=1e-3, atol=1e-4)
    assert np.allclose(new[0, 1:], 0, atol=1e-9)
    # The new weight moves by the first step size of its own scale, though the others' step size is smaller by now.
    assert np.isclose(parent.sigma * np.sqrt(new[0, 0]), FIRST_SIGMA * 0.5)


def test_a_child_without_a_term_keeps_the_rest_of_the_covariance() -> None:
    policy = placement_template()
    parent = learnt(policy)
    score = policy.allocation_strategy.decision_rules[0].score
    before_it, after_it = score.split(" + 0.0 * (fit.stranded_accelerators / 8)")
    shorter = with_score(policy, 0, before_it + after_it)
    child = inherited(parent, shorter)
    before, after = weights_of(parent), weights_of(child)
    assert len(after.start) == len(before.start) - 1
    kept = [k for k in range(len(before.start)) if k != 2]
    old, new = before.shape @ before.shape.T, after.shape @ after.shape.T
    assert np.allclose(new, old[np.ix_(kept, kept)], rtol=1e-3, atol=1e-3)


def test_an_unchanged_policy_inherits_its_distribution() -> None:
    parent = learnt(placement_template())
    before, after = weights_of(parent), weights_of(inherited(parent, placement_template()))
    assert np.allclose(after.shape @ after.shape.T, before.shape @ before.shape.T, rtol=1e-3, atol=1e-3)


def test_a_child_that_shares_nothing_starts_with_its_own_scales() -> None:
    child = inherited(learnt(queue_templates()[0]), placement_template())
    assert child.sigma == FIRST_SIGMA
    assert np.allclose(weights_of(child).shape, weights_of(new_lineage(placement_template())).shape, atol=1e-5)


def test_a_policy_without_weights_has_an_empty_lineage() -> None:
    assert len(weights_of(inherited(learnt(queue_templates()[0]), REFERENCES["fcfs"])).start) == 0
