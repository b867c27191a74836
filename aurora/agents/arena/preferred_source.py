"""A source whose scenarios all weigh the objectives alike, for policies that are made for one preference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.source import Source
from aurora.errors import InputError
from aurora.sim.objectives import ObjectiveName
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.spec import ScenarioSpec


@dataclass(frozen=True)
class PreferredSource(GeneratedSource):
    """Generated scenarios whose objectives all have the same weights; see `Source`.

    Attributes:
        weights: Weight of each objective; others don't count.
    """

    weights: Mapping[ObjectiveName, float] = field(default_factory=dict)

    def expand(self, spec: ScenarioSpec) -> Scenario:
        """Return the scenario that a spec describes, with these weights of its objectives."""
        scenario = super().expand(spec)
        return scenario.model_copy(update={"objectives": tuple(self.weights), "objective_weights": dict(self.weights)})


def with_weights(source: Source, weights: Mapping[ObjectiveName, float]) -> Source:
    """Return a source whose scenarios all have these weights of the objectives; empty: the source itself.

    Raises:
        InputError: The source's scenarios have no weights of objectives, or are changed otherwise already.
    """
    if not weights:
        return source
    if type(source) is not GeneratedSource:
        raise InputError(f"weights of objectives apply to generated scenarios as they are drawn, not to {source.name}")
    return PreferredSource(
        effort=source.effort,
        templates=source.templates,
        training=source.training,
        validation=source.validation,
        test=source.test,
        weights=weights,
    )
