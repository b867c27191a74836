"""Changes of the catalogue: what appeared, went, was withdrawn, has another version, or costs more or less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.catalogue import Entry
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.profiles.chain_profiles import ChainProfile, share_of
from aurora.learning.composition.scores.prices import REQUESTS, SECONDS_AN_HOUR, Prices, price_per_hour
from aurora.types import Frozen, NonNegative

COST_UNIT = "cost of 1,000 requests"
LEAST_RATIO = 1.01
"""Quotient of two costs that counts as a change."""


class Listed(Frozen):
    """What is remembered of a component in the catalogue.

    Attributes:
        version: Its version.
        deprecated: Why it is not to be used any more; empty if it may be used.
        cost: Cost of a thousand requests, in the currency of the prices; core hours without a price file.
    """

    version: str = Field("", max_length=128)
    deprecated: str = ""
    cost: NonNegative = 0.0


def listed_components(
    entries: Mapping[str, Entry], profiles: Sequence[ChainProfile], prices: Prices
) -> dict[str, Listed]:
    """Return what is remembered of the components of a catalogue.

    The cost of a component is that of a thousand requests one after the other: its measured time, on a core and with
    the memory that it holds. It is 0 where the component has not been measured.

    Args:
        entries: Id -> component.
        profiles: Profiles of a task's chains on this machine.
        prices: Prices.
    """
    found = {}
    for name, entry in entries.items():
        share = share_of(name, profiles)
        hours = 0.0 if share is None else REQUESTS * share.seconds_p50 / SECONDS_AN_HOUR
        cost = 0.0 if share is None else hours * price_per_hour(share.memory, prices)
        found[name] = Listed(version=str(entry.version), deprecated=entry.deprecated, cost=cost)
    return found


def catalogue_changes(before: Mapping[str, Listed], after: Mapping[str, Listed], running: Pipeline) -> list[Change]:
    """Return what changed in the catalogue, what concerns the running composition first.

    Args:
        before: Id -> component, when the composition was chosen.
        after: Id -> component now.
        running: The running composition.

    Returns:
        Changes that need a recomposition: a component of the running composition went, was withdrawn, has another
        version or another price, or a component appeared or became cheaper. What becomes dearer or goes, and does not
        run, only reports: it can't make another composition better than the one that runs.
    """
    used = set(running.components)
    found = [
        change
        for name in sorted({*before, *after})
        if (change := _change(name, before.get(name), after.get(name), is_used=name in used)) is not None
    ]
    return sorted(found, key=lambda change: (change.subject not in used, not change.needs_recomposition))


def may_be_better(change: Change) -> bool:
    """Return whether a change of the catalogue can make a component better: it appeared, is new, or became cheaper."""
    if change.kind != "catalogue":
        return False
    return change.after < change.before if change.unit == COST_UNIT else change.after > change.before


def _change(name: str, old: Listed | None, new: Listed | None, *, is_used: bool) -> Change | None:
    uses = "; the running composition uses it" if is_used else ""
    cost = old.cost if old else 0.0, new.cost if new else 0.0
    if old is None and new is not None:
        withdrawn = f", but is not to be used: {new.deprecated}" if new.deprecated else ""
        return _fact(name, "present", (0.0, 1.0), f"{name} appeared{withdrawn}", needs=not new.deprecated)
    if old is not None and new is None:
        return _fact(name, "present", (1.0, 0.0), f"{name} is no longer in the catalogue{uses}", needs=is_used)
    assert old is not None
    assert new is not None
    if new.deprecated and not old.deprecated:
        return _fact(
            name, "present", (1.0, 0.0), f"{name} is not to be used any more: {new.deprecated}{uses}", needs=is_used
        )
    if old.deprecated and not new.deprecated:
        return _fact(name, "present", (0.0, 1.0), f"{name} may be used again", needs=True)
    if cost[1] > LEAST_RATIO * cost[0] or cost[0] > LEAST_RATIO * cost[1]:
        is_dearer = cost[1] > cost[0]
        text = f"{name} costs {cost[1]:.4g} for 1,000 requests; it was {cost[0]:.4g}{uses}"
        return _fact(name, COST_UNIT, cost, text, needs=is_used or not is_dearer)
    if new.version != old.version:
        text = f"{name} has the version {new.version or '-'}; it was {old.version or '-'}{uses}"
        return _fact(name, "version", (0.0, 1.0), text, needs=True)
    return None


def _fact(name: str, unit: str, values: tuple[float, float], text: str, *, needs: bool) -> Change:
    return Change(
        kind="catalogue",
        subject=name,
        before=values[0],
        after=values[1],
        unit=unit,
        needs_recomposition=needs,
        text=text,
    )
