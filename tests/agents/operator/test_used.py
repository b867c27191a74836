"""What a sentence takes from a result is found in it."""

from __future__ import annotations

import json

from aurora.agents.operator.answer import Sentence
from aurora.agents.operator.checking.used import used_in
from aurora.tools.harness import Evidence

OVERVIEW = Evidence(
    1,
    "cluster_overview",
    {},
    "ok",
    json.dumps(
        {
            "nodes": 12,
            "running": 82,
            "pending": 3,
            "price_per_hour": 2.808,
            "resources": [{"resource": "cpu", "requested": 42.65, "allocatable": 71.04, "requested_share": 0.600366}],
        }
    ),
    0.1,
)
WAITS = Evidence(
    2,
    "why_task_waits",
    {"task_id": "shop/web-1"},
    "ok",
    json.dumps(
        {"task_id": "shop/web-1", "waited_minutes": 303.0, "never": "it asks for 12 cores, and no node has more"}
    ),
    0.1,
)


def used(text: str, evidence: Evidence) -> list[str]:
    value = json.loads(evidence.text)
    found = []
    for path, span in used_in(Sentence(text=text, cites=(f"E{evidence.number}",)), evidence):
        at = value
        for key in path:
            at = at[key]
        found.append(".".join(map(str, path)) if span is None else at[span[0] : span[1]])
    return found


def test_each_number_leads_to_its_figure() -> None:
    assert used("12 nodes hold 82 running tasks, and 3 wait.", OVERVIEW) == ["nodes", "running", "pending"]


def test_rounded_numbers_and_shares_lead_to_the_exact_ones() -> None:
    text = "60 % of cores is requested (42.65 cores of 71.04 cores); the nodes cost $2.81 an hour."
    places = ["resources.0.requested_share", "resources.0.requested", "resources.0.allocatable", "price_per_hour"]
    assert used(text, OVERVIEW) == places


def test_a_time_in_another_unit_is_found() -> None:
    assert used("shop/web-1 has waited 5 hours.", WAITS) == ["waited_minutes"]


def test_quotations_and_numbers_in_texts_are_found_with_their_characters() -> None:
    assert used('It waits: "it asks for 12 cores".', WAITS) == ["it asks for 12 cores"]
    assert used("shop/web-1 asks for 12 cores.", WAITS) == ["12 cores"]


def test_a_number_that_no_figure_has_is_nowhere() -> None:
    assert used("14 nodes are there.", OVERVIEW) == []


def test_a_failed_call_has_nothing_to_use() -> None:
    assert used_in(Sentence(text="12 nodes."), OVERVIEW._replace(outcome="failed", text="no such 12")) == ()
