"""Reads the word lists of the operator: text files of the package, one entry a line."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def entries(name: str) -> tuple[str, ...]:
    """Return the entries of a list, such as `synonyms` or `examples/drain`; lines that begin with `#` are remarks.

    >>> entries("examples/drain")[0]
    'prepare <node> for replacement'
    """
    text = (files(__package__) / "data" / f"{name}.txt").read_text("utf-8")
    return tuple(line for raw in text.splitlines() if (line := raw.strip()) and not line.startswith("#"))


def pairs(name: str) -> tuple[tuple[str, str], ...]:
    """Return the entries of a list of `word: text` lines.

    >>> pairs("phrases")[0][0]
    'fail'
    """
    found = (entry.partition(": ") for entry in entries(name))
    return tuple((word, text) for word, _, text in found)
