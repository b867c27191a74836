"""File formats: the documentation is current, the examples are valid, every field is described."""

import json
from pathlib import Path
from typing import Any

import pytest

from aurora.sim.formats import FORMATS, page, schema
from aurora.sim.policies.policy import parse_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.report import report_simulation
from aurora.sim.scenarios.scenario import parse_scenario

DOCS = Path(__file__).parents[2] / "docs/reference"


@pytest.mark.parametrize("kind", ["scenario", "policy"])
def test_the_documented_format_is_current(kind: Any) -> None:
    command = f"aurora {FORMATS[kind].command} schema --markdown > docs/reference/{kind}-format.md"
    assert (DOCS / f"{kind}-format.md").read_text() == page(kind), f"print it anew with: {command}"


def test_the_examples_can_be_simulated() -> None:
    scenario = parse_scenario(json.loads(FORMATS["scenario"].example))
    policy = parse_policy(json.loads(FORMATS["policy"].example))
    for chosen in (policy, *REFERENCES.values()):
        assert report_simulation(scenario, chosen).outcome.summary.completed == 3
    assert report_simulation(scenario, policy).violations == ()


@pytest.mark.parametrize("kind", ["scenario", "policy"])
def test_every_field_has_its_own_description(kind: Any) -> None:
    whole = schema(kind)
    for part in (whole, *whole["$defs"].values()):
        for name, field in part["properties"].items():
            text = field.get("description", "")
            assert len(text.split()) > 1, f"{part['title']}.{name}: {text!r}"
            assert not text.startswith(("of ", "over ")), f"{part['title']}.{name}: {text!r} needs its subject"


def test_scenarios_and_specs_have_separate_schemas() -> None:
    assert "groups" in schema("spec")["properties"]
