"""Corrects the spelling of a question's words: what is written in haste, and slips of one letter."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache

from aurora.agents.operator.lists import entries, pairs
from aurora.agents.operator.questions import KINDS
from aurora.agents.operator.understanding.words import NUMBERS, everyday, stem, synonyms

MIN_LETTERS, MIN_ANY_SLIP = 4, 6
"""Fewest letters of a word that is corrected, and of one in which a letter may be wrong or too many."""
PAIR = 2
WORDS_KEPT = 4096
"""Words whose correction is remembered; people write ever new ones."""
_WORD = re.compile(r"(?<![\w<$.-])[a-z]+(?![\w>-])")
_LETTERS = re.compile(r"(?<![\w<])[a-z]{2,}(?![\w>])")


def corrected(plain: str) -> str:
    """Return a plain text, names replaced by placeholders, with slips of spelling corrected.

    >>> corrected("shwo me <node>, wats its utilisaton")
    'show me <node>, what is its utilisation'
    """
    return _WORD.sub(lambda match: _correct(match[0]), plain)


@lru_cache(maxsize=WORDS_KEPT)
def _correct(word: str) -> str:
    if word in _slang():
        return _slang()[word]
    counts = _counts()
    forms = {word, stem(word), *(word.removesuffix(ending) for ending in ("s", "d", "r", "st", "ed", "ing", "er", "y"))}
    if len(word) < MIN_LETTERS or forms & counts.keys():
        return word
    found = {known for form in _deletions(word) for known in _index().get(form, ()) if _is_slip(word, known)}
    return max(sorted(found), key=lambda known: counts[known], default=word)


def _is_slip(word: str, known: str) -> bool:
    """Return whether a word is a known one with two letters swapped, one left out, one too many, or one wrong."""
    if len(word) == len(known):
        wrong = [k for k in range(len(word)) if word[k] != known[k]]
        is_swap = len(wrong) == PAIR and wrong[1] == wrong[0] + 1 and sorted(word) == sorted(known)
        return is_swap or (len(wrong) == 1 and wrong[0] > 0 and len(word) >= MIN_ANY_SLIP)
    longer, shorter = sorted((word, known), key=len, reverse=True)
    is_one_off = any(longer[:k] + longer[k + 1 :] == shorter for k in range(1, len(longer)))
    return is_one_off and (len(word) < len(known) or len(word) >= MIN_ANY_SLIP)


def _deletions(word: str) -> Iterator[str]:
    yield word
    yield from (word[:k] + word[k + 1 :] for k in range(len(word)))


@cache
def _slang() -> Mapping[str, str]:
    return {word: meant for meant, words in pairs("slang") for word in words.split()}


@cache
def _counts() -> Counter[str]:
    """Return the words that are spelt right, and how often examples have each."""
    lines = (line for kind in (*KINDS, "other") for line in entries(f"examples/{kind}"))
    counts = Counter(_words(lines))
    counts.update({*synonyms(), *everyday(), *NUMBERS, *entries("silent"), *entries("units")})
    return counts


def _words(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from _LETTERS.findall(line)


@cache
def _index() -> Mapping[str, tuple[str, ...]]:
    """Return the known words by each form with one letter less."""
    index: dict[str, list[str]] = defaultdict(list)
    for word in _counts():
        if len(word) >= MIN_LETTERS:
            for form in _deletions(word):
                index[form].append(word)
    return {form: tuple(words) for form, words in index.items()}
