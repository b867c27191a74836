"""The language of edits: what is typed becomes what is asked for, and another form is told with its kind."""

from __future__ import annotations

import pytest

from aurora.cluster.plans.asks import Ask, changes_of
from aurora.cluster.plans.edit_language import KINDS, parse_asks, parse_edit, parse_numbers
from aurora.cluster.samples.load import load_sample
from aurora.errors import InputError

MOVE = Ask("move", "shop/web-1", node="node-a3")


@pytest.mark.parametrize(
    ("text", "plan_id", "without", "asks"),
    [
        ("2,3", "", (2, 3), ()),
        ("2, 3", "", (2, 3), ()),
        ("123456789abc 2-4", "123456789abc", (2, 3, 4), ()),
        ("--move shop/web-1=node-a3 --cordon=node-b1", "", (), (Ask("cordon", "node-b1"), MOVE)),
        ("abcdef --drop 1 --drop 3", "abcdef", (1, 3), ()),
        ("--scale a/b/c=5", "", (), (Ask("scale", "a/b/c", replicas=5),)),
    ],
)
def test_what_is_typed_is_parsed(text, plan_id, without, asks) -> None:
    assert parse_edit(text) == (plan_id, without, asks)


@pytest.mark.parametrize("text", ["", "zz", "--foo 3", "--drop", "'", "123456789abc", "2 node-b1"])
def test_another_form_is_refused_with_the_usage(text) -> None:
    with pytest.raises(InputError, match="/plan edit"):
        parse_edit(text)


@pytest.mark.parametrize(
    ("kind", "text", "remedy"),
    [
        ("scale", "web", "WORKLOAD=REPLICAS"),
        ("scale", "web=100001", "at most 100,000"),
        ("scale", "web=²", "a number of replicas"),
        ("move", "=b", "TASK=NODE"),
        ("resize", "web:app:cpu=1", "requests.RESOURCE or limits.RESOURCE"),
        ("resize", "web:app:requests.cpu=much", "cores or GiB"),
        ("resize", "web::requests.cpu=1", "WORKLOAD:CONTAINER"),
        ("resize", "web:app:requests.cpu=nan", "cores or GiB"),
    ],
)
def test_a_text_of_another_form_names_its_kind(kind, text, remedy) -> None:
    with pytest.raises(InputError, match=remedy) as refused:
        parse_asks({kind: [text]})
    assert refused.value.parameter == kind


def test_sizes_are_cores_and_gib_and_none_takes_away() -> None:
    (ask,) = parse_asks({"resize": ["a:b:requests.cpu=200m,requests.memory=512Mi,limits.memory=none"]})
    assert ask.sizes == {"requests.cpu": 0.2, "requests.memory": 0.5, "limits.memory": None}
    assert "limits.memory none" in ask.text


@pytest.mark.parametrize("text", ["0", "3-1", "2001", "x", "1-2000,1-2000"])
def test_numbers_that_no_plan_has_are_refused(text) -> None:
    with pytest.raises(InputError) as refused:
        parse_numbers(text)
    assert refused.value.parameter == "drop"


def test_all_kinds_become_changes_in_the_order_of_their_application() -> None:
    shop = load_sample("web-shop")
    workload = next(w.workload_id for w in shop.workloads if w.containers)
    container = next(w for w in shop.workloads if w.containers).containers[0].name
    moved = next(t for t in shop.tasks if t.node_id == "node-a1")
    texts = {
        "move": [f"{moved.task_id}=node-c1"],
        "resize": [f"{workload}:{container}:requests.cpu=0.3"],
        "scale": [f"{workload}=4"],
        "uncordon": ["node-b1"],
        "cordon": ["node-a1"],
    }
    assert [p.change.kind for p in changes_of(parse_asks(texts), shop)] == list(KINDS)
