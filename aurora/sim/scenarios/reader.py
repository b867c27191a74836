"""Reads a scenario from a file that holds one, or a spec that expands to one."""

from __future__ import annotations

from pathlib import Path

from aurora.errors import ScenarioError
from aurora.reading import read_json
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.scenario import Scenario, parse_scenario
from aurora.sim.scenarios.spec import parse_spec

STDIN = Path("/dev/stdin")


def load_scenario(path: Path | str) -> Scenario:
    """Read a scenario from a JSON file that holds a scenario or a spec.

    Args:
        path: The file; `-` is standard input.

    Raises:
        ScenarioError: It can't be read, is not JSON, or is neither.
    """
    path = STDIN if str(path) == "-" else Path(path)
    data = read_json(path, error=ScenarioError)
    if isinstance(data, dict) and "spec_id" in data:
        return expand(parse_spec(data, where=str(path)))
    if isinstance(data, dict) and "allocation_strategy" in data and "scenario_id" not in data:
        raise ScenarioError(f"{path} is a policy and not a scenario; give the scenario first, then the policy")
    return parse_scenario(data, where=str(path))
