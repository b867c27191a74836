"""Doubts about words that a kind of question has no use for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache

from aurora.agents.operator.lists import entries
from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding.doubts.reading import Reading
from aurora.agents.operator.understanding.similarity import AnyKind, labelled, words_of
from aurora.agents.operator.understanding.words import everyday, stem

SURE = 0.95
"""Least probability of a kind that has no use for one word of the question."""
MAX_UNEXPLAINED = 1
"""Most words of a question that its kind has no use for."""
MARK, STRANGER = 0.2, 0.005
"""Least share of the examples of a kind that have a word that marks it, and share below which it is strange in one."""
MANY_KINDS = 12
"""Kinds of questions from which a word says nothing about any of them."""


def unexplained(kind: Kind, text: str) -> tuple[str, ...]:
    """Return the words of a masked question that no example of a kind has, and that are no fillers."""
    known = _vocabulary()["show_workload" if kind == "show_task" else kind]
    return tuple(
        word
        for word in dict.fromkeys(words_of(text))
        if not word.startswith("<") and word not in known and word not in _fillers() and len(word) > 1
    )


@cache
def _vocabulary() -> Mapping[AnyKind, Collection[str]]:
    found: dict[AnyKind, set[str]] = {}
    for kind, text in labelled():
        found.setdefault(kind, set()).update(words_of(text))
    for kind in ("what_if_node_fails", "what_if_zone_fails"):
        found[kind].update(entries("failure"))
    return found


@cache
def _fillers() -> frozenset[str]:
    words = {*everyday(), *entries("fillers"), *entries("units")}
    kinds = Counter(word for known in _vocabulary().values() for word in known)
    return frozenset(words | {stem(word) for word in words} | {w for w, n in kinds.items() if n >= MANY_KINDS})


_HARMLESS = frozenset({("than", "<time>"), ("after", "<time>"), ("or", "not"), ("not", "$")})
"""Words that turn the sense, with one after them, as they say nothing about what is asked."""


def has_a_turn_without_use(reading: Reading) -> str:
    """Return a doubt where a word that turns the sense stands between words as in no example of the kind."""
    words = ["^", *words_of(reading.text), "$"]
    known = _pairs()["show_workload" if reading.kind == "show_task" else reading.kind]
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        if (word, after) in _HARMLESS:
            continue
        if word in entries("turns") and (before, word) not in known and (word, after) not in known:
            return f"I don't know what {word!r} has to do with it"
    return ""


@cache
def _pairs() -> Mapping[AnyKind, Collection[tuple[str, str]]]:
    found: dict[AnyKind, set[tuple[str, str]]] = {}
    for kind, text in labelled():
        words = words_of(text)
        found.setdefault(kind, set()).update(zip(["^", *words], [*words, "$"], strict=True))
    return found


@cache
def _marks() -> Mapping[str, tuple[AnyKind, ...]]:
    """Return the words that mark a kind, each with the kinds in which it is no stranger."""
    sizes = Counter(kind for kind, _ in labelled())
    counts = Counter((kind, word) for kind, text in labelled() for word in set(words_of(text)))
    shares = {(kind, word): count / sizes[kind] for (kind, word), count in counts.items()}
    marks = {word for (kind, word), share in shares.items() if share >= MARK and kind != "other" and word[0] != "<"}
    return {word: tuple(kind for kind in sizes if shares.get((kind, word), 0.0) >= STRANGER) for word in marks}


def has_the_mark_of_another_kind(reading: Reading) -> str:
    """Return a doubt where a word marks another kind and hardly occurs in examples of this one."""
    kind = "show_workload" if reading.kind == "show_task" else reading.kind
    for word in words_of(reading.text):
        if word in _marks() and kind not in _marks()[word] and word not in _fillers():
            return f"I don't know what {word!r} has to do with it"
    return ""


def has_words_without_use(reading: Reading) -> str:
    """Return a doubt where words of the question have nothing to do with its kind."""
    words = unexplained(reading.kind, reading.text)
    if len(words) > MAX_UNEXPLAINED or (words and reading.likeness < SURE):
        return f"I don't know what {words[0]!r} has to do with it"
    return ""
