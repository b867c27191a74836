"""The domains between which policies transfer: the families that each trains on and is judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aurora.agents.arena.alterations import ChangeName, with_change
from aurora.agents.arena.generated_source import HELD_OUT, GeneratedSource
from aurora.evals.benchmark.suites import Judged, draw_judged
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.generators import FAMILIES

ALL = "all"
"""Name of the union of all domains, on which a generalist is trained."""
CHOICE_SEED = 7_919
"""Added to the seed of the judged scenarios for those on which the best reference is chosen."""


class DomainFamilies(NamedTuple):
    """The families of a domain.

    Attributes:
        training: Families whose scenarios policies are trained on.
        held_out: Families that no policy is trained on; their validation scenarios choose the champion.
    """

    training: tuple[str, ...]
    held_out: tuple[str, ...]

    @property
    def judged(self) -> tuple[str, ...]:
        """All families, on whose fresh scenarios policies are judged."""
        return self.training + self.held_out


def _families(domain: str) -> DomainFamilies:
    own = tuple(name for name, family in FAMILIES.items() if domain in (family.domain, ALL))
    return DomainFamilies(tuple(n for n in own if n not in HELD_OUT), tuple(n for n in own if n in HELD_OUT))


DOMAINS: Mapping[str, DomainFamilies] = {
    name: _families(name) for name in dict.fromkeys(family.domain for family in FAMILIES.values())
}
"""Families of each domain, by its name."""
TRAINED: Mapping[str, DomainFamilies] = {**DOMAINS, ALL: _families(ALL)}
"""The domains, and their union: what champions are trained on."""


def fresh_scenarios(
    families: Sequence[str], per_level: int, seed: int, change: ChangeName = "", levels: Sequence[int] = ()
) -> list[Judged]:
    """Draw scenarios that no training meets; family and level together are the stratum.

    Args:
        families: Families of scenarios.
        per_level: Scenarios of each family and level.
        seed: Random seed.
        change: Change of all scenarios; "" for none.
        levels: Levels of the curriculum; empty: all.
    """
    source = with_change(GeneratedSource(), change)
    return [
        judged._replace(stratum=f"{judged.stratum}-{level}")
        for level in levels or [level.number for level in LEVELS]
        for judged in draw_judged(families, source, level, per_level, seed)
    ]
