"""Why a configuration is too large or too small, in sentences with the numbers."""

from __future__ import annotations

import numpy as np

from aurora.learning.projection import Projector, Utilisation
from aurora.learning.rightsizing import Choice, Goals

IDLE, BUSY = 0.3, 0.9
"""Utilisation that 95 of 100 hours stay below, or 5 of 100 exceed, for a resource to be called idle or busy."""


def disagreement(used: Utilisation, choice: Choice) -> str:
    """That CPU and memory, which come in one machine, ask for opposite changes; "" where they don't."""
    cpu, memory = used.p95["cpu"], used.p95["memory"]
    if choice.side == "optimised":
        return ""
    told = f"CPU is at {cpu:.0%} or less in 95 of 100 hours, memory at {memory:.0%}"
    if cpu < IDLE and memory > BUSY:
        return f"{told}: CPU says over, memory says under"
    if memory < IDLE and cpu > BUSY:
        return f"{told}: CPU says under, memory says over"
    return ""


def reasons_for(projector: Projector, choice: Choice, goals: Goals, used: Utilisation) -> tuple[str, ...]:
    """What speaks for the finding.

    Args:
        projector: With the futures.
        choice: What was found.
        goals: To keep to.
        used: Projected utilisation of the present configuration.
    """
    usage = projector.usage
    late = float(choice.now.misses.mean())
    found = [
        f"next month {late:.2%} of requests are late (allowed {goals.misses:.2%}), and more than allowed with "
        f"probability {choice.now.exceeds(goals.misses):.0%}"
    ]
    found.append(f"CPU at {used.p50['cpu']:.0%} in half of all hours, at {used.p95['cpu']:.0%} in 5 of 100")
    if usage.saturated > 0.02:  # noqa: PLR2004  # worth a sentence
        found.append(
            f"in {usage.saturated:.0%} of what was measured the CPU was full: demand may be larger than what was seen"
        )
    if choice.best is None:
        found += _why_none(choice, goals)
        return tuple(found)
    return (*found, *_what_changes(projector, choice, used))


def _why_none(choice: Choice, goals: Goals) -> list[str]:
    if choice.side == "under":
        return ["no configuration of the catalogue keeps the promise safely, or at least far better"]
    if not choice.safe:
        return [f"no other configuration keeps {goals.misses:.2%} safely for less"]
    return [f"no safe configuration is cheaper by {goals.worthwhile:.0%} or more"]


def _what_changes(projector: Projector, choice: Choice, used: Utilisation) -> list[str]:
    """One sentence for each part of the configuration that changes."""
    usage, catalogue = projector.usage, projector.catalogue
    now, new = usage.configuration, choice.best
    if new is None:
        return []
    found = []
    demand = projector.demand
    high = float(np.quantile(demand, 0.999))
    if now.instance != new.instance:
        old, kind = catalogue.instance[now.instance], catalogue.instance[new.instance]
        found.append(
            f"memory is at {used.p95['memory']:.0%} in 5 of 100 hours with {old.memory / old.cores:g} GiB a core "
            f"({old.name}, ${old.price / old.cores / old.speed:.4f} a core-hour); {kind.name} has "
            f"{kind.memory / kind.cores:g} at ${kind.price / kind.cores / kind.speed:.4f}"
        )
    for name, before, after, quantile, word in (
        ("minimum", now.minimum, new.minimum, 0.05, "least"),
        ("maximum", now.maximum, new.maximum, 0.999, "most"),
    ):
        if before != after:
            kind = catalogue.instance[new.instance]
            wanted = float(np.quantile(demand, quantile)) / (kind.cores * kind.speed * new.target)
            found.append(
                f"{name} {before} -> {after}: {word} demand ({quantile:.1%} quantile) takes {wanted:.1f} {kind.name}"
            )
    if now.target != new.target:
        found.append(f"the autoscaler's target {now.target:.0%} -> {new.target:.0%}")
    if now.storage != new.storage:
        old_class, new_class = catalogue.storage_class[now.storage], catalogue.storage_class[new.storage]
        found.append(
            f"storage: 99.9 % of demand is below {high * usage.needs.io_per_core:.0f} operations/s; {old_class.name} "
            f"allows {old_class.iops:.0f}, {new_class.name} {new_class.iops:.0f}"
        )
    if now.network != new.network:
        old_tier, new_tier = catalogue.network_tier[now.network], catalogue.network_tier[new.network]
        found.append(
            f"network: 99.9 % of demand is below {high * usage.needs.network_per_core:.2f} Gbit/s; {old_tier.name} "
            f"allows {old_tier.gbit:g}, {new_tier.name} {new_tier.gbit:g}"
        )
    return found
