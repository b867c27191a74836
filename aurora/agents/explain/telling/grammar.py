"""Templates of phrasings: parsed once, then written from slots, and matched against a text to read slots back.

A template is words with slots in braces. `(one|another)` are alternatives, of which the first is written;
`[…]` may be left out, and is written if its slots are known; `⟨…⟩` are parentheses in the text;
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
    """Words or a mark that stand there as they are."""

    text: str


class Slot(NamedTuple):
    """A place that is filled."""

    name: str
    is_possessive: bool


class Either(NamedTuple):
    """Alternatives; the first is written."""

    ways: tuple[Template, ...]


class Maybe(NamedTuple):
    """What may be left out."""

    inner: Template


class Number(NamedTuple):
    """A word for one and for many."""

    one: str
    many: str


class Part(NamedTuple):
    """Any phrasing of a kind."""

    kind: str


Node = Word | Slot | Either | Maybe | Number | Part
Template = tuple[Node, ...]

Filler = Callable[[Slot, str, int, Slots], Iterator[tuple[int, Slots]]]
"""Slot, text, place, slots so far -> each way to fill it: where it ends, and the slots then."""
_TOKEN = re.compile(r"\{[a-z_]+(?:'s)?\}|<[a-z_]+>|[\[\]()|⟨⟩]|\w+~\w+|[^\s\[\]()|⟨⟩{}<>~,;:]+|[,;:]")


@cache
def template(text: str) -> Template:
    """The template that a text describes.

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
    """What reading a template needs besides it.

    Attributes:
        fill: Fills slots.
        parts: Kind -> its templates, each with the slots that it settles.
    """

    fill: Filler
    parts: Mapping[str, tuple[tuple[Template, Slots], ...]]


def read(nodes: Template, text: str, at: int, slots: Slots, reader: Reader) -> Iterator[tuple[int, Slots]]:
    """Each way in which a text matches a template from a place on: where it ends, and the slots."""
    if not nodes:
        yield at, slots
        return
    for end, found in _one(nodes[0], text, at, slots, reader):
        yield from read(nodes[1:], text, end, found, reader)


def _one(node: Node, text: str, at: int, slots: Slots, reader: Reader) -> Iterator[tuple[int, Slots]]:
    match node:
        case Word(word):
            yield from ((end, slots) for end in after(word, text, at))
        case Number(one, many):
            yield from ((end, slots) for word in (one, many) for end in after(word, text, at))
        case Slot():
            yield from reader.fill(node, text, spaces(text, at), slots)
        case Maybe(inner):
            yield from read(inner, text, at, slots, reader)
            yield at, slots
        case Either(ways):
            for way in ways:
                yield from read(way, text, at, slots, reader)
        case Part(kind):
            for inner, settled in reader.parts[kind]:
                merged = merge(slots, settled)
                if merged is not None:
                    yield from read(inner, text, at, merged, reader)


def merge(slots: Slots, more: Slots) -> Slots | None:
    """Slots with more of them; None if one of them would be two things at once."""
    if any(name in slots and slots[name] != value for name, value in more.items()):
        return None
    return {**slots, **more}


def spaces(text: str, at: int) -> int:
    """The place behind spaces; other white space is none."""
    while at < len(text) and text[at] in " \u00a0\u202f":
        at += 1
    return at


def after(word: str, text: str, at: int) -> Iterator[int]:
    """The place behind a word or mark, if it stands there, in whatever case."""
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
    """What writing a template needs besides it.

    Attributes:
        word: Slot and slots -> its words; None if it is not known.
        parts: As of `Reader`.
    """

    word: Callable[[Slot, Slots], str | None]
    parts: Mapping[str, tuple[tuple[Template, Slots], ...]]


def write(nodes: Template, slots: Slots, writer: Writer, *, is_full: bool = True) -> str | None:
    """A template with its slots filled; None if one of them is not known.

    Args:
        nodes: The template.
        slots: What is known.
        writer: How slots are written.
        is_full: Whether what may be left out is written where its slots are known.
    """
    words = _words(nodes, slots, writer, is_full)
    return None if words is None else joined(words)


def joined(words: list[str]) -> str:
    """Words and marks with the spaces that belong between them."""
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
                found = _words(ways[0], slots, writer, is_full)
                if found is None:
                    return None
                words += found
            case Part(kind):
                fitting = [(t, s) for t, s in writer.parts[kind] if all(slots.get(n) == v for n, v in s.items())]
                told = _words(fitting[0][0], slots, writer, is_full) if fitting else None
                if told is None:
                    return None
                words += told
    return words
