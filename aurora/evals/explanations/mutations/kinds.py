"""Every kind of falsehood with its mutator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from aurora.evals.explanations.mutations.additions import (
    ADVICE,
    MARKUP,
    QUOTES,
    TAILS,
    caused,
    framed,
    judged,
    other_cause,
    suffixed,
)
from aurora.evals.explanations.mutations.numbers import borrowed, digit, foreign, in_words, ratio, rounding, unit
from aurora.evals.explanations.mutations.relations import NEGATIONS, SUPERLATIVES, TURNS, opposite
from aurora.evals.explanations.mutations.sentence import Falsehood, Mutator, Said, mine, replaced
from aurora.evals.explanations.mutations.subjects import alike, cited, general, invented, swapped

MUTATORS: Mapping[str, Mutator] = {
    "unit": mine(unit),
    "wrong digit": mine(digit),
    "rounded too far": mine(rounding),
    "magnitude in words": mine(in_words),
    "other languages": mine(foreign),
    "ratio or percentage": mine(ratio),
    "subjects swapped": mine(swapped),
    "invented name": mine(invented),
    "number of another claim": mine(borrowed),
    "another claim's sentence": cited,
    "negation": mine(replaced(NEGATIONS)),
    "opposite": mine(opposite),
    "superlative turned": mine(replaced(SUPERLATIVES)),
    "counterfactual turned": mine(replaced(TURNS)),
    "invented cause": mine(caused),
    "another decision's cause": mine(other_cause),
    "judgement": mine(judged),
    "advice or command": mine(suffixed(ADVICE)),
    "markup, link, script": mine(framed(MARKUP)),
    "look-alike or hidden character": mine(alike),
    "false tail": mine(suffixed(TAILS)),
    "quoted instruction": mine(framed(QUOTES)),
    "generalised": mine(general),
}
"""Kind of falsehood -> its mutator."""


def mutants(kind: str, said: Said, rng: np.random.Generator) -> Iterator[Falsehood]:
    """Yield the false sentences of a kind that can be derived from a true one."""
    for text, number in MUTATORS[kind](said, rng):
        if text != said.text or number != said.cited:
            yield Falsehood(text, number)
