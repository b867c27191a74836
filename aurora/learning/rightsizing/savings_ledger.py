"""A ledger of promised and realised savings, which shows whether the stated intervals hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from aurora import journal
from aurora.errors import DataError, FileError, InputError
from aurora.statistics.intervals import wilson

LARGEST_SAVINGS = 1e12
"""Largest savings, dollars a month; more is a mistake."""
MIN_SETTLEMENTS = 20
"""Fewest settlements by which the stated level is judged: the share within has a 95 % interval of ±0.2 or less."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Savings that were promised when a change was applied.

    Attributes:
        change_id: Id of the change, unique in its ledger.
        account: Name of the account.
        day: Day of the promise, ISO.
        savings: Expected savings, dollars a month.
        low: Lower end of the interval, dollars a month.
        high: Upper end of the interval, dollars a month.
        level: Stated probability that the interval holds.
        price_source: Source of the prices, with its date.
    """

    change_id: str
    account: str
    day: str
    savings: float
    low: float
    high: float
    level: float
    price_source: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """A promise with the savings that were realised.

    Attributes:
        promise: Promised savings.
        day: Day of the measurement, ISO.
        savings: Realised savings, dollars a month.
    """

    promise: Promise
    day: str
    savings: float

    @property
    def is_within(self) -> bool:
        """Return whether the realised savings lie in the promised interval."""
        return self.promise.low <= self.savings <= self.promise.high


@dataclass(frozen=True, slots=True)
class PromiseCalibration:
    """Calibration of promised savings.

    Attributes:
        count: Number of settled promises.
        within: Share of them whose realised savings lie in the interval.
        low: Lower end of the 95 % interval of that share (Wilson 1927).
        high: Upper end of that interval.
        level: Mean of the stated probabilities.
        bias: Mean of realised less promised savings, dollars a month.
        predicted: Sum of promised savings, dollars a month.
        realised: Sum of realised savings, dollars a month.
    """

    count: int
    within: float
    low: float
    high: float
    level: float
    bias: float
    predicted: float
    realised: float

    @property
    def is_calibrated(self) -> bool:
        """Return whether there are enough settlements, and they don't refute the stated probability."""
        return self.count >= MIN_SETTLEMENTS and self.low <= self.level <= self.high


def record_promises(path: Path, promises: Sequence[Promise]) -> int:
    """Add promises to a ledger; those that it holds already, word for word, are skipped.

    Returns:
        Number of new promises.

    Raises:
        InputError: A change has another promise already, or an interval does not hold its value.
        DataError: The ledger is damaged.
        FileError: The ledger can't be written.
    """
    known, _ = _entries(path)
    fresh: dict[str, Promise] = {}
    for p in promises:
        if not (all(map(math.isfinite, (p.savings, p.low, p.high))) and p.low <= p.savings <= p.high):
            raise InputError(f"{p.change_id}: savings {p.savings} outside of their interval {p.low} to {p.high}")
        before = known.get(p.change_id) or fresh.get(p.change_id)
        if before is None:
            fresh[p.change_id] = p
        elif before != p:
            raise InputError(f"{path} holds another promise for {p.change_id}; a promise can't be changed afterwards")
    if fresh:
        journal.append(path, [{"kind": "predicted", **asdict(p)} for p in fresh.values()])
    return len(fresh)


def settle_promise(path: Path, change_id: str, savings: float, day: str) -> Settlement:
    """Record the realised savings of a promise.

    Args:
        path: File of the ledger.
        change_id: Id of the change.
        savings: Realised savings, dollars a month.
        day: Day of the measurement, ISO.

    Raises:
        InputError: There is no such promise, it is settled already, or `savings` is not a number.
        DataError: The ledger is damaged.
    """
    known, done = _entries(path)
    if change_id not in known:
        raise InputError(f"{path} holds no promise {change_id!r}; it knows {', '.join(list(known)[:5]) or 'none'}")
    if change_id in done:
        raise InputError(f"{change_id} was settled on {done[change_id].day}; what was measured can't be replaced")
    if not abs(savings) <= LARGEST_SAVINGS:
        raise InputError(f"savings of {change_id} are {savings}; give dollars a month")
    journal.append(path, [{"kind": "realised", "change_id": change_id, "savings": savings, "day": day}])
    return Settlement(known[change_id], day, savings)


def check_ledger(path: Path) -> None:
    """Refuse a ledger that does not exist.

    Raises:
        FileError: There is no such file.
    """
    if not journal.is_there(path):
        raise FileError(f"there is no ledger {path}; `aurora recommend apply --ledger FILE` begins one")


def settlements(path: Path) -> tuple[Settlement, ...]:
    """Return all settlements of a ledger, in their order.

    Raises:
        DataError: The ledger is damaged.
    """
    return tuple(_entries(path)[1].values())


def open_promises(path: Path) -> tuple[Promise, ...]:
    """Return the promises of a ledger that wait for their settlement.

    Raises:
        DataError: The ledger is damaged.
    """
    known, done = _entries(path)
    return tuple(p for p in known.values() if p.change_id not in done)


def promise_calibration(settled: Sequence[Settlement]) -> PromiseCalibration | None:
    """Return how well promises have held; None without any settlement."""
    if not settled:
        return None
    inside = sum(r.is_within for r in settled)
    low, high = wilson(inside, len(settled))
    gaps = [r.savings - r.promise.savings for r in settled]
    return PromiseCalibration(
        len(settled),
        inside / len(settled),
        low,
        high,
        sum(r.promise.level for r in settled) / len(settled),
        sum(gaps) / len(gaps),
        sum(r.promise.savings for r in settled),
        sum(r.savings for r in settled),
    )


_PREDICTED = {f.name: f.type for f in fields(Promise)}
_REALISED = {"change_id": "str", "day": "str", "savings": "float"}


def _entries(path: Path) -> tuple[dict[str, Promise], dict[str, Settlement]]:
    known: dict[str, Promise] = {}
    done: dict[str, Settlement] = {}
    for number, record in enumerate(journal.read(path), 1):
        where = f"{path}, line {number}"
        kind = record.get("kind")
        if kind == "predicted":
            entry = _typed(record, _PREDICTED, where)
            known[entry["change_id"]] = Promise(**entry)
        elif kind == "realised":
            entry = _typed(record, _REALISED, where)
            if entry["change_id"] not in known:
                raise DataError(f"{where}: {entry['change_id']!r} was realised without a promise; restore the ledger")
            done[entry["change_id"]] = Settlement(known[entry["change_id"]], entry["day"], entry["savings"])
        else:
            raise DataError(f"{where}: field 'kind' must be 'predicted' or 'realised', it is {str(kind)[:40]!r}")
    return known, done


def _typed(record: Mapping[str, Any], kinds: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the fields of an entry, checked and of their types."""
    typed: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = record.get(name)
        if kind == "str":
            if not isinstance(value, str):
                raise DataError(f"{where}: field {name!r} must be a text, it is {str(value)[:40]!r}")
            typed[name] = value
        else:
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_SAVINGS:
                raise DataError(f"{where}: field {name!r} must be a number of dollars, it is {str(value)[:40]!r}")
            typed[name] = float(value)
    day = typed["day"]
    try:
        date.fromisoformat(day)
    except ValueError:
        raise DataError(f"{where}: field 'day' must be a day like 2026-03-31, it is {day[:40]!r}") from None
    return typed
