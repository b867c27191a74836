"""The search for a configuration that costs less, or holds what was promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from aurora.learning.accounts import Configuration
from aurora.learning.accounts.configuration import COOLDOWNS, COUNTS
from aurora.learning.projection import Outcome, Projector

Side = Literal["under", "over", "optimised"]
TARGETS = (0.5, 0.6, 0.7, 0.8)
SPARE = 1.25
"""What storage and network have over the largest demand that was seen."""
BURST = 1.3
"""What the most instances carry, over 99.9 % of demand."""
BETTER = 0.5
"""Where nothing is safe, what has at most this share of the present late requests is proposed, with its risk."""
HOPELESS = 5.0
"""Times the late requests that are allowed, within ten days: not looked at any further."""
FEW_PLAYED = 5
ALTERNATIVES = 4
"""Safe configurations after which the search ends; the rough estimate orders them nearly right."""


@dataclass(frozen=True, slots=True)
class Goals:
    """What a configuration has to keep to.

    Attributes:
        misses: Share of a month's requests that may be late.
        safe: Probability of more than that which a proposal may have, as projected.
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
        best: The cheapest safe configuration, or the safest where none is safe enough; None if neither helps.
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
    """Configurations that are made for the demand, of every instance type, the cheapest first by a rough estimate.

    The least instances carry a quiet hour, a usual or a busy one, the most carry bursts; storage and network are the
    smallest that suffice, with and without something to spare.

    Args:
        projector: With the futures.
        least: Instances that must run.
    """
    usage, catalogue, demand = projector.usage, projector.catalogue, projector.demand
    levels = np.quantile(demand, np.append(np.linspace(0.01, 0.99, 50), (0.05, 0.5, 0.95, 0.999)))
    spread, (quiet, usual, busy, high) = levels[:50], levels[50:]
    volumes = [(s.name, s.iops) for s in catalogue.storage]
    tiers = [(n.name, n.gbit) for n in catalogue.network]
    fixed = {
        (
            _enough(volumes, spare * high * usage.needs.io_per_core),
            _enough(tiers, more * high * usage.needs.network_per_core),
        )
        for spare in (1.0, SPARE)
        for more in (1.0, SPARE)
    }
    now = usage.configuration
    cooldown = min(now.cooldown, COOLDOWNS[0])  # acting sooner costs nothing
    found: dict[Configuration, float] = {}

    def add(configuration: Configuration) -> None:
        kind = catalogue.instance[configuration.instance]
        wanted = spread / (kind.cores * kind.speed * configuration.target)
        running = float(np.clip(wanted, configuration.minimum, configuration.maximum).mean())
        volume = catalogue.storage_class[configuration.storage].price * usage.data
        found[configuration] = running * kind.price + volume + catalogue.network_tier[configuration.network].price

    for kind in catalogue.instances:
        for storage, network in fixed:
            for target in TARGETS:
                carried = kind.cores * kind.speed * target
                most = max(_rung(BURST * high / carried), least)
                for base in (quiet, usual, busy):
                    minimum = min(max(_rung(base / carried), least), most)
                    add(Configuration(kind.name, storage, network, minimum, most, target, cooldown))
            steady = max(_rung(high / (kind.cores * kind.speed * TARGETS[-1])), least)  # autoscaling is late for bursts
            add(Configuration(kind.name, storage, network, steady, steady, TARGETS[-1], cooldown))
    for storage, network in fixed:
        for changed in (replace(now, storage=storage), replace(now, network=network)):
            add(replace(changed, minimum=max(now.minimum, least), maximum=max(now.maximum, least)))
    return sorted(found, key=lambda c: found[c])


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
    ceiling = np.inf if is_unsafe else 1.02 * float(now.cost.mean())
    safe, glimpses = _safe_ones(projector, goals, options, ceiling)
    best = safe[0] if safe else None
    if is_unsafe and best is None:
        best = _hope(projector, goals, glimpses)
    if is_unsafe:
        return Choice(now, best, now if best is None else projector.outcome(best), "under", safe)
    if best is not None and _gain(now, projector.outcome(best)) >= goals.worthwhile:
        return Choice(now, best, projector.outcome(best), "over", safe)
    return Choice(now, None, now, "optimised", safe)


def _safe_ones(
    projector: Projector, goals: Goals, options: Sequence[Configuration], ceiling: float
) -> tuple[tuple[Configuration, ...], list[tuple[float, Configuration]]]:
    """The first few safe ones by cost, and what a glimpse said of the late requests of all that were looked at."""
    safe: list[tuple[float, Configuration]] = []
    glimpses: list[tuple[float, Configuration]] = []
    for option in options:
        late = float(projector.peek(option).misses.mean())
        if late > HOPELESS * goals.misses:
            glimpses.append((late, option))
            continue
        seen = projector.glimpse(option)
        late = float(seen.misses.mean())
        glimpses.append((late, option))
        if seen.cost.mean() > ceiling or late > 2 * goals.misses:
            continue
        outcome = projector.outcome(option)
        if outcome.exceeds(goals.misses) <= goals.safe:
            safe.append((float(outcome.cost.mean()), option))
            if len(safe) == ALTERNATIVES:
                break
    return tuple(c for _, c in sorted(safe, key=lambda pair: pair[0])), glimpses


def _hope(projector: Projector, goals: Goals, glimpses: list[tuple[float, Configuration]]) -> Configuration | None:
    """The safest of those that promise most, if it is much better than the present one."""
    few = [c for _, c in sorted(glimpses, key=lambda pair: pair[0])[:FEW_PLAYED]]
    if not few:
        return None
    outcomes = [(projector.outcome(c), c) for c in few]
    outcome, best = min(outcomes, key=lambda p: (p[0].exceeds(goals.misses), float(p[0].cost.mean())))
    now = projector.outcome(projector.usage.configuration)
    return best if outcome.misses.mean() <= BETTER * now.misses.mean() else None


def _gain(now: Outcome, other: Outcome) -> float:
    return 1 - float(other.cost.mean()) / float(now.cost.mean())


def least_instances(tags: Sequence[str]) -> int:
    """What a tag such as `minimum=3` demands; 1 without one."""
    wanted = [t.partition("=")[2] for t in tags if t.startswith("minimum=")]
    return max([int(w) for w in wanted if w.isdigit()], default=1)
