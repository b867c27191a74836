"""Tools for trained networks."""

import json

import pytest

from aurora.learning.rl.scenarios import level_scenarios
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness

SCENARIOS = level_scenarios(1, 6, 3)


@pytest.fixture(scope="module")
def harness():
    return Harness(Desk(SCENARIOS), ["train", "rl_advice", "simulate_policy"], may_change=True)


def ask(harness, name, **arguments):
    shown = harness.call(name, arguments)
    return json.loads(shown.split("] ", 1)[1]) if harness.journal[-1].outcome == "ok" else shown


@pytest.fixture(scope="module")
def trained(harness):
    return ask(harness, "train", steps=1_000)


def test_a_trained_network_is_a_draft_like_any_other_policy(harness, trained):
    assert trained["level"] == 1
    assert set(trained["values"]) == {e.scenario.scenario_id for e in SCENARIOS}
    for scenario_id, value in trained["values"].items():
        got = ask(harness, "simulate_policy", scenario_id=scenario_id, policy_id=trained["policy_id"])
        assert got["value"] == pytest.approx(value, rel=1e-5)


def test_advice_lists_where_the_network_differs_from_the_reference(harness, trained):
    differences = []
    for encoded in SCENARIOS:
        scenario = encoded.scenario
        advice = ask(harness, "rl_advice", scenario_id=scenario.scenario_id, policy_id=trained["policy_id"], limit=2)
        assert advice["network_value"] == pytest.approx(trained["values"][scenario.scenario_id], rel=1e-5)
        differences += advice["differences"]
        assert len(advice["differences"]) <= 2
        if advice["network_value"] != advice["reference_value"]:
            assert advice["differences"]
    assert differences
    assert all(d["network"] != d["reference"] for d in differences)


def test_advice_of_rules_is_refused(harness):
    scenario_id = SCENARIOS[0].scenario.scenario_id
    assert "not a trained network" in ask(harness, "rl_advice", scenario_id=scenario_id, policy_id="best_fit")


def test_training_needs_approval():
    harness = Harness(Desk(SCENARIOS), ["train"])
    assert "nobody has approved" in ask(harness, "train", steps=1_000)


def test_training_is_limited(harness):
    ask(harness, "train", steps=10**9)
    assert harness.journal[-1].outcome != "ok"
