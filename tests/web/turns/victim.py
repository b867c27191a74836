"""A server for a process of its own, which is killed in the middle of turns."""

import os
import signal
from pathlib import Path

from aurora.cluster.plans import journal
from aurora.graphs.chat import graph as chat
from aurora.web.turns import Turns
from tests.graphs.chat.conftest import overview
from tests.graphs.chat.victim import killed
from tests.web.turns.conftest import answering, room


def serve(folder: Path, plan_id: str, place: str) -> None:
    """Hold a conversation, print its id, and be killed at a place."""
    turns = Turns(room(folder, folder / "plans"))
    says = answering(turns)
    session = turns.new(owner="ann").session_id
    print(session, flush=True)
    turns.start(session, "how are things?")
    list(turns.events(session))
    name, _, number = place.partition(":")
    if name == "waiting":
        turns._work = lambda live, start: os.kill(os.getpid(), signal.SIGKILL)
    elif name == "answer":
        says.reply = killed(0, overview)
    elif name == "check":
        chat.check_answer = killed(0, chat.check_answer)
    elif name == "journal":
        journal._append = killed(int(number), journal._append)
    while turns.is_busy(session):
        pass
    turns.start(session, f"apply {plan_id}", mode="apply")
    list(turns.events(session))
    while turns.is_busy(session):
        pass
    if name == "asked":
        os.kill(os.getpid(), signal.SIGKILL)
    turns.decide(session, {"type": "approve"})
    list(turns.events(session))
