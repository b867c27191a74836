import json
from pathlib import Path

import pytest

from aurora.errors import ScenarioError
from aurora.sim.scenario import parse_scenario, read_scenario

NODE = {"node_id": "n", "cpu": 4}
TASK = {"task_id": "t", "arrival_time": 0, "duration": 1, "cpu_required": 1}


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


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    for text in ("", "{", "[" * 100_000):
        path.write_text(text)
        with pytest.raises(ScenarioError):
            read_scenario(path)
    with pytest.raises(ScenarioError, match="can't read"):
        read_scenario(tmp_path / "absent.json")


def test_a_scenario_survives_json() -> None:
    scenario = parse_scenario(made([TASK], [NODE]))
    assert parse_scenario(json.loads(scenario.model_dump_json())) == scenario
