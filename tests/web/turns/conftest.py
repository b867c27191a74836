"""A server's conversations with an operator of our own."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from aurora.graphs.chat.sessions import Sessions
from aurora.tools.desk import Desk
from aurora.web.settings import WebSettings
from aurora.web.turns import Turns
from tests.graphs.chat.conftest import WEB_SHOP, Says, overview, plan, plans

__all__ = ["plan", "plans"]


def room(folder, plans, **settings):
    settings = WebSettings(sessions=folder / "sessions.sqlite", plans=plans, **settings)
    return SimpleNamespace(
        settings=settings,
        desk=Desk([], snapshot=WEB_SHOP, plans=plans),
        sessions=Sessions(settings.sessions),
        who="Ann",
    )


def answering(turns: Turns, reply: Callable = overview) -> Says:
    """Have an operator of our own answer."""
    says = reply if hasattr(reply, "answer") else Says(reply)
    turns._opening._operator = lambda model: says
    return says


@pytest.fixture
def turns(tmp_path, plans):
    place = room(tmp_path, plans)
    found = Turns(place)
    answering(found)
    yield found
    found.close(5)
    place.sessions.close()
