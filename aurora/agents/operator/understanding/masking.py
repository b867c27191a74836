"""Replaces the names and amounts of a question by placeholders."""

from __future__ import annotations

import re
from typing import NamedTuple

from aurora.agents.operator.understanding import slots as amounts
from aurora.agents.operator.understanding.groups import with_hosts
from aurora.agents.operator.understanding.mentions import Mention
from aurora.agents.operator.understanding.names import Names
from aurora.agents.operator.understanding.spelling import corrected
from aurora.agents.operator.understanding.words import plain_text

MAX_QUESTION = 600
"""Most letters of a question."""


class Masked(NamedTuple):
    """A question with names and amounts replaced by placeholders.

    Attributes:
        text: The masked text.
        plain: The plain text, names replaced, amounts kept.
        mentions: The names, from left to right.
        broken: A word of which a name is only a part; empty if there is none.
    """

    text: str
    plain: str
    mentions: tuple[Mention, ...]
    broken: str = ""


PLACEHOLDER = {
    "node": "<node>",
    "task": "<task>",
    "workload": "<workload>",
    "zone": "<zone>",
    "policy": "<policy>",
    "plan": "<plan>",
    "series": "<workload>",
}
"""Placeholder of each kind of name."""


def mask(question: str, names: Names) -> Masked:
    """Replace names and amounts of a question by placeholders."""
    text = with_hosts(plain_text(question[:MAX_QUESTION]))
    found = names.mentions(text)
    absorbed = names.absorbed(text, found)
    mentions = tuple(m for m in found if m not in absorbed)
    parts, at = [], 0
    for mention in found:
        parts += [text[at : mention.start], " " if mention in absorbed else f" {PLACEHOLDER[mention.kind]} "]
        at = mention.end
    plain = re.sub(r"\s+", " ", corrected("".join([*parts, text[at:]]))).strip()
    masked = re.sub(r"\s+", " ", amounts.mask_amounts(plain)).strip()
    return Masked(masked, plain, mentions, names.broken(text, found))
