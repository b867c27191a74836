"""The variants of self-play that ablations compare: the complete one, and one for each part that is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

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


VARIANTS: Mapping[str, Variant] = {
    COMPLETE: Variant("all parts", {}),
    "no attacker": Variant("scenarios are drawn at random, not searched for", {"without": ("attacker",)}),
    "no retrieval": Variant("no policies are retrieved for similar scenarios", {"without": ("retrieval",)}),
    "no curriculum": Variant("every level is drawn with the same probability", {"without": ("curriculum",)}),
    "no Elo": Variant("rivals are drawn from the archive at random", {"without": ("elo",)}),
    "no race": Variant("the champion is the best mean on fixed validation scenarios", {"without": ("race",)}),
    "search only": Variant("no model writes scenarios or policies", {"proposer": "search"}, needs_model=True),
    "model only": Variant("no search tunes or varies policies", {"proposer": "model"}, needs_model=True),
}
"""Every variant by its name."""


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
