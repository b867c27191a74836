"""Reads numbers in any notation: plain, with decimal commas, or with marks between thousands."""

from __future__ import annotations

import re
from collections.abc import Sequence

MISSING_VALUES = ("", "na", "n/a", "nan", "null", "none", "-")
"""Texts that stand for a missing value in a column of numbers."""

_EXPONENT = r"(?:[eE][+-]?\d+)?"
_BLANKS = "\u00a0\u202f\u2009 '\u2019"
_DECIMAL_COMMA = re.compile(rf"[+-]?(?:\d+|[1-9]\d{{0,2}}(?:[.{_BLANKS}]\d{{3}})+)(?:,\d+)?{_EXPONENT}")
_THOUSANDS = re.compile(rf"[+-]?(?:\d+|[1-9]\d{{0,2}}(?:[,{_BLANKS}]\d{{3}})+)(?:\.\d+)?{_EXPONENT}")
_UNIT = re.compile(r"[+-]?[\d.,]+\s*([%a-zA-Zµ°/]+[\w/%]*)")


def is_number(text: str) -> bool:
    """Return whether a text is a number as programs write it."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def unified(texts: Sequence[str]) -> tuple[list[float], str] | None:
    """Return the numbers of a column in which some are written with commas or with marks between thousands.

    A column that can be read in both ways is refused: in `1,234` and `46`, the comma can be either mark.

    Returns:
        The numbers and the meaning of the marks, for people; None if a text is no number or both meanings are possible.

    Example:
        >>> unified(["0,5", "12"])
        ([0.5, 12.0], 'the comma is the decimal sign')
        >>> unified(["1,234", "46.5"])
        ([1234.0, 46.5], 'commas or blanks stand between thousands')
        >>> unified(["1,234", "46"]) is None
        True
    """
    has_commas = all(map(_DECIMAL_COMMA.fullmatch, texts))
    has_thousands = all(map(_THOUSANDS.fullmatch, texts))
    if has_commas == has_thousands and any("," in text for text in texts):
        return None
    if not has_commas and not has_thousands:
        return None
    drop = str.maketrans("", "", _BLANKS + ("," if has_thousands else "."))
    plain = [text.translate(drop) for text in texts]
    if has_thousands:
        return [float(text) for text in plain], "commas or blanks stand between thousands"
    return [float(text.replace(",", ".")) for text in plain], "the comma is the decimal sign"


def why_no_number(text: str) -> str:
    """Describe a text in a column of numbers, with the remedy."""
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})", text):
        return "is not a number with a single reading: write 1234 or 1.234, without commas"
    match = _UNIT.fullmatch(text)
    if match and not match[1].lower().startswith("e"):
        return f"is not a number: take {match[1]!r} off all values, and name the unit in a column 'unit'"
    return "is not a number; leave the field empty where there is no value"
