"""Plants an error in a true explanation, of a kind that a careful reader can find in the facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?![\w-]|[.,]\d)")
"""Pattern of a number that is not part of a name."""
FACTORS = (0.4, 1.6, 2.5)
"""Factors of a wrong number: no rounding of the true one."""
REASON = re.compile(r"(?<=because: )[^;]*?(?=;|\.(?:\n|$))")
"""Pattern of the reasons that an explanation of a decision names first."""
NOT_SHOWN = ("Where: ", "Not used: ", "No node ", "Late, ", "Without ")
"""Beginnings of lines whose numbers are in no table beside the explanation, whatever equals them there."""
_OPPOSITES = (
    ("lowest", "highest"),
    ("lower", "higher"),
    ("fewest", "most"),
    ("shortest", "longest"),
    ("earliest", "latest"),
)
_TURNED: Mapping[str, str] = {a: b for pair in _OPPOSITES for a, b in (pair, pair[::-1])}
_CAUSES: Mapping[str, str] = {
    "idle power": "lowest idle power of the candidates (120 W)",
    "speed": "highest speed of the candidates (2)",
    "full power": "lowest full power of the candidates (350 W)",
    "number of failures": "fewest failures of the candidates (0)",
}
"""Feature -> a reason that names it."""


class Told(NamedTuple):
    """A true explanation.

    Attributes:
        text: Its words.
        chosen: Node that it says was chosen; empty: it is about a run.
        others: Nodes that were not chosen.
        features: Features of the policy, in words.
        shown: Numbers that the facts beside it show; only these are changed, so that a reader can find the error.
    """

    text: str
    chosen: str
    others: tuple[str, ...]
    features: tuple[str, ...]
    shown: frozenset[str]


def _number(told: Told, rng: np.random.Generator) -> Iterator[str]:
    """Change a number that is not 0 and that the facts show."""
    for match in NUMBER.finditer(told.text):
        value = float(match[0].replace(",", ""))
        line = told.text.rfind("\n", 0, match.start()) + 1
        if value == 0 or match[0] not in told.shown or told.text.startswith(NOT_SHOWN, line):
            continue
        places = len(match[0].partition(".")[2])
        wrong = value * FACTORS[int(rng.integers(len(FACTORS)))]
        written = (
            f"{wrong:,.{places}f}" if places else f"{round(wrong) if round(wrong) != value else round(value) + 1:,}"
        )
        if float(written.replace(",", "")) != value:
            yield told.text[: match.start()] + written + told.text[match.end() :]


def _node(told: Told, rng: np.random.Generator) -> Iterator[str]:
    """Name another node as the chosen one."""
    fresh = [o for o in told.others if not _has(told.text, o)]
    if told.chosen and fresh and _has(told.text, told.chosen):
        yield _swapped(told.text, told.chosen, fresh[int(rng.integers(len(fresh)))])


def _comparison(told: Told, rng: np.random.Generator) -> Iterator[str]:
    """Turn a comparison of the reason into its opposite."""
    reason = REASON.search(told.text)
    for word, other in _TURNED.items():
        if reason is not None and _has(reason[0], word):
            yield _with_reason(told.text, reason, _swapped(reason[0], word, other))


def _cause(told: Told, rng: np.random.Generator) -> Iterator[str]:
    """Name a cause that the policy does not read."""
    reason = REASON.search(told.text)
    lost = next((f for f in told.features if f"lost on {f}" in told.text), None)
    if reason is None or lost is None:
        return
    for feature, words in _CAUSES.items():
        if feature not in told.text and feature not in told.features:
            text = _with_reason(told.text, reason, words)
            yield re.sub(r"(?<= lost on )[^;]*?(?=;|\.(?:\n|$))", feature, text, count=1)


OF_RUNS = ("number",)
"""Kinds of errors that a reader can find in an explanation of a run."""
PLANTERS: Mapping[str, Callable[[Told, np.random.Generator], Iterator[str]]] = {
    "number": _number,
    "node": _node,
    "comparison": _comparison,
    "cause": _cause,
}
"""Kind of error -> what yields texts with one of it."""


def planted(told: Told, rng: np.random.Generator, kinds: Sequence[str] = tuple(PLANTERS)) -> tuple[str, str] | None:
    """Return the kind of an error and a text with it; None: the explanation offers no place for one.

    Args:
        told: True explanation.
        rng: Random numbers.
        kinds: Kinds of errors, the first that finds a place is planted.
    """
    for kind in kinds:
        texts = list(PLANTERS[kind](told, rng))
        if texts:
            return kind, texts[int(rng.integers(len(texts)))]
    return None


def _with_reason(text: str, reason: re.Match[str], words: str) -> str:
    return text[: reason.start()] + words + text[reason.end() :]


def _has(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def _swapped(text: str, word: str, other: str) -> str:
    return re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", lambda _: other, text)
