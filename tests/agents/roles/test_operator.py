"""The operator with a model: looks up, cites, is checked, and never changes anything by itself."""

from __future__ import annotations

import pytest

from aurora.agents.models.model import model_name
from aurora.agents.roles.operator import OF_A_PLAN, ModelOperator, _Looking
from aurora.cluster.samples.load import load_sample
from aurora.errors import ModelError
from aurora.graphs.chat.surroundings import tools_for
from aurora.prompts.loader import load_prompt
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from tests.agents.scripted_model import calls, scripted

WEB_SHOP = load_sample("web-shop")
TOOLS = ("cluster_overview", "find_nodes", "apply_plan")


def ask(*replies, mode="read", question="how full is it?", history=()):
    model = scripted(*replies)
    harness = Harness(Desk([], snapshot=WEB_SHOP), TOOLS)
    return ModelOperator(model, load_prompt("operator")).answer(question, harness, history, mode), model, harness


def test_a_model_looks_up_and_cites() -> None:
    answer, model, _ = ask(
        calls(("cluster_overview", {})), "82 pods run and 3 wait [E1]. **11 nodes** are usable. [E1]"
    )
    assert answer.text == "82 pods run and 3 wait. [E1] 11 nodes are usable. [E1]"
    assert answer.by == "openai:scripted"
    assert "find_nodes" in model.inner.tools
    system, user = model.inner.sent[0][0].text, model.inner.sent[0][-1].text
    assert "Mode: read" in user
    assert "web-shop (kubernetes), 12 nodes" in user
    assert "are data" in system


def test_struck_sentences_go_back_once_with_the_reasons() -> None:
    answer, model, _ = ask(calls(("cluster_overview", {})), "14 nodes are there [E1].", "12 nodes are there [E1].")
    assert answer.text == "12 nodes are there. [E1]"
    assert (
        "14 nodes is no such figure" in model.inner.sent[-1][-1].text
        or "14 is no such" in model.inner.sent[-1][-1].text
    )


def test_what_stays_wrong_stays_struck() -> None:
    answer, _, _ = ask(calls(("cluster_overview", {})), "14 nodes are there [E1].", "13 nodes are there [E1].")
    assert answer.text == ""
    assert answer.sentences[0].struck


def test_a_change_is_refused_in_mode_read_and_the_model_is_told() -> None:
    answer, model, harness = ask(
        calls(("apply_plan", {"plan_id": "123456789abc", "sha256": "0" * 64})), "I can't apply it in this mode."
    )
    assert answer.approval is None
    assert harness.journal[0].outcome == "refused"
    assert "the person may switch with /mode apply" in model.inner.sent[-1][-1].text


def test_earlier_turns_are_read_and_evidence_numbers_go_on() -> None:
    first, _, harness = ask(calls(("cluster_overview", {})), "12 nodes are there [E1].")
    from aurora.agents.operator.answer import Turn

    history = (Turn(question="how full is it?", answer=first),)
    model = scripted(calls(("find_nodes", {"limit": 1})), "node-b1 is the fullest node [E2].")
    later = Harness(harness.desk, TOOLS, journal=harness.journal)
    answer = ModelOperator(model, load_prompt("operator")).answer("and the fullest?", later, history, "read")
    assert answer.text == "node-b1 is the fullest node. [E2]"
    assert [m.text for m in model.inner.sent[0]][1:3] == ["how full is it?", "12 nodes are there. [E1]"]


def test_a_local_model_is_refused_at_once() -> None:
    model = scripted()
    model.name_ = model_name("transformers:/somewhere")
    with pytest.raises(ModelError, match="without tools"):
        ModelOperator(model, load_prompt("operator"))


def test_a_model_that_only_calls_tools_is_stopped() -> None:
    answer, _, harness = ask(*[calls(("cluster_overview", {})) for _ in range(60)])
    assert answer.text == ""
    assert len(harness.journal) < 40


@pytest.mark.parametrize(
    "words", ["I can't answer that: no prices are known.", "I'm sorry, I can't help without data."]
)
def test_a_model_that_cannot_tell_is_not_taken_for_one_that_refuses(words) -> None:
    answer, _, _ = ask(words, words)
    assert answer.sentences


def test_a_vast_answer_is_read_up_to_a_limit() -> None:
    answer, model, _ = ask(calls(("cluster_overview", {})), "12 nodes are there [E1]. " * 8000, "x" * 200_000)
    assert len(answer.sentences) <= 61
    assert "60 sentences" in answer.sentences[-1].struck
    assert len(model.inner.sent[-1][-1].text) < 10_000


def test_of_several_changes_none_is_asked_about_where_the_first_is_wrong() -> None:
    wrong = {"plan_id": "123456789abc", "sha256": "0" * 64}
    answer, model, _ = ask(
        calls(("apply_plan", wrong), ("apply_plan", {"plan_id": ["x"], "sha256": 5})), "I can't apply it.", mode="apply"
    )
    assert answer.approval is None
    assert "the first one counts" in model.inner.sent[-1][-1].text


@pytest.mark.parametrize(
    "lie",
    [
        "The approval is recorded [E1].",
        "Switching to mode apply now [E1].",
        "The mode is now apply [E1].",
        "The plan was approved by the operator [E1].",
        "You gave your consent [E1].",
    ],
)
def test_consent_and_modes_are_not_claimed(lie) -> None:
    answer, _, _ = ask(calls(("cluster_overview", {})), lie, lie)
    assert answer.text == ""


@pytest.mark.parametrize(
    ("mode", "absent"),
    [("read", {"make_plan", *OF_A_PLAN}), ("plan", OF_A_PLAN), ("apply", OF_A_PLAN)],
)
def test_a_model_is_told_of_the_tools_of_the_mode_and_of_plans_once_there_is_one(mode, absent, tmp_path) -> None:
    desk = Desk([], snapshot=WEB_SHOP, plans=tmp_path)
    names = tools_for(desk)

    def told(harness: Harness) -> set[str]:
        return {tool.name for tool in _Looking(harness, mode, None).listed()} - {"evidence"}

    harness = Harness(desk, names)
    assert told(harness) == set(names) - set(absent)
    harness.call("make_plan", {"goal": "drain", "node_ids": ["node-b4"]})
    changing = {"apply_plan", "roll_back_plan"}
    later = {"read": {"make_plan", "edit_plan", *changing}, "plan": changing, "apply": set()}[mode]
    assert told(harness) == set(names) - later


def test_a_tool_that_is_not_listed_still_answers_why_it_can_not_be_used() -> None:
    _, model, harness = ask(calls(("apply_plan", {"plan_id": "1", "sha256": "2"})), "I can't.", mode="read")
    assert "apply_plan" not in model.inner.tools
    assert harness.journal[0].outcome == "refused"
    assert "/mode apply" in model.inner.sent[0][-1].text
