"""Splits what a person types into clauses, so that each question in it can be understood by itself."""

from __future__ import annotations

import re

_ASKS = (
    r"(?:why|what|whats|what's|how|hows|how's|which|who|when|where|is|are|can|could|should|would|will|does|do|"
    r"did|has|"
    r"have|show|make|drain|apply|scale|compare|forecast|predict|tell|give|explain|place|roll|undo|list|check|resize|"
    r"rightsize|recommend|suggest|describe|summari[sz]e|brief|evaluate|rank|status|overview|summary|details|"
    r"reserve|find|validate|revert|"
    r"evacuate|simulate|suppose|any|i want|"
    r"i need|i would like)"
)
_STRONG = re.compile(
    r"[?!;\n]+\s*(?=\S)|(?<=[a-z]):\s+(?=\S)|(?<=[\w)])\.\s+(?=\S)|"
    rf"[,\s]+(?:and|also|then|plus|&|\+|as well as)\s+"
    rf"(?:also\s+|then\s+|please\s+|secondly\s+|after that\s+|if so\s+)*(?={_ASKS}\b)",
    re.IGNORECASE,
)
_WEAK = re.compile(
    rf",\s+(?:so\s+|but\s+|please\s+)?(?={_ASKS}\b)|\s+(?:-+|–|->|=>|—)\s+|\bso\s+(?={_ASKS}\b)", re.IGNORECASE
)
_SUBORDINATE = re.compile(
    r"^(?:(?:and|but|so)\s+)?(?:if|when|once|in case|because|since|as soon as|although|though|before|after|"
    r"while|given|"
    r"assuming|suppose|supposing|say|imagine|even if)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(rf"^(?:please\s+|pls\s+|also\s+|then\s+|and\s+)*{_ASKS}\b", re.IGNORECASE)


def clauses(question: str) -> tuple[str, ...]:
    """Return the clauses between which a new question may begin; a condition stays with what follows from it.

    >>> clauses("Why is web on a2, and what if I add two nodes?")
    ('Why is web on a2', 'what if I add two nodes')
    >>> clauses("If b2 dies, where do its pods go?")
    ('If b2 dies, where do its pods go',)
    """
    pieces: list[str] = []
    for sentence in _cut(question, _STRONG):
        parts = list(_cut(sentence, _WEAK))
        while len(parts) > 1 and _SUBORDINATE.match(parts[0]):
            parts[:2] = [f"{parts[0]}, {parts[1]}"]
        pieces += parts
    return tuple(pieces)


def asks(clause: str) -> bool:
    """Return whether a clause begins like a question or an order."""
    return _QUESTION.match(clause) is not None


def _cut(text: str, pattern: re.Pattern[str]) -> list[str]:
    return [piece for raw in pattern.split(text) if raw and (piece := raw.strip(" ,.?!;:-\n"))]
