"""Sensitivity of a finding: the smallest change of demand, price or allowed late requests that flips it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from aurora.learning.rightsizing.projection import Projector
from aurora.learning.rightsizing.rightsizing import Choice, Goals, Side, candidates, side_of

Quantity = Literal["demand", "price", "misses"]
TRIED_FACTORS = (1.05, 1.2, 1.5, 2.0, 3.0)
"""Factors that are tried, with their inverses, until one flips the finding; bisection then finds the smallest."""
HALVINGS = 4
_MEANING: dict[Side, str] = {
    "under": "the present configuration would be too small",
    "over": "a cheaper configuration would pay",
    "optimised": "the present configuration would be right",
}


@dataclass(frozen=True, slots=True)
class Flip:
    """A smallest change that leads to another finding.

    Attributes:
        quantity: Quantity that changes: demand at all times, hourly price of an instance type, or allowed share of late
            requests.
        factor: Smallest factor at which the finding changes.
        finding: Finding at that factor.
        of: Instance type whose price changes; empty for other quantities.
    """

    quantity: Quantity
    factor: float
    finding: Side
    of: str = ""

    @property
    def text(self) -> str:
        """Describe the flip in a sentence."""
        condition = {
            "demand": f"at {self.factor:.2f} times the demand",
            "price": f"at {self.factor:.2f} times the price of {self.of}",
            "misses": f"with {self.factor:.2f} times as many late requests allowed",
        }
        return f"{condition[self.quantity]} {_MEANING[self.finding]} ({self.finding})"


def flips(projector: Projector, goals: Goals, choice: Choice) -> tuple[Flip, ...]:
    """Find for each quantity the smallest change that flips the finding, by factors from a third to three.

    Args:
        projector: Futures of the account.
        goals: Goals of a configuration.
        choice: Configuration chosen under these goals.
    """

    def at_demand(factor: float) -> Side:
        scaled = projector.scaled(factor)
        return side_of(scaled, goals, candidates(scaled, goals))

    options = candidates(projector, goals)

    def at_promise(factor: float) -> Side:
        return side_of(projector, replace(goals, misses=min(1.0, goals.misses * factor)), options)

    nearest = [_nearest("demand", at_demand, choice.side), _price(projector, goals, choice)]
    nearest.append(_nearest("misses", at_promise, choice.side))
    return tuple(flip for flip in nearest if flip is not None)


def _nearest(quantity: Quantity, finding: Callable[[float], Side], here: Side) -> Flip | None:
    """Find the flip with the smallest ratio, in either direction."""
    best: Flip | None = None
    reach = TRIED_FACTORS[-1]
    for up in (True, False):
        last = 1.0
        for rung in TRIED_FACTORS:
            if rung > reach:
                break
            factor = rung if up else 1 / rung
            other = finding(factor)
            if other == here:
                last = factor
                continue
            for _ in range(HALVINGS):
                middle = float(np.sqrt(last * factor))
                between = finding(middle)
                if between == here:
                    last = middle
                else:
                    factor, other = middle, between
            best, reach = Flip(quantity, factor, other), max(factor, 1 / factor)
            break
    return best


def _price(projector: Projector, goals: Goals, choice: Choice) -> Flip | None:
    """Return the change of an instance type's price at which changing becomes, or ceases to be, worthwhile.

    The cost of a configuration is linear in the price of its type, so the change is solved for, not searched. A finding
    that a configuration is too small does not depend on prices.
    """
    kind = projector.usage.configuration.instance
    keep = 1 - goals.worthwhile
    now, machines = float(choice.now.cost.mean()), float(choice.now.machines.mean())
    if choice.side == "over" and choice.best is not None:
        cost = float(choice.outcome.cost.mean())
        if choice.best.instance != kind:
            factor = 1 + (cost / keep - now) / machines if machines else 0.0
            return Flip("price", factor, "optimised", kind) if factor > 0 else None
        return None
    if choice.side == "optimised":
        changes = []
        for option in choice.safe:
            outcome = projector.outcome(option)
            part = float(outcome.machines.mean())
            if option.instance != kind and part:
                changes.append((1 + (keep * now - float(outcome.cost.mean())) / part, option.instance))
        possible = [change for change in changes if 0 < change[0] < 1]
        if possible:
            factor, of = max(possible)
            return Flip("price", factor, "over", of)
    return None
