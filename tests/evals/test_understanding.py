"""What was understood of a question is compared with its label."""

from types import SimpleNamespace

import pytest

from aurora.evals.understanding import judge


def meaning(kind, **slots):
    return SimpleNamespace(kind=kind, slots=slots, is_inferred=kind == "overview")


def row(kind, also_right=(), parts=(), kinds=(), **slots):
    return {"id": 1, "kind": kind, "slots": slots, "also_right": also_right, "parts": parts, "kinds": kinds}


NOT_UNDERSTOOD = meaning(None)
SHOW_A, SHOW_B = meaning("show_node", node="a"), meaning("show_node", node="b")
DOUBLE = row("double", parts=[{"kind": "show_node", "slots": {"node": "a"}}, {"kind": "drain", "slots": {"node": "a"}}])
TWO_READINGS = row("show_task", also_right=[{"kind": "show_workload", "slots": {"workload": "w"}}], task="t")
AMBIGUOUS = row("ambiguous", kinds=["show_node", "drain"], node="a")


@pytest.mark.parametrize(
    ("label", "meanings", "verdict"),
    [
        (row("show_node", node="a"), [SHOW_A], "right"),
        (row("show_node", node="a"), [SHOW_B], "wrong slots"),
        (row("show_node", node="a"), [meaning("drain", node="a")], "wrong kind"),
        (row("show_node", node="a"), [SHOW_A, meaning("overview")], "wrong kind"),
        (row("show_node", node="a"), [NOT_UNDERSTOOD], "asked back"),
        (row("other"), [NOT_UNDERSTOOD], "right"),
        (row("drain", [{"kind": "ask", "slots": {}}], node="a"), [NOT_UNDERSTOOD], "right"),
        (row("drain", [{"kind": "ask", "slots": {}}], node="a"), [SHOW_A], "wrong kind"),
        (row("other"), [SHOW_A], "wrong kind"),
        (AMBIGUOUS, [NOT_UNDERSTOOD], "right"),
        (AMBIGUOUS, [SHOW_A], "one reading"),
        (AMBIGUOUS, [meaning("overview")], "wrong kind"),
        (TWO_READINGS, [meaning("show_task", task="t")], "right"),
        (TWO_READINGS, [meaning("show_workload", workload="w")], "right"),
        (TWO_READINGS, [meaning("show_workload", workload="v")], "wrong slots"),
        (DOUBLE, [NOT_UNDERSTOOD], "asked back"),
        (DOUBLE, [SHOW_A], "one reading"),
        (DOUBLE, [SHOW_A, NOT_UNDERSTOOD], "one reading"),
        (DOUBLE, [SHOW_A, meaning("drain", node="a")], "right"),
        (DOUBLE, [SHOW_A, meaning("drain", node="b")], "wrong slots"),
        (DOUBLE, [SHOW_A, meaning("overview")], "wrong kind"),
    ],
)
def test_a_meaning_is_judged_by_the_label(label, meanings, verdict):
    assert judge(label, *meanings).verdict == verdict


def test_an_answer_that_says_how_it_was_read_is_counted():
    assert judge(row("overview"), meaning("overview")).is_shown
    assert not judge(row("show_node", node="a"), SHOW_A).is_shown
