"""The names and texts of scenarios that no prompt may contain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from aurora.agents.arena.source import Spec
from aurora.agents.roles.briefing import brief
from aurora.memory.texts import scenario_text
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.spec import ScenarioSpec

LEAST_SEED = 1_000
"""Smallest seed that is told from an ordinary number."""
MAX_NAMES = 400
"""Most names of nodes and of tasks of a scenario."""


def protected_labels(specs: Iterable[Spec], files: Iterable[Path] = ()) -> frozenset[str]:
    """Return the ids and seeds of scenarios, and the names of the traces that they come from."""
    found = {spec.spec_id for spec in specs}
    found |= {str(s) for spec in specs if isinstance(s := getattr(spec, "seed", None), int) and s >= LEAST_SEED}
    return frozenset(found | {file.name for file in files} | {file.name.partition(".")[0] for file in files})


def protected_data(scenarios: Sequence[Scenario], *, in_units: bool = True) -> tuple[str, ...]:
    """Return the names of nodes, tasks and sites, and the descriptions that models are shown, a line each."""
    texts: dict[str, None] = {}
    for scenario in scenarios:
        names = [n.node_id for n in scenario.nodes[:MAX_NAMES]] + [t.task_id for t in scenario.tasks[:MAX_NAMES]]
        texts |= dict.fromkeys(names)
        texts |= dict.fromkeys(line.strip(" -") for line in brief(scenario, in_units=in_units).splitlines())
    return tuple(texts)


def protected_specs(specs: Iterable[Spec]) -> tuple[str, ...]:
    """Return the descriptions of specs that models are shown."""
    return tuple(scenario_text(s) for s in specs if isinstance(s, ScenarioSpec))
