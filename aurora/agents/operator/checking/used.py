"""Finds what a sentence takes from a result: the numbers, and the passages that it quotes, each with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from aurora.agents.explain.telling.quantities import agrees
from aurora.agents.operator.answer import Sentence
from aurora.agents.operator.checking.facts import Facts
from aurora.agents.operator.checking.figures import Stated, admissible, in_digits, stated_numbers
from aurora.agents.operator.checking.walking import facts_of
from aurora.tools.harness import Evidence

Keys = tuple[str | int, ...]
MIN_NAME = 3
"""Fewest characters of a name that is looked for in a sentence."""
_QUOTE = re.compile(r'"([^"]{3,})"|“([^”]{3,})”')


class Used(NamedTuple):
    """A value of a result that a sentence uses.

    Attributes:
        path: Keys and positions that lead to it in the result's JSON; of a length, to the list.
        span: Its characters in the text there; None: the whole value, or the length of the list.
    """

    path: Keys
    span: tuple[int, int] | None = None


def used_in(sentence: Sentence, evidence: Evidence) -> tuple[Used, ...]:
    """Return the values of a result that a sentence uses, in the order of the sentence.

    A number is looked for among the figures that the check of sentences allows for it. One that follows from several
    figures, such as a sum, has no place.

    Args:
        sentence: A sentence that cites the result.
        evidence: The result.
    """
    if evidence.outcome != "ok":
        return ()
    facts = facts_of([evidence])
    quoted = [next(g for g in m.groups() if g) for m in _QUOTE.finditer(sentence.text)]
    places = [*_quoted(quoted, evidence), *_numbers(_QUOTE.sub(lambda m: "~" * len(m[0]), sentence.text), facts)]
    return tuple(dict.fromkeys(places))


def _quoted(quotes: list[str], evidence: Evidence) -> Iterator[Used]:
    """Yield the places of quotations."""
    try:
        value = json.loads(evidence.text)
    except ValueError:
        return
    leaves = list(_texts(value, ()))
    for quote in quotes:
        wanted = quote.strip(" .,;")
        for path, text in leaves:
            at = text.find(wanted)
            if at >= 0:
                yield Used(path, (at, at + len(wanted)))


def _texts(value: Any, path: Keys) -> Iterator[tuple[Keys, str]]:
    """Yield the texts of a result with their paths."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number))
    elif isinstance(value, str):
        yield path, value


def _numbers(text: str, facts: Facts) -> Iterator[Used]:
    """Yield the places of the numbers of a sentence."""
    digits = in_digits(text)
    named = {n for n in facts.names if len(n) >= MIN_NAME and _has(n, digits)}
    for name in sorted(named, key=len, reverse=True):
        digits = digits.replace(name, "~" * len(name))
    about = frozenset(named) & facts.owners
    for stated in stated_numbers(digits):
        yield from _places(stated, digits, facts, about) or _places(stated, digits, facts, frozenset())


def _has(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w/-])", text) is not None


def _places(stated: Stated, text: str, facts: Facts, about: frozenset[str]) -> list[Used]:
    """Return the places of the figures that a number is, those of whom the sentence names first."""
    found = [f for f in admissible(stated, text, facts, about) if f.path and agrees(stated.quantity, f.amount)]
    own = [f for f in found if f.owners & about] or found
    plain = [f for f in own if f.span is None and not f.is_length] or own
    return [Used(f.path, f.span) for f in plain]
