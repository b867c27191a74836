"""Random rewording of prompts: sentences are moved, dropped, repeated, or get a synonym."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from aurora.agents.roles.variants import Bounds, problems
from aurora.prompts.loader import Prompt

TRIES = 40
"""Most rewordings that are drawn until one keeps the rules of variants."""
SYNONYMS: Mapping[str, str] = {
    "write": "produce",
    "good": "useful",
    "best": "strongest",
    "few": "a small number of",
    "choose": "pick",
    "answer": "reply",
    "must": "has to",
    "about": "roughly",
    "different": "unlike",
    "whole": "entire",
    "small": "little",
    "lost": "was beaten",
    "prefer": "favour",
    "worth": "of value",
    "facts": "findings",
    "skip": "omit",
    "keep": "hold",
    "begin": "start",
    "briefly": "concisely",
    "plain": "simple",
}
_BOUNDARY = re.compile(r"(?<=[.!?])[ \n]+(?=[A-Z])|\n(?=- )|\n\s*\n")


def reworded(text: str, bounds: Bounds, rng: np.random.Generator) -> tuple[str, str]:
    """Return a random rewording of a prompt, with the name of the edit.

    Args:
        text: Prompt to reword.
        bounds: Rules that the rewording keeps.
        rng: Random numbers.

    Returns:
        The new text; the old one with a repeated sentence if no draw keeps the rules.
    """
    edits = (_moved, _dropped, _repeated, _synonym)
    for _ in range(TRIES):
        edit = edits[int(rng.integers(len(edits)))]
        candidate = edit(text, rng)
        if candidate != text and not problems(candidate, bounds):
            return candidate, f"random: {edit.__name__.removeprefix('_')}"
    return text, "random: none"


def _split(text: str) -> tuple[list[str], list[str]]:
    """Split the system part into sentences; return them with the separators between, and what follows."""
    system, _ = Prompt("defender", text).parts
    separators = [m[0] for m in _BOUNDARY.finditer(system)]
    return _BOUNDARY.split(system), separators


def _joined(text: str, sentences: list[str], separators: list[str]) -> str:
    system, _ = Prompt("defender", text).parts
    parts = [s for pair in zip(sentences, [*separators, ""], strict=False) for s in pair]
    return text.replace(system, "".join(parts), 1)


def _moved(text: str, rng: np.random.Generator) -> str:
    """Swap two sentences."""
    sentences, separators = _split(text)
    a, b = (int(i) for i in rng.integers(len(sentences), size=2))
    sentences[a], sentences[b] = sentences[b], sentences[a]
    return _joined(text, sentences, separators)


def _dropped(text: str, rng: np.random.Generator) -> str:
    """Drop a sentence."""
    sentences, separators = _split(text)
    sentences[int(rng.integers(len(sentences)))] = ""
    return _joined(text, sentences, separators)


def _repeated(text: str, rng: np.random.Generator) -> str:
    """Repeat a sentence."""
    sentences, separators = _split(text)
    place = int(rng.integers(len(sentences)))
    sentences[place] = f"{sentences[place].strip()} {sentences[place].strip()}"
    return _joined(text, sentences, separators)


def _synonym(text: str, rng: np.random.Generator) -> str:
    """Replace a word by a synonym."""
    system, _ = Prompt("defender", text).parts
    places = [m for m in re.finditer(r"\b[a-z]+\b", system) if m[0] in SYNONYMS]
    if not places:
        return text
    chosen = places[int(rng.integers(len(places)))]
    changed = f"{system[: chosen.start()]}{SYNONYMS[chosen[0]]}{system[chosen.end() :]}"
    return text.replace(system, changed, 1)
