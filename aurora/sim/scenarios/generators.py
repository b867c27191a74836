"""Families of generated scenarios for every domain, graded by the levels of the curriculum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from aurora.errors import ScenarioError
from aurora.sim.objectives import GENERAL
from aurora.sim.scenarios.curriculum import LEVELS, Level
from aurora.sim.scenarios.families import cloud, edge, hybrid, network
from aurora.sim.scenarios.scenario import Domain
from aurora.sim.scenarios.spec import Range, ScenarioSpec, TaskGroup, Trouble


class Family(NamedTuple):
    """A family of scenarios.

    Attributes:
        domain: Domain of its scenarios.
        meaning: Description in a line.
        build: Draws a spec for a level; `sample_spec` sets id, weights and seed.
    """

    domain: Domain
    meaning: str
    build: Callable[[Level, np.random.Generator], ScenarioSpec]


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "batch": Family("cloud", "bursts of jobs, some chained", cloud.batch),
        "services": Family("cloud", "steady services with deadlines", cloud.services),
        "accelerators": Family("cloud", "fractional and whole accelerators", cloud.accelerators),
        "spot": Family("cloud", "swinging prices", cloud.spot),
        "sensors": Family("edge", "small periodic readings", edge.sensors),
        "video": Family("edge", "bursts of heavy streams", edge.video),
        "slices": Family("network", "flows with latency limits", network.slices),
        "bulk": Family("network", "bursts of transfers", network.bulk),
        "offload": Family("hybrid", "edge work the cloud could take", hybrid.offload),
        "pipelines": Family("hybrid", "fork-join stages across sites", hybrid.pipelines),
    }
)
"""Families to train on, and to choose champions on."""
TEST_FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "analytics": Family("cloud", "queries that need memory more than cores", cloud.analytics),
        "vehicles": Family("edge", "short work along a ring of sites", edge.vehicles),
        "backbone": Family("network", "long wide flows, thin urgent ones", network.backbone),
        "retraining": Family("hybrid", "serving at the edge, training at the core", hybrid.retraining),
    }
)
"""Families that champions are tested on after a run: one of each domain, built apart from `FAMILIES`."""


def sample_spec(family: str, level: int, rng: np.random.Generator) -> ScenarioSpec:
    """Draw a spec of a family at a level of the curriculum (1 to 5).

    Raises:
        ScenarioError: There is no such family or level.
    """
    row = FAMILIES.get(family) or TEST_FAMILIES.get(family)
    if row is None or not 1 <= level <= len(LEVELS):
        names = ", ".join((*FAMILIES, *TEST_FAMILIES))
        raise ScenarioError(f"no family {family!r} at level {level}; families: {names}, levels 1 to {len(LEVELS)}")
    spec = row.build(LEVELS[level - 1], rng)
    seed = int(rng.integers(2**31))
    weights = rng.dirichlet(np.full(len(GENERAL), 2.0)).round(3)
    return spec.model_copy(
        update={
            "spec_id": f"{family}-{level}-{seed}",
            "family": family,
            "level": level,
            "seed": seed,
            "objective_weights": dict(zip(GENERAL, (float(w) for w in weights), strict=True)),
        }
    )


def mutate_spec(spec: ScenarioSpec, rng: np.random.Generator) -> ScenarioSpec:
    """Return a valid neighbour of a spec: another load, size, burst height, trouble, weight or seed."""
    seed = int(rng.integers(2**31))
    update: dict[str, object] = {"seed": seed, "spec_id": f"{spec.family}-{spec.level}-{seed}"}
    factor = float(np.exp(rng.normal(0, 0.4)))
    choice = int(rng.integers(5))
    if choice == 0:
        update["time_horizon"] = float(np.clip(spec.time_horizon * factor, 1, 1e9))
    elif choice == 1:
        update["groups"] = tuple(
            g.model_copy(update={"bursts": int(np.clip(round(g.bursts * factor), 1, 1000)), "pattern": "bursty"})
            for g in spec.groups
        )
    elif choice == 2:  # noqa: PLR2004  # one of five kinds of change
        update["groups"] = tuple(
            g.model_copy(update={"duration": _scaled(g.duration, factor, 1e5)}) for g in spec.groups
        )
    elif choice == 3:  # noqa: PLR2004  # one of five kinds of change
        trouble = spec.trouble
        update["trouble"] = trouble.model_copy(
            update={
                "node_failures": int(np.clip(trouble.node_failures + rng.integers(-1, 3), 0, 50)),
                "congestions": int(np.clip(trouble.congestions + rng.integers(-1, 3), 0, 50)),
                "price_changes": int(np.clip(trouble.price_changes + rng.integers(-1, 3), 0, 50)),
            }
        )
    else:
        weights = rng.dirichlet(np.full(len(GENERAL), 1.0)).round(3)
        update["objective_weights"] = dict(zip(GENERAL, (float(w) for w in weights), strict=True))
    return ScenarioSpec.model_validate({**spec.model_dump(), **{k: _plain(v) for k, v in update.items()}})


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    return value.model_dump() if isinstance(value, TaskGroup | Trouble) else value


def _scaled(bounds: Range, factor: float, most: float) -> Range:
    return Range(low=min(bounds.low * factor, most), high=min(bounds.high * factor, most))
