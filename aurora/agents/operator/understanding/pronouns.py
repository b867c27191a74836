"""Fills words such as "it" and "the second one" from earlier clauses and earlier turns."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from aurora.agents.operator.answer import Turn
from aurora.agents.operator.understanding import slots as amounts
from aurora.agents.operator.understanding.masking import PLACEHOLDER, Masked
from aurora.agents.operator.understanding.mentions import Mention
from aurora.agents.operator.understanding.names import Names
from aurora.agents.operator.understanding.resolve import Resolver
from aurora.agents.operator.understanding.words import plain_text

_PRONOUN = re.compile(
    r"\b(?:its|it|that one|this one|the same one|(?:that|this|the same) (?:pod|job|task|node|box|host|machine|server|"
    r"deployment|service|workload|zone|app)|the (?P<nth>first|second|third|fourth|fifth|last|other) one|"
    r"the (?P<nth2>first|second|third|fourth|fifth) (?:pod|job|task|node|plan)|them|they|those)\b"
)
_IMPERSONAL = re.compile(
    r"\bit (?:be|take|cost|hold|fit|help|safe|look|work|go|going|run|make|pay|bad|worth|ok)\b|\b(?:is|was|would|will|"
    r"does|do|did|how|what|could|can|has) it\b(?= (?:be|take|cost|hold|fit|help|safe|look|work|bad|worth|ok|"
    r"like|that|"
    r"possible|enough|going to)\b)|\bmake it\b"
)


def with_pronouns(
    masked: Masked, resolver: Resolver, names: Names, history: Sequence[Turn], context: tuple[Mention, ...]
) -> Masked:
    """Fill "it" and "the second one" from earlier clauses, or earlier turns."""
    match = _PRONOUN.search(masked.plain)
    if match is None or not (history or context) or (not context and _IMPERSONAL.search(masked.plain)):
        return masked
    found = _before(match, context) or _referred(match, history, names)
    if found is None:
        return masked
    resolver.refer(found)
    word = PLACEHOLDER[found.kind]
    plain = masked.plain.replace(match[0], f" {word} ", 1)
    return Masked(amounts.mask_amounts(plain), plain, masked.mentions, masked.broken)


def _before(match: re.Match[str], context: tuple[Mention, ...]) -> Mention | None:
    """Return what a pronoun stands for in the clauses before it, the nearest first."""
    if match["nth"] or match["nth2"]:
        return None
    kinds = _kinds_meant(match[0])
    fitting = [m for m in context if (kinds is None and m.kind != "policy") or (kinds and m.kind in kinds)]
    is_clear = len({m.ids for m in fitting if m.kind == fitting[0].kind}) == 1
    return fitting[0] if is_clear else None


def _kinds_meant(pronoun: str) -> Collection[str] | None:
    """Return the kinds of names that a word such as `that node` can stand for; None: any."""
    wanted = re.search(r"(pod|job|task|node|box|host|machine|server|deployment|service|workload|zone|plan)$", pronoun)
    return _KINDS_OF_WORD.get(wanted[1]) if wanted else None


_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "other": 1}


def _referred(match: re.Match[str], history: Sequence[Turn], names: Names) -> Mention | None:
    ordinal = match["nth"] or match["nth2"]
    for turn in reversed(history):
        if ordinal:
            rows = [row[0] for table in turn.answer.tables for row in table.rows]
            text = turn.answer.text
            found = [m for cell in rows for m in names.mentions(plain_text(cell))[:1]] or list(
                _distinct(names.mentions(plain_text(text)))
            )
            place = _ORDINALS[ordinal]
            if -len(found) <= place < len(found):
                return found[place]
            continue
        asked = names.mentions(plain_text(turn.question))
        kinds = _kinds_meant(match[0])
        told = names.mentions(plain_text(turn.answer.text))
        for mention in (*asked, *told):
            if kinds is None or mention.kind in kinds:
                return mention
    return None


_KINDS_OF_WORD: Mapping[str, Collection[str]] = {
    **dict.fromkeys(("pod", "job", "task"), ("task", "workload")),
    **dict.fromkeys(("node", "box", "host", "machine", "server"), ("node",)),
    **dict.fromkeys(("deployment", "service", "workload"), ("workload", "task")),
    "zone": ("zone",),
    "plan": ("plan",),
}


def _distinct(mentions: Sequence[Mention]) -> Sequence[Mention]:
    return list({m.ids: m for m in mentions}.values())
