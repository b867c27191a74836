"""Shipped champions that a search may cross with: those whose values mean the same and that met nothing held out."""

from __future__ import annotations

from aurora.agents.arena.source import Source
from aurora.champions.champion import Champion
from aurora.champions.shipped import shipped_champions
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.sim.policies.policy import Policy


def shipped_partners(settings: SelfPlaySettings) -> tuple[Policy, ...]:
    """Return the shipped champions that fit the source of a run, for `SelfPlaySettings.shipped`.

    Raises:
        AuroraError: The source of the settings can't be opened.
    """
    source = chosen_source(settings)
    return tuple(c.policy for c in shipped_champions() if fits(c, source))


def fits(champion: Champion, source: Source) -> bool:
    """Return True if a champion's values mean the same as the source's, and it was trained on nothing held out there.

    Families are compared by name where the champion comes from the same source. Champions of a front don't fit: they
    are others with fixed weights of the objectives.
    """
    origin = champion.provenance
    if champion.weights or origin.unit != source.unit or champion.policy.allocation_strategy.network is not None:
        return False
    held_out = {*source.validation, *source.test} if origin.source == source.name else set[str]()
    return not held_out & {*origin.training_families}
