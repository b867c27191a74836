"""Generates scenarios for training and for evaluation, encoded for the kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aurora.errors import InputError
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec

_TRAINING, _HELD_OUT = 20_041, 20_042
"""First words of the random seeds: no scenario of one kind is drawn from a stream of the other."""


def level_scenarios(
    level: int,
    count: int,
    seed: int,
    *,
    held_out: bool = False,
    families: Sequence[str] = tuple(FAMILIES),
) -> tuple[EncodedScenario, ...]:
    """Generate scenarios of a level of the curriculum, families in turn, without checking that they can be solved.

    Each scenario has its own random stream, named by `held_out`, the level, the seed and its position. So no training
    meets a held-out scenario, whatever the seeds, and the first ten of twenty scenarios are the same ten.

    Args:
        level: Level of the curriculum, 1 to 5.
        count: Number of scenarios.
        seed: Random seed, at least 0.
        held_out: Generate scenarios for evaluation instead of training.
        families: Families of `aurora.sim.scenarios.generators.FAMILIES`.

    Raises:
        InputError: The level or a family does not exist, or `count` or `seed` is negative.
    """
    if not 1 <= level <= len(LEVELS):
        raise InputError(f"no level {level}; levels are 1 to {len(LEVELS)}", parameter="level", value=level)
    unknown = sorted(set(families) - set(FAMILIES))
    if unknown or not families:
        raise InputError(f"families are {', '.join(FAMILIES)}", parameter="families", value=list(families))
    if count < 0 or seed < 0:
        raise InputError(f"count={count} and seed={seed} of scenarios must not be negative")
    stream = _HELD_OUT if held_out else _TRAINING
    scenarios = []
    for position in range(count):
        rng = np.random.default_rng([stream, level, seed, position])
        scenarios.append(encode(expand(sample_spec(families[position % len(families)], level, rng))))
    return tuple(scenarios)


def held_out_scenarios(levels: Sequence[int], count: int, seed: int) -> dict[int, tuple[EncodedScenario, ...]]:
    """Generate `count` scenarios for evaluation of each level; arguments as for `level_scenarios`.

    Raises:
        InputError: A level does not exist, or `count` or `seed` is negative.
    """
    return {level: level_scenarios(level, count, seed, held_out=True) for level in levels}
