"""Templates of phrasings: written from slots, and matched against a text to recover the slots.

A template is text with slots in braces. `(one|another)` are alternatives, of which the first is written;
`[…]` is optional, and written if its slots are known; `⟨…⟩` are parentheses in the text;
`task~tasks` agrees in number with the count before it; `<change>` stands for any phrasing of that kind.
`{option's}` is a possessive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

Slots = Mapping[str, object]


class Word(NamedTuple):
    """Literal words or punctuation."""

    text: str


class Slot(NamedTuple):
    """A slot to fill."""

    name: str
    is_possessive: bool


class Either(NamedTuple):
    """Alternatives; the first is written."""

    ways: tuple[Template, ...]


class Maybe(NamedTuple):
    """An optional part."""

    inner: Template


class Number(NamedTuple):
    """A word with its singular and plural."""

    one: str
    many: str


class Part(NamedTuple):
    """A place for any phrasing of a kind."""

    kind: str


Node = Word | Slot | Either | Maybe | Number | Part
Template = tuple[Node, ...]

Filler = Callable[[Slot, str, int, Slots], Iterator[tuple[int, Slots]]]
"""Slot, text, position, slots so far -> each way to fill it: end position and slots."""
_TOKEN = re.compile(r"\{[a-z_]+(?:'s)?\}|<[a-z_]+>|[\[\]()|⟨⟩]|\w+~\w+|[^\s\[\]()|⟨⟩{}<>~,;:]+|[,;:]")


@cache
def template(text: str) -> Template:
    """Parse a template.

    Raises:
        ValueError: A bracket is not closed.
    """
    nodes, rest = _sequence(_TOKEN.findall(text), "")
    if rest:
        raise ValueError(f"{text!r}: {rest[0]!r} closes nothing")
    return nodes


def _sequence(tokens: list[str], until: str) -> tuple[Template, list[str]]:
    nodes: list[Node] = []
    while tokens and tokens[0] not in until.split():
        token, tokens = tokens[0], tokens[1:]
        if token == "[":
            inner, tokens = _sequence(tokens, "]")
            nodes.append(Maybe(inner))
            tokens = _closed(tokens, "]")
        elif token == "(":
            ways = list[Template]()
            while True:
                inner, tokens = _sequence(tokens, "| )")
                ways.append(inner)
                if not tokens or tokens[0] == ")":
                    break
                tokens = tokens[1:]
            nodes.append(Either(tuple(ways)))
            tokens = _closed(tokens, ")")
        elif token in ("⟨", "⟩"):
            nodes.append(Word("(" if token == "⟨" else ")"))
        elif token[0] == "{":
            name = token[1:-1]
            nodes.append(Slot(name.removesuffix("'s"), name.endswith("'s")))
        elif token[0] == "<":
            nodes.append(Part(token[1:-1]))
        elif "~" in token:
            nodes.append(Number(*token.split("~")))
        else:
            nodes.append(Word(token))
    return tuple(nodes), tokens


def _closed(tokens: list[str], bracket: str) -> list[str]:
    if not tokens or tokens[0] != bracket:
        raise ValueError(f"a {bracket!r} is missing")
    return tokens[1:]


class Reader(NamedTuple):
    """Context for matching a template.

    Attributes:
        fill: Matcher of slots.
        parts: Kind -> its templates, each with the slots that it fixes.
    """

    fill: Filler
    parts: Mapping[str, tuple[tuple[Template, Slots], ...]]


def match(nodes: Template, text: str, at: int, slots: Slots, reader: Reader) -> Iterator[tuple[int, Slots]]:
    """Match a template at a position in every way; yield end position and slots."""
    if not nodes:
        yield at, slots
        return
    for end, filled in _one(nodes[0], text, at, slots, reader):
        yield from match(nodes[1:], text, end, filled, reader)


def _one(node: Node, text: str, at: int, slots: Slots, reader: Reader) -> Iterator[tuple[int, Slots]]:
    match node:
        case Word(word):
            yield from ((end, slots) for end in after(word, text, at))
        case Number(one, many):
            yield from ((end, slots) for word in (one, many) for end in after(word, text, at))
        case Slot():
            yield from reader.fill(node, text, spaces(text, at), slots)
        case Maybe(inner):
            yield from match(inner, text, at, slots, reader)
            yield at, slots
        case Either(ways):
            for way in ways:
                yield from match(way, text, at, slots, reader)
        case Part(kind):
            for inner, settled in reader.parts[kind]:
                merged = merge(slots, settled)
                if merged is not None:
                    yield from match(inner, text, at, merged, reader)


def merge(slots: Slots, more: Slots) -> Slots | None:
    """Merge slots; None if two values of a slot conflict."""
    if any(name in slots and slots[name] != value for name, value in more.items()):
        return None
    return {**slots, **more}


def spaces(text: str, at: int) -> int:
    """Return the position after spaces; other white space does not count."""
    while at < len(text) and text[at] in " \u00a0\u202f":
        at += 1
    return at


def after(word: str, text: str, at: int) -> Iterator[int]:
    """Yield the position after a word or punctuation at this place, ignoring case."""
    start = spaces(text, at)
    end = start + len(word)
    if text[start:end].lower() != word.lower():
        return
    is_word = word[-1].isalnum()
    if is_word and (_goes_on(text, end) or (start == at and at > 0 and _goes_on(text, at - 1))):
        return
    yield end


def _goes_on(text: str, at: int) -> bool:
    return at < len(text) and (text[at].isalnum() or text[at] == "_")


class Writer(NamedTuple):
    """Context for writing a template.

    Attributes:
        word: Slot and slots -> its words; None if the value is unknown.
        parts: Templates by kind, as of `Reader`.
    """

    word: Callable[[Slot, Slots], str | None]
    parts: Mapping[str, tuple[tuple[Template, Slots], ...]]


def write(nodes: Template, slots: Slots, writer: Writer, *, is_full: bool = True) -> str | None:
    """Write a template with its slots filled; None if one of them is unknown.

    Args:
        nodes: Template.
        slots: Known values.
        writer: Writer of slots.
        is_full: True: write optional parts whose slots are known.
    """
    words = _words(nodes, slots, writer, is_full)
    return None if words is None else joined(words)


def joined(words: list[str]) -> str:
    """Join words and punctuation with the right spaces."""
    text = ""
    for word in words:
        close = word in (",", ";", ":", ".", ")") or not text or text.endswith("(")
        text += word if close else f" {word}"
    return text


def _words(nodes: Template, slots: Slots, writer: Writer, is_full: bool) -> list[str] | None:
    words: list[str] = []
    for node in nodes:
        match node:
            case Word(text):
                words.append(text)
            case Slot():
                filled = writer.word(node, slots)
                if filled is None:
                    return None
                words.append(filled)
            case Number(one, many):
                last = next((w for w in reversed(words) if w[-1:].isdigit() or w in ("no", "one")), "")
                words.append(one if last in ("1", "one", "no") else many)
            case Maybe(inner):
                words += (_words(inner, slots, writer, is_full) or []) if is_full else []
            case Either(ways):
                way_words = _words(ways[0], slots, writer, is_full)
                if way_words is None:
                    return None
                words += way_words
            case Part(kind):
                fitting = [(t, s) for t, s in writer.parts[kind] if all(slots.get(n) == v for n, v in s.items())]
                part_words = _words(fitting[0][0], slots, writer, is_full) if fitting else None
                if part_words is None:
                    return None
                words += part_words
    return words
