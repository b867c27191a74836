"""Falsehoods about subjects: other names, other claims, and names that only look the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from aurora.evals.explanations.mutations.numbers import put
from aurora.evals.explanations.mutations.sentence import Said, renamed

_LOOKALIKES = {"a": "а", "e": "е", "o": "о", "c": "с", "p": "р", "l": "ӏ", "i": "і", "s": "ѕ", "n": "ո"}
_HIDDEN = ("\u200b", "\u200d", "\u2060", "\ufeff", "\u202e", "\u00ad", "\U000e0041")
_EVERY = (
    ("all nodes", "every node", "nobody", "everyone"),
    ("always ", "usually ", "in most runs ", "as in every decision "),
)


def swapped(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Swap two names, or put another node in place of one."""
    if "between" in said.text:
        return  # the statement holds for both
    if len(said.names) > 1 and said.kind in ("pair", "cause"):
        yield renamed(said.text, {said.names[0]: said.names[1], said.names[1]: said.names[0]})
    if said.kind in ("cause", "flip", "pair", "limit", "what_if", "draw") and said.others and said.names:
        other = said.others[int(rng.integers(len(said.others)))]
        yield renamed(said.text, {said.names[0]: other})


def invented(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Put names that nothing has in place of those of nodes and tasks."""
    for name in said.names:
        for other in (f"{name}9", "node-77", "db-primary", f"x{name}", name.upper() + "Z", "the master"):
            yield renamed(said.text, {name: other})
    for found in re.finditer(r"(?<=\btask )[\w-]+", said.text, re.IGNORECASE):
        for other in (f"{found.group()}9", "g99-99", "the backup"):
            yield put(said.text, found, other)


def cited(said: Said, rng: np.random.Generator) -> Iterator[tuple[str, int]]:
    """Cite this claim under the sentence of another one."""
    for text, number in said.neighbours:
        if number != said.cited:
            yield text, said.cited


def alike(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Insert look-alike letters and invisible characters."""
    places = [k for k, c in enumerate(said.text) if c in _LOOKALIKES]
    if places:
        place = places[int(rng.integers(len(places)))]
        yield said.text[:place] + _LOOKALIKES[said.text[place]] + said.text[place + 1 :]
    place = int(rng.integers(1, len(said.text) - 1))
    yield said.text[:place] + _HIDDEN[int(rng.integers(len(_HIDDEN)))] + said.text[place:]
    for name in said.names:
        twin = "".join(_LOOKALIKES.get(c, c) for c in name)
        yield renamed(said.text, {name: twin if twin != name else name + "\u200b"})


def general(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Generalise from one to all, from once to always."""
    for name in said.names[:1]:
        for who in _EVERY[0]:
            yield renamed(said.text, {name: who})
    when = _EVERY[1][int(rng.integers(len(_EVERY[1])))]
    yield f"{when.capitalize()}{said.text}"
