"""Words that a question and texts have in common: what an embedder of sentences may miss."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ie", "y", "e")
"""Of words without a plural's s, dropped so that battery and batteries, bursts and bursty are one word."""
_STEM = 3
"""Letters that a word keeps at least."""
_SAME = {"job": "task", "workload": "task", "pod": "task", "machin": "nod", "server": "nod", "host": "nod"}
"""What people say for what the texts say, both without their endings."""
_COMMON = frozenset(
    _WORD.findall("a an and are as at by for from in is it of on or that the their to with whose which")
)


def stems(text: str) -> frozenset[str]:
    """Return the words of a text, without endings and common words."""
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _COMMON)


def common_words(asked: str, texts: Mapping[str, str]) -> dict[str, float]:
    """Return for each text the share of what was asked for that its words cover, 0 to 1.

    A word counts the more, the fewer texts have it (the inverse document frequency of BM25; Robertson and Zaragoza,
    Foundations and Trends in Information Retrieval 3(4), 2009), so one that all have hardly matters.

    Args:
        asked: The question.
        texts: By id.
    """
    words = {key: stems(text) for key, text in texts.items()}
    counts = Counter(word for found in words.values() for word in found)
    weights = {w: math.log1p((len(texts) - counts[w] + 0.5) / (counts[w] + 0.5)) for w in sorted(stems(asked))}
    total = sum(weights.values())
    return {
        key: sum(weight for word, weight in weights.items() if word in found) / total if total else 0.0
        for key, found in words.items()
    }


def _stem(word: str) -> str:
    if len(word) > _STEM and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            word = word[: -len(ending)]
            break
    return _SAME.get(word, word)
