"""Cleans a server's messages for display and storage: no keys, no control characters, one line."""

from __future__ import annotations

import os
import re
import unicodedata

from aurora.agents.models.providers import PROVIDERS

MASK = "[key]"
"""Replacement of a key."""
MIN_KEY_LENGTH = 8
"""Shortest key that is masked wherever it occurs, characters; a shorter one (`x` for an own server) is no secret."""
MAX_CHARACTERS_SHOWN = 300
"""Most characters of a server's message that are shown."""
_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf)[-_][A-Za-z0-9_\-*]{8,}"  # the prefixes that providers give their keys
    r"|\bAIza[A-Za-z0-9_\-]{20,}"
    r"|(?<=Bearer )[A-Za-z0-9._~+/\-]{8,}=*"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user and password of an address
)


def masked(text: str) -> str:
    """Mask the keys in the environment and everything that looks like a key."""
    for provider in PROVIDERS.values():
        key = os.environ.get(provider.key, "").strip()
        if len(key) >= MIN_KEY_LENGTH:
            text = text.replace(key, MASK)
    return _LIKE_A_KEY.sub(MASK, text)


def printable(text: str) -> str:
    """Drop control and format characters and lone surrogates, which a terminal would act on or can't show.

    Line breaks and tabs stay.
    """
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def one_line(text: str, limit: int = MAX_CHARACTERS_SHOWN) -> str:
    """Return a server's message as one short line: masked, printable, truncated."""
    line = " ".join(masked(printable(text[: 20 * limit])).split())
    return line if len(line) <= limit else line[: limit - 3] + "..."
