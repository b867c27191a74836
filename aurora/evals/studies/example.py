"""Writes a study file with a comment for every field, from the same models that read it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from aurora.evals.studies.choices import CHOICES
from aurora.evals.studies.study import Judge, Kind, RunBudget, Study

WIDTH = 100

_EXAMPLES: Mapping[Kind, dict[str, Any]] = {
    "selfplay": {
        "base": {"source": "generated", "population": 8, "generations": 4},
        "grid": {"population": [4, 16]},
        "variations": {"small": {"population": 4}, "from-fgd": {"start": "fgd"}},
        "seeds": "0-5",
        "budget": {"evaluations": 3000, "iterations": 10},
        "judge": {"per_family": 2, "levels": [1, 2, 3]},
    },
    "evolve-prompts": {
        "base": {"role": "defender", "model": "openai:gpt-5-mini"},
        "grid": {"method": ["best-of", "rewording"]},
        "variations": {"without-feedback": {"method": "best-of"}},
        "seeds": "0-5",
        "budget": {"iterations": 3, "evaluations": 120, "proposals": 6, "dollars": 2},
    },
}


def example_study(kind: Kind) -> str:
    """Return a study file with a comment for every field.

    Args:
        kind: Kind of its runs.
    """
    chosen = _EXAMPLES[kind]
    lines = [
        "# A study: every variation of the base settings runs with every seed.",
        f"kind: {kind}",
        "",
        *_comment(Study, "base"),
        "base:",
        *_fields(CHOICES[kind], chosen["base"]),
        "",
        *_comment(Study, "grid"),
        "grid:",
        *_entries(chosen["grid"]),
        "",
        "# In place of a grid: variations with names of your own.",
        "# variations:",
        *(f"# {line}" for line in _entries(chosen["variations"])),
        "",
        *_comment(Study, "seeds"),
        f"seeds: {chosen['seeds']}",
        "",
        *_comment(Study, "budget"),
        "budget:",
        *_fields(RunBudget, chosen["budget"]),
    ]
    if kind == "selfplay":
        lines += ["", *_comment(Study, "judge"), "judge:", *_fields(Judge, chosen["judge"])]
    return "\n".join(lines) + "\n"


def _comment(model: type[BaseModel], name: str, indent: str = "") -> list[str]:
    text = model.model_fields[name].description or ""
    return textwrap.wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _fields(model: type[BaseModel], chosen: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of a model; those that are not chosen are commented out with their defaults."""
    for name, field in model.model_fields.items():
        yield from _comment(model, name, "  ")
        yield f"  {name}: {_value(chosen[name])}" if name in chosen else f"  # {name}: {_value(field.default)}"


def _entries(entries: Mapping[str, Any]) -> Iterator[str]:
    for name, value in entries.items():
        yield f"  {name}: {_value(value)}"


def _value(value: Any) -> str:
    """Return a value in one line of YAML."""
    plain = list(value) if isinstance(value, tuple) else value
    text: str = yaml.safe_dump(plain, default_flow_style=True, width=10_000)
    return text.removesuffix("\n...\n").strip()
