"""The true sentence that a falsehood is derived from, and edits that several kinds share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np


class Said(NamedTuple):
    """A true sentence about a known fact.

    Attributes:
        text: Sentence with its full stop.
        cited: Number of its claim.
        kind: Kind of the fact: "pair", "flip", …
        names: Nodes that it names.
        others: Nodes of the scenario that it does not name.
        features: Features of its claim, in words.
        neighbours: Other true sentences about the same decision or run, each with the number of its claim.
    """

    text: str
    cited: int
    kind: str
    names: tuple[str, ...]
    others: tuple[str, ...]
    features: tuple[str, ...]
    neighbours: tuple[tuple[str, int], ...]


class Falsehood(NamedTuple):
    """A false sentence.

    Attributes:
        text: Sentence.
        cited: Number of the claim that it cites.
    """

    text: str
    cited: int


Mutator = Callable[[Said, np.random.Generator], Iterator[tuple[str, int]]]


def mine(make: Callable[[Said, np.random.Generator], Iterator[str]]) -> Mutator:
    """Return a mutator whose sentences keep the citation of the true one."""
    return lambda said, rng: ((text, said.cited) for text in make(said, rng))


def stem(said: Said) -> str:
    """Return the text without its full stop."""
    return said.text.removesuffix(".")


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Replace names in a text, whole words only."""
    known = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])({known})(?![\w-])", lambda m: names[m.group(1)], text) if known else text


def replaced(table: Sequence[tuple[str, Sequence[str]]]) -> Callable[[Said, np.random.Generator], Iterator[str]]:
    """Return a function that replaces each expression of a table by each of its false ones."""

    def make(said: Said, rng: np.random.Generator) -> Iterator[str]:
        for word, others in table:
            if word in said.text:
                for other in others:
                    yield said.text.replace(word, other, 1)

    return make
