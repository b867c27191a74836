"""Why a configuration is too large or too small, in sentences with the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aurora.learning.accounts import Configuration
from aurora.learning.rightsizing.projection import Projector, Utilisation
from aurora.learning.rightsizing.rightsizing import INDIFFERENT, KEPT_INSTANCES, Choice, Goals, differing, floors
from aurora.learning.rightsizing.usage import RESOURCES

IDLE, BUSY = 0.3, 0.9
"""Utilisation that 95 of 100 hours stay below, or 5 of 100 exceed, for a resource to be called idle or busy."""
GROWING = 0.005
"""Growth a week that is worth a sentence."""
SATURATED = 0.02
"""Share of the values with a full CPU that is worth one."""
_WORDS = {"cpu": "CPU", "memory": "memory", "io": "storage", "bandwidth": "network"}
"""For people."""


def named(resources: Sequence[str]) -> str:
    """Resources in a sentence: "memory, storage and network"."""
    words = [_WORDS[r] for r in resources]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def disagreement(used: Utilisation, choice: Choice) -> str:
    """That CPU and memory, which come in one machine, ask for opposite changes; "" where they don't.

    Args:
        used: As projected for the present configuration.
        choice: What was found.
    """
    cpu, memory = used.p95["cpu"], used.p95["memory"]
    if choice.side == "optimised" or cpu is None or memory is None:
        return ""
    told = f"CPU is projected at {cpu:.0%} or less in 95 of 100 hours, memory at {memory:.0%}"
    if cpu < IDLE and memory > BUSY:
        return f"{told}: CPU says over, memory says under"
    if memory < IDLE and cpu > BUSY:
        return f"{told}: CPU says under, memory says over"
    return ""


def reasons_for(
    projector: Projector, choice: Choice, goals: Goals, measured: Utilisation, projected: Utilisation
) -> tuple[str, ...]:
    """What speaks for the finding.

    Args:
        projector: With the futures.
        choice: What was found.
        goals: To keep to.
        measured: Utilisation so far.
        projected: Utilisation of the present configuration in the next month.
    """
    usage = projector.usage
    late = float(choice.now.misses.mean())
    found = [f"measured: {_told(measured)}"]
    if usage.unmeasured:
        were = "was" if len(usage.unmeasured) == 1 else "were"
        found.append(f"{named(usage.unmeasured)} {were} not measured: no less is proposed than there is now")
    if usage.saturated > SATURATED:
        found.append(
            f"in {usage.saturated:.0%} of what was measured the CPU was full: demand may be larger than what was seen"
        )
    if abs(usage.growth[0]) > GROWING:
        fate = "carried on" if usage.growth[0] > 0 else "not carried on: it may come back"
        found.append(f"measured demand changed by {usage.growth[0]:+.1%} a week, which is {fate}")
    found.append(
        f"projected for the next month, if nothing is changed: {_told(projected)}; {late:.2%} of requests late "
        f"(allowed {goals.misses:.2%}), more than allowed with probability {choice.now.exceeds(goals.misses):.0%}"
    )
    found += _why_none(choice, goals, usage.unmeasured) if choice.best is None else _parts(projector, choice, goals)
    return (*found, *usage.assumptions)


def _told(used: Utilisation) -> str:
    """The utilisation of what was measured."""
    shares = [(_WORDS[r], used.p50[r], used.p95[r]) for r in RESOURCES]
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
    """For each part of the change, what would be without it: more late requests, or a higher cost."""
    now, new = projector.usage.configuration, choice.best
    if new is None:
        return []
    found = []
    least, _ = floors(projector.usage, goals)
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
    if cost > INDIFFERENT * float(here.cost.mean()):
        return f"saves ${cost:,.0f} a month"
    return "makes the change safer" if risk > here.exceeds(goals.misses) else "makes little difference"
