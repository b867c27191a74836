"""The source `generated`: families of scenarios from generators, at five levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.reward import GENERAL_REFERENCES, REWARD_MEASURE, reward_less_undone, rewards_less_undone
from aurora.agents.arena.source import Effort, Results
from aurora.agents.arena.templates import general_template
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, TEST_FAMILIES, mutate_spec, sample_spec
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.spec import ScenarioSpec

HELD_OUT = ("services", "video", "bulk", "pipelines")
"""Families for validation."""

EFFORT = Effort(12, 5, 15)


@dataclass(frozen=True)
class GeneratedSource:
    """Scenarios that are drawn by the generators of `aurora.sim.scenarios`; see `Source`.

    Attributes:
        alterations: Functions that change every scenario, applied in this order (`aurora.agents.arena.alterations`).
    """

    training: tuple[str, ...] = tuple(f for f in FAMILIES if f not in HELD_OUT)
    validation: tuple[str, ...] = HELD_OUT
    test: tuple[str, ...] = tuple(TEST_FAMILIES)
    effort: Effort = EFFORT
    templates: tuple[Policy, ...] = (general_template(),)
    alterations: tuple[Callable[[Scenario], Scenario], ...] = ()

    name: ClassVar[str] = "generated"
    references: ClassVar[Mapping[str, Policy]] = GENERAL_REFERENCES
    has_levels: ClassVar[bool] = True
    must_complete: ClassVar[bool] = True
    queue_is_given: ClassVar[bool] = False
    admission_is_given: ClassVar[bool] = False
    has_pareto_bonus: ClassVar[bool] = True
    values_need_status: ClassVar[bool] = False
    unit: ClassVar[str] = "reward"
    measure: ClassVar[str] = REWARD_MEASURE
    judged_per_family: ClassVar[int] = 16
    files: ClassVar[tuple[Path, ...]] = ()

    def sample(self, family: str, level: int, rng: np.random.Generator) -> ScenarioSpec:
        """Draw a spec of a family at a level."""
        return sample_spec(family, level, rng)

    def mutate(self, spec: ScenarioSpec, rng: np.random.Generator) -> ScenarioSpec:
        """Return a variation of a spec."""
        return mutate_spec(spec, rng)

    def expand(self, spec: ScenarioSpec) -> Scenario:
        """Return the scenario that a spec describes, with the alterations."""
        scenario = expand(spec)
        for alter in self.alterations:
            scenario = alter(scenario)
        return scenario

    def parse(self, data: Any) -> ScenarioSpec:
        """Read a spec from JSON values."""
        return ScenarioSpec.model_validate(data)

    def value(self, scenario: Scenario, outcome: Outcome) -> float:
        """Return the reward less what leaving tasks undone costs."""
        return reward_less_undone(scenario, outcome)

    def values(self, scenario: Scenario, results: Results) -> NDArray[np.float64]:
        """Return `value` of many policies on a scenario."""
        return rewards_less_undone(scenario, results.sums)
