"""The operator without a model on clusters of which little is known: it says so and does not fail."""

from datetime import UTC, datetime

import pytest

from aurora.agents.operator.checking import check_answer
from aurora.agents.operator.rules import RulesOperator
from aurora.cluster.snapshot import Node, Snapshot, Task
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.tools.registry import ROWS

AT = datetime(2026, 6, 15, tzinfo=UTC)
EMPTY = Snapshot(snapshot_id="empty", system="csv", taken_at=AT, nodes=())
BARE = Snapshot(
    snapshot_id="bare",
    system="csv",
    taken_at=AT,
    nodes=tuple(Node(node_id=n, capacity={"cpu": 4.0}, allocatable={"cpu": 4.0}) for n in ("alpha", "beta")),
    tasks=(
        Task(task_id="t1", state="running", node_id="alpha", requests={"cpu": 1.0}, limits={}, used={}),
        Task(task_id="t2", state="pending", requests={"cpu": 9.0}, limits={}, used={}),
    ),
)
QUESTIONS = [
    "status",
    "why is t1 on alpha",
    "why is t2 waiting",
    "what is waiting",
    "why is t1 not on beta",
    "what if load doubles",
    "what if alpha fails",
    "what if prices double",
    "add two nodes",
    "can we do without beta",
    "forecast for the next hour",
    "how much should I reserve",
    "what is oversized",
    "which policy is best",
    "compare best_fit and first_fit",
    "make a plan to place what waits",
    "drain alpha",
    "what do you recommend",
    "fullest nodes",
    "emptiest nodes",
    "dearest nodes",
    "show alpha",
    "show task t1",
    "help",
    "is the plan valid",
    "apply the plan",
    "hello",
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("snapshot", [EMPTY, BARE, None], ids=["empty", "bare", "none"])
def test_little_is_known(snapshot, question, tmp_path):
    desk = Desk([], snapshot=snapshot, plans=tmp_path)
    harness = Harness(desk, list(ROWS))
    answer = check_answer(RulesOperator().answer(question, harness, (), "plan"), harness.journal, desk)
    assert [(s.text, s.struck) for s in answer.sentences if s.struck] == []
    assert len(answer.sentences) > 1


def test_prices_that_are_not_known_are_said_to_be_so():
    desk = Desk([], snapshot=BARE)
    harness = Harness(desk, list(ROWS))
    assert "prices are not known" in RulesOperator().answer("status", harness, (), "read").text
