"""Names from files in a text: plain where they are unambiguous, else quoted, so that none can pass for prose."""

from __future__ import annotations

import re
import unicodedata

PLAIN_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:/@-]*[A-Za-z0-9])?")
"""A name that needs no quotes."""
_SPECIAL = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(name: str) -> str:
    """Quote a name; invisible characters, line breaks and quotes are escaped."""
    return f'"{"".join(_SPECIAL.get(c) or (c if _is_seen(c) else _escape(c)) for c in name)}"'


def shown_name(name: str, words: frozenset[str] = frozenset()) -> str:
    """Return a name as it is where it is plain and none of these words, else quoted."""
    return name if PLAIN_NAME.fullmatch(name) and name.lower() not in words else quoted(name)


def _is_seen(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # the basic plane
