"""Long conversations: the prompt stops growing, the state carries the newest evidence, and older is found by number."""

import re

import pytest

from aurora.agents.operator.answer import Answer, Sentence
from aurora.agents.roles.operator import ModelOperator
from aurora.graphs.chat import archive
from aurora.graphs.chat.archive import KEPT
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.sessions import Sessions
from aurora.graphs.chat.surroundings import Surroundings
from aurora.prompts.loader import load_prompt
from aurora.tools.desk import Desk
from aurora.tools.harness import Evidence
from tests.agents.scripted_model import calls, scripted
from tests.graphs.chat.conftest import WEB_SHOP, Says, text_of

TRUE = "The open system has 12 nodes"


def opened(sessions, operator, plans):
    session_id = sessions.new("sample:web-shop").session_id
    desk = Desk([], snapshot=WEB_SHOP, plans=plans)
    surroundings = Surroundings(desk, operator, archive=sessions.archive(session_id))
    return Conversation(surroundings, session_id, sessions.saver)


def looks(question, harness, history, mode) -> Answer:
    """Look at the cluster, unless evidence is named; say what it says."""
    named = re.search(r"E\d+", question)
    if named is None:
        harness.call("cluster_overview", {})
    elif "more" in question:
        harness.call("evidence", {"id": named[0]})
    cite = named[0] if named else f"E{harness.journal[-1].number}"
    return Answer(question=question, by="openai:test", sentences=(Sentence(text=f"{TRUE}.", cites=(cite,)),))


def test_old_evidence_is_found_and_cited_by_its_number(tmp_path) -> None:
    with Sessions(tmp_path / "s.sqlite") as sessions:
        one = opened(sessions, Says(looks), tmp_path)
        for _ in range(KEPT + 5):
            one.ask("how are things?")
        assert [e["number"] for e in one.state["evidence"]] == list(range(6, KEPT + 6))
        assert [e.number for e in one.evidence] == list(range(1, KEPT + 6))
        assert text_of(one.ask("what does E1 say?")) == f"{TRUE}. [E1]"
        assert text_of(one.ask("more of E2?")) == f"{TRUE}. [E2]"
        shown = one.evidence[-1]
        assert (shown.number, shown.tool, shown.outcome) == (KEPT + 6, "evidence", "ok")
        assert "there is no E999" in one.ask("what does E999 say?").answer.sentences[0].struck
        again = Conversation(one.surroundings, one.session_id, sessions.saver)
        assert again.evidence == one.evidence
        sessions.delete(one.session_id)
        assert one.surroundings.archive.all() == []


def test_without_an_archive_the_state_carries_all_evidence(talk) -> None:
    one = talk(looks)
    for _ in range(KEPT + 2):
        one.ask("how are things?")
    assert len(one.evidence) == len(one.state["evidence"]) == KEPT + 2


@pytest.mark.parametrize(("limit", "kept"), [("MOST_RESULTS", 3), ("MOST_CHARACTERS", 2)])
def test_the_archive_drops_the_oldest_beyond_its_limits(tmp_path, monkeypatch, limit, kept) -> None:
    monkeypatch.setattr(archive, limit, {"MOST_RESULTS": 3, "MOST_CHARACTERS": 2_300}[limit])
    with Sessions(tmp_path / "s.sqlite") as sessions:
        mine, other = (sessions.archive(sessions.new("sample:web-shop").session_id) for _ in range(2))
        other.keep([Evidence(1, "t", {}, "ok", "x" * 1000, 0.0)])
        for number in range(1, 8):
            mine.keep([Evidence(number, "t", {}, "ok", "x" * 1000, 0.0)])
        assert [e.number for e in mine.all()] == list(range(8 - kept, 8))
        assert [e.number for e in mine.find([1, 6, 7])] == [6, 7]
        assert len(other.all()) == 1


def test_long_questions_and_answers_are_cut_where_they_are_read_again(tmp_path) -> None:
    model = scripted(*["I don't know. " * 300] * 12)
    with Sessions(tmp_path / "s.sqlite") as sessions:
        one = opened(sessions, ModelOperator(model, load_prompt("operator")), tmp_path)
        for _ in range(10):
            one.ask("why? " * 4_000)
        one.ask("and now?")
    assert sum(len(m.text) for m in model.inner.sent[-1]) < 25_000


@pytest.mark.slow
def test_the_prompt_and_the_file_of_two_hundred_turns_are_bounded(tmp_path) -> None:
    """Measured: 9,600, 16,800 and 18,300 characters at turns 1, 20 and 200; 6.8 MB with 600 results."""
    sizes = []

    def cites(messages):
        sizes.append(sum(len(str(m.content)) for m in messages))
        newest = max(int(n) for m in messages if m.type == "tool" for n in re.findall(r"^\[E(\d+)\]", m.text))
        return f"{TRUE} [E{newest - 2}]. " * 5

    look = calls(("cluster_overview", {}), ("find_nodes", {"limit": 12}), ("find_nodes", {"limit": 5}))
    turns = [reply for _ in range(200) for reply in (look, cites)]
    path = tmp_path / "s.sqlite"
    with Sessions(path) as sessions:
        one = opened(sessions, ModelOperator(scripted(*turns), load_prompt("operator")), tmp_path)
        for number in range(1, 201):
            one.ask("how full is the cluster, and which nodes are the fullest? " + "word " * 100)
            sessions.touch(one.session_id, number)
        assert not [s for t in one.turns for s in t.answer.sentences if s.struck]
        assert [e.number for e in one.evidence] == list(range(1, 601))
    assert sizes[0] < 12_000
    assert sizes[19] < 20_000
    assert sizes[199] == sizes[99] < 21_000
    assert path.stat().st_size < 12 << 20
