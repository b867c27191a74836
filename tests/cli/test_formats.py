"""The commands `aurora schema` and `aurora new` for scenarios and policies."""

import json
from pathlib import Path

from tests.cli.command import aurora


def test_new_files_can_be_simulated_and_are_not_overwritten(tmp_path: Path) -> None:
    scenario, policy = tmp_path / "s.json", tmp_path / "p.json"
    told = aurora("scenarios", "new", "--out", str(scenario)).stderr
    assert f"aurora simulate {scenario} cheapest" in told
    aurora("policies", "new", "--out", str(policy))
    result = json.loads(aurora("simulate", str(scenario), str(policy), "--json").stdout)
    assert result["summary"]["completed"] == 3
    scenario.write_text("mine")
    assert "is there already" in aurora("scenarios", "new", "--out", str(scenario), code=6).stderr
    assert scenario.read_text() == "mine"


def test_schemas_are_json_and_examples_go_to_stdout() -> None:
    assert json.loads(aurora("scenarios", "schema").stdout)["required"] == [
        "scenario_id",
        "domain",
        "workload_definition",
    ]
    assert "groups" in json.loads(aurora("scenarios", "schema", "--spec").stdout)["required"]
    assert json.loads(aurora("policies", "new").stdout)["policy_id"] == "my-policy"
    assert aurora("policies", "schema", "--markdown").stdout.startswith("<!-- Printed by")


def test_families_are_listed_by_an_option_without_shell_wildcards() -> None:
    families = json.loads(aurora("scenarios", "generate", "--list", "--json").stdout)
    assert {"family", "domain", "meaning"} == set(families[0])
    assert "no family '?'" in aurora("scenarios", "generate", "--family", "?", code=3).stderr
