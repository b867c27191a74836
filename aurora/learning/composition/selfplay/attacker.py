"""The attacker: proposes demands under which a composition is far from the best, by mutation of the worst known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aurora.learning.composition.selfplay.demands import Bounds, Demand
from aurora.types import FloatArray

PARENTS = 4
"""Worst demands known, of which the next are mutations."""
RATE_STEP = 0.35
"""Standard deviation of a mutation of the logarithm of the rate."""
SHARE_STEP = 0.3
"""How far a mutation moves the shares towards random ones."""


def openings(bounds: Bounds) -> list[Demand]:
    """Return the demands that an attack begins with: usual and peak load, each with more of every class in turn."""
    usual = np.array(bounds.usual.shares)
    found = []
    for rate in (bounds.usual.rate, bounds.usual.rate * bounds.peak):
        found.append(bounds.within(rate, usual))
        for number in np.flatnonzero(usual):
            # as far towards a class alone as the bounds allow
            found.append(bounds.within(rate, np.where(np.arange(len(usual)) == number, 1.0, 0.0)))
    return list(dict.fromkeys(found))


def mutation(demands: Sequence[Demand], regrets: FloatArray, bounds: Bounds, random: np.random.Generator) -> Demand:
    """Return a mutation of one of the worst demands known.

    Args:
        demands: Demands known, at least one.
        regrets: What the composition under attack loses in each to the best one, of shape (demands,).
        bounds: How far demands may go.
        random: Random numbers.
    """
    worst = np.argsort(-regrets, kind="stable")[:PARENTS]
    parent = demands[int(random.choice(worst))]
    usual = np.array(bounds.usual.shares)
    aim = np.where(usual > 0, random.dirichlet(np.ones(len(usual))), 0.0)
    shares = (1 - SHARE_STEP) * np.array(parent.shares) + SHARE_STEP * aim / aim.sum()
    return bounds.within(parent.rate * float(np.exp(random.normal(0.0, RATE_STEP))), shares)
