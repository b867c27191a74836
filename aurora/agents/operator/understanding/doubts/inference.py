"""Tells whether a question has one reading only, or names and amounts of its answer were inferred."""

from __future__ import annotations

import re
from collections import Counter

from aurora.agents.operator.understanding.doubts.reading import Reading
from aurora.agents.operator.understanding.doubts.vocabulary import SURE, unexplained
from aurora.agents.operator.understanding.similarity import words_of

LONG = 14
"""Words from which a question says more than one short reading of it can show."""
_EVERY = re.compile(
    r"\b(?:all|every\w*|each|overall|total|whole|entire|cluster|fleet|any|anything|workloads|services|apps|"
    r"deployments|"
    r"nodes|who|what (?:is|are|else|asks|wastes|runs|needs))\b"
)
_TURNS = frozenset({"or", "but", "only", "instead", "than", "without", "except", "until", "unless"})


def is_inferred(reading: Reading) -> bool:
    """Return whether a question may be read in another way, so that the person should see how it was read."""
    words = words_of(reading.text)
    sorts = Counter(mention.kind for mention in reading.mentions)
    return (
        reading.likeness < SURE
        or any(not mention.is_certain or len(mention.ids) > 1 for mention in reading.mentions)
        or any(count > 1 for kind, count in sorts.items() if kind != "policy")
        or len(words) >= LONG
        or bool(_TURNS & set(words))
        or bool(unexplained(reading.kind, reading.text))
        or _has_unnamed_slots(reading)
    )


def _has_unnamed_slots(reading: Reading) -> bool:
    slots, kinds = reading.slots, {mention.kind for mention in reading.mentions}
    is_all = "all" in slots.values() and reading.kind != "why_waiting" and not _EVERY.search(reading.plain)
    is_unnamed = ("plan" in slots and "plan" not in kinds) or ("like" in slots and "node" not in kinds)
    has_several_tasks = isinstance(slots.get("task"), list) and "task" not in kinds
    return is_all or is_unnamed or has_several_tasks
