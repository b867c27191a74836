"""Names in a question, and those that are slightly misspelt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from typing import Literal, NamedTuple

from aurora.agents.operator.lists import entries
from aurora.agents.operator.understanding.words import Token, is_known_word

NameKind = Literal["node", "task", "workload", "zone", "policy", "plan", "series"]
_MIN_FUZZY = 5
"""Fewest letters of a word that is compared with names in spite of a misspelling."""
LIKENESS, _LIKENESS_OF_PHRASES = 0.84, 0.9
"""Least likeness of a misspelt word to a name, and of two words to a name of two."""
PAIR = 2
MIN_PART = 4
"""Fewest letters of a part of a name by which the whole is found."""


class Mention(NamedTuple):
    """A name in a question.

    Attributes:
        kind: Kind of what it names.
        ids: Ids that it may mean; more than one where it fits several.
        start, end: Where it stands.
        is_certain: False: a part of a name, or misspelt.
    """

    kind: NameKind
    ids: tuple[str, ...]
    start: int
    end: int
    is_certain: bool = True


Table = Mapping[tuple[str, ...], Mapping[NameKind, list[str]]]
"""Ids of names by their words and kinds."""


def misspelt(tokens: Sequence[Token], taken: Sequence[tuple[int, int]], exact: Table) -> Iterator[Mention]:
    """Yield names that are slightly misspelt, or written as one word.

    Args:
        tokens: Words of the question.
        taken: Places of names that are found already.
        exact: Names by their words.
    """
    known = {key[0]: (kind, ids) for key, kinds in exact.items() if len(key) == 1 for kind, ids in kinds.items()}
    joined = {"".join(key): (kind, ids) for key, kinds in exact.items() if len(key) > 1 for kind, ids in kinds.items()}
    free = [t for t in tokens if not any(t.start < e and s < t.end for s, e in taken)]
    yield from _misspelt_phrases(free, exact)
    for token in free:
        if token.text in joined and not token.text.isdigit():
            kind, ids = joined[token.text]
            yield Mention(kind, tuple(ids), token.start, token.end, False)
            continue
        word = token.text
        if len(word) < _MIN_FUZZY or is_known_word(word) or any(c.isdigit() for c in word) or word in _unlike_names():
            continue
        near = get_close_matches(word, known, n=1, cutoff=LIKENESS)
        if near and near[0][0] == word[0]:
            kind, ids = known[near[0]]
            yield Mention(kind, tuple(ids), token.start, token.end, False)


def _misspelt_phrases(tokens: Sequence[Token], exact: Table) -> Iterator[Mention]:
    """Return names of two words that are slightly misspelt, such as `order worker` for `orders-worker`."""
    known = {" ".join(key): kinds for key, kinds in exact.items() if len(key) == PAIR and "workload" in kinds}
    for first, second in pairwise(tokens):
        phrase = f"{first.text} {second.text}"
        if second.start - first.end > 1 or min(len(first.text), len(second.text)) < MIN_PART:
            continue
        near = get_close_matches(phrase, known, n=1, cutoff=_LIKENESS_OF_PHRASES)
        if near and near[0][0] == phrase[0]:
            yield Mention("workload", tuple(known[near[0]]["workload"]), first.start, second.end, False)


@cache
def _unlike_names() -> frozenset[str]:
    """Return everyday words that resemble names and are not taken for misspelt ones."""
    return frozenset(entries("unlike_names"))
