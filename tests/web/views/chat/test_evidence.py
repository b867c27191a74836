"""The result of a tool call as lines, with what a sentence uses marked."""

from __future__ import annotations

import json

from aurora.agents.operator.answer import Sentence
from aurora.tools.harness import Evidence
from aurora.web.views.chat.evidence import evidence_shown

RESULT = {
    "nodes": 12,
    "is_live": False,
    "why": "it asks for 12 cores, and the largest node has 7.92 cores",
    "full": [{"node_id": "node-a1", "share": 0.9}, {"node_id": "node-a2", "share": 0.4}],
    "empty": [],
    "deep": [{"node_id": "node-a1", "reasons": ["cordoned"]}],
    "none": None,
}
OVERVIEW = Evidence(2, "cluster_overview", {}, "ok", json.dumps(RESULT), 0.3)


def lines(*marked: str, text: str = "", evidence: Evidence = OVERVIEW) -> list[str]:
    shown = evidence_shown(evidence, Sentence(text=text, cites=("E2",)) if text else None)
    return [
        "  " * line.depth + "".join(f"[{p.text}]" if p.is_marked else p.text for p in line.pieces)
        for line in shown.lines
    ]


def test_every_value_has_a_line_in_plain_words() -> None:
    assert lines() == [
        "nodes: 12",
        "is live: no",
        "why: it asks for 12 cores, and the largest node has 7.92 cores",
        "full: 2 entries",
        "  – node id node-a1; share 0.9",
        "  – node id node-a2; share 0.4",
        "empty: none",
        "deep: 1 entry",
        "  – node id: node-a1",
        "    reasons: 1 entry",
        "      – cordoned",
        "none: not known",
    ]


def test_numbers_that_the_sentence_uses_are_marked() -> None:
    assert lines(text="12 nodes are there.")[0] == "nodes: [12]"
    assert lines(text="node-a1 is 90 % full.")[4] == "  – node id node-a1; share [0.9]"


def test_quotations_are_marked_within_their_text() -> None:
    assert lines(text='It waits: "the largest node has 7.92 cores".')[2] == (
        "why: it asks for 12 cores, and [the largest node has 7.92 cores]"
    )


def test_the_note_says_how_to_read_the_marks() -> None:
    assert evidence_shown(OVERVIEW).note == ""
    assert "marked" in evidence_shown(OVERVIEW, Sentence(text="12 nodes are there.", cites=("E2",))).note
    assert "no figure" in evidence_shown(OVERVIEW, Sentence(text="It is large.", cites=("E2",))).note
    struck = Sentence(text="14 nodes.", cites=("E2",), struck="14 is no such figure")
    assert evidence_shown(OVERVIEW, struck).note == "Struck: 14 is no such figure."


def test_a_long_result_is_cut_but_for_what_is_marked() -> None:
    shown = evidence_shown(OVERVIEW, Sentence(text="node-a2 is 40 % full.", cites=("E2",)), most=2)
    assert [line.text for line in shown.lines] == ["nodes: 12", "is live: no", "– node id node-a2; share 0.4"]
    assert shown.more == 9


def test_a_fault_is_shown_as_it_is() -> None:
    failed = OVERVIEW._replace(outcome="failed", text="no node 'x'\n<b>")
    assert lines(evidence=failed) == ["no node 'x'", "<b>"]
