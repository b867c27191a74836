"""Facts of the texts in tools' results: their numbers, whom each is about, and the names in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aurora.agents.explain.telling.quantities import COUNT, UNITS, Amount, read
from aurora.agents.operator.checking.facts import NAME, WORD, Facts, Figure, Text, looks_like_name

_MOVED = re.compile(r"\b(?:move|place|put) (\S+) (?:to|on|onto) (\S+?)(?=[\s,;:.]*(?:\s|$))")
_NODE_CHANGED = re.compile(r"(\S+): node (\S+) -> (\S+)")
_FULL = re.compile(r"(\S+) \((\d+(?:\.\d+)?)\s?% of (\w+)\)")
_BOTH_TIMES = frozenset({"now", "proposed"})
_PARTS = ",;:("
_COUNTED = ("tasks", "links", "starts", "devices")


def add_text(  # noqa: PLR0913  # each by its name
    facts: Facts,
    text: str,
    tokens: frozenset[str],
    owners: frozenset[str],
    *,
    is_reason: bool,
    is_outside: bool = False,
    is_top: bool = False,
    path: tuple[str | int, ...] = (),
) -> None:
    """Add a text of a result: its words, names, numbers, and what it says of places.

    Args:
        facts: Facts to add to.
        text: The text.
        tokens: Words of its path.
        owners: Names that its row is about.
        is_reason: True: it carries reasons.
        is_outside: True: its words come from outside, and license no word of a sentence.
        is_top: True: it belongs to no row of a list.
        path: Keys and positions that lead to it in the result.
    """
    facts.texts.append(Text(text, tokens, owners, is_reason))
    add_names(text, facts)
    _add_places(text, facts)
    if not is_outside and (" " in text or text.isalpha()):
        facts.words |= {w.casefold() for w in WORD.findall(text)}
    if " " not in text and not text[:1].isdigit():
        return
    if tokens >= _BOTH_TIMES:  # of "4 -> 3", each number is from one of them
        tokens -= _BOTH_TIMES
    for amount, start, end in _amounts(text):
        words = frozenset(w.casefold() for w in WORD.findall(_part(text, end)))
        about = _about(text, end, owners)
        if "asked for" in text or text[:start].endswith(("-> ", " to ")):
            words |= {"proposed"}
        elif text[end:].startswith(" ->"):
            words |= {"now"}
        facts.figures.append(
            Figure(
                amount,
                tokens | words,
                about,
                said=text.casefold(),
                key=words,
                is_top=is_top,
                path=path,
                span=(start, end),
            )
        )
    for name, percent, resource in _FULL.findall(text):
        where = (f".requested_share.{resource}", "full[]", name)
        share = Amount(float(percent) / 100, "share")
        words = frozenset({resource, "requested", "share", "full"})
        facts.figures.append(Figure(share, tokens | words, frozenset({name}), where, said=text.casefold(), key=words))


def _amounts(text: str) -> Iterator[tuple[Amount, int, int]]:
    """Yield the amounts of a text, each with its position and the one after it."""
    at = 0
    while at < len(text):
        found = None if at and (text[at - 1].isalnum() or text[at - 1] in "_-./:") else read(text, at)
        if found is None:
            at += 1
            continue
        start, (quantity, at) = at, found
        unit = quantity.unit
        dimension = next((d for d, units in UNITS.items() if unit and unit in units), COUNT)
        value = quantity.number * (UNITS[dimension].get(unit, 1.0) if unit else 1.0)
        if dimension in _COUNTED:
            dimension = COUNT
        if dimension == COUNT and not float(value).is_integer():
            dimension = ""
        yield Amount(value, dimension), start, at


def _about(text: str, at: int, owners: frozenset[str]) -> frozenset[str]:
    """Return whom a number of a text is about: the name before it in its part or sentence, else all that it may be."""
    start = max(text.rfind(mark, 0, at) for mark in ("\n", ". ", "; ")) + 1
    end = min((e for mark in ("\n", ". ") if (e := text.find(mark, at)) >= 0), default=len(text))
    part = max(start, max(text.rfind(c, 0, at) for c in ",:") + 1)
    near = _names_in(text[part:at])
    if near:
        return frozenset({near[-1]})
    around = frozenset(_names_in(text[start:end]))
    return around if len(around) == 1 else owners | around


def _names_in(text: str) -> list[str]:
    return [t for t in NAME.findall(text) if looks_like_name(t) and not re.search(r":|^\d", t)]


def _part(text: str, at: int) -> str:
    """Return the part of a text between the commas around a place."""
    start = max(text.rfind(c, 0, at) for c in _PARTS) + 1
    ends = [e for c in ",;:)" if (e := text.find(c, at)) >= 0]
    return text[start : min(ends, default=len(text))]


def _add_places(text: str, facts: Facts) -> None:
    """Add which task goes from and to which node by a text."""
    for task, node in _MOVED.findall(text):
        facts.goes_to.setdefault(task, set()).add(node)
    for task, source, target in _NODE_CHANGED.findall(text):
        facts.goes_to.setdefault(task, set()).add(target)
        facts.comes_from.setdefault(task, set()).add(source)


def add_names(text: str, facts: Facts) -> None:
    """Add the names in a text."""
    facts.names |= {t for t in NAME.findall(text) if looks_like_name(t)}
