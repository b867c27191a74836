"""Generated scenarios to train on and to be judged by, encoded for the kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aurora.errors import DataError
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec

_TRAINING, _HELD_OUT = 20_041, 20_042
"""First words of the seeds: no scenario of one kind is drawn from a stream of the other."""


def level_scenarios(
    level: int,
    count: int,
    seed: int,
    *,
    held_out: bool = False,
    families: Sequence[str] = tuple(FAMILIES),
) -> tuple[EncodedScenario, ...]:
    """Scenarios of a level of the curriculum as self-play draws them, families in turn; no witness is asked for.

    The stream of random numbers is named by whether they are held out, the level, the seed and the place in the
    list, so what is held out is not trained on, whatever the seeds; and the first ten of twenty are the same ten.

    Args:
        level: 1 to 5.
        count: How many.
        seed: From 0 up.
        held_out: For judging rather than for training.
        families: Of `aurora.sim.scenarios.generators.FAMILIES`.

    Raises:
        DataError: There is no such level or family, or the count or seed is negative.
    """
    unknown = sorted(set(families) - set(FAMILIES))
    if not 1 <= level <= len(LEVELS) or unknown or not families:
        raise DataError(
            f"no level {level} of families {list(families)}; levels are 1 to {len(LEVELS)}, families {list(FAMILIES)}"
        )
    if count < 0 or seed < 0:
        raise DataError(f"count {count} and seed {seed} of scenarios must not be negative")
    stream = _HELD_OUT if held_out else _TRAINING
    drawn = []
    for place in range(count):
        rng = np.random.default_rng([stream, level, seed, place])
        drawn.append(encode(expand(sample_spec(families[place % len(families)], level, rng))))
    return tuple(drawn)
