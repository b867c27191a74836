"""Scores how well a question suits each kind: half by its nearest examples, half by its words."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping

from aurora.agents.operator.questions import QUESTIONS, Kind
from aurora.agents.operator.understanding.classifier import classifier
from aurora.agents.operator.understanding.similarity import AnyKind, examples, words_of

NEIGHBOURS = 0.7
"""Weight of the nearest examples, compared with that of the odds of words."""
MISSING, UNWANTED = 0.22, 0.10
"""What a kind loses for each name that it needs and the question does not have, or has and the kind has no use for."""
STRANGE, ORDERED = 0.06, 0.3
"""What it loses for each word that is neither known nor everyday, and an order for a question that asks why."""
LOG_MISSING, LOG_UNWANTED = 2.0, 0.7
"""The same for the logarithm of the probability by words."""
SPREAD = 0.08
"""Likeness that counts as one step of the logarithm of the probability by examples."""
_ASKS_IF = re.compile(r"^(?:and |but |so )?(?:does|do|is|are|has|have|did|was|were)\b")
"""How a question begins that wants no plan, but to know whether something is so."""
_ORDERS = frozenset({"drain", "make_plan", "apply_plan", "rollback_plan"})
"""Kinds that ask for something to be done; whoever asks why wants to know something."""
_NAMED = frozenset({"node", "zone", "thing", "plan", "policies"})


def probabilities(text: str, have: Collection[str]) -> dict[AnyKind, float]:
    """Return the probability of each kind for a masked question: half by its nearest examples, half by its words."""
    near, words = _likeness(text, have), classifier().logs(text)
    for kind in words:
        if kind != "other":
            missing, unwanted = _misfit(kind, have)
            words[kind] -= LOG_MISSING * missing + LOG_UNWANTED * unwanted
    if _ASKS_IF.match(text):
        near["make_plan"] -= ORDERED
        words["make_plan"] -= LOG_MISSING
    first, second = _softmax(near, SPREAD), _softmax(words, 1.0)
    return {kind: (first[kind] + second[kind]) / 2 for kind in near}


def _softmax(values: Mapping[AnyKind, float], spread: float) -> dict[AnyKind, float]:
    top = max(values.values())
    weights = {kind: math.exp((value - top) / spread) for kind, value in values.items()}
    total = sum(weights.values())
    return {kind: weight / total for kind, weight in weights.items()}


def _likeness(text: str, have: Collection[str]) -> dict[AnyKind, float]:
    """Return how well a masked question suits each kind by the nearest examples and by what it names."""
    likeness, odds = examples().likeness(text), examples().odds(text)
    strange, wants_to_know = len(examples().strange_words(text)), "why" in words_of(text)
    scores: dict[AnyKind, float] = {}
    for kind, value in likeness.items():
        score = NEIGHBOURS * value + (1 - NEIGHBOURS) * odds[kind]
        if kind != "other":
            missing, unwanted = _misfit(kind, have)
            score -= MISSING * missing + UNWANTED * unwanted + STRANGE * strange
            score -= ORDERED * (kind in _ORDERS and wants_to_know)
        scores[kind] = score
    return scores


def _misfit(kind: Kind, have: Collection[str]) -> tuple[int, int]:
    """Return how many names a kind needs that are not there, and how many are there that it has no use for."""
    row = QUESTIONS[kind]
    unwanted = sum(name in _NAMED and name not in row.needs | row.may for name in have)
    return sum(need not in have for need in row.needs), unwanted
