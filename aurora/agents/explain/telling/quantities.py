"""Amounts with units: written in a unit that suits their size, and parsed in any unit of the dimension."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from aurora.quantities import plain

MAX_ROUNDING = 0.05
"""Largest relative error of a rounded number."""
SIGNIFICANT_DIGITS = 4
"""Significant digits written."""
MAX_DIGITS = 12
"""Most digits written to distinguish two values."""
COUNT = "count"
"""Dimension of counts, which can't be rounded."""


class Amount(NamedTuple):
    """A known value.

    Attributes:
        value: Value in the base unit of its dimension.
        dimension: A key of `UNITS`, such as "s" or "share".
    """

    value: float
    dimension: str


class Quantity(NamedTuple):
    """A number as written in a text.

    Attributes:
        number: Number before the unit is applied.
        unit: Unit as written, "" if there is none.
        step: Place value of the last digit, such as 0.01.
        is_about: True: the text calls it approximate.
    """

    number: float
    unit: str
    step: float
    is_about: bool


def _named(**names: float) -> dict[str, float]:
    return {name.replace("_", " "): size for name, size in names.items()}


UNITS: Mapping[str, Mapping[str, float]] = {
    "s": _named(ms=1e-3, s=1, min=60, h=3600)
    | _named(millisecond=1e-3, milliseconds=1e-3, second=1, seconds=1)
    | _named(minute=60, minutes=60, hour=3600, hours=3600, days=86400),
    "J": _named(J=1, kJ=1e3, MJ=1e6, GJ=1e9, Wh=3600, kWh=3.6e6, MWh=3.6e9, joule=1, joules=1, kilojoules=1e3),
    "g": _named(g=1, kg=1e3, gram=1, grams=1, kilograms=1e3, g_CO2=1, kg_CO2=1e3, grams_of_CO2=1, kilograms_of_CO2=1e3),
    "W": _named(W=1, kW=1e3, watt=1, watts=1, kilowatts=1e3),
    "$": {"$": 1, "dollars": 1, "USD": 1},
    "$/h": {"$/h": 1, "$ an hour": 1, "$ per hour": 1},
    "share": {"%": 0.01, "percent": 0.01, "per cent": 0.01, "": 1},
    "GiB": _named(MiB=1 / 1024, GiB=1, TiB=1024),
    "Gbit/s": {"kbit/s": 1e-6, "Mbit/s": 1e-3, "Gbit/s": 1, "Tbit/s": 1e3},
    "cores": _named(core=1, cores=1),
    "devices": _named(device=1, devices=1, accelerator=1, accelerators=1),
    "tasks": _named(task=1, tasks=1),
    "links": _named(link=1, links=1),
    "starts": _named(start=1, starts=1),
    COUNT: {"": 1},
    "": {"": 1},
}
"""Dimension -> names of its units, each with its size in the base unit."""
_BY_SIZE: Mapping[str, tuple[tuple[float, str], ...]] = {
    "s": ((1, "ms"), (600, "s"), (7200, "min"), (math.inf, "h")),
    "J": ((1e3, "J"), (3.6e4, "kJ"), (math.inf, "kWh")),
    "g": ((1e4, "g"), (math.inf, "kg")),
    "W": ((1e4, "W"), (math.inf, "kW")),
    "GiB": ((1, "MiB"), (10240, "GiB"), (math.inf, "TiB")),
    "Gbit/s": ((1, "Mbit/s"), (math.inf, "Gbit/s")),
}
"""Upper limits of size, each with its unit; 0 is written in the base unit."""
_NUMBER = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?(?![0-9])")
NUMBER_WORDS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
"""Numbers as words, each at its value's place; 0 is "no", as in "no node"."""
_ABOUT = re.compile(r"(?:about|around|roughly|approximately)[ ]+", re.IGNORECASE)
_UNIT_WORDS = sorted({name for units in UNITS.values() for name in units if name and "$" not in name}, key=len)[::-1]
_UNIT = re.compile(rf"[ \u00a0\u202f]?({'|'.join(map(re.escape, _UNIT_WORDS))})(?![A-Za-z0-9_/%])")
_AN_HOUR = re.compile(r"/h(?![A-Za-z0-9_])| (?:an|per) hour(?![A-Za-z0-9_])")


def dimension_of(unit: str) -> str:
    """Return the dimension of a unit of the feature table; a unit without one is a plain number."""
    return unit if unit in UNITS else ""


def write(amount: Amount, digits: int = SIGNIFICANT_DIGITS, scale: float | None = None) -> str:
    """Write an amount in a unit that suits its size; a count is written whole.

    Args:
        amount: Amount to write.
        digits: Significant digits.
        scale: Value whose size decides the unit; None: the amount's own.
    """
    value, dimension = amount.value + 0.0, amount.dimension  # turns -0.0 into 0.0
    if dimension == COUNT:
        return f"{value:,.0f}"
    if dimension in ("$", "$/h"):
        sign = "-" if value < 0 else ""
        return f"{sign}${plain(abs(value), digits)}{'/h' if dimension == '$/h' else ''}"
    if dimension == "share":
        return f"{plain(100 * value, digits - 1)} %"
    sizes = _BY_SIZE.get(dimension, ())
    size = abs(value if scale is None else scale)
    unit = dimension if size == 0 or not sizes else next(name for most, name in sizes if size < most)
    text = plain(value / UNITS[dimension][unit], digits)
    if unit.endswith("s") and unit not in ("s", "ms", "Gbit/s", "Mbit/s") and text == "1":
        unit = unit[:-1]
    return f"{text} {unit}" if unit else text


def write_pair(first: Amount, second: Amount) -> tuple[str, str]:
    """Write two amounts in one unit, with enough digits to distinguish them where they differ."""
    scale = max(abs(first.value), abs(second.value)) if first.dimension == second.dimension else None
    for digits in range(SIGNIFICANT_DIGITS, MAX_DIGITS + 1):
        texts = write(first, digits, scale), write(second, digits, scale)
        if texts[0] != texts[1] or first == second:
            break
    return texts


def read(text: str, at: int) -> tuple[Quantity, int] | None:
    """Parse a quantity at a position; return it with the position after it, or None."""
    about = _ABOUT.match(text, at)
    at = about.end() if about else at
    in_dollars = text.startswith(("$", "-$"), at)
    minus = in_dollars and text[at] == "-"
    at += (1 + minus) if in_dollars else 0
    number_match = _NUMBER.match(text, at)
    if not number_match or (in_dollars and number_match.group().startswith("-")):
        return None
    written = number_match.group()
    mantissa, _, exponent = written.replace(",", "").lower().partition("e")
    step = float(f"1e{int(exponent or 0) - len(mantissa.partition('.')[2])}")
    if about and "." not in mantissa:
        step *= 10.0 ** (len(mantissa) - len(mantissa.rstrip("0"))) if float(mantissa) else 1
    number, end = float(mantissa + ("e" + exponent if exponent else "")), number_match.end()
    if not math.isfinite(number):
        return None
    unit = "$" if in_dollars else ""
    named = None if in_dollars else _UNIT.match(text, end)
    hourly = _AN_HOUR.match(text, end) if in_dollars else None
    if hourly:
        unit, end = "$/h", hourly.end()
    elif named:
        unit, end = named.group(1), named.end()
    if text[end : end + 1].isalnum() or text[end : end + 1] == "_":
        return None
    return Quantity(-number if minus else number, unit, step, about is not None), end


def read_count(text: str, at: int) -> tuple[Quantity, int] | None:
    """Parse a whole number in digits or, up to twenty, in words; "no" is 0."""
    word = re.compile(r"[A-Za-z]+").match(text, at)
    if word and word.group().lower() in NUMBER_WORDS:
        return Quantity(float(NUMBER_WORDS.index(word.group().lower())), "", 1.0, False), word.end()
    number_match = _NUMBER.match(text, at)
    if number_match and re.fullmatch(r"[0-9,]+", number_match.group()):
        return Quantity(float(number_match.group().replace(",", "")), "", 1.0, False), number_match.end()
    return None


def agrees(stated: Quantity, known: Amount) -> bool:
    """Check that a quantity equals a known amount up to rounding, in a unit of its dimension.

    Rounding is allowed at the last written digit, by at most 5 %. Trailing zeros of an approximate number are not
    significant digits. Counts are not rounded.
    """
    size = UNITS[known.dimension].get(stated.unit)
    if size is None:
        return False
    if known.dimension == COUNT:
        return stated.number == known.value
    value, off = stated.number * size, abs(stated.number * size - known.value)
    if off <= 1e-9 * abs(known.value):
        return True
    return (
        off <= (0.5 + 1e-6) * stated.step * size and off <= MAX_ROUNDING * abs(known.value) and value * known.value >= 0
    )
