"""Questions to begin with are understood, and are about what is open."""

import pytest

from aurora.agents.operator.answering.talk import first_questions
from aurora.agents.operator.rules import RulesOperator
from aurora.agents.operator.understanding.meaning import understand
from aurora.graphs.chat.opening import open_desk
from aurora.tools.desk import Desk


@pytest.mark.parametrize("sample", ["web-shop", "gpu-cluster", "hpc-queue"])
def test_each_is_understood_by_the_rules(sample: str) -> None:
    desk = open_desk(f"sample:{sample}")
    names = RulesOperator().names(desk)
    questions = first_questions(desk)
    assert len(set(questions)) == len(questions) >= 5
    assert [q for q in questions if understand(q, names, ()).kind is None] == []


def test_what_waits_is_asked_only_where_something_waits_and_reserves_only_where_use_was_measured() -> None:
    full = first_questions(open_desk("sample:web-shop"))
    assert any("waiting?" in q for q in full)
    assert any("reserve" in q for q in full)
    desk = open_desk("sample:web-shop")
    calm = desk.cluster.model_copy(update={"tasks": tuple(t for t in desk.cluster.tasks if t.state == "running")})
    questions = first_questions(Desk([], snapshot=calm))
    assert not any("waiting?" in q or "reserve" in q for q in questions)


def test_without_a_cluster_there_are_none() -> None:
    assert first_questions(Desk([])) == ()
