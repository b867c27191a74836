"""Words of questions: tokens with their places, synonyms, and numbers written as words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import NamedTuple

from aurora.agents.explain.telling.quantities import NUMBER_WORDS
from aurora.agents.operator.lists import entries, pairs

MIN_STEM = 4
"""Fewest letters of a word that are left without its ending."""


class Token(NamedTuple):
    """A word or number of a question.

    Attributes:
        text: Its letters and digits, in lower case.
        start, end: Where it stands in the question.
    """

    text: str
    start: int
    end: int


_TOKEN = re.compile(r"\d+(?:\.\d+)+|[^\W_]+|%|\$")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"'})
_CONTRACTIONS = (
    (re.compile(r"\bcan'?t\b"), "can not"),
    (re.compile(r"\bwon'?t\b"), "will not"),
    (re.compile(r"\b(is|are|was|were|do|does|did|has|have|would|should|could)n'?t\b"), r"\1 not"),
    (re.compile(r"\b(what|where|who|how|why|it|that|there|here)'s\b"), r"\1 is"),
    (re.compile(r"\bwhats\b"), "what is"),
    (re.compile(r"\bwhys\b"), "why is"),
    (re.compile(r"\bhows\b"), "how is"),
    (re.compile(r"\b(what|who|how|why|they|we|you)'re\b"), r"\1 are"),
    (re.compile(r"\b(we|i|they|you|it)'(?:d|ll)\b"), r"\1 would"),
    (re.compile(r"\b(we|i|they|you)'ve\b"), r"\1 have"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"\bw/\s?"), "with "),
    (re.compile(r"\bpls\b|\bplz\b"), "please"),
    (re.compile(r"\bb4(?= (?:the|we|i|you|it|they|my|our|\d|noon|lunch|midnight|end)\b)"), "before"),
)

_GREETING = re.compile(r"^(?:(?:ok|okay|hey|hi|hello|yo|so|well|hmm|erm|please|pls|quick question)\b[,!.: ]+(?=\S))+")
_ONLY_GREETING = re.compile(
    r"\W*(?:(?:hi|hello|hey|hiya|yo|howdy|greetings|good (?:morning|afternoon|evening|day))(?: (?:there|all|everyone|"
    r"aurora|team|folks))?\W*)+",
    re.IGNORECASE,
)
NUMBERS = {name: float(value) for value, name in enumerate(["zero", *NUMBER_WORDS[1:]])} | {
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
    "hundred": 100.0,
    "dozen": 12.0,
}
"""Numbers as words; `one` is a number only where a count is expected."""


def is_greeting(question: str) -> bool:
    """Return whether a text only greets.

    >>> is_greeting("Hi there!"), is_greeting("hi, what is waiting?")
    (True, False)
    """
    return _ONLY_GREETING.fullmatch(question) is not None


def plain_text(question: str) -> str:
    """Return a question in lower case with plain apostrophes and contractions written out.

    >>> plain_text("Why isn’t WEB running?")
    'why is not web running?'
    """
    text = _GREETING.sub("", question.translate(_APOSTROPHES).casefold().strip())
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return text


def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the words and numbers of a text in lower case.

    >>> [t.text for t in tokens_of("node-b2 at 99.5 %")]
    ['node', 'b2', 'at', '99.5', '%']
    """
    return tuple(Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text))


def number_of(token: str) -> float | None:
    """Return the number that a word is; None if it is none.

    >>> number_of("2.5"), number_of("three"), number_of("a")
    (2.5, 3.0, None)
    """
    if re.fullmatch(r"\d+(?:\.\d+)?", token):
        return float(token)
    return NUMBERS.get(token)


def with_phrases(text: str) -> str:
    """Return a plain text with phrases of several words replaced by the one word that they mean.

    >>> with_phrases("what happens when <node> goes down").split()
    ['whatif', 'when', '<node>', 'fail']
    """
    for pattern, word in _phrases():
        text = pattern.sub(word, text)
    return text


@cache
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the patterns of phrases, those in a row that mean one word as one."""
    return tuple(
        (re.compile(rf"\b(?:{'|'.join(text for _, text in rows)})(?!\w)"), f" {word} ")
        for word, rows in groupby(pairs("phrases"), key=lambda row: row[0])
    )


def without_courtesies(text: str) -> str:
    """Return a plain text without the words that only lead to a question; the whole, where nothing else is left.

    >>> without_courtesies("good morning, could you please tell me why <task> waits")
    'why <task> waits'
    """
    rest = text.strip()
    for pattern in _courtesies():
        rest = pattern.sub(" ", rest).strip(" ,.!-:")
    return rest if re.search(r"[a-z<]", rest) else text


@cache
def _courtesies() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(entry if entry.startswith("^") else rf"\b{entry}") for entry in entries("courtesies"))


@cache
def synonyms() -> Mapping[str, str]:
    """Return the word that stands for each word that has a synonym."""
    return {word: canonical for canonical, words in pairs("synonyms") for word in words.split()}


@cache
def everyday() -> frozenset[str]:
    """Return the words of every conversation, which are no names."""
    return frozenset(entries("everyday"))


def stem(word: str) -> str:
    """Return what a word is compared by: its synonym, or itself without an ending.

    >>> stem("boxes"), stem("partitions"), stem("<node>")
    ('node', 'partition', '<node>')
    """
    table = synonyms()
    if word in table:
        return table[word]
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM:
            return table.get(word[: -len(ending)], word[: -len(ending)])
    return word


def is_known_word(word: str) -> bool:
    """Return whether a word has a place in the table of synonyms."""
    return word in synonyms()
