"""Parses the cells of tables: amounts with their units, times, flags, lists, labels and taints."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal, cast

from aurora.cluster.readers.tables.fields import NAMES, UNITS, plain
from aurora.cluster.snapshot import Taint

LARGEST = 1e12
"""Beyond it an amount must be wrong."""
_AMOUNT = re.compile(r"([$€]?)\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+(?:e[+-]?\d{1,2})?)\s*([A-Za-z$/]*)", re.I)
_YES = ("yes", "y", "true", "t", "1", "ready", "up", "on")
_NO = ("no", "n", "false", "f", "0", "notready", "down", "off", "schedulable")
Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def unit_in(cell: str, kind: str) -> str:
    """Return the unit that a cell names, "" for none."""
    match = _AMOUNT.fullmatch(cell.strip())
    unit = plain(match[3]) if match else ""
    return unit if unit in UNITS[kind] else ""


def amount(cell: str, kind: str, unit: str) -> float:
    """Return an amount in the unit of the snapshot.

    Args:
        cell: The cell; a unit in it goes before the column's.
        kind: Kind of the field, a key of `UNITS`.
        unit: Unit of the column.

    Raises:
        ValueError: It is no such amount.

    Example:
        >>> amount("500m", "cores", ""), amount("64 GB", "memory", "gib"), amount("90", "seconds", "min")
        (0.5, 59.604644775390625, 5400.0)
    """
    match = _AMOUNT.fullmatch(cell.strip())
    own = plain(match[3]) if match else ""
    if match is None or (own and own not in UNITS[kind]):
        what = {"cores": "number of cores, such as 4 or 500m", "memory": "amount of memory, such as 32Gi or 64 GB"}
        other = f"number{' of ' + NAMES[kind] if NAMES[kind] else ''}"
        raise ValueError(f"{cell[:40]!r} is no {what.get(kind, other)}")
    value = float(match[2].replace(",", "")) * UNITS[kind][own or unit]
    if value > LARGEST:
        raise ValueError(f"{cell[:40]!r} is too large")
    return value


def time(cell: str) -> datetime:
    """Return a time, without a zone where the cell names none; Unix seconds are taken too.

    Raises:
        ValueError: It is no time.
    """
    text = cell.strip()
    if re.fullmatch(r"\d{9,10}", text):
        return datetime.fromtimestamp(int(text), UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{cell[:40]!r} is no time; write 2026-06-15T14:00 or Unix seconds") from None


def flag(cell: str) -> bool:
    """Return a yes or a no.

    Raises:
        ValueError: It is neither.
    """
    word = plain(cell)
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"{cell[:40]!r} is neither yes nor no")


def several(cell: str) -> tuple[str, ...]:
    """Return the members of a list, separated by `|`, `;` or blanks."""
    return tuple(part for part in re.split(r"[|;\s]+", cell.strip()) if part)


def labels(cell: str) -> dict[str, str]:
    """Return the labels of `a=b;c=d`; a word without `=` is a label with the value `true`."""
    found = {}
    for part in re.split(r"[|;,]", cell):
        key, equals, value = part.strip().partition("=")
        if key:
            found[key] = value if equals else "true"
    return found


def taints(cell: str) -> tuple[Taint, ...]:
    """Return the taints of `key=value:NoSchedule;...`; without an effect it is NoSchedule.

    Raises:
        ValueError: An effect is not known.
    """
    found = []
    for part in re.split(r"[|;,]", cell):
        text, _, effect = part.strip().partition(":")
        key, _, value = text.partition("=")
        if not key:
            continue
        if effect and effect not in _EFFECTS:
            raise ValueError(f"{effect[:40]!r} is no effect of a taint; there are {', '.join(_EFFECTS)}")
        found.append(Taint(key=key, value=value, effect=cast(Effect, effect or "NoSchedule")))
    return tuple(found)
