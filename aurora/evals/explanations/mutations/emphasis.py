"""Falsehoods of weight and of attribution: emphasis that nothing supports, and a number given to another subject."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from aurora.evals.explanations.mutations.numbers import NUMBER
from aurora.evals.explanations.mutations.sentence import Said, renamed, stem

_EMPHASES = (
    "Above all, {text}",
    "{stem} by far.",
    "Only this mattered: {text}",
    "{stem}, and nothing else counted.",
    "The main reason by a wide margin: {text}",
    "{stem}, which alone decided everything.",
    "Hardly worth a mention: {text}",
)


def emphasised(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Give a fact a weight that it does not have."""
    for place in rng.permutation(len(_EMPHASES))[:3]:
        yield _EMPHASES[place].format(text=said.text, stem=stem(said))


def exchanged(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Keep the numbers and exchange what they belong to."""
    numbers = list(NUMBER.finditer(said.text))
    if not numbers or "between" in said.text:
        return
    if len(numbers) > 1 and numbers[0].group() != numbers[1].group():
        first, second = numbers[:2]
        middle = said.text[first.end() : second.start()]
        yield f"{said.text[: first.start()]}{second.group()}{middle}{first.group()}{said.text[second.end() :]}"
    if said.names and said.others and said.kind in ("cause", "flip", "pair", "limit", "what_if", "value"):
        other = said.others[int(rng.integers(len(said.others)))]
        yield renamed(said.text, {said.names[0]: other})
