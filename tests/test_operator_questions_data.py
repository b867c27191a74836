"""The labels of the benchmark's operator questions name things that exist."""

import json
import re
from itertools import combinations
from pathlib import Path

import pytest

from aurora.cluster.samples import SAMPLES, load_sample, sample_history
from aurora.sim.policies.references import REFERENCES

DATA = Path(__file__).parents[1] / "benchmarks" / "data"
SETS = {
    name: [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]
    for name in ("operator_questions", "operator_questions_2", "operator_questions_3", "operator_questions_4")
}
QUESTIONS = [
    pytest.param(question, id=f"{name}-{question['id']}") for name, questions in SETS.items() for question in questions
]

# kind: slots that it must have, slots that it may have
SLOTS = {
    "why_here": ({"task"}, set()),
    "why_waiting": ({"task"}, set()),
    "why_not": ({"task", "node"}, set()),
    "what_if_load": ({"factor", "workload"}, set()),
    "what_if_node_fails": ({"node"}, set()),
    "what_if_zone_fails": ({"zone"}, set()),
    "what_if_price": ({"factor", "node"}, set()),
    "what_if_add_nodes": ({"count"}, {"like"}),
    "what_if_remove_node": ({"node"}, set()),
    "forecast": ({"workload"}, {"series", "horizon"}),
    "reserve": ({"confidence", "horizon", "workload"}, set()),
    "oversized": ({"workload"}, set()),
    "best_policy": (set(), set()),
    "compare_policies": ({"policies"}, set()),
    "check_plan": ({"plan"}, set()),
    "make_plan": ({"goal"}, {"task", "workload", "replicas"}),
    "drain": ({"node"}, set()),
    "recommend": (set(), set()),
    "overview": (set(), set()),
    "show_node": ({"node"}, set()),
    "show_task": ({"task"}, set()),
    "show_workload": ({"workload"}, set()),
    "find_nodes": ({"order"}, set()),
    "help": (set(), set()),
    "apply_plan": ({"plan"}, set()),
    "rollback_plan": ({"plan"}, set()),
    "other": (set(), set()),
    "ambiguous": (set(), {"task", "node", "workload"}),
}


@pytest.fixture(scope="module")
def known_ids():
    """Ids that a slot may hold, by snapshot and slot."""
    series = {one.unique_id for one in sample_history("web-shop").series}
    return {name: _ids(load_sample(name)) | {"series": series if name == "web-shop" else set()} for name in SAMPLES}


def _ids(snapshot):
    nodes = {node.node_id for node in snapshot.nodes}
    return {
        "task": {task.task_id for task in snapshot.tasks},
        "workload": {workload.workload_id for workload in snapshot.workloads},
        "node": nodes,
        "like": nodes,
        "zone": {node.zone for node in snapshot.nodes} - {None},
        "policies": set(REFERENCES),
        "order": {"fullest", "emptiest", "dearest"},
        "goal": {"place_waiting", "scale", "resize"},
    }


@pytest.mark.parametrize("name", SETS)
def test_there_are_300_different_questions_of_every_kind(name):
    questions = SETS[name]
    assert [question["id"] for question in questions] == list(range(1, 301))
    assert len({question["question"].lower() for question in questions}) == 300
    kinds = {question["kind"] for question in questions}
    assert kinds - {"double"} == set(SLOTS)
    assert ("double" in kinds) == (name != "operator_questions")


@pytest.mark.parametrize(("one", "other"), list(combinations(SETS, 2)))
def test_no_question_is_in_two_sets(one, other):
    first, second = (
        {question["question"].lower().strip(" ?.!") for question in questions} for questions in (SETS[one], SETS[other])
    )
    assert sorted(first & second) == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_labels_name_existing_things(question, known_ids):
    readings = question["parts"] if question["kind"] == "double" else [question, *question.get("also_right", ())]
    for reading in readings:
        if reading is question or reading["kind"] != "ask":  # where a question back is right too
            check_label(reading["kind"], reading["slots"], known_ids[question["snapshot"]])


def check_label(kind, slots, known_ids):
    needed, optional = SLOTS[kind]
    assert needed <= set(slots) <= needed | optional
    for slot, value in slots.items():
        values = value if isinstance(value, list) else [value]
        assert len(set(values)) == len(values) > 0
        if slot in ("factor", "horizon", "count", "replicas"):
            assert value > 0
        elif slot == "confidence":
            assert 0 < value < 1
        elif slot == "plan":
            assert re.fullmatch("[0-9a-f]{12}", value)
        elif value != "all":
            assert set(values) <= known_ids[slot]


def of_kind(kind):
    return [question for question in QUESTIONS if question.values[0]["kind"] == kind]


@pytest.mark.parametrize("question", of_kind("ambiguous"))
def test_ambiguous_questions_have_two_readings_or_more(question):
    assert len(set(question["kinds"])) == len(question["kinds"]) >= 2
    assert set(question["kinds"]) <= set(SLOTS) - {"ambiguous", "other"}


@pytest.mark.parametrize("question", of_kind("double"))
def test_double_questions_have_two_different_parts_that_can_be_answered(question):
    first, second = question["parts"]
    assert question["slots"] == {}
    assert first != second
    assert not {first["kind"], second["kind"]} & {"ambiguous", "other", "double"}
