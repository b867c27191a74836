"""Facts about the history of a task: waits, holders, shortages, attempts and outcomes, as sentences that parse back."""

import pytest

from aurora.agents.explain.telling.composing import written
from aurora.agents.explain.telling.facts import known_of_way
from aurora.agents.explain.telling.holding import hold
from aurora.agents.explain.telling.phrasings import phrasings_of
from aurora.sim.explain.claims import AttemptClaim, HoldClaim, InfeasibleClaim, StatusClaim, WaitClaim
from aurora.sim.scenarios.scenario import Node
from tests.agents.explain.test_waiting import scenario, task

HAND = scenario(task("x", 0, 1000, 3), task("y", 0, 1000, 3), task("z", 10, 60, 2), nodes=(Node(node_id="n1", cpu=4),))
CLAIMS = [
    StatusClaim("z", "late", 930.0),
    WaitClaim("z", "room", 10.0, 1000.0, ("x", "y")),
    WaitClaim("z", "room", 10.0, 1000.0, (), ("n1",)),
    WaitClaim("z", "room", 10.0, 1000.0, ("x",), ("n1",)),
    WaitClaim("z", "room", 10.0, None),
    WaitClaim("z", "dependency", 10.0, 1000.0, ("x", "y")),
    WaitClaim("z", "dependency", 10.0, None, ("x",)),
    WaitClaim("z", "queue", 10.0, 1000.0, ("y",)),
    WaitClaim("z", "policy", 10.0, 1000.0),
    HoldClaim("x", "n1", "cpu", 3.0, 0.0, 1000.0),
    InfeasibleClaim("z", 10.0, "", "cpu", 2, 2, 2.0, 1.0),
    InfeasibleClaim("z", None, "", "memory", 1, 2, 2.0, 1.0),
    InfeasibleClaim("z", 10.0, "n1", "cpu", 1, 1, 2.0, 1.0),
    InfeasibleClaim("z", 10.0, "n1", "node_down", 1, 1, 0.0, 0.0),
    InfeasibleClaim("z", None, "n1", "model", 1, 1, 0.0, 0.0),
    InfeasibleClaim("z", None, "n1", "not_allowed", 1, 1, 0.0, 0.0),
    InfeasibleClaim("z", 10.0, "", "path", 2, 2, 0.0, 0.0),
    AttemptClaim("z", 1, "n1", 1000.0, 1060.0, "completed"),
    AttemptClaim("z", 2, "n1", 1000.0, 1030.0, "node_failed"),
    AttemptClaim("z", 3, "n1", 1000.0, 1030.0, "battery_empty"),
    *(StatusClaim("z", s, 0.0) for s in ("completed", "unplaced", "dropped", "failed", "unplaceable")),
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_phrasing_parses_back(claim) -> None:
    known = known_of_way([claim], "z", HAND)
    reading = known.facts[0].readings[0]
    told = 0
    for which in range(len(phrasings_of(reading.kind, reading.slots))):
        for figures in (True, False):
            text = written(reading, which, known.names, "operator", figures)
            if text is None:  # it needs what the claim does not have
                continue
            assert hold([(f"{text}.", [1])], known).struck == ()
            told += 1
    assert told


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("Task z waited 990 s for room, until task x ended.", 2),
        ("Task z waited 99 s for room, until tasks x and y ended.", 2),
        ("Task z waited 990 s behind tasks x and y at the head of the queue.", 2),
        ("Task z waited 990 s for task y to complete.", 6),
        ("Task x waited 990 s for room.", 2),
        ("Task z did not wait.", 2),
        ("Task y held 3 cores of n1 from 0 s to 1,000 s.", 10),
        ("Task x held 3 GiB of n1 from 0 s to 1,000 s.", 10),
        ("At 10 s, 1 of 2 candidates lacked cores.", 11),
        ("At 10 s, 2 of 2 candidates lacked memory.", 11),
        ("n1 had 2 cores free, and task z asked for 1 core.", 13),
        ("In attempt 1, task z was lost at 1,060 s when n1 failed.", 17),
        ("Task z was completed.", 1),
        ("Task z was 930 ms late.", 1),
    ],
)
def test_false_sentences_about_a_task_s_history_are_rejected(text: str, cited: int) -> None:
    assert hold([(text, [cited])], known_of_way(CLAIMS[:19], "z", HAND)).kept == ()


def test_clauses_about_one_task_are_joined_and_a_node_of_the_same_name_is_distinguished() -> None:
    known = known_of_way([CLAIMS[1], CLAIMS[0]], "z", HAND)
    text = "Task z waited 990 s for room, until tasks x and y ended, and was completed 930 s after its limit."
    assert hold([(text, [1, 2])], known).kept == (text,)
