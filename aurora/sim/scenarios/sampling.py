"""Generated scenarios in one call: a family, a level and a seed."""

from __future__ import annotations

import numpy as np

from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec
from aurora.sim.scenarios.scenario import Scenario


def generate(family: str = "batch", level: int = 1, *, seed: int = 0) -> Scenario:
    """Draw a scenario, the same one as `aurora scenarios generate` with these arguments.

    Args:
        family: Name of a family in `aurora.sim.scenarios.generators.FAMILIES`: batch, services, video, slices, ...
        level: Level of the curriculum, 1 (small and calm) to 5 (large and troubled).
        seed: Random seed, 0 or more; the same seed gives the same scenario.

    Raises:
        ScenarioError: There is no such family or level.

    Example:
        >>> scenario = generate("video", level=2, seed=7)
        >>> scenario.domain, len(scenario.nodes) > 1
        ('edge', True)
    """
    return expand(sample_spec(family, level, np.random.default_rng(seed)))
