"""Formats quantities for people: significant digits, durations, energy, money, sizes, shares and times.

Every function takes a value in the unit that the library uses (seconds, joules, dollars, bytes, shares of 1, Unix time)
and returns a short text with its unit. They are for screens and reports; JSON keeps the values themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3_600, 86_400
JOULES_PER_KWH = 3.6e6

_SMALLEST_FIXED, _LARGEST_FIXED = -7, 15
"""Powers of ten between which numbers are written without an exponent."""

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def number(value: float, digits: int = 5) -> str:
    """Return a number with a given number of significant digits, trailing zeros included.

    Digits before the decimal point are never rounded to zeros.

    >>> number(0.00003), number(7.0), number(101157.1942), number(0.0)
    ('0.000030000', '7.0000', '101157', '0')
    """
    if not math.isfinite(value):
        return "-" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if value == 0:
        return "0"
    power = int(f"{value:.{digits - 1}e}".partition("e")[2])  # after rounding, so that 9.99999 has one digit more
    if not _SMALLEST_FIXED < power < _LARGEST_FIXED:
        return f"{value:.{digits}g}"
    return f"{value:.{max(0, digits - 1 - power)}f}"


def plain(value: float, digits: int = 4) -> str:
    """Return a number with a given number of significant digits at most, without trailing zeros, thousands apart.

    >>> plain(0.0132), plain(2.50), plain(10536871.0), plain(-0.0)
    ('0.0132', '2.5', '10,536,871', '0')
    """
    text = number(value, digits)
    whole, point, rest = text.partition(".")
    if "e" in text or not whole.lstrip("-").isdigit():
        return text
    rest = rest.rstrip("0")
    return f"{int(whole):,}" + (point + rest if rest else "") if whole != "-0" else text.rstrip("0")


def count(value: int) -> str:
    """Return a whole number with thousands apart.

    >>> count(12345)
    '12,345'
    """
    return f"{value:,}"


def percent(share: float) -> str:
    """Return a share of 1 in per cent, with the digits that tell it from 0 % and from 100 %.

    >>> percent(0.5), percent(0.0046), percent(0.99987), percent(1.0)
    ('50 %', '0.46 %', '99.987 %', '100 %')
    """
    points = 100 * share
    if 99 < points < 100:  # noqa: PLR2004  # per cent
        decimals = 1 - math.floor(math.log10(100 - points))
        near = f"{points:.{decimals}f}".rstrip("0").rstrip(".")
        return f"{near} %"
    return f"{plain(points, 3)} %"


def duration(seconds: float) -> str:
    """Return seconds in the unit that suits them, with at most two units.

    >>> duration(0.0124), duration(12.42), duration(180), duration(7290), duration(90000)
    ('12.4 ms', '12.4 s', '3 min', '2 h 2 min', '1 d 1 h')
    """
    if not math.isfinite(seconds):
        return number(seconds)
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 1:
        return f"{plain(1000 * seconds, 3)} ms" if seconds else "0 s"
    if float(f"{seconds:.3g}") < MINUTE:
        return f"{plain(seconds, 3)} s"
    if round(seconds) < HOUR:
        return _two_units(round(seconds), MINUTE, "min", "s")
    if round(seconds / MINUTE) < DAY // MINUTE:
        return _two_units(round(seconds / MINUTE), HOUR // MINUTE, "h", "min")
    return _two_units(round(seconds / HOUR), DAY // HOUR, "d", "h")


def energy(joules: float, scale: float | None = None) -> str:
    """Return joules as J, kJ or kWh.

    Args:
        joules: The energy.
        scale: Energy whose size decides the unit; None: its own.

    >>> energy(850), energy(10536871.0), energy(27400, scale=107928)
    ('850 J', '2.927 kWh', '0.007611 kWh')
    """
    size = abs(joules if scale is None else scale)
    if size < 1000:  # noqa: PLR2004  # 1 kJ
        return f"{plain(joules, 3)} J"
    if size < JOULES_PER_KWH / 100:
        return f"{plain(joules / 1000, 3)} kJ"
    return f"{plain(joules / JOULES_PER_KWH)} kWh"


def mass(grams: float) -> str:
    """Return grams as g, kg or t.

    >>> mass(0.25), mass(850), mass(2930), mass(4.1e6)
    ('0.25 g', '850 g', '2.93 kg', '4.1 t')
    """
    for unit, grams_per_unit in (("t", 1e6), ("kg", 1e3)):
        if abs(grams) >= grams_per_unit:
            return f"{plain(grams / grams_per_unit, 3)} {unit}"
    return f"{plain(grams, 3)} g"


def with_unit(value: float, unit: str) -> str:
    """Return a measure or the amount of an objective in the unit that suits it.

    >>> with_unit(90, "s"), with_unit(850, "J"), with_unit(2930, "g CO2"), with_unit(3, "litres")
    ('1 min 30 s', '850 J', '2.93 kg CO2', '3 litres')
    """
    base, _, substance = unit.partition(" ")
    if base not in _WRITTEN:
        return f"{plain(value)} {unit}"
    return f"{_WRITTEN[base](value)} {substance}".rstrip()


def signed(value: float, unit: str) -> str:
    """Return a difference with its sign and unit.

    >>> signed(-0.02, "share"), signed(90, "s")
    ('-2 points', '+1 min 30 s')
    """
    sign = "+" if value > 0 else "-" if value < 0 else "±"
    if unit == "share":
        return f"{sign}{plain(100 * abs(value), 3)} points"
    return sign + with_unit(abs(value), unit)


def relative(value: float, base: float) -> str:
    """Return the difference of a value from a base in per cent; "" if the base is 0.

    >>> relative(3, 2)
    '+50 %'
    """
    if base == 0:
        return ""
    points = 100 * (value / base - 1)
    return "±0 %" if abs(points) < 0.05 else f"{points:+.3g} %"  # noqa: PLR2004  # rounds to 0.0


def dollars(value: float) -> str:
    """Return dollars: whole ones from 1,000, with cents from 10 cents, with three digits below.

    >>> dollars(12345.6), dollars(3.2), dollars(0.00128), dollars(-0.5), dollars(0)
    ('$12,346', '$3.20', '$0.00128', '-$0.50', '$0')
    """
    sign, size = "-" if value < 0 else "", abs(value)
    if not math.isfinite(size):
        return f"{sign}${number(size)}"
    if size >= 999.995:  # noqa: PLR2004  # rounds to 1,000
        return f"{sign}${size:,.0f}"
    if size >= 0.1:  # noqa: PLR2004  # 10 cents
        return f"{sign}${size:.2f}"
    return f"{sign}${plain(size, 3)}"


def size(value: float) -> str:
    """Return bytes in binary units.

    >>> size(512), size(3.25 * 2**30)
    ('512 B', '3.25 GiB')
    """
    step = 0
    while abs(value) >= 1023.5 and step < len(_BINARY) - 1:  # noqa: PLR2004  # rounds to 1,024
        value, step = value / 1024, step + 1
    return f"{plain(value, 3)} {_BINARY[step]}"


def moment(time: float) -> str:
    """Return a Unix time as date and clock time in UTC; seconds where there are any.

    >>> moment(1767225600)
    '2026-01-01 00:00 UTC'
    """
    utc = datetime.fromtimestamp(time, UTC)
    return f"{utc:%Y-%m-%d} {_clock(utc)} UTC"


def period(start: float, end: float) -> str:
    """Return two Unix times as a period in UTC; the date once where both are of one day.

    >>> period(1767277800, 1767281400)
    '2026-01-01 14:30 to 15:30 UTC'
    """
    first, last = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    until = _clock(last) if first.date() == last.date() else f"{last:%Y-%m-%d} {_clock(last)}"
    return f"{first:%Y-%m-%d} {_clock(first)} to {until} UTC"


def _clock(time: datetime) -> str:
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"


def _two_units(whole: int, ratio: int, large: str, small: str) -> str:
    first, rest = divmod(whole, ratio)
    return f"{first:,} {large}" + (f" {rest} {small}" if rest else "")


_WRITTEN: Mapping[str, Callable[[float], str]] = {
    "s": duration,
    "$": dollars,
    "J": energy,
    "g": mass,
    "share": percent,
    "ratio": lambda value: f"{plain(value, 3)} ×",
    "score": lambda value: f"{value:.4f}",
    "tasks": lambda value: f"{value:,.0f}",
    "decisions": lambda value: f"{value:,.0f}",
}
"""Writers of a value, by its unit."""
