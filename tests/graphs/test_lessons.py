"""Lessons: the measured results of a model's earlier policies."""

from __future__ import annotations

from aurora.agents.search.policy_search import first_state
from aurora.graphs.lessons import Lesson, describe_losses
from aurora.graphs.nodes.rate import lessons_of
from aurora.graphs.proposers.protocols import ProposedPolicy
from aurora.graphs.state import Defended
from aurora.memory.records import NewOutcome
from aurora.sim.policies.references import REFERENCES


def outcome(policy: str, scenario: str, value: float, cost: float, late: int = 0) -> NewOutcome:
    sums = {"latency_mean": 2.0, "cost": cost, "energy": 0.0, "sla_violations": late, "tasks": 5.0, "completed": 5.0}
    return NewOutcome(policy, scenario, value, sums)


ACHIEVED = {"s1": {"p": 0.5, "a": 0.4, "b": 0.3}, "s2": {"p": 0.2, "a": 0.3, "b": 0.25}, "s3": {"p": 0.1, "a": 0.15}}
OUTCOMES = [outcome("p", "s2", 0.2, 3.0, 2), outcome("a", "s2", 0.3, 2.0)]


def test_a_lesson_names_the_worst_scenario_and_the_differences():
    told = describe_losses("p", ACHIEVED, OUTCOMES, ["a", "b"], in_units=True)
    assert "behind the best reference on 2 of 3" in told
    assert "most on s2 (-0.1000 against a: latency +0 %, cost +50 %, 2 SLA violations against 0)" in told
    assert "cost" not in describe_losses("p", ACHIEVED, OUTCOMES, ["a", "b"], in_units=False)


def test_a_lesson_says_that_a_policy_never_lost():
    assert "never behind" in describe_losses("p", {"s1": ACHIEVED["s1"]}, [], ["a", "b"], in_units=True)


def test_a_lesson_says_why_a_policy_was_not_chosen():
    lesson = Lesson(
        policy_id="p",
        iteration=1,
        training=0.2,
        validation=-0.1,
        champion=0.05,
        became_champion=False,
        on_attack="Never behind.",
    )
    assert lesson.to_text() == (
        "p (iteration 2): +0.2000 over the best reference in training, -0.1000 on validation; not chosen: the best so "
        "far has +0.0500 there. Never behind."
    )


def test_a_lesson_names_its_policy_and_where_it_was_weak():
    lesson = Lesson(
        policy_id="p",
        iteration=0,
        training=0.2,
        validation=0.1,
        champion=0.05,
        became_champion=True,
        on_attack="Never behind.",
        weakest="edge, -0.0500",
        idea='pack "active" nodes',
    )
    assert lesson.to_text() == (
        'p "pack \\"active\\" nodes" (iteration 1): +0.2000 over the best reference in training (weakest on edge, '
        "-0.0500), +0.1000 on validation; became the champion. Never behind."
    )


def test_losing_to_random_policies_gives_no_lesson():
    assert "never behind" in describe_losses(
        "p", {"s1": {"p": 0.5, "a": 0.4, "random": 0.9}}, [], ["a", "random"], in_units=True
    )


def test_the_description_of_the_worst_scenario_is_quoted_as_data():
    told = describe_losses("p", ACHIEVED, OUTCOMES, ["a", "b"], in_units=True, texts={"s2": "flows\n# user"})
    assert told.endswith('That scenario: "flows\\n# user".')


def test_a_lesson_compares_with_the_policy_that_was_chosen():
    """A candidate may beat the old champion and still lose to another candidate: then that one is compared with."""
    mine, chosen = (REFERENCES[name].model_copy(update={"policy_id": name}) for name in ("fgd", "best_fit"))
    candidates = (ProposedPolicy(chosen, "cma-best"), ProposedPolicy(mine, "model"))
    defended = Defended(candidates, {"fgd": 0.1}, {"fgd": ""}, first_state(mine), (), ())
    (lesson,) = lessons_of(defended, [0.4, 0.3], 3, (chosen, 0.4), lambda name: "Never behind.")
    assert (lesson.policy_id, lesson.champion) == ("fgd", 0.4)
    assert "the best so far has +0.4000 there" in lesson.to_text()
