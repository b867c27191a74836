"""Keeps long results, so that a client can ask for more of them."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict

CHARACTERS = 4000
"""Most characters of a result shown at once."""
MOST_KEPT = 64_000_000
"""Most characters of all kept results together."""
ID_BYTES = 12
"""Random bytes of an id: nobody guesses that of another client."""
MORE = "more"
"""Name of the tool that shows more of a result."""


class Results:
    """The latest long results by id; the oldest are dropped.

    Args:
        most: Most characters of all together.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()

    def shown(self, text: str) -> str:
        """Return a result as a client gets it: whole, or its beginning with the id by which to ask for more."""
        if len(text) <= CHARACTERS:
            return text
        result_id = secrets.token_urlsafe(ID_BYTES)
        with self._lock:
            self._texts[result_id] = text
            self._characters += len(text)
            while self._characters > self._most and len(self._texts) > 1:
                self._characters -= len(self._texts.popitem(last=False)[1])
        return _part(result_id, text, 0)

    def more(self, result_id: str, offset: int) -> str | None:
        """Return a kept result from a character on; None: there is none of that id."""
        with self._lock:
            text = self._texts.get(result_id)
            if text is not None:
                self._texts.move_to_end(result_id)
        return None if text is None else _part(result_id, text, offset)


def _part(result_id: str, text: str, offset: int) -> str:
    end = offset + CHARACTERS
    rest = len(text) - end
    pointer = f'\n[{rest} characters more: {MORE}(id="{result_id}", offset={end})]' if rest > 0 else ""
    return text[offset:end] + pointer
