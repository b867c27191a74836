"""Cheap quantities of texts, by which a change of topic, language or source shows without any model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from aurora.types import FloatArray

Vocabulary: TypeAlias = frozenset[str]

FEATURES = (
    "characters",
    "letters a word",
    "share of new words",
    "share of punctuation",
    "share of digits",
    "share of capitals",
    "share of letters beyond ASCII",
)
"""Names of the quantities, in the order of `text_features`."""
_WORD = re.compile(r"[^\W\d_]+")
_PUNCTUATION = frozenset("!?.,;:\"'()[]-–—…@#*/&")


def vocabulary(texts: Sequence[str]) -> Vocabulary:
    """Return the words of texts, in lower case."""
    return frozenset(word for text in texts for word in _WORD.findall(text.lower()))


def text_features(texts: Sequence[str], known: Vocabulary) -> FloatArray:
    """Return the quantities of `FEATURES` of each text, float64 [texts, features].

    Args:
        texts: The texts.
        known: Words that are not new.
    """
    return np.array([_features(text, known) for text in texts], np.float64).reshape(len(texts), len(FEATURES))


def _features(text: str, known: Vocabulary) -> tuple[float, ...]:
    words = _WORD.findall(text.lower())
    length, letters = max(1, len(text)), max(1, sum(map(len, words)))
    return (
        float(len(text)),
        letters / max(1, len(words)),
        sum(word not in known for word in words) / max(1, len(words)),
        sum(one in _PUNCTUATION for one in text) / length,
        sum(one.isdigit() for one in text) / length,
        sum(one.isupper() for one in text) / length,
        sum(one.isalpha() and not one.isascii() for one in text) / letters,
    )
