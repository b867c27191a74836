"""Names from files as explanations show them: what a name contains can't pass for a statement."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_WORD = r"[\w.:/@+#=~-]+"
_PLAIN = re.compile(rf"{_WORD}(?: - {_WORD})*")
"""A name without anything that structures text; a path is such names with ` - ` between them."""
MOST_LISTED = 4
"""Names that a list tells; of more, the first three and how many others."""


def shown(name: str) -> str:
    """A name as it stands if it is plain; otherwise in double quotes, with all that is not printable ASCII escaped.

    Line breaks, control characters, signs that turn the direction of text, and markup become visible escapes, so a
    name can neither start a line of its own nor end the sentence that it stands in.
    """
    if _PLAIN.fullmatch(name):
        return name
    return json.dumps(name).replace("<", "\\u003c").replace(">", "\\u003e").replace("`", "\\u0060")


def listed(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    told = [shown(n) for n in names]
    if len(told) > MOST_LISTED:
        told = [*told[: MOST_LISTED - 1], f"{len(told) - MOST_LISTED + 1} others"]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}" if told else "nobody"
