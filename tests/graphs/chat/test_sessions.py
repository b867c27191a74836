"""Conversations that are kept: listed, renamed, deleted, and whole after kill -9 at any place of a turn."""

import signal

import pytest

from aurora.cluster.plans import folder
from aurora.errors import InputError, StoreError
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.sessions import Sessions
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.desk import Desk
from tests.graphs.chat import victim
from tests.graphs.chat.conftest import WEB_SHOP, Says, overview
from tests.processes import forked


def opened(sessions, session_id, plans):
    desk = Desk([], snapshot=WEB_SHOP, plans=plans)
    return Conversation(Surroundings(desk, Says(overview)), session_id, sessions.saver)


def test_conversations_are_listed_renamed_found_and_deleted(tmp_path) -> None:
    path = tmp_path / "a" / "sessions.sqlite"
    with Sessions(path) as sessions:
        first = sessions.new("sample:web-shop")
        second = sessions.new("x.json", history="h.csv", model="openai:m")
        opened(sessions, first.session_id, tmp_path).ask("how are things?")
        sessions.touch(first.session_id, 1, "how are things?")
    with Sessions(path) as sessions:
        assert [r.session_id for r in sessions.list()] == [first.session_id, second.session_id]
        assert sessions.find("last").title == "how are things?"
        sessions.rename(first.session_id, "Monday")
        assert sessions.find("Monday").turns == 1
        assert sessions.find(second.session_id[:6]).model == "openai:m"
        sessions.delete(first.session_id)
        assert len(sessions.list()) == 1
        assert not opened(sessions, first.session_id, tmp_path).turns
        with pytest.raises(InputError, match="no such conversation"):
            sessions.find("Monday")


def test_only_the_last_checkpoint_of_a_turn_is_kept(tmp_path) -> None:
    with Sessions(tmp_path / "s.sqlite") as sessions:
        row = sessions.new("sample:web-shop")
        one = opened(sessions, row.session_id, tmp_path)
        for number in range(1, 4):
            one.ask("how are things?")
            sessions.touch(row.session_id, number)
        count = sessions._connection.execute("SELECT COUNT(*) FROM checkpoints").fetchone()[0]
        assert count == 1
        assert len(opened(sessions, row.session_id, tmp_path).turns) == 3


def test_a_waiting_plan_still_waits_in_another_process(tmp_path, plans, plan) -> None:
    path = tmp_path / "s.sqlite"
    with Sessions(path) as sessions:
        row = sessions.new("sample:web-shop")
        opened(sessions, row.session_id, plans).ask(f"apply {plan.plan_id}", mode="apply")
        sessions.touch(row.session_id, 0)
    with Sessions(path) as sessions:
        one = opened(sessions, row.session_id, plans)
        assert one.request["action_requests"][0]["args"]["plan_id"] == plan.plan_id
        assert "is applied" in one.decide({"type": "approve"}).answer.text


def test_a_file_that_is_no_database_is_reported(tmp_path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_text("nothing of the kind, and long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="move it away"):
        Sessions(path)


PLACES = [
    "answer:0",
    "answer:1",
    "check",
    *(f"journal:{n}" for n in range(0, 12, 2)),
    *(f"make:{n}" for n in range(0, 5, 2)),
    "told",
    "tell",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_turn_goes_on_and_nothing_is_applied_twice(tmp_path, plans, plan, place) -> None:
    dead = forked(victim.talk, tmp_path, plan.plan_id, place)
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    with Sessions(tmp_path / "sessions.sqlite") as sessions:
        one = opened(sessions, dead.stdout.split()[0], plans)
        assert one.unfinished
        step = one.go_on()
        if place.startswith(("answer:0", "check")):
            assert step.answer.text.startswith("82 pods run")
            step = one.ask(f"apply {plan.plan_id}", mode="apply")
        if step.request is not None:
            assert folder.progress_of(plans, plan).state == "not started"
            step = one.decide({"type": "approve"})
        assert "is applied" in step.answer.text
        assert one.unfinished == ""
        assert len(one.turns) == 2
    progress = folder.progress_of(plans, plan)
    assert progress.state == "applied"
    assert progress.done | progress.found == set(range(len(progress.steps)))
    lines = (plans / f"{plan.plan_id}.journal.jsonl").read_text().splitlines()
    assert sum('"start"' in line for line in lines) == 1
    assert sum('"intent"' in line for line in lines) == len(progress.steps)
