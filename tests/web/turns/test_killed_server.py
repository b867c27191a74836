"""A server that is killed in the middle of turns: the next one goes on with them, and applies nothing twice."""

from __future__ import annotations

import signal

import pytest

from aurora.cluster.plans import folder
from aurora.web.turns import Turns
from tests.processes import forked
from tests.web.turns import victim
from tests.web.turns.conftest import answering, room
from tests.web.turns.test_turns import ended


@pytest.mark.parametrize("place", ["waiting", "answer", "check", "asked", "journal:2", "journal:6"])
def test_the_next_server_goes_on(tmp_path, plan, plans, place, monkeypatch) -> None:
    dead = forked(victim.serve, tmp_path, plan.plan_id, place)
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    session = dead.stdout.split()[0]
    says = answering(type("T", (), {"_opening": type("O", (), {})()})())
    monkeypatch.setattr("aurora.web.turns.opening.open_operator", lambda model: says)
    turns = Turns(room(tmp_path, plans))
    events = list(turns.events(session))
    ended(turns, session)
    assert turns._register.at_work() == []
    assert turns.row(session, owner="ann").session_id == session
    if place != "asked":
        assert events[0][1].cause == ("question" if place == "waiting" else "resumed")
    if turns.conversation(session).request is not None:
        assert folder.progress_of(plans, plan).state == "not started"
        turns.decide(session, {"type": "approve", "sha256": plan.sha256})
        list(turns.events(session))
        ended(turns, session)
    assert "is applied" in turns.conversation(session).turns[-1].answer.text
    assert len(turns.conversation(session).turns) == 2
    lines = (plans / f"{plan.plan_id}.journal.jsonl").read_text().splitlines()
    assert sum('"intent"' in line for line in lines) == len(folder.progress_of(plans, plan).steps)
    turns.close()
