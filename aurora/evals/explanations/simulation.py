"""A deterministic reader that predicts decisions after a change, from the claims of an explanation alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aurora.sim.explain.claims import CauseClaim, Claim, FlipClaim
from aurora.sim.explain.decision import Decision, Option, rank, would_win
from aurora.sim.explain.flip import LEVERS, Lever

FACTOR = 4.0
"""Largest factor by which a quantity changes, up or down."""


class Shift(NamedTuple):
    """A change of one quantity of the winner or of the runner-up.

    Attributes:
        option: The candidate.
        lever: The quantity.
        now: Present value.
        value: New value.
    """

    option: Option
    lever: Lever
    now: float
    value: float


def shifts(decision: Decision, rng: np.random.Generator, count: int) -> list[Shift]:
    """Return random changes at which the task still fits.

    Args:
        decision: Decision with a runner-up.
        rng: Generator of the changes.
        count: Number of changes to try.
    """
    made = []
    for _ in range(count):
        option = decision.options[int(rng.integers(2))]
        lever = LEVERS[int(rng.integers(len(LEVERS)))]
        low, high = lever.limits(option.features)
        now = option.features[lever.feature]
        if not high > low:
            continue
        if lever.feature.endswith("_load"):
            value = float(rng.uniform(low, high))
        else:
            value = now * FACTOR ** float(rng.uniform(-1, 1))
        if value > 0 and low <= value <= high and value != now:
            made.append(Shift(option, lever, now, value))
    return made


def is_overturned(decision: Decision, shift: Shift) -> bool:
    """Return whether another candidate wins after a change, by deciding again."""
    features = shift.lever.moved(shift.option.features, shift.value)
    if shift.option is not decision.chosen:
        return would_win(decision, shift.option, features)
    mine, number = rank(decision, features), shift.option.number
    return any(
        (rank(decision, o.features), -o.number) > (mine, -number) for o in decision.options if o is not shift.option
    )


def predicted(claims: Sequence[Claim], values: Mapping[tuple[str, str], float], shift: Shift, winner: str) -> bool:
    """Predict whether a change overturns a decision, from claims alone.

    A threshold that the explanation states is applied. Otherwise the decision is taken to be overturned where the
    change takes away the winner's advantage in every feature of the cause that it moves.

    Args:
        claims: Claims of the explanation that hold.
        values: Values that the explanation shows, by candidate and feature.
        shift: The change.
        winner: Name of the winner.
    """
    flip = next((c for c in claims if isinstance(c, FlipClaim)), None)
    if flip is not None and flip.option == shift.option.name and flip.feature == shift.lever.feature:
        return shift.value < flip.threshold if flip.is_below else shift.value > flip.threshold
    cause = next((c for c in claims if isinstance(c, CauseClaim)), None)
    moved = [f for f in cause.features if f in shift.lever.follows] if cause is not None else []
    if cause is None or not moved:
        return False
    after = shift.lever.moved(shift.option.features, shift.value)
    sides = {name: {f: values[name, f] for f in moved} for name in (winner, cause.other)}
    if shift.option.name not in sides:
        return False
    before = {f: sides[winner][f] - sides[cause.other][f] for f in moved}
    sides[shift.option.name] = {f: after[f] for f in moved}
    return all((sides[winner][f] - sides[cause.other][f]) * before[f] <= 0 for f in moved)
