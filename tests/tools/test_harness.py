"""The harness: every call of a model gets a usable answer."""

import json
import time
from unittest.mock import patch

import numpy as np
import pytest

from aurora.errors import ModelError
from aurora.sim.kernel import encode
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec
from aurora.tools.desk import Desk
from aurora.tools.harness import MORE, Harness, Limits
from aurora.tools.recording import Recording
from aurora.tools.registry import TOOLS, Tool
from aurora.types import Frozen

SCENARIO = encode(expand(sample_spec("spot", 2, np.random.default_rng(3))))
NAME = SCENARIO.scenario.scenario_id


def harness(**settings) -> Harness:
    return Harness(Desk([SCENARIO]), list(TOOLS), **settings)


def result(shown: str):
    return json.loads(shown.split("] ", 1)[1].splitlines()[0])


def test_calls_are_numbered_as_evidence_in_the_model_s_order() -> None:
    made = harness()
    made.reserve(["a", "b"])
    second = made.call("feature_table", {"scope": "path"}, "b")
    first = made.call("feature_table", {"scope": "node"}, "a")
    assert first.startswith("[E1] ")
    assert second.startswith("[E2] ")
    assert [e.number for e in made.journal] == [1, 2]


@pytest.mark.parametrize(
    ("name", "arguments", "outcome", "told"),
    [
        ("simulat_policy", {}, "unknown tool", "did you mean simulate_policy"),
        ("simulate_policy", {"scenario_id": 7}, "invalid arguments", "scenario_id: Input should be a valid string"),
        ("simulate_policy", {"policy_id": "fgd"}, "invalid arguments", "scenario_id: Field required"),
        ("simulate_policy", "not an object", "invalid arguments", "Call simulate_policy again"),
        ("simulate_policy", {"scenario_id": "x", "policy_id": "fgd"}, "failed", f"no scenario 'x'; open are {NAME}"),
        ("simulate_policy", {"scenario_id": NAME, "policy_id": "x"}, "failed", "no policy 'x'"),
        ("draft_policy", {"score": "node.temperature"}, "failed", "score: unknown feature 'node.temperature'"),
        (
            "draft_policy",
            {"score": "1", "rules": [{"when": "node.speed", "score": "1"}]},
            "failed",
            "rules.0.when: node.speed can't be read here",
        ),
        ("top_policies", {}, "failed", "there is no archive"),
        ("what_if", {"scenario_id": NAME, "policy_id": "fgd", "change": {"kind": "x"}}, "invalid arguments", "change"),
        (MORE, {"id": "E77"}, "failed", "there is no result 'E77'"),
    ],
)
def test_an_invalid_call_is_answered_with_the_correction(name, arguments, outcome, told) -> None:
    made = harness()
    assert told in made.call(name, arguments)
    assert made.journal[0].outcome == outcome


def test_every_tool_has_a_description_a_schema_and_a_known_effect() -> None:
    for name, tool in TOOLS.items():
        assert tool.effect in ("reads", "measures", "plans", "changes")
        assert tool.description, name
        assert all("description" in p for p in tool.arguments.model_json_schema()["properties"].values()), name


def test_a_tool_with_side_effects_is_refused_without_approval(monkeypatch) -> None:
    table = dict(TOOLS) | {"feature_table": TOOLS["feature_table"]._replace(effect="changes")}
    monkeypatch.setattr("aurora.tools.harness.TOOLS", table)
    assert "refused" in harness().call("feature_table", {"scope": "node"})
    assert "refused" not in harness(may_change=True).call("feature_table", {"scope": "node"})


def test_long_results_are_truncated_and_the_rest_can_be_requested() -> None:
    made = harness(limits=Limits(characters=300))
    shown = made.call("feature_table", {"scope": "all"})
    whole = made.journal[0].text
    assert len(shown) < 400
    assert f'{MORE}(id="E1", offset=300)' in shown
    assert whole[300:600] in made.call(MORE, {"id": "E1", "offset": 300})


def test_limits_end_a_conversation_that_only_calls_tools() -> None:
    made = harness(limits=Limits(calls=3, calls_a_tool=2))
    told = [made.call("feature_table", {"scope": "node"}) for _ in range(3)]
    assert "all 2 calls of feature_table are used" in told[2]
    assert "all 3 tool calls" in made.call("top_policies", {})


class _Nothing(Frozen):
    pass


def test_a_tool_that_takes_too_long_is_abandoned(monkeypatch) -> None:
    def slow(desk, arguments):
        time.sleep(1)
        return _Nothing()

    monkeypatch.setattr("aurora.tools.harness.TOOLS", {"slow": Tool("reads", _Nothing, slow)})
    made = Harness(Desk([SCENARIO]), ["slow"], limits=Limits(seconds=0.05))
    assert "timeout: it took more than 0.05 s" in made.call("slow", {})


def test_a_failing_tool_reports_the_error_and_the_conversation_continues(monkeypatch) -> None:
    def broken(desk, arguments):
        raise OverflowError("x" * 1000)

    monkeypatch.setattr("aurora.tools.harness.TOOLS", {"broken": Tool("reads", _Nothing, broken)})
    told = Harness(Desk([SCENARIO]), ["broken"]).call("broken", {})
    assert "failed: it can't work on this (OverflowError: xxx" in told
    assert len(told) < 300


def test_a_damaged_result_in_a_recording_is_reported(tmp_path) -> None:
    path = tmp_path / "calls.jsonl"
    with Recording(path) as recording:
        harness(recording=recording).call("feature_table", {"scope": "path"})
    exchange = json.loads(path.read_text())
    path.write_text(json.dumps({**exchange, "response": None}) + "\n")
    with (
        Recording(path, replaying=True) as recording,
        pytest.raises(ModelError, match="result of a call of feature_table"),
    ):
        harness(recording=recording).call("feature_table", {"scope": "path"})


def test_a_draft_shows_its_values_and_can_be_used_by_id() -> None:
    made = harness()
    draft = result(made.call("draft_policy", {"score": "-fit.cost", "order": "task.duration"}))
    compared = result(made.call("compare_policies", {"policy_ids": [draft["policy_id"], "cheapest"]}))
    assert compared["values"][draft["policy_id"]] == draft["values"]
    assert result(made.call("simulate_policy", {"scenario_id": NAME, "policy_id": draft["policy_id"], "full": True}))[
        "value"
    ] == pytest.approx(draft["mean"])


def test_an_unknown_task_is_refused_with_a_near_one_before_anything_is_simulated() -> None:
    task = SCENARIO.scenario.tasks[0].task_id
    with patch("aurora.tools.simulation.traced", side_effect=AssertionError):
        told = harness().call("explain_decision", {"scenario_id": NAME, "policy_id": "cheapest", "task_id": f"{task}x"})
    assert f"did you mean {task}" in told


@pytest.mark.parametrize(
    ("name", "meant"), [("FGD", "fgd"), ("gpu", "champion:gpu"), ("champion:gpuu", "champion:gpu")]
)
def test_an_unknown_policy_is_refused_with_the_one_that_may_be_meant(name, meant) -> None:
    told = harness().call("simulate_policy", {"scenario_id": NAME, "policy_id": name})
    assert f"no policy {name!r}; did you mean {meant}" in told


def test_all_simulation_tools_answer() -> None:
    made = harness(limits=Limits(characters=100_000))
    on = {"scenario_id": NAME, "policy_id": "cheapest"}
    node, task = SCENARIO.scenario.nodes[0].node_id, SCENARIO.scenario.tasks[0].task_id
    for change in (
        {"kind": "node_fails", "node_id": node, "start": 10},
        {"kind": "load_changes", "factor": 1.1},
        {"kind": "price_changes", "factor": 2, "node_id": node},
    ):
        assert result(made.call("what_if", {**on, "change": change}))["after"]["value"]
    explained = result(made.call("explain_decision", {**on, "task_id": task}))
    assert explained["winner"] in explained["scores"]
    assert explained["attempts"][-1]["ending"] == "completed"
    assert explained["status"] in ("completed", "late")
    bound = result(made.call("objective_bounds", {"scenario_id": NAME}))
    solvable = result(made.call("is_solvable", {"scenario_id": NAME}))
    assert solvable["is_solvable"]
    assert result(made.call("check_constraints", {"scenario_id": NAME, "plan": solvable["plan"]})) == {"violations": []}
    late = [{**line, "start": 0.0} for line in solvable["plan"]]
    broken = result(made.call("check_constraints", {"scenario_id": NAME, "plan": late}))["violations"]
    assert any(v["constraint"] == "arrival" and v["amount"] > 0 for v in broken)
    assert result(made.call("simulate_policy", on))["value"] <= bound["reward"] + 1e-6
    assert result(made.call("check_expression", {"expression": "1 +", "place": "score"}))["is_valid"] is False
    assert "highest -" in result(made.call("show_policy", {"policy_id": "cheapest"}))["program"]
    assert all(e.outcome == "ok" for e in made.journal)


def test_recorded_calls_are_not_run_again(tmp_path) -> None:
    calls = [("simulate_policy", {"scenario_id": NAME, "policy_id": "fgd"}), ("draft_policy", {"score": "-fit.cost"})]
    with Recording(tmp_path / "calls.jsonl") as recording:
        first = [harness(recording=recording).call(*c) for c in calls]
    with Recording(tmp_path / "calls.jsonl", replaying=True) as replay:
        assert [harness(recording=replay).call(*c) for c in calls] == first
        with pytest.raises(ModelError, match="the recording has no result"):
            harness(recording=replay).call("simulate_policy", {"scenario_id": NAME, "policy_id": "cheapest"})
