"""Parses a sentence by the table of phrasings into clauses, their slots and their connectives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from aurora.agents.explain.names import NODES, RUNS, TASKS, Names, names_at
from aurora.agents.explain.telling.grammar import Part, Reader, Slot, Slots, Template, after, match, merge, spaces
from aurora.agents.explain.telling.lexicon import LEXICONS
from aurora.agents.explain.telling.phrasings import PHRASINGS, THE_RUN, Phrasing
from aurora.agents.explain.telling.quantities import read as read_quantity
from aurora.agents.explain.telling.quantities import read_count

SORT_OF_SLOT: Mapping[str, str] = {
    "option": NODES,
    "other": NODES,
    "chosen": NODES,
    "node": NODES,
    "where": NODES,
    "task": TASKS,
    "policy": RUNS,
    "scenario": RUNS,
}
"""Slots that names fill."""
SORT_OF_LIST: Mapping[str, str] = {"tasks": TASKS, "nodes": NODES}
"""Slots that lists of names fill."""
COUNT_SLOTS = ("count", "total", "number")
MEASURED_SLOT = "value"
"""A slot that holds an amount or, in words, a count."""
MAX_STEPS = 20_000
"""Most slots tried before the parse of a sentence is abandoned."""
OPENING_WORDS = ("also", "in addition", "moreover", "but", "however", "and", "besides")
LINK_WORDS: Mapping[str, str] = {
    ", and": "and",
    "and": "and",
    ", but": "but",
    "but": "but",
    "; also": "and",
    "; but": "but",
    "; and": "and",
    ";": "stop",
    ", while": "but",
    "while": "but",
    ", whereas": "but",
    "whereas": "but",
    ", because": "because",
    "because": "because",
    ", since": "because",
    "since": "because",
    ", as": "because",
    "as": "because",
    ":": "because",
    ",": "and",
}
"""Connectives between clauses, and their meaning."""
CAUSE_WORDS = ("because", "since", "as")


class Clause(NamedTuple):
    """A clause of a sentence.

    Attributes:
        kind: Kind of its phrasing.
        slots: Values that it states.
        link: Connective to the clause before: "", "and", "but", "because", or "stop" after a semicolon.
    """

    kind: str
    slots: Slots
    link: str


class Before(NamedTuple):
    """Context that a clause may refer back to.

    Attributes:
        subject: Only node that the clause before names; "" if there is none, or several.
        lead: Subject at the beginning of the clause before, by kind and name, or `THE_RUN`; "" if it has none.
        change: Condition of the clause before.
    """

    subject: str = ""
    lead: str = ""
    change: Slots | None = None


class TooInvolved(Exception):  # noqa: N818  # caught where a sentence is held
    """The parse of a sentence exceeds `MAX_STEPS`."""


class _Steps:
    def __init__(self) -> None:
        self.left = MAX_STEPS

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooInvolved


@cache
def parts() -> Mapping[str, tuple[tuple[Template, Slots], ...]]:
    """Return the templates of each kind, with the slots that they fix."""
    return {kind: tuple((p.template, p.only) for p in phrasings) for kind, phrasings in PHRASINGS.items()}


def sentences(text: str, names: Names, before: Before) -> Iterator[tuple[tuple[Clause, ...], Before]]:
    """Parse a sentence in every way; yield its clauses and what the next sentence may refer back to.

    Raises:
        TooInvolved: There are too many ways to try.
    """
    steps = _Steps()
    for start in dict.fromkeys(_opened(text)):
        for end, clauses, left in _joined(text, start, "", names, before, steps):
            if _is_over(text, end):
                yield clauses, left
        for word in CAUSE_WORDS:
            for begin in after(word, text, start):
                for end, clauses, left in _joined(text, begin, "because", names, before, steps):
                    for comma in after(",", text, end):
                        for last, main, then in _clause(text, comma, "", names, left, steps):
                            if main.kind == "placement" and _is_over(text, last):
                                yield (main, *clauses), then


def _opened(text: str) -> Iterator[int]:
    yield 0
    for word in OPENING_WORDS:
        for end in after(word, text, 0):
            yield next(after(",", text, end), end)


def _is_over(text: str, at: int) -> bool:
    return spaces(text, next(after(".", text, at), at)) == len(text)


def _joined(
    text: str, at: int, link: str, names: Names, before: Before, steps: _Steps
) -> Iterator[tuple[int, tuple[Clause, ...], Before]]:
    """Parse one or more clauses at a position."""
    for end, clause, left in _clause(text, at, link, names, before, steps):
        yield end, (clause,), left
        for words, meaning in LINK_WORDS.items():
            begin = _past(words, text, end)
            if begin is not None:
                for last, more, then in _joined(text, begin, meaning, names, left, steps):
                    yield last, (clause, *more), then


def _past(words: str, text: str, at: int) -> int | None:
    for word in words.split(" "):
        word_end = next(after(word, text, at), None)
        if word_end is None:
            return None
        at = word_end
    return at


def _clause(
    text: str, at: int, link: str, names: Names, before: Before, steps: _Steps
) -> Iterator[tuple[int, Clause, Before]]:
    """Parse a clause at a position in every way."""
    at = spaces(text, at)
    for kind, phrasings in PHRASINGS.items():
        if kind == "change":
            continue
        for phrasing in phrasings:
            for nodes, slots in _beginnings(phrasing, link, before):
                for end, filled in match(nodes, text, at, slots, _reader(names, before.subject, steps)):
                    yield end, Clause(kind, filled, link), _left(phrasing, filled)


def _beginnings(phrasing: Phrasing, link: str, before: Before) -> Iterator[tuple[Template, Slots]]:
    """Yield a phrasing as it is, and without what the clause before already stated."""
    nodes, only = phrasing.template, phrasing.only
    yield nodes, only
    if link not in ("and", "but"):
        return
    lead = phrasing.lead
    if lead is not None and before.lead:
        sort, _, who = before.lead.partition(" ")
        if lead.slot and sort == SORT_OF_SLOT[lead.slot] and before.lead != THE_RUN:
            yield nodes[lead.length :], {**only, lead.slot: who}
        elif not lead.slot and before.lead == THE_RUN:
            yield nodes[lead.length :], only
    if before.change is not None and isinstance(nodes[0], Part):
        settled = merge(only, before.change)
        if settled is not None:
            yield nodes[2:], settled  # the condition, and its comma


def _left(phrasing: Phrasing, slots: Slots) -> Before:
    named = {slots[n] for n in ("option", "other", "chosen", "node", "where") if slots.get(n)}
    lead = phrasing.lead
    who = (f"{SORT_OF_SLOT[lead.slot]} {slots[lead.slot]}" if lead.slot else THE_RUN) if lead else ""
    conditions = ("change", "node", "task", "start", "duration", "factor")
    change = {n: slots[n] for n in conditions if n in slots} if "change" in slots else None
    return Before(str(next(iter(named))) if len(named) == 1 else "", who, change)


def _reader(names: Names, subject: str, steps: _Steps) -> Reader:
    def fill(slot: Slot, text: str, at: int, slots: Slots) -> Iterator[tuple[int, Slots]]:
        steps.take()
        for end, filled in _filled(slot, text, at, names, subject):
            merged = merge(slots, filled)
            if merged is not None:
                yield end, merged

    return Reader(fill, parts())


def _filled(slot: Slot, text: str, at: int, names: Names, subject: str) -> Iterator[tuple[int, Slots]]:
    name = slot.name
    if name in SORT_OF_SLOT:
        for end, who in _named(slot, text, at, names, subject):
            yield end, {name: who}
    elif name in LEXICONS:
        yield from LEXICONS[name].at(text, at)
    elif name == "features":
        nouns = lambda start: ((end, meaning["feature"]) for end, meaning in LEXICONS["feature"].at(text, start))  # noqa: E731
        yield from ((end, {name: frozenset(items)}) for end, items in _several(text, at, nouns))
    elif name in SORT_OF_LIST:
        listed = lambda start: names_at(text, start, SORT_OF_LIST[name], names)  # noqa: E731
        yield from ((end, {name: frozenset(items)}) for end, items in _several(text, at, listed))
    else:
        for reader in (
            (read_count,)
            if name in COUNT_SLOTS
            else (read_quantity, read_count)
            if name == MEASURED_SLOT
            else (read_quantity,)
        ):
            items = reader(text, at)
            if items is not None:
                yield items[1], {name: items[0]}


def _named(slot: Slot, text: str, at: int, names: Names, subject: str) -> Iterator[tuple[int, str]]:
    sort = SORT_OF_SLOT[slot.name]
    meant = subject if sort == NODES else names.task if sort == TASKS else ""
    if meant:
        for end in after("its" if slot.is_possessive else "it", text, at):
            yield end, meant
    for end, name in names_at(text, at, sort, names):
        if not slot.is_possessive:
            yield end, name
        elif text[end : end + 2] in ("'s", "’s"):
            yield end + 2, name


def _several(
    text: str, at: int, item_at: Callable[[int], Iterator[tuple[int, str]]]
) -> Iterator[tuple[int, list[str]]]:
    """Parse a list of things of a kind, with commas and "and" between them."""
    for end, item in item_at(at):
        yield end, [item]
        for words in (",", ", and", "and"):
            begin = _past(words, text, end)
            if begin is not None:
                for last, more in _several(text, spaces(text, begin), item_at):
                    yield last, [item, *more]
