"""Shared words of a question and texts, which an embedding of sentences may miss."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ie", "y", "e")
"""Endings that are dropped after a plural's s, so that battery and batteries, bursts and bursty are one word."""
_MIN_STEM_LENGTH = 3
"""Minimum length of a stem, in letters."""
_SYNONYMS = {"job": "task", "workload": "task", "pod": "task", "machin": "nod", "server": "nod", "host": "nod"}
"""Words of people and the texts' words for the same thing, as stems."""
_STOP_WORDS = frozenset(
    _WORD.findall("a an and are as at by for from in is it of on or that the their to with whose which")
)


def stems(text: str) -> frozenset[str]:
    """Return the stems of the words of a text, without stop words."""
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP_WORDS)


def common_words(asked: str, texts: Mapping[str, str]) -> dict[str, float]:
    """Return for each text the share of the question's words that it contains, 0 to 1.

    Words are weighted by the inverse document frequency of BM25 (Robertson and Zaragoza, Foundations and Trends in
    Information Retrieval 3(4), 2009), so a word that all texts contain hardly matters.

    Args:
        asked: Question in words.
        texts: Texts by id.
    """
    words = {key: stems(text) for key, text in texts.items()}
    counts = Counter(word for contained in words.values() for word in contained)
    weights = {w: math.log1p((len(texts) - counts[w] + 0.5) / (counts[w] + 0.5)) for w in sorted(stems(asked))}
    total = sum(weights.values())
    return {
        key: sum(weight for word, weight in weights.items() if word in contained) / total if total else 0.0
        for key, contained in words.items()
    }


def _stem(word: str) -> str:
    if len(word) > _MIN_STEM_LENGTH and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM_LENGTH:
            word = word[: -len(ending)]
            break
    return _SYNONYMS.get(word, word)
