"""Reasons of a finding, in sentences with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aurora.learning.accounts import Configuration
from aurora.learning.rightsizing.projection import Projector, Utilisation
from aurora.learning.rightsizing.rightsizing import (
    KEPT_INSTANCES,
    NEGLIGIBLE_SHARE,
    Choice,
    Goals,
    differing,
    instance_floors,
)
from aurora.learning.rightsizing.usage import RESOURCES

IDLE_BELOW, BUSY_ABOVE = 0.3, 0.9
"""Utilisation that 95 of 100 hours stay below, or 5 of 100 exceed, for a resource to be called idle or busy."""
MIN_GROWTH = 0.005
"""Least growth a week that is mentioned."""
MIN_SATURATED = 0.02
"""Least share of values with a full CPU that is mentioned."""
_RESOURCE_NAMES = {"cpu": "CPU", "memory": "memory", "io": "storage", "bandwidth": "network"}
"""Resource -> its name in sentences."""


def named(resources: Sequence[str]) -> str:
    """Return resources as a sentence names them: "memory, storage and network"."""
    words = [_RESOURCE_NAMES[r] for r in resources]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def disagreement(used: Utilisation, choice: Choice) -> str:
    """Return a sentence if CPU and memory, which come in one machine, ask for opposite changes; else "".

    Args:
        used: Projected utilisation of the present configuration.
        choice: Result of the search.
    """
    cpu, memory = used.p95["cpu"], used.p95["memory"]
    if choice.side == "optimised" or cpu is None or memory is None:
        return ""
    told = f"CPU is projected at {cpu:.0%} or less in 95 of 100 hours, memory at {memory:.0%}"
    if cpu < IDLE_BELOW and memory > BUSY_ABOVE:
        return f"{told}: CPU says over, memory says under"
    if memory < IDLE_BELOW and cpu > BUSY_ABOVE:
        return f"{told}: CPU says under, memory says over"
    return ""


def reasons_for(
    projector: Projector, choice: Choice, goals: Goals, measured: Utilisation, projected: Utilisation
) -> tuple[str, ...]:
    """Return the reasons of a finding.

    Args:
        projector: Futures of the account.
        choice: Result of the search.
        goals: Goals of a configuration.
        measured: Utilisation so far.
        projected: Utilisation of the present configuration in the next month.
    """
    usage = projector.usage
    late = float(choice.now.misses.mean())
    found = [f"measured: {_utilisation_text(measured)}"]
    if usage.unmeasured:
        were = "was" if len(usage.unmeasured) == 1 else "were"
        found.append(f"{named(usage.unmeasured)} {were} not measured: no less is proposed than there is now")
    if usage.saturated > MIN_SATURATED:
        found.append(
            f"in {usage.saturated:.0%} of what was measured the CPU was full: demand may be larger than what was seen"
        )
    if abs(usage.growth[0]) > MIN_GROWTH:
        fate = "carried on" if usage.growth[0] > 0 else "not carried on: it may come back"
        found.append(f"measured demand changed by {usage.growth[0]:+.1%} a week, which is {fate}")
    found.append(
        f"projected for the next month, if nothing is changed: {_utilisation_text(projected)}; "
        f"{late:.2%} of requests late (allowed {goals.misses:.2%}), "
        f"more than allowed with probability {choice.now.exceeds(goals.misses):.0%}"
    )
    found += _why_none(choice, goals, usage.unmeasured) if choice.best is None else _parts(projector, choice, goals)
    return (*found, *usage.assumptions)


def _utilisation_text(used: Utilisation) -> str:
    """Return the utilisation of the measured resources in words."""
    shares = [(_RESOURCE_NAMES[r], used.p50[r], used.p95[r]) for r in RESOURCES]
    parts = [f"{word} {p50:.0%} ({p95:.0%})" for word, p50, p95 in shares if p50 is not None and p95 is not None]
    return f"median (95th percentile) {', '.join(parts)}"


def _why_none(choice: Choice, goals: Goals, unmeasured: Sequence[str]) -> list[str]:
    kept = f" with no less {named(unmeasured)}" if unmeasured else ""
    if choice.side == "under":
        return [f"no configuration of the catalogue{kept} keeps the promise safely, or at least far better"]
    if not choice.safe:
        return [f"no other configuration{kept} keeps {goals.misses:.2%} safely for less"]
    return [f"no safe configuration{kept} is cheaper by {goals.worthwhile:.0%} or more"]


def _parts(projector: Projector, choice: Choice, goals: Goals) -> list[str]:
    """Return for each part of the change what it prevents or saves."""
    now, new = projector.usage.configuration, choice.best
    if new is None:
        return []
    found = []
    least, _ = instance_floors(projector.usage, goals)
    for field in differing(now, new):
        before, after = getattr(now, field), getattr(new, field)
        told = f"{field} {before} -> {after}: {_without(projector, choice, goals, new, field)}"
        if field == "minimum" and after == least == KEPT_INSTANCES and goals.least is None:
            told += f" ({KEPT_INSTANCES} instances are kept unless --least-instances says otherwise)"
        found.append(told)
    return found


def _without(projector: Projector, choice: Choice, goals: Goals, new: Configuration, field: str) -> str:
    now = projector.usage.configuration
    back = replace(new, **{field: getattr(now, field)})
    if back.minimum > back.maximum:
        back = replace(back, minimum=now.minimum, maximum=now.maximum)
    there, here = projector.outcome(back), choice.outcome
    risk, cost = there.exceeds(goals.misses), float(there.cost.mean() - here.cost.mean())
    if risk > max(goals.safe, here.exceeds(goals.misses)):
        late = float(there.misses.mean())
        return f"without it {late:.2%} of requests would be late, more than allowed with probability {risk:.0%}"
    if cost > NEGLIGIBLE_SHARE * float(here.cost.mean()):
        return f"saves ${cost:,.0f} a month"
    return "makes the change safer" if risk > here.exceeds(goals.misses) else "makes little difference"
