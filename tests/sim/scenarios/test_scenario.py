import json
from pathlib import Path

import numpy as np
import pytest

from aurora.errors import ScenarioError
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.generators import sample_spec
from aurora.sim.scenarios.reader import load_scenario
from aurora.sim.scenarios.scenario import parse_scenario

NODE = {"node_id": "n", "cpu": 4}
TASK = {"task_id": "t", "arrival_time": 0, "duration": 1, "cpu_required": 1}
FLOW = {"task_id": "t", "arrival_time": 0, "duration": 1, "source_site": "a", "destination_site": "a"}


def made(tasks: list[dict[str, object]], nodes: list[dict[str, object]], **more: object) -> dict[str, object]:
    work = {"tasks": tasks, "time_horizon": 10}
    return {"scenario_id": "s", "domain": "cloud", "nodes": nodes, "workload_definition": work, **more}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (made([TASK, TASK], [NODE]), "task_id: 't' is used twice"),
        (made([TASK], [NODE, NODE]), "node_id: 'n' is used twice"),
        (made([{**TASK, "arrival_time": -1}], [NODE]), "arrival_time"),
        (made([{**TASK, "duration": float("nan")}], [NODE]), "duration"),
        (made([{**TASK, "cpu_required": float("inf")}], [NODE]), "cpu_required"),
        (made([{**TASK, "dependencies": ["x"]}], [NODE]), "unknown dependency 'x'"),
        (
            made([{**TASK, "dependencies": ["u"]}, {**TASK, "task_id": "u", "dependencies": ["t"]}], [NODE]),
            "cycle",
        ),
        (made([{**TASK, "dependencies": ["t"]}], [NODE]), "cycle"),
        (made([{**TASK, "accelerators": 2, "accelerator_share": 0.5}], [NODE]), "accelerator_share"),
        (made([{**TASK, "source_site": "x"}], [NODE]), "site 'x'"),
        (made([{**TASK, "allowed_nodes": ["n", "x"]}], [NODE]), "task t: allowed_nodes: unknown node 'x'"),
        (
            made(
                [{**FLOW, "allowed_nodes": ["n"]}],
                [{**NODE, "site": "a"}],
            ),
            "task t: allowed_nodes must be empty",
        ),
        (made([TASK], []), "needs a node"),
        (made([], [NODE]), "tasks"),
        (made([TASK], [NODE], surprise=1), "surprise"),
        (
            made([TASK], [NODE], environmental_conditions={"node_failures": [{"node_id": "x", "start": 1}]}),
            "unknown node",
        ),
        (made([TASK], [NODE], objective_weights={"latency": 0}), "objective_weights"),
        (made([TASK], [NODE], domain="moon"), "domain"),
        ("text", "scenario"),
    ],
)
def test_a_malformed_scenario_names_what_is_wrong(data: object, field: str) -> None:
    with pytest.raises(ScenarioError, match=field):
        parse_scenario(data)


def test_allowed_nodes_are_written_only_where_a_task_has_some() -> None:
    scenario = parse_scenario(made([TASK, {**TASK, "task_id": "u", "allowed_nodes": ["n"]}], [NODE]))
    either, limited = scenario.model_dump(mode="json")["workload_definition"]["tasks"]
    assert "allowed_nodes" not in either
    assert limited["allowed_nodes"] == ["n"]
    assert "allowed_nodes" not in scenario.tasks[0].model_dump_json()
    assert parse_scenario(json.loads(scenario.model_dump_json())) == scenario


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    for text in ("", "{", "[" * 100_000):
        path.write_text(text)
        with pytest.raises(ScenarioError):
            load_scenario(path)
    with pytest.raises(ScenarioError, match="can't read"):
        load_scenario(tmp_path / "absent.json")


def test_a_scenario_survives_json() -> None:
    scenario = parse_scenario(made([TASK], [NODE]))
    assert parse_scenario(json.loads(scenario.model_dump_json())) == scenario


def test_a_spec_is_expanded_and_a_policy_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    spec = sample_spec("batch", 1, np.random.default_rng(1))
    path.write_text(spec.model_dump_json())
    assert load_scenario(path).scenario_id == spec.spec_id
    path.write_text(REFERENCES["fgd"].model_dump_json())
    with pytest.raises(ScenarioError, match="is a policy and not a scenario"):
        load_scenario(path)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"cpu_required": "250m"}, "cpu_required: '250m' is not a number; give cores as a number: 0.25 for 250m"),
        ({"cpu_required": "2"}, ""),
        ({"cpu_required": "2e1"}, ""),
        ({"memory_required": "512Mi"}, "give GiB as a number: 0.5 for 512Mi"),
        ({"memory_required": "2 GB"}, "1.86265 for 2 GB"),
        ({"duration": "5m"}, "give seconds as a number: 300 for 5m"),
        ({"sla_latency_ms": "2s"}, "give milliseconds as a number: 2000 for 2s"),
        ({"bandwidth": "100Mbps"}, "give Gbit/s as a number: 0.1 for 100Mbps"),
        ({"cpu_required": "much"}, "'much' is not a number; give cores as a number"),
        ({"accelerators": "1k"}, "accelerators: '1k' is not a whole number"),
    ],
)
def test_a_number_with_a_unit_is_refused_with_its_field_and_the_plain_number(
    task: dict[str, object], said: str
) -> None:
    data = made([{**TASK, **task}], [NODE])
    if not said:
        parse_scenario(data)
        return
    with pytest.raises(ScenarioError) as refused:
        parse_scenario(data)
    assert said in str(refused.value)
    assert "at least 1 item" not in str(refused.value)


def test_a_scenario_without_tasks_is_refused_as_too_small() -> None:
    with pytest.raises(ScenarioError, match=r"tasks: Tuple should have at least 1 item"):
        parse_scenario(made([], [NODE]))
