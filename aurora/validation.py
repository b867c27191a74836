"""Explains why data doesn't fit a type: the field, and what it should hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class _Unit(NamedTuple):
    """The unit of some fields, and the units that people write instead.

    Attributes:
        name: Name of the unit.
        fields: Names of the fields, as a regular expression.
        factors: Size of each other unit, by its suffix, in this one.
    """

    name: str
    fields: str
    factors: Mapping[str, float]


_BYTES = {s: 1024.0**i / 1024**3 for i, s in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi"))}
_BYTES |= {s: 1000.0**i / 1024**3 for i, s in enumerate(("B", "k", "M", "G", "T", "P"))}
_BYTES |= {f"{s}B": factor for s, factor in _BYTES.items() if s not in ("", "B")}
_BYTES |= {"K": _BYTES["k"], "KB": _BYTES["kB"]}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_BITS = {f"{s}{per}": factor for s, factor in (("k", 1e-6), ("M", 1e-3), ("G", 1.0)) for per in ("bps", "bit/s", "")}
_UNITS = (
    _Unit("cores", "cpu|cpu_required", {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3}),
    _Unit("GiB", "memory|memory_required|data_size", _BYTES),
    _Unit("milliseconds", ".*_ms", {s: 1e3 * factor for s, factor in _SECONDS.items()}),
    _Unit("seconds", "arrival_time|.*duration|patience|start|time|time_horizon|latency", _SECONDS),
    _Unit("Gbit/s", "bandwidth", _BITS),
    _Unit("watts", ".*_power", {"mW": 1e-3, "W": 1.0, "kW": 1e3}),
    _Unit("joules", "battery|energy", {"J": 1.0, "kJ": 1e3, "Wh": 3600.0, "kWh": 3.6e6}),
)
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/]+)\s*")
_NOT_A_NUMBER = ("float_parsing", "float_type", "int_parsing", "int_type", "int_from_float")
_MAX_CHARACTERS_QUOTED = 40


def explain_validation(error: ValidationError, limit: int = 5) -> str:
    """Return the first `limit` problems of a pydantic error on one line, each with the path of its field."""
    problems = error.errors(include_url=False, include_context=False)
    # A list whose items are refused is afterwards said to be too short: that is not true of the file.
    problems = [e for e in problems if not (e["type"] == "too_short" and _is_above_another(e["loc"], problems))]
    shown = "; ".join(
        f"{'.'.join(str(p) for p in e['loc']) or 'value'}: {_message(e['type'], e['msg'], e['loc'], e['input'])}"
        for e in problems[:limit]
    )
    return shown if len(problems) <= limit else f"{shown}; and {len(problems) - limit} more"


def _is_above_another(place: tuple[int | str, ...], problems: Sequence[ErrorDetails]) -> bool:
    return any(len(e["loc"]) > len(place) and e["loc"][: len(place)] == place for e in problems)


def _message(kind: str, text: str, place: tuple[int | str, ...], given: object) -> str:
    if kind not in _NOT_A_NUMBER or not isinstance(given, str):
        return text.removeprefix("Value error, ")
    field = next((p for p in reversed(place) if isinstance(p, str)), "")
    unit = next((u for u in _UNITS if re.fullmatch(u.fields, field)), None)
    shown = given if len(given) <= _MAX_CHARACTERS_QUOTED else given[:_MAX_CHARACTERS_QUOTED] + "…"
    match = _QUANTITY.fullmatch(given)
    if unit is None or match is None:
        wanted = "a whole number" if kind.startswith("int") else "a number"
        return f"{shown!r} is not {wanted}" + ("" if unit is None else f"; give {unit.name} as a number")
    factor = unit.factors.get(match[2])
    example = "" if factor is None else f": {float(match[1]) * factor:.6g} for {shown}"
    return f"{shown!r} is not a number; give {unit.name} as a number{example}"
