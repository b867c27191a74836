"""A model's turn that its process did not live to end has its evidence when it goes on."""

from __future__ import annotations

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from aurora.agents.roles.operator import ModelOperator
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.surroundings import Surroundings
from aurora.prompts.loader import load_prompt
from aurora.tools.desk import Desk
from tests.agents.scripted_model import calls, scripted
from tests.graphs.chat.conftest import WEB_SHOP


class Killed(BaseException):
    """Ends a turn as a kill of its process does, after what was kept of it."""


def dies(messages):
    raise Killed


def replies():
    """Look something up, then say it with its evidence."""
    return calls(("find_tasks", {"contains": "zebra"})), '0 tasks match "zebra" [E1].'


def opened(saver, *given) -> Conversation:
    operator = ModelOperator(scripted(*given), load_prompt("operator"))
    return Conversation(Surroundings(Desk([], snapshot=WEB_SHOP), operator), "one", saver)


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_model_goes_on_with_its_evidence(is_shown) -> None:
    saver, shown = InMemorySaver(), []
    with pytest.raises(Killed):
        opened(saver, replies()[0], dies).ask("which tasks are zebras?", mode="read", show=shown.append)
    talk = opened(saver, *replies())
    assert talk.unfinished == "which tasks are zebras?"
    step = talk.go_on(show=shown.append) if is_shown else talk.go_on()
    assert [(s.text, s.struck) for s in step.answer.sentences] == [('0 tasks match "zebra".', "")]
    assert [e.tool for e in talk.evidence] == ["find_tasks"]
