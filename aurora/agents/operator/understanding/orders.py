"""Finds the order of nodes that a question asks for: by how full, how empty or how dear they are."""

from __future__ import annotations

import re

_DEAR = re.compile(r"\b(?:dear\w*|expensive|pric\w+|cost\w*|money)\b")
_EMPTY = re.compile(
    r"\b(?:empt\w+|idle\w*|free\w*|room|space|least|unused|quiet\w*|spare|vacant|available|headroom|underused|"
    r"underutili[sz]ed|lowest|coldest|bored|take (?:a|an|more|another)|host (?:a|an|more|another)|"
    r"(?:cores?|memory|gpus?|capacity) left|"
    r"fit (?:a|an|another)|nothing to do)\b"
)
_CHEAP = re.compile(
    r"\bcheap\w*\b|\b(?:least|lowest|less) (?:\w+ )?(?:expensive|pric\w+|cost\w*)\b|\bcosts? (?:the )?least\b"
)
_LITTLE_USED = re.compile(
    r"\b(?:least|lowest|under|not|hardly|barely|lightly|less|little) (?:\w+ )?"
    r"(?:full|busy|loaded|used|utilis\w+|utiliz\w+|packed|load|usage|cpu|utilisation|work|allocated|requested)\b"
)
_LITTLE_ROOM = re.compile(
    r"\b(?:least|lowest|no|not|little|hardly any|out of|short of|fewest|without|low on) (?:\w+ )?(?:\w+ )?"
    r"(?:room|space|free|spare|headroom|capacity|available|left)\b"
)
_FULL = re.compile(
    r"\b(?:full\w*|bus\w+|loaded|load|hot\w*|used|usage|utili[sz]\w+|packed|tight|crowded|pressure|"
    r"overloaded|saturated|maxed|"
    r"limit|most|highest|heav\w+|hardest|top)\b"
)
_ANY_ORDER = re.compile(
    r"\b(?:list|all|every|show|nodes (?:in|of)|(?:are|do) (?:there|we have)|rank|sort|order)\b|^nodes$"
)


def order_of(text: str) -> str:
    """Return the order of nodes that a text asks for; empty: one that there is not.

    >>> order_of("least loaded nodes"), order_of("no room left"), order_of("which cost most"), order_of("cheapest")
    ('emptiest', 'fullest', 'dearest', '')
    """
    if _CHEAP.search(text):
        return ""
    if _DEAR.search(text):
        return "dearest"
    if _LITTLE_USED.search(text):
        return "emptiest"
    if _LITTLE_ROOM.search(text):
        return "fullest"
    if _EMPTY.search(text):
        return "emptiest"
    return "fullest" if _FULL.search(text) or _ANY_ORDER.search(text) else ""
