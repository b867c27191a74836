"""A turn of a conversation: answered, checked, approved by a person, carried out once, told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from aurora.cluster.plans import folder
from aurora.errors import ModelError
from aurora.graphs.chat.approval import decision_of
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.graph import chat_graph
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.desk import Desk
from tests.graphs.chat.conftest import WEB_SHOP, Says, overview, text_of

APPROVE = {"type": "approve"}


def applied(plans, plan) -> bool:
    return folder.progress_of(plans, plan).state == "applied"


def test_what_does_not_hold_is_struck_and_reported(talk) -> None:
    step = talk().ask("how are things?")
    assert text_of(step) == "82 pods run and 3 wait. [E1]"
    assert [s.struck for s in step.answer.sentences][1].startswith("14 is no such figure")


def test_evidence_is_numbered_through_the_conversation_and_watched(talk) -> None:
    one, seen = talk(), []
    one.ask("how are things?", watch=seen.append)
    one.ask("and now?", watch=seen.append)
    assert [e.number for e in seen] == [1, 2] == [e.number for e in one.evidence]
    assert "[E2]" in one.turns[-1].answer.text


def test_a_turn_records_its_last_result_whether_told_let_go_or_stopped(talk, plans, plan) -> None:
    one = talk(overview)
    one.ask("how full is it?", mode="apply")
    one.ask(f"apply {plan.plan_id}")
    one.ask("how full is it?")  # the plan is let go
    one.stop()
    assert [t.evidence_until for t in one.turns] == [1, 2, 3, 3]


def test_messages_are_langchain_messages_without_what_was_struck(talk) -> None:
    one = talk()
    one.ask("how are things?")
    human, ai = one.state["messages"]
    assert (human.type, ai.type) == ("human", "ai")
    assert "14 nodes" not in ai.text
    assert ai.additional_kwargs["aurora"]["struck"]


@pytest.mark.parametrize("mode", ["read", "plan"])
def test_nothing_is_asked_or_applied_outside_mode_apply(talk, plans, plan, mode) -> None:
    step = talk().ask(f"apply {plan.plan_id}", mode=mode)
    assert step.request is None
    assert f"nothing is applied in mode {mode}" in text_of(step)
    assert not applied(plans, plan)


def test_read_is_the_default_and_a_person_switches(talk) -> None:
    one = talk()
    assert one.mode == "read"
    assert text_of(one.ask("/mode plan")) == "The mode is plan."
    assert one.mode == "plan"
    assert "there are read, plan, apply" in text_of(one.ask("/mode root"))
    assert one.mode == "plan"


def test_an_approved_plan_is_applied_once_and_rolled_back(talk, plans, plan) -> None:
    one = talk()
    step = one.ask(f"apply {plan.plan_id}", mode="apply")
    assert step.answer is None
    assert not applied(plans, plan)
    action, review = step.request["action_requests"][0], step.request["review_configs"][0]
    assert action["name"] == review["action_name"] == "apply_plan"
    assert action["args"] == {"plan_id": plan.plan_id, "sha256": plan.sha256, "without": []}
    assert review["allowed_decisions"] == ["approve", "edit", "reject"]
    assert "replicas 4 -> 3" in action["description"]
    told = one.decide(APPROVE)
    assert f"Plan {plan.plan_id} is applied: 5 steps" in text_of(told)
    assert applied(plans, plan)
    files = sorted(p.name for p in (plans / f"{plan.plan_id}-files").rglob("*") if p.is_file())
    assert "kustomization.yaml" in files
    assert folder.approvals(plans)[0].plan_sha256 == plan.sha256
    back = one.ask(f"rollback {plan.plan_id}")
    assert back.request["review_configs"][0]["allowed_decisions"] == ["approve", "reject"]
    assert applied(plans, plan)
    assert "is rolled back" in text_of(one.decide(APPROVE))
    assert not [p for p in (plans / f"{plan.plan_id}-files").rglob("*") if p.is_file()]


@pytest.mark.parametrize("without", [[2], "[2]", " 2 "])  # agent-chat-ui edits every argument as text
def test_an_edit_makes_another_plan_which_needs_its_own_approval(talk, plans, plan, without) -> None:
    one = talk()
    one.ask(f"apply {plan.plan_id}", mode="apply")
    edited = {"name": "apply_plan", "args": {"plan_id": plan.plan_id, "sha256": plan.sha256, "without": without}}
    step = one.decide({"type": "edit", "edited_action": edited})
    assert step.answer is None
    other = step.request["action_requests"][0]["args"]
    assert other["plan_id"] != plan.plan_id
    assert not folder.approvals(plans)
    assert "is applied" in text_of(one.decide(APPROVE))
    assert len(folder.load(plans, other["plan_id"]).changes) == 1
    assert applied(plans, folder.load(plans, other["plan_id"]))
    assert not applied(plans, plan)


def test_a_rejected_plan_changes_nothing_and_the_reason_is_told(talk, plans, plan) -> None:
    one = talk()
    one.ask(f"apply {plan.plan_id}", mode="apply")
    told = one.decide({"type": "reject", "message": "not on a Friday"})
    assert f"Plan {plan.plan_id} was rejected: not on a Friday. Nothing was changed." in text_of(told)
    assert not folder.approvals(plans)


@pytest.mark.parametrize(
    "answer", ["yes", {"decisions": []}, {"decisions": [APPROVE, APPROVE]}, {"type": "maybe"}, None, 7]
)
def test_what_is_no_decision_is_asked_again(talk, plans, plan, answer) -> None:
    from langgraph.types import Command

    one = talk()
    one.ask(f"apply {plan.plan_id}", mode="apply")
    step = one._run(Command(resume=answer if answer is not None else {}))
    assert step.request is not None
    assert not applied(plans, plan)
    assert "is applied" in text_of(one.decide(APPROVE))


def test_a_plan_altered_while_it_is_asked_about_is_refused(talk, plans, plan) -> None:
    one = talk()
    one.ask(f"apply {plan.plan_id}", mode="apply")
    path = plans / f"{plan.plan_id}.json"
    path.write_text(path.read_text().replace('"replicas": 3', '"replicas": 0'))
    told = text_of(one.decide(APPROVE))
    assert "was altered after it was written" in told
    assert not folder.approvals(plans)
    assert not (plans / f"{plan.plan_id}-files").exists()


def test_a_plan_swapped_for_another_with_a_true_hash_is_refused(talk, plans, plan) -> None:
    from aurora.cluster.plans.editing import edit

    other = edit(plan, WEB_SHOP, without=[1])
    one = talk()
    one.ask(f"apply {plan.plan_id}", mode="apply")
    (plans / f"{plan.plan_id}.json").write_text(json.dumps(other.to_json()))
    assert "Nothing was changed" in text_of(one.decide(APPROVE))
    assert not folder.approvals(plans)


def test_an_approval_that_has_expired_applies_nothing(talk, plans, plan) -> None:
    one = talk(clock=lambda: datetime.now(UTC) - timedelta(hours=2))
    one.ask(f"apply {plan.plan_id}", mode="apply")
    told = text_of(one.decide(APPROVE))
    assert "was not applied" in told
    assert not applied(plans, plan)


def test_another_question_lets_the_waiting_plan_go(talk, plans, plan) -> None:
    one = talk()
    one.ask(f"apply {plan.plan_id}", mode="apply")
    step = one.ask("how are things?")
    assert step.request is None
    assert one.request is None
    assert len(one.turns) == 2
    assert not applied(plans, plan)


def test_a_failing_model_ends_the_turn_and_not_the_conversation(talk) -> None:
    def fails(*args):
        raise ModelError("the provider is away")

    one = talk(fails)
    assert text_of(one.ask("how are things?")) == "I can't answer: the provider is away"
    assert len(one.turns) == 1


def test_a_stopped_turn_is_told_and_the_conversation_goes_on(talk) -> None:
    replies = iter([KeyboardInterrupt(), None])

    def stops(*args):
        if isinstance(next(replies), KeyboardInterrupt):
            raise KeyboardInterrupt
        return overview(*args)

    one = talk(stops)
    with pytest.raises(KeyboardInterrupt):
        one.ask("how are things?")
    one.stop()
    assert one.unfinished == ""
    assert text_of(one.ask("how are things?")).startswith("82 pods run")
    assert one.turns[0].answer.text == "Stopped; nothing was changed."


def test_a_decision_may_come_alone_or_in_a_list() -> None:
    assert decision_of({"type": "approve"}) == decision_of({"decisions": [{"type": "approve"}]})


def test_the_graph_has_no_checkpointer_of_its_own() -> None:
    graph = chat_graph(Surroundings(Desk([], snapshot=WEB_SHOP), Says(overview)))
    assert graph.checkpointer is None
    assert graph.invoke({"messages": [("user", "how are things?")]})["messages"][-1].text.startswith("82 pods")


def test_a_conversation_is_found_again_by_its_id(plans) -> None:
    saver = InMemorySaver()
    surroundings = Surroundings(Desk([], snapshot=WEB_SHOP, plans=plans), Says(overview))
    Conversation(surroundings, "a", saver).ask("how are things?")
    assert len(Conversation(surroundings, "a", saver).turns) == 1
    assert not Conversation(surroundings, "b", saver).turns


def test_ctrl_c_stops_a_turn_that_still_waits_and_drops_what_comes_later(talk) -> None:
    import _thread
    import threading

    begun, late = threading.Event(), threading.Event()

    def slow(question, *rest):
        if question == "slow":
            begun.set()
            late.wait(20)
        return overview(question, *rest)

    one = talk(slow)
    threading.Thread(target=lambda: (begun.wait(20), _thread.interrupt_main())).start()
    with pytest.raises(KeyboardInterrupt):
        one.ask("slow")
    assert one.is_at_work
    one.stop()
    assert text_of(one.ask("how are things?")).startswith("82 pods run")
    late.set()
    one._left[0].wait(20)
    assert not one.is_at_work
    assert [t.answer.text[:8] for t in one.turns] == ["Stopped;", "82 pods "]
    assert one.unfinished == ""
