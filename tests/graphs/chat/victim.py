"""A conversation for a process of its own, which kills itself at a given place."""

import os
import signal
from pathlib import Path

from aurora.cluster.plans import execution, journal
from aurora.cluster.plans.targets.writing import WritingTarget
from aurora.graphs.chat import graph as chat
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.sessions import Sessions
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.desk import Desk
from tests.graphs.chat.conftest import WEB_SHOP, Says, overview


def killed(after: int, function):
    count = 0

    def call(*args, **settings):
        nonlocal count
        count += 1
        if count > after:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **settings)

    return call


def talk(folder: Path, plan_id: str, place: str) -> None:
    """Make a conversation in a folder, print its session, and be killed at a place such as `journal:4`."""
    with Sessions(folder / "sessions.sqlite") as sessions:
        row = sessions.new("sample:web-shop")
        print(row.session_id, flush=True)
        says = Says(overview)
        surroundings = Surroundings(Desk([], snapshot=WEB_SHOP, plans=folder / "plans"), says)
        name, _, number = place.partition(":")
        if name == "answer":
            says.reply = killed(int(number or 0), overview)
        elif name == "check":
            chat.check_answer = killed(0, chat.check_answer)
        elif name == "make":
            WritingTarget.make = killed(int(number), WritingTarget.make)
        elif name == "journal":
            journal._append = killed(int(number), journal._append)
        elif name == "told":
            chat._outcome_told = killed(0, chat._outcome_told)
        elif name == "tell":
            chat.message_text = killed(1, chat.message_text)
        assert execution
        one = Conversation(surroundings, row.session_id, sessions.saver)
        one.ask("how are things?")
        one.ask(f"apply {plan_id}", mode="apply")
        one.decide({"type": "approve"})
