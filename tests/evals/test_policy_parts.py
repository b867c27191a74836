"""Ablation of a policy: which parts there are, and what their loss is."""

import pytest

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.evals.policy_parts import losses, parts
from aurora.evals.shipping import Judging, fresh
from aurora.sim.policies.compiler import compile_policy, parse_sections
from aurora.sim.policies.expression import to_text
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.policies.references import REFERENCES


def policy(*scores: str, **strategy) -> Policy:
    whens = [*(f"task.cpu > {k + 1}" for k in range(len(scores) - 1)), "1"]
    rules = [{"when": when, "score": score} for when, score in zip(whens, scores, strict=True)]
    return parse_policy({"policy_id": "p", "allocation_strategy": {"decision_rules": rules, **strategy}})


def names(given: Policy) -> list[str]:
    return [without.part for without in parts(given)]


def score_without(given: Policy, part: str) -> str:
    (found,) = (w.policy for w in parts(given) if w.part == part)
    return to_text(parse_sections(found).rules[0][1])


def test_terms_rules_and_choices_are_parts() -> None:
    given = policy(
        "2 * fit.cpu_left - fit.cost", "-(fit.cost + 3)", order="task.duration", admit="fit.cpu_left > 0.1",
        device_choice="worst_fit",
    )  # fmt: skip
    assert names(given) == [
        "the order: tasks by arrival instead",
        "admit fit.cpu_left > 0.1",
        "rule when task.cpu > 1",
        "term fit.cpu_left of the scores",
        "term fit.cost of the scores",
        "term 3 of the scores",
        "device choice worst_fit: best_fit instead",
    ]
    for without in parts(given):
        compile_policy(without.policy)


@pytest.mark.parametrize(
    ("score", "part", "left"),
    [
        ("fit.cost - 2 * fit.energy", "fit.cost", "-(2 * fit.energy)"),
        ("fit.cost - (fit.energy - fit.latency)", "fit.energy", "fit.cost + fit.latency"),
        ("fit.cost + -3 * fit.cost + fit.energy / 4", "fit.cost", "fit.energy / 4"),
        ("fit.cost", "fit.cost", "0"),
    ],
)
def test_the_other_terms_keep_their_signs(score, part, left) -> None:
    assert score_without(policy(score), f"term {part} of the scores") == left


def test_the_loss_of_what_decides_is_a_loss_and_of_what_does_not_is_none() -> None:
    source = GeneratedSource()
    _, scenarios = fresh(source, "spot", Judging(per_family=4))
    given = REFERENCES["cheapest"]
    with_nothing = given.model_copy(
        update={"allocation_strategy": policy("-fit.cost + 0 * fit.energy").allocation_strategy}
    )
    found = {row.part: row.loss for row in losses(with_nothing, source, [scenarios], 1)}
    assert found["term fit.cost of the scores"].mean > 0
    assert found["term fit.energy of the scores"].mean == 0
    assert next(iter(found)) == "term fit.cost of the scores"
