"""Explanations of placements and of whole runs."""

from aurora.agents.explain.explainer import explain, explain_case
from aurora.agents.explain.run_explainer import explain_plan
from aurora.sim.explain.claims import Case
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node
from tests.sim.explain.test_decision import A, B, decide, scored, small

C = Node(node_id="c", cpu=32, memory=64, price_per_hour=3)


def test_a_short_explanation_has_reason_runner_up_and_flip() -> None:
    text = explain(small(A, B, C), scored("-node.price"), "t").text
    assert text == (
        "Task t on a, because: lowest price of the candidates ($1/h); runner-up b lost on price; "
        "it would have won if its price were under $1/h (it was $1.5/h)."
    )


def test_a_line_names_the_first_reason_only() -> None:
    assert explain(small(A, B), scored("-node.price"), "t", level="line").text == (
        "Task t on a: lower price than b ($1/h against $1.5/h)."
    )


def test_engineers_see_feature_names_and_the_terms_of_the_score() -> None:
    text = explain(small(A, B), scored("2 * node.cpu_free - node.price"), "t", level="full", audience="engineer").text
    assert "higher node.cpu_free than a (16 cores against 8 cores)" in text
    assert "2 * node.cpu_free: 32 against 16 (103.2 %)" in text
    assert "-node.price: -1.5 against -1 (-3.2 %)" in text


def test_a_tie_is_reported_as_a_tie() -> None:
    twin = A.model_copy(update={"node_id": "twin"})
    assert "same score as twin" in explain(small(A, twin), scored("1"), "t").text


def test_an_only_candidate_is_reported_as_such() -> None:
    small_b = B.model_copy(update={"cpu": 1})
    assert "the only candidate with room" in explain(small(A, small_b), scored("1"), "t").text


def test_a_run_is_explained_by_its_most_important_node() -> None:
    told = explain_plan(small(A, B), REFERENCES["cheapest"])
    assert told.reasons == {"cost": 1}
    assert all(c.holds for c in told.checked)
    assert "Without b, which served most tasks, it would be worse: cost $0.00417 instead of $0.00313." in told.text


def test_the_text_contains_only_true_claims() -> None:
    told = explain_case(Case(small(A, B), scored("-node.price"), decide(small(A, B), scored("-node.price"))))
    assert all(c.holds for c in told.checked)
