"""The settings that determine a run of self-play, and the source that they choose."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, field_validator, model_serializer

from aurora.agents.arena.alterations import ChangeName, with_change
from aurora.agents.arena.source import Source
from aurora.agents.arena.sources import SOURCES, open_source
from aurora.agents.search.effort import Part as SearchPart
from aurora.errors import RunError
from aurora.graphs.start import with_start
from aurora.sim.policies.policy import Policy
from aurora.types import Frozen

Part = Literal["attacker", "retrieval", "curriculum", "elo", "race"] | SearchPart
"""Part of self-play that a run can do without, to measure what it adds."""

PARTS = ("training", "validation", "test")
"""The three disjoint sets of families of a source."""


class SelfPlaySettings(Frozen):
    """Settings that determine a run; two runs with equal settings have equal archives.

    Attributes:
        source: Name of the source of scenarios, from `aurora.agents.arena.sources.SOURCES`.
        data: Folder with the traces, for openb and swf, or with scenario files, for files.
        seed: Random seed.
        training_families, validation_families, test_families: Families of scenarios; empty: the source's own choice. A
            name with `*` stands for those of that choice that it matches. No family may be in two of them: the
            champion is chosen on validation and judged on the test.
        population: Candidates per generation of the search.
        generations, training_per_family, validation_per_family: Generations per iteration, and training and validation
            scenarios per family; None: the source's own choice.
        embedder: Fingerprint of the embedder of the index that finds similar scenarios; empty: they are found by their
            statistics, among those that the attacker remembers.
        proposer: Author of scenarios and policies: the search, a model, or both (the model proposes structures, the
            search tunes their constants and draws half of the scenarios).
        model: Model as `provider:model`; empty with `search`.
        model_from_level: First level of the curriculum at which the model is called; below it the search is used.
            Sources without levels always call it.
        prompts: Ids of the versions of the prompts.
        start: Policy that the search starts from, as `checked_start` returns it; None: the source's template.
        shipped: Shipped champions that the search may cross with; `aurora.graphs.partners` chooses them.
        own_proposers: Names of the caller's own proposers, for scenarios and for policies; "" for a built-in one.
        without: Parts that are switched off. Without the attacker, scenarios are drawn at random. Without retrieval, no
            policies are retrieved for similar scenarios. Without the curriculum, every level is drawn with the same
            probability. Without Elo, rivals are drawn from the archive at random. Without the race, the
            champion is the best mean so far on a fixed set of validation scenarios. Parts of the policy search are
            those of `aurora.agents.search.effort`.
        changed: Change of all scenarios, from `aurora.agents.arena.alterations.CHANGES`; "" for none.
        evolve_prompts: Number of iterations after which the prompts of attacker and defender evolve; 0: never.
    """

    source: str = "generated"
    data: str | None = None
    seed: int = 0
    training_families: tuple[str, ...] = ()
    validation_families: tuple[str, ...] = ()
    test_families: tuple[str, ...] = ()
    population: int = 16
    generations: int | None = None
    training_per_family: int | None = None
    validation_per_family: int | None = None
    embedder: str = ""
    proposer: Literal["search", "model", "both"] = "search"
    model: str = ""
    model_from_level: int = 2
    prompts: tuple[str, ...] = ()
    start: Policy | None = None
    shipped: tuple[Policy, ...] = ()
    own_proposers: tuple[str, str] = ("", "")
    without: tuple[Part, ...] = ()
    changed: ChangeName = ""
    evolve_prompts: int = 0

    @field_validator("source")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in SOURCES:
            raise ValueError(f"there is no source {name!r}; there are {', '.join(SOURCES)}")
        return name

    @model_serializer(mode="wrap")
    def _without_unused(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out settings that are not used: manifests of earlier versions don't have their keys."""
        values: dict[str, Any] = serialise(self)
        used = {
            "shipped": bool(self.shipped),
            "own_proposers": any(self.own_proposers),
            "without": bool(self.without),
            "changed": bool(self.changed),
            "evolve_prompts": bool(self.evolve_prompts),
            "test_families": bool(self.test_families),
        }
        return {name: value for name, value in values.items() if used.get(name, True)}


def chosen_source(settings: SelfPlaySettings) -> Source:
    """Open the source of a run, with the families that its settings name and the policy that it starts from.

    Raises:
        PolicyError: The source can't start from the policy.
        DataError: The trace is not there or not valid.
        RunError: A family is unknown, or named for two of training, validation and test.
        InputError: The settings name a change, and the source has other scenarios than generated ones.
    """
    source = open_source(settings.source, None if settings.data is None else Path(settings.data))
    source = with_start(source, settings.start)
    source = _with_families(source, settings)
    effort = source.effort
    chosen = {name: getattr(settings, name) for name in effort._fields if getattr(settings, name) is not None}
    source = replace(source, effort=effort._replace(**chosen))
    return with_change(source, settings.changed)


def _with_families(source: Source, settings: SelfPlaySettings) -> Source:
    """Return a source with the families that the settings name, in place of its own choice."""
    known = source.training + source.validation + source.test
    named = {part: _matched(source, getattr(settings, f"{part}_families"), getattr(source, part)) for part in PARTS}
    for name in (n for names in named.values() for n in names):
        if name not in known:
            raise RunError(f"source {source.name} has no family {name!r}; there are {', '.join(known)}")
    chosen: dict[str, tuple[str, ...]] = {}
    for part in PARTS:
        elsewhere = {n for other in PARTS if other != part for n in named[other]}
        chosen[part] = named[part] or tuple(f for f in getattr(source, part) if f not in elsewhere)
    for first, second in combinations(PARTS, 2):
        both = sorted(set(chosen[first]) & set(chosen[second]))
        if both:
            raise RunError(f"{first} and {second} need families of their own, but {both[0]!r} is named for both")
    if not chosen["training"] or not chosen["validation"]:
        raise RunError("training and validation need families of their own, but one of them has none")
    return replace(source, **chosen)


def _matched(source: Source, names: tuple[str, ...], own: tuple[str, ...]) -> tuple[str, ...]:
    """Return families by name, each name with `*` replaced by the families of `own` that it matches.

    Raises:
        RunError: Such a name matches none.
    """
    found: list[str] = []
    for name in names:
        matches = [family for family in own if fnmatchcase(family, name)] if "*" in name else [name]
        if not matches:
            raise RunError(f"source {source.name} has no family {name!r} for this purpose; there are {', '.join(own)}")
        found += matches
    return tuple(dict.fromkeys(found))
