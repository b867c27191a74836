"""Lists of names from files in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.agents.telling.names import shown

MOST_LISTED = 4
"""Names that a list tells; of more, the first three and how many others."""


def listed(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    told = [shown(n) for n in names]
    if len(told) > MOST_LISTED:
        told = [*told[: MOST_LISTED - 1], f"{len(told) - MOST_LISTED + 1} others"]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}" if told else "nobody"
