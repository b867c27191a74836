"""The variants of self-play that ablations compare: the complete one, and one for each part that is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aurora.agents.search.effort import Part

COMPLETE = "complete"
"""Variant with all parts."""


class Variant(NamedTuple):
    """A variant of self-play.

    Attributes:
        about: Description in a line.
        settings: Settings of a run in which it differs from the complete one.
        needs_model: True if it differs only where there is a model.
    """

    about: str
    settings: Mapping[str, Any]
    needs_model: bool = False


SEARCH_PARTS: Mapping[Part, str] = {
    "challengers": "one policy is tuned, and no other structure beside it",
    "tuning": "new structures are not tuned before they challenge",
    "halving": "new structures meet all scenarios, and none leaves early",
    "inheritance": "new structures forget what tuning has learned about their parent",
    "lexicase": "finalists and parents are chosen by mean, not by family",
    "elites": "no policy is kept for what it does differently",
    "crossover": "new structures have one parent",
    "restarts": "no tuning starts afresh",
    "pruning": "no terms are dropped because the leader can miss them",
}
"""Parts of the policy search, with what is different without each."""

VARIANTS: Mapping[str, Variant] = {
    COMPLETE: Variant("all parts", {}),
    "no attacker": Variant("scenarios are drawn at random, not searched for", {"without": ("attacker",)}),
    "no retrieval": Variant("no policies are retrieved for similar scenarios", {"without": ("retrieval",)}),
    "no curriculum": Variant("every level is drawn with the same probability", {"without": ("curriculum",)}),
    "no Elo": Variant("rivals are drawn from the archive at random", {"without": ("elo",)}),
    "no race": Variant("the champion is the best mean on fixed validation scenarios", {"without": ("race",)}),
    **{f"no {part}": Variant(about, {"without": (part,)}) for part, about in SEARCH_PARTS.items()},
    "search only": Variant("no model writes scenarios or policies", {"proposer": "search"}, needs_model=True),
    "model only": Variant("no search tunes or varies policies", {"proposer": "model"}, needs_model=True),
}
"""Every variant by its name."""

DEFAULT_VARIANTS: tuple[str, ...] = tuple(
    name for name in VARIANTS if name != COMPLETE and name.removeprefix("no ") not in SEARCH_PARTS
)
"""Variants that are compared if none are named: the parts of self-play, and not those of its search."""


def variant_settings(name: str, model: str) -> dict[str, Any]:
    """Return the settings of a run in which a variant differs from the defaults.

    Args:
        name: Name in `VARIANTS`.
        model: Model as `provider:model`; empty: the search works alone.
    """
    settings = {**({"proposer": "both", "model": model, "model_from_level": 1} if model else {})}
    settings |= VARIANTS[name].settings
    if settings.get("proposer") == "search":
        settings = {key: value for key, value in settings.items() if not key.startswith("model")}
    return settings
