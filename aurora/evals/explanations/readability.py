"""Measures how easily a text reads: length of sentences, reading ease, and share of jargon."""

from __future__ import annotations

import re
from typing import NamedTuple

TERMS = frozenset(
    (
        "admit", "backfilling", "candidate", "cause", "claim", "device", "domain", "fgd", "flip", "flow",
        "fragmentation", "makespan", "node", "policy", "quantile", "scenario", "sla", "utilisation",
    )
)  # fmt: skip
"""Words that the glossary explains, as far as explanations use them."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
_NAME = re.compile(r"\S*(?:\d|[A-Za-z]\.[A-Za-z]|/|_)\S*")
"""Pattern of numbers and names, which are no words."""
_VOWELS = re.compile(r"[aeiouy]+")


class Readability(NamedTuple):
    """Readability of a text.

    Attributes:
        words: Number of words, without names and numbers.
        sentences: Number of sentences.
        ease: Flesch's reading ease (Flesch 1948): 100 is very easy, 60 to 70 plain, 30 difficult.
        jargon: Number of words of `TERMS`.
    """

    words: int
    sentences: int
    ease: float
    jargon: int


def readability(text: str) -> Readability:
    """Return how easily a text reads.

    >>> readability("The cat sat on the mat. It was warm.").sentences
    2
    """
    sentences = [s for s in _SENTENCE_END.split(text.strip()) if _WORD.search(s)]
    words = _WORD.findall(_NAME.sub(" ", text))
    if not words:
        return Readability(0, len(sentences), 100.0, 0)
    syllables = sum(map(_syllables, words))
    ease = 206.835 - 1.015 * len(words) / max(1, len(sentences)) - 84.6 * syllables / len(words)
    return Readability(len(words), len(sentences), ease, sum(w.lower().rstrip("s") in TERMS for w in words))


def _syllables(word: str) -> int:
    """Return about how many syllables an English word has: its groups of vowels, without a mute e."""
    found = len(_VOWELS.findall(word.lower()))
    is_mute = word.lower().endswith("e") and not word.lower().endswith("le") and found > 1
    return max(1, found - is_mute)
