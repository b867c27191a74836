"""Search for a configuration that costs less, or keeps the promise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil
from operator import attrgetter
from typing import Literal

import numpy as np

from aurora.learning.accounts import Catalogue, Configuration
from aurora.learning.accounts.configuration import COOLDOWNS, COUNTS
from aurora.learning.rightsizing.projection import Outcome, Projector
from aurora.learning.rightsizing.usage import Usage

Side = Literal["under", "over", "optimised"]
TARGETS = (0.5, 0.6, 0.7, 0.8)
HEADROOM = 1.25
"""Capacity of storage and network over the largest demand that was seen."""
BURST_FACTOR = 1.3
"""Capacity of the most instances over the 99.9 % quantile of demand."""
MAX_SHARE_OF_LATE = 0.5
"""Share of the present late requests that a proposal may have where no configuration is safe."""
HOPELESS_FACTOR = 5.0
"""Late requests in ten days, as a multiple of those allowed, above which a configuration is dropped."""
MAX_UNSAFE_PLAYED = 5
"""Configurations that are simulated fully where none is safe."""
KEPT_INSTANCES = 2
"""Instances that are kept where there are as many, unless fewer are asked for: a single one may fail or be replaced."""
NEGLIGIBLE_SHARE = 0.002
"""Share of the cost below which a part of a change is not worth making."""
FIELDS_TO_UNDO = ("cooldown", "target", "network", "storage", "maximum", "minimum", "instance")
"""Fields of a configuration, in the order in which a proposal is tried without changing them."""
MAX_SAFE = 4
"""Number of safe configurations at which the search ends; the rough estimate orders them nearly right."""
_FIELDS = tuple(f.name for f in fields(Configuration))
_values = attrgetter(*_FIELDS)


@dataclass(frozen=True, slots=True)
class Goals:
    """Goals of a configuration.

    Attributes:
        misses: Share of a month's requests that may be late.
        safe: Largest projected probability of more late requests that a proposal may have.
        unsafe: Least such probability at which the present configuration counts as too small.
        worthwhile: Least share of the cost that a change must save.
        least: Instances that must stay; None: `KEPT_INSTANCES` where there are as many, else one.
    """

    misses: float = 0.01
    safe: float = 0.05
    unsafe: float = 0.2
    worthwhile: float = 0.05
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Result of the search.

    Attributes:
        now: Outcome of the present configuration.
        best: Cheapest safe configuration, or the safest where none is safe enough; None if neither helps.
        outcome: Outcome of `best`, or of the present configuration.
        side: "under": the present one is too small; "over": `best` is worth while; "optimised": neither.
        safe: Cheapest safe configurations, whether worth while or not.
    """

    now: Outcome
    best: Configuration | None
    outcome: Outcome
    side: Side
    safe: tuple[Configuration, ...]


def candidates(projector: Projector, goals: Goals = Goals(), *, with_tags: bool = True) -> list[Configuration]:
    """Return configurations that suit the demand, of every instance type, the cheapest first by a rough estimate.

    The least instances carry a quiet hour, a usual or a busy one, the most carry bursts; storage and network are the
    smallest that suffice, with and without something to spare. What was not measured is not made smaller, see
    `keeps_unmeasured`.

    Args:
        projector: Futures of the account.
        goals: Goals of a configuration.
        with_tags: Whether a tag such as `minimum=3` counts.
    """
    usage, catalogue, demand = projector.usage, projector.catalogue, projector.demand
    levels = np.quantile(demand, np.append(np.linspace(0.01, 0.99, 50), (0.05, 0.5, 0.95, 0.999)))
    spread, (quiet, usual, busy, high) = levels[:50], levels[50:]
    now = usage.configuration
    old = catalogue.instance[now.instance]
    fixed = _fixed_parts(projector, float(high))
    least, most_least = instance_floors(usage, goals, with_tags=with_tags)
    cooldown = min(now.cooldown, COOLDOWNS[0])  # acting sooner costs nothing
    found: dict[Configuration, float] = {}

    def add(configuration: Configuration) -> None:
        if not keeps_unmeasured(now, configuration, usage.unmeasured, catalogue):
            return
        kind = catalogue.instance[configuration.instance]
        wanted = spread / (kind.cores * kind.speed * configuration.target)
        running = float(np.clip(wanted, configuration.minimum, configuration.maximum).mean())
        volume = catalogue.storage_class[configuration.storage].price * usage.data
        found[configuration] = running * kind.price + volume + catalogue.network_tier[configuration.network].price

    for kind in catalogue.instances:
        share = old.memory / kind.memory if "memory" in usage.unmeasured else 0.0  # of the present instances, at least
        low, top = max(least, ceil(share * now.minimum)), max(most_least, ceil(share * now.maximum))
        for storage, network in fixed:
            for target in sorted({*TARGETS, now.target}) if share else TARGETS:
                carried = kind.cores * kind.speed * target
                most = max(_rung(BURST_FACTOR * high / carried), top)
                for base in (quiet, usual, busy):
                    minimum = min(max(_rung(base / carried), low), most)
                    add(Configuration(kind.name, storage, network, minimum, most, target, cooldown))
            steady = max(_rung(high / (kind.cores * kind.speed * TARGETS[-1])), low, top)  # autoscaling comes late
            add(Configuration(kind.name, storage, network, steady, steady, TARGETS[-1], cooldown))
    for storage, network in fixed:
        for changed in (replace(now, storage=storage), replace(now, network=network)):
            add(replace(changed, minimum=max(now.minimum, least), maximum=max(now.maximum, most_least)))
    return sorted(found, key=lambda c: (found[c], len(differing(now, c)), _values(c)))


def _fixed_parts(projector: Projector, high: float) -> list[tuple[str, str]]:
    """Return storage classes and network tiers that suffice; the present one where its use was not measured."""
    usage, catalogue = projector.usage, projector.catalogue
    volumes = [(s.name, s.iops) for s in catalogue.storage]
    tiers = [(n.name, n.gbit) for n in catalogue.network]
    spares = (1.0, HEADROOM)
    storage = {_smallest_sufficient(volumes, spare * high * usage.needs.io_per_core) for spare in spares}
    network = {_smallest_sufficient(tiers, spare * high * usage.needs.network_per_core) for spare in spares}
    if "io" in usage.unmeasured:
        storage = {usage.configuration.storage}
    if "bandwidth" in usage.unmeasured:
        network = {usage.configuration.network}
    return [(s, n) for s in sorted(storage) for n in sorted(network)]


def instance_floors(usage: Usage, goals: Goals, *, with_tags: bool = True) -> tuple[int, int]:
    """Return the smallest `minimum` and the smallest `maximum` of a proposal."""
    now = usage.configuration
    tagged = least_instances(usage.tags) if with_tags else 1
    if goals.least is not None:
        return max(tagged, goals.least), max(tagged, goals.least)
    return max(tagged, min(KEPT_INSTANCES, now.minimum)), max(tagged, min(KEPT_INSTANCES, now.maximum))


def keeps_unmeasured(now: Configuration, new: Configuration, unmeasured: Sequence[str], catalogue: Catalogue) -> bool:
    """Return whether a configuration has no less than the present one of each resource that was not measured.

    Of memory that is the size of a machine, and what all machines have together: at least, at most, and for the same
    demand. Of storage and network it is what the class and the tier allow.

    Args:
        now: Present configuration.
        new: Configuration to check.
        unmeasured: Resources that were not measured, of `usage.RESOURCES`.
        catalogue: Catalogue that both name things from.
    """
    if "io" in unmeasured and catalogue.storage_class[new.storage].iops < catalogue.storage_class[now.storage].iops:
        return False
    if "bandwidth" in unmeasured:
        tiers = catalogue.network_tier
        if tiers[new.network].gbit < tiers[now.network].gbit:
            return False
    if "memory" not in unmeasured:
        return True
    old, kind = catalogue.instance[now.instance], catalogue.instance[new.instance]
    if kind.memory < old.memory:
        return False
    if new.minimum * kind.memory < now.minimum * old.memory or new.maximum * kind.memory < now.maximum * old.memory:
        return False
    is_steady = new.minimum * kind.memory >= now.maximum * old.memory
    a_core, now_a_core = (k.memory / (k.cores * k.speed * c.target) for k, c in ((kind, new), (old, now)))
    return is_steady or a_core >= now_a_core


def differing(now: Configuration, new: Configuration) -> tuple[str, ...]:
    """Return the names of the fields in which two configurations differ."""
    return tuple(k for k, a, b in zip(_FIELDS, _values(now), _values(new), strict=True) if a != b)


def _smallest_sufficient(ladder: Sequence[tuple[str, float]], wanted: float) -> str:
    """Return the first rung that suffices, or the last."""
    return next((name for name, amount in ladder if amount >= wanted), ladder[-1][0])


def _rung(count: float) -> int:
    return next((c for c in COUNTS if c >= count), COUNTS[-1])


def choose(projector: Projector, goals: Goals, options: Sequence[Configuration]) -> Choice:
    """Choose the cheapest safe configuration, if it is worth the change.

    Args:
        projector: Futures of the account.
        goals: Goals of a configuration.
        options: Configurations to choose from, by `candidates`.
    """
    now = projector.outcome(projector.usage.configuration)
    is_unsafe = now.exceeds(goals.misses) >= goals.unsafe
    glimpses: list[tuple[float, Configuration]] = []
    found = _safe_options(projector, goals, options, np.inf if is_unsafe else _ceiling(now), glimpses)
    safe = tuple(sorted(found, key=lambda c: float(projector.outcome(c).cost.mean())))
    best = safe[0] if safe else None
    if is_unsafe and best is None:
        best = _safest(projector, goals, glimpses)
    if best is not None and (is_unsafe or _gain(now, projector.outcome(best)) >= goals.worthwhile):
        best = _without_useless_parts(projector, goals, best, np.inf if is_unsafe else float(now.cost.mean()))
        return Choice(now, best, projector.outcome(best), "under" if is_unsafe else "over", safe)
    return Choice(now, None, now, "under" if is_unsafe else "optimised", safe)


def side_of(projector: Projector, goals: Goals, options: Sequence[Configuration]) -> Side:
    """Return the side of `choose` alone, which takes much less time."""
    present = projector.usage.configuration
    if not projector.exceeds_at_most(present, goals.misses, float(np.nextafter(goals.unsafe, 0.0))):
        return "under"
    now = projector.outcome(present)
    found = _safe_options(projector, goals, options, _ceiling(now), [])
    return "over" if any(_gain(now, projector.outcome(c)) >= goals.worthwhile for c in found) else "optimised"


def _ceiling(now: Outcome) -> float:
    return 1.02 * float(now.cost.mean())


def _safe_options(
    projector: Projector,
    goals: Goals,
    options: Sequence[Configuration],
    ceiling: float,
    glimpses: list[tuple[float, Configuration]],
) -> Iterator[Configuration]:
    """Yield the first few safe options in their order; the late requests seen of each are added to `glimpses`."""
    count = 0
    for option in options:
        if projector.least_cost(option) > ceiling:
            continue
        late = projector.peek(option)
        if late > HOPELESS_FACTOR * goals.misses:
            glimpses.append((late, option))
            continue
        seen = projector.glimpse(option)
        late = float(seen.misses.mean())
        glimpses.append((late, option))
        if seen.cost.mean() > ceiling or late > 2 * goals.misses:
            continue
        if projector.exceeds_at_most(option, goals.misses, goals.safe):
            count += 1
            yield option
            if count == MAX_SAFE:
                return


def _without_useless_parts(projector: Projector, goals: Goals, best: Configuration, cost_now: float) -> Configuration:
    """Return a proposal without the parts of the change that make it neither cheaper nor safer."""
    usage = projector.usage
    now, outcome = usage.configuration, projector.outcome(best)
    dearest = min((1 + NEGLIGIBLE_SHARE) * float(outcome.cost.mean()), (1 - goals.worthwhile) * cost_now)
    risk = max(outcome.exceeds(goals.misses), goals.safe / 2)  # a future more of forty is no difference
    least, most_least = instance_floors(usage, goals)
    for field in FIELDS_TO_UNDO * 2:  # a target does nothing where the instances are fixed later
        back = replace(best, **{field: getattr(now, field)})
        if back in (best, now) or not (least <= back.minimum <= back.maximum >= most_least):
            continue
        if (
            not keeps_unmeasured(now, back, usage.unmeasured, projector.catalogue)
            or projector.least_cost(back) > dearest
        ):
            continue
        if projector.exceeds_at_most(back, goals.misses, risk) and projector.outcome(back).cost.mean() <= dearest:
            best = back
    return best


def _safest(projector: Projector, goals: Goals, glimpses: list[tuple[float, Configuration]]) -> Configuration | None:
    """Return the safest of the most promising options, if it is much better than the present one."""
    few = [c for _, c in sorted(glimpses, key=lambda pair: pair[0])[:MAX_UNSAFE_PLAYED]]
    if not few:
        return None
    outcomes = [(projector.outcome(c), c) for c in few]
    outcome, best = min(outcomes, key=lambda p: (p[0].exceeds(goals.misses), float(p[0].cost.mean())))
    now = projector.outcome(projector.usage.configuration)
    return best if outcome.misses.mean() <= MAX_SHARE_OF_LATE * now.misses.mean() else None


def _gain(now: Outcome, other: Outcome) -> float:
    return 1 - float(other.cost.mean()) / float(now.cost.mean())


def least_instances(tags: Sequence[str]) -> int:
    """Return the instances that a tag such as `minimum=3` demands; 1 without one."""
    wanted = [t.partition("=")[2] for t in tags if t.startswith("minimum=")]
    return max([int(w) for w in wanted if w.isdigit()], default=1)
