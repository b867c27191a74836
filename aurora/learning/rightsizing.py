"""The search for a configuration that costs less, or holds what was promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from aurora.learning.accounts import Configuration
from aurora.learning.accounts.configuration import COUNTS
from aurora.learning.projection import Outcome, Projector

Side = Literal["under", "over", "optimised"]
TARGETS = (0.5, 0.6, 0.7, 0.8)
SPARE = 1.25
"""What storage and network have over the largest demand that was seen."""
BURST = 1.3
"""What the most instances carry, over 99.9 % of demand."""
MOST_PLAYED = 30
"""Configurations that all futures are played under, cheapest first."""


@dataclass(frozen=True, slots=True)
class Goals:
    """What a configuration has to keep to.

    Attributes:
        misses: Share of a month's requests that may be late.
        safe: Probability of more than that which a proposal may have.
        unsafe: Probability from which on the present configuration counts as too small.
        worthwhile: Share of the cost that a change must save.
    """

    misses: float = 0.01
    safe: float = 0.05
    unsafe: float = 0.2
    worthwhile: float = 0.05


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search found.

    Attributes:
        now: Outcome of the present configuration.
        best: The cheapest safe configuration; None if there is none.
        outcome: Of `best`, or of the present one.
        side: "under": the present one is too small; "over": `best` is worth while; "optimised": neither.
        safe: The cheapest safe configurations, whether worth while or not.
    """

    now: Outcome
    best: Configuration | None
    outcome: Outcome
    side: Side
    safe: tuple[Configuration, ...]


def candidates(projector: Projector, least: int = 1) -> list[Configuration]:
    """Configurations that are made for the demand, of every instance type.

    The least instances carry a quiet hour, a usual or a busy one, the most carry bursts; storage and network are the smallest
    that suffice.

    Args:
        projector: With the futures.
        least: Instances that must run.
    """
    usage, catalogue, demand = projector.usage, projector.catalogue, projector.demand
    quiet, usual, busy, high = np.quantile(demand, (0.05, 0.5, 0.95, 0.999))
    storage = _enough([(s.name, s.iops) for s in catalogue.storage], SPARE * high * usage.needs.io_per_core)
    network = _enough([(n.name, n.gbit) for n in catalogue.network], SPARE * high * usage.needs.network_per_core)
    found: dict[Configuration, None] = {}
    now = usage.configuration
    for kind in catalogue.instances:
        for target in TARGETS:
            carried = kind.cores * kind.speed * target
            most = max(_rung(BURST * high / carried), least)
            for base in (quiet, usual, busy):
                minimum = min(max(_rung(base / carried), least), most)
                found[Configuration(kind.name, storage, network, minimum, most, target, now.cooldown)] = None
    for changed in (replace(now, storage=storage), replace(now, network=network)):
        found[replace(changed, minimum=max(now.minimum, least), maximum=max(now.maximum, least))] = None
    return list(found)


def _enough(ladder: Sequence[tuple[str, float]], wanted: float) -> str:
    """The first rung that suffices, or the last."""
    return next((name for name, amount in ladder if amount >= wanted), ladder[-1][0])


def _rung(count: float) -> int:
    return next((c for c in COUNTS if c >= count), COUNTS[-1])


def choose(projector: Projector, goals: Goals, options: Sequence[Configuration]) -> Choice:
    """The cheapest safe configuration, beside the present one.

    Args:
        projector: With the futures.
        goals: To keep to.
        options: Of `candidates`.
    """
    now = projector.outcome(projector.usage.configuration)
    is_unsafe = now.exceeds(goals.misses) >= goals.unsafe
    ceiling = np.inf if is_unsafe else float(now.cost.mean())
    seen = [(projector.glimpse(c), c) for c in options]
    seen = [(o, c) for o, c in seen if o.misses.mean() <= 2 * goals.misses and o.cost.mean() <= 1.1 * ceiling]
    seen.sort(key=lambda pair: float(pair[0].cost.mean()))
    safe: list[tuple[float, Configuration]] = []
    for _, option in seen[:MOST_PLAYED]:
        outcome = projector.outcome(option)
        if outcome.exceeds(goals.misses) <= goals.safe:
            safe.append((float(outcome.cost.mean()), option))
            if len(safe) == 3:  # noqa: PLR2004  # the glimpse orders them nearly right
                break
    best = min(safe, key=lambda pair: pair[0])[1] if safe else None
    known = tuple(c for _, c in sorted(safe, key=lambda pair: pair[0]))
    if is_unsafe:
        return Choice(now, best, now if best is None else projector.outcome(best), "under", known)
    if best is not None and _gain(now, projector.outcome(best)) >= goals.worthwhile:
        return Choice(now, best, projector.outcome(best), "over", known)
    return Choice(now, None, now, "optimised", known)


def _gain(now: Outcome, other: Outcome) -> float:
    return 1 - float(other.cost.mean()) / float(now.cost.mean())


def least_instances(tags: Sequence[str]) -> int:
    """What a tag such as `minimum=3` demands; 1 without one."""
    wanted = [t.partition("=")[2] for t in tags if t.startswith("minimum=")]
    return max([int(w) for w in wanted if w.isdigit()], default=1)

