"""The list of conversations, and the words for modes and who answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

from aurora.agents.operator.answer import Mode
from aurora.graphs.chat.sessions import SessionRow
from aurora.web.views.chat.modes import MODES, answerer
from aurora.web.views.chat.sessions import sessions_shown

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ROWS = (
    SessionRow("aa11", "why do pods wait?", "sample:web-shop", "", "", "", "2026-11-29T11:20:00.000+00:00", 2),
    SessionRow("bb22", "", "sample:hpc-queue", "", "openai:gpt-4o", "", "2026-11-20T11:20:00.000+00:00", 1),
)


def test_rows_say_how_many_turns_who_answers_and_when() -> None:
    first, second = sessions_shown(ROWS, at=NOW)
    assert (first.title, first.detail) == ("why do pods wait?", "2 turns · rules · 40 min ago")
    assert (second.title, second.detail) == ("New conversation", "1 turn · openai:gpt-4o · 2026-11-20")
    assert first.path == "/chat/aa11"


def test_a_search_looks_at_name_snapshot_model_and_id() -> None:
    assert [s.session_id for s in sessions_shown(ROWS, "PODS why", at=NOW)] == ["aa11"]
    assert [s.session_id for s in sessions_shown(ROWS, "hpc", at=NOW)] == ["bb22"]
    assert [s.session_id for s in sessions_shown(ROWS, "gpt", at=NOW)] == ["bb22"]
    assert sessions_shown(ROWS, "nothing of this", at=NOW) == []


def test_every_mode_says_what_it_means() -> None:
    assert set(MODES) == set(get_args(Mode))


def test_it_is_said_plainly_who_answers() -> None:
    assert "without a language model" in answerer("").title
    assert answerer("openai:gpt-4o").title == "openai:gpt-4o answers"
