"""The formats of scenario and policy files: schemas, examples that work, and the pages of the docs made from both.

`aurora scenarios schema --markdown` prints docs/reference/scenario-format.md, and `aurora policies schema --markdown`
prints docs/reference/policy-format.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.spec import ScenarioSpec

Kind = Literal["scenario", "spec", "policy"]

_WIDE = 1e15
"""Limit from which on a bound only keeps numbers finite and is not shown."""


class Format(NamedTuple):
    """A format of files.

    Attributes:
        model: Type of the content.
        command: Group of commands that prints the schema and writes an example.
        intro: Text before the example on the page.
        outro: Text after the tables.
        example: Minimal file, as JSON.
    """

    model: type[BaseModel]
    command: str
    intro: str
    outro: str
    example: str


_SCENARIO = """{
  "scenario_id": "my-cluster",
  "domain": "cloud",
  "nodes": [
    {"node_id": "node-a", "cpu": 8, "memory": 32, "price_per_hour": 0.4, "idle_power": 90, "full_power": 200,
     "carbon_intensity": 380},
    {"node_id": "node-b", "cpu": 4, "memory": 16, "price_per_hour": 0.15, "idle_power": 50, "full_power": 120,
     "carbon_intensity": 60}
  ],
  "workload_definition": {
    "time_horizon": 3600,
    "tasks": [
      {"task_id": "web", "arrival_time": 0, "duration": 3600, "cpu_required": 2, "memory_required": 4},
      {"task_id": "db", "arrival_time": 10, "duration": 3600, "cpu_required": 4, "memory_required": 16},
      {"task_id": "report", "arrival_time": 600, "duration": 900, "cpu_required": 4, "memory_required": 8,
       "sla_latency_ms": 60000, "dependencies": []}
    ]
  },
  "environmental_conditions": {"node_failures": [{"node_id": "node-b", "start": 1200, "duration": 300}]},
  "objective_weights": {"latency": 1, "cost": 2, "energy": 1, "qos": 2},
  "objective_targets": {"latency": 60, "cost": 0.3, "energy": 500000}
}
"""

_POLICY = """{
  "policy_id": "my-policy",
  "policy_description": "urgent tasks first; the cheapest node, and among equals the one with most cores left",
  "allocation_strategy": {
    "order": "task.submit_time - 60 * task.priority",
    "decision_rules": [
      {"when": "task.accelerators > 0", "score": "-fit.accelerators_left"},
      {"score": "-fit.cost + 0.001 * fit.cpu_left"}
    ]
  }
}
"""

FORMATS: Mapping[Literal["scenario", "policy"], Format] = {
    "scenario": Format(
        model=Scenario,
        command="scenarios",
        intro="""# Scenario files

A scenario is an allocation problem: tasks that ask for resources, nodes and links that have them, and what happens
meanwhile. The file is one JSON object. Times are in seconds from the start of the scenario, memory and data in GiB,
bandwidth in Gbit/s, power in watts, energy in joules, CO2 in grams, prices in dollars. Fields whose names end in
`_ms` are in milliseconds.

`aurora scenarios new --out FILE` writes the example below; `aurora simulate FILE cheapest` simulates it. [The
kernel](kernel.md) defines what a simulation means. `aurora scenarios schema` prints the JSON schema, which editors and
validators take.

Numbers are plain numbers: `0.1` cores and not `100m`, `0.5` GiB and not `512Mi`. Unknown fields are refused.
""",
        outro="""## Specs

Commands that take a scenario take a spec as well: a short description with groups of tasks, classes of nodes and
ranges, from which a scenario is drawn. `aurora scenarios generate --spec` prints one, and `aurora scenarios schema
--spec` its schema.
""",
        example=_SCENARIO,
    ),
    "policy": Format(
        model=Policy,
        command="policies",
        intro="""# Policy files

A policy says which waiting task is placed next, and on which of its candidates. The file is one JSON object with
expressions. [The policy language](policy-language.md) lists the syntax and all features; [the kernel](kernel.md)
defines what they mean.

`aurora policies new --out FILE` writes the example below; `aurora simulate SCENARIO FILE` runs it. `aurora policies
show fgd --json` prints any reference as a file. `aurora policies schema` prints the JSON schema, which editors and
validators take.

The smallest policy has one rule: `{"policy_id": "spread", "allocation_strategy": {"decision_rules": [{"score":
"node.cpu_free"}]}}`.
""",
        outro="""## Explicit plans

With `allocation_plan` a policy places each task where and when the plan says, in one scenario. What it leaves out is
not placed. A plan that breaks a constraint is told by `aurora simulate`, and refused with `--strict`.
""",
        example=_POLICY,
    ),
}


def schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON schema of a kind of file."""
    model = ScenarioSpec if kind == "spec" else FORMATS[kind].model
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}


def page(kind: Literal["scenario", "policy"]) -> str:
    """Return the page of the docs about a kind of file, in Markdown."""
    file_format = FORMATS[kind]
    whole = file_format.model.model_json_schema()
    command = f"aurora {file_format.command} schema --markdown"
    parts = [
        f"<!-- Printed by `{command}`; a test compares. Change the descriptions in the code. -->\n",
        file_format.intro,
        f"```json\n{file_format.example}```\n",
        f"## The {kind}\n\n{_doc(whole)}\n\n{_table(whole)}",
    ]
    for name in _in_order(whole):
        part = whole["$defs"][name]
        parts.append(f"## {name}\n\n{_doc(part)}\n\n{_table(part)}")
    return "\n".join([*parts, file_format.outro])


def _doc(part: Mapping[str, Any]) -> str:
    return str(part.get("description", "")).partition("\n\n")[0].replace("\n", " ")


def _in_order(whole: Mapping[str, Any]) -> list[str]:
    """Return the names of the parts in the order in which the tables refer to them."""
    names: list[str] = []

    def visit(part: object) -> None:
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in names:
                names.append(name)
                visit(whole["$defs"][name])
            for key, value in part.items():
                if key != "$defs":
                    visit(value)
        elif isinstance(part, list):
            for value in part:
                visit(value)

    visit(whole)
    return names


def _table(part: Mapping[str, Any]) -> str:
    rows = ["| field | type | default | meaning |", "|---|---|---|---|"]
    required = part.get("required", ())
    for name, field in part["properties"].items():
        default = "required" if name in required else _default(field)
        meaning = str(field.get("description", "")).replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field)} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def _default(field: Mapping[str, Any]) -> str:
    if "default" not in field:
        return "empty"  # made by a factory
    value = field["default"]
    if value in ([], {}, ""):
        return "empty"
    if isinstance(value, dict):
        return "see there"
    return f"`{json.dumps(value)}`"


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    kind = str(field.get("type", ""))
    if kind == "array":
        return f"list of {_type(field['items'])}"
    if kind == "object":
        return f"object with {_type(field['propertyNames'])} to {_type(field['additionalProperties'])}"
    text = {"integer": "whole number", "string": "text", "boolean": "true or false"}.get(kind, kind)
    return text + _limits(field)


def _limits(field: Mapping[str, Any]) -> str:
    limits = []
    for key, words in (("minimum", "at least"), ("exclusiveMinimum", "above"), ("maximum", "at most")):
        if key in field and abs(field[key]) < _WIDE:
            limits.append(f"{words} {field[key]:g}")
    return f", {', '.join(limits)}" if limits else ""
