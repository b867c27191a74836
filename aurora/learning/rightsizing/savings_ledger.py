"""A ledger of predicted against realised savings, so that the stated confidence is one that was earned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from aurora import journal
from aurora.errors import DataError

MOST = 1e12
"""Dollars a month; more is a mistake."""
ENOUGH = 20
"""Realised savings from which on a share within the interval says something: a 95 % interval of ±0.2 or less."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Savings that were promised when a change was applied.

    Attributes:
        change_id: Of the change; no other prediction has it.
        account: Its name.
        day: On which it was promised, ISO.
        savings: Expected, dollars a month.
        low: Of the interval, dollars a month.
        high: Likewise.
        level: Probability with which the interval is meant to hold.
        price_source: Where the prices are from, with their date.
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
class Realised:
    """A promise beside what came of it.

    Attributes:
        prediction: The promise.
        day: On which it was measured, ISO.
        savings: Measured, dollars a month.
    """

    prediction: Prediction
    day: str
    savings: float

    @property
    def is_within(self) -> bool:
        """Whether it lies in the promised interval."""
        return self.prediction.low <= self.savings <= self.prediction.high


@dataclass(frozen=True, slots=True)
class Calibration:
    """How good the promises were.

    Attributes:
        count: Of realised savings.
        within: Share of them in their interval.
        low: Of the 95 % interval of that share (Wilson 1927).
        high: Likewise.
        level: Mean probability that was stated.
        bias: Mean of realised less predicted, dollars a month.
        predicted: Sum, dollars a month.
        realised: Sum, dollars a month.
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
        """Whether there are enough, and the stated probability is not refuted by them."""
        return self.count >= ENOUGH and self.low <= self.level <= self.high


def promise(path: Path, predictions: Sequence[Prediction]) -> int:
    """Write promises down; those that are there already, word for word, are left.

    Returns:
        How many are new.

    Raises:
        DataError: A change has another promise already, an interval does not hold its value, or the ledger can't be
            written.
    """
    known, _ = _entries(path)
    fresh: dict[str, Prediction] = {}
    for p in predictions:
        if not (all(map(math.isfinite, (p.savings, p.low, p.high))) and p.low <= p.savings <= p.high):
            raise DataError(f"{p.change_id}: savings {p.savings} outside of their interval {p.low} to {p.high}")
        before = known.get(p.change_id) or fresh.get(p.change_id)
        if before is None:
            fresh[p.change_id] = p
        elif before != p:
            raise DataError(f"{path} holds another promise for {p.change_id}; a promise can't be changed afterwards")
    if fresh:
        journal.append(path, [{"kind": "predicted", **asdict(p)} for p in fresh.values()])
    return len(fresh)


def settle(path: Path, change_id: str, savings: float, day: str) -> Realised:
    """Write down what came of a promise.

    Args:
        path: The ledger.
        change_id: Of the promise.
        savings: Measured, dollars a month.
        day: ISO.

    Raises:
        DataError: There is no such promise, it is settled already, or `savings` is not a number.
    """
    known, settled = _entries(path)
    if change_id not in known:
        raise DataError(f"{path} holds no promise {change_id!r}; it knows {', '.join(list(known)[:5]) or 'none'}")
    if change_id in settled:
        raise DataError(f"{change_id} was settled on {settled[change_id].day}; what was measured can't be replaced")
    if not abs(savings) <= MOST:
        raise DataError(f"savings of {change_id} are {savings}; give dollars a month")
    journal.append(path, [{"kind": "realised", "change_id": change_id, "savings": savings, "day": day}])
    return Realised(known[change_id], day, savings)


def check_there(path: Path) -> None:
    """Refuse a ledger that does not exist.

    Raises:
        DataError: There is no such file.
    """
    if not journal.is_there(path):
        raise DataError(f"there is no ledger {path}; `aurora recommend apply --ledger FILE` begins one")


def settled(path: Path) -> tuple[Realised, ...]:
    """All promises that were settled, in the order of their settlement.

    Raises:
        DataError: The ledger is damaged.
    """
    return tuple(_entries(path)[1].values())


def open_promises(path: Path) -> tuple[Prediction, ...]:
    """Promises that wait for their settlement.

    Raises:
        DataError: The ledger is damaged.
    """
    known, done = _entries(path)
    return tuple(p for p in known.values() if p.change_id not in done)


def calibration(found: Sequence[Realised]) -> Calibration | None:
    """How good the promises were; None without any."""
    if not found:
        return None
    inside = sum(r.is_within for r in found)
    low, high = wilson(inside, len(found))
    gaps = [r.savings - r.prediction.savings for r in found]
    return Calibration(
        len(found),
        inside / len(found),
        low,
        high,
        sum(r.prediction.level for r in found) / len(found),
        sum(gaps) / len(gaps),
        sum(r.prediction.savings for r in found),
        sum(r.savings for r in found),
    )


def wilson(successes: float, trials: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Score interval of a share (Wilson 1927); 0 to 1 without trials.

    Args:
        successes: Of the trials.
        trials: In all.
        z: Quantile of the normal distribution; the default is for 95 %.
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    middle = share + z**2 / (2 * trials)
    radius = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return max(0.0, (middle - radius) / scale), min(1.0, (middle + radius) / scale)


_PREDICTED = {f.name: f.type for f in fields(Prediction)}
_REALISED = {"change_id": "str", "day": "str", "savings": "float"}


def _entries(path: Path) -> tuple[dict[str, Prediction], dict[str, Realised]]:
    known: dict[str, Prediction] = {}
    done: dict[str, Realised] = {}
    for number, record in enumerate(journal.read(path), 1):
        where = f"{path}, line {number}"
        kind = record.get("kind")
        if kind == "predicted":
            entry = _typed(record, _PREDICTED, where)
            known[entry["change_id"]] = Prediction(**entry)
        elif kind == "realised":
            entry = _typed(record, _REALISED, where)
            if entry["change_id"] not in known:
                raise DataError(f"{where}: {entry['change_id']!r} was realised without a promise; restore the ledger")
            done[entry["change_id"]] = Realised(known[entry["change_id"]], entry["day"], entry["savings"])
        else:
            raise DataError(f"{where}: field 'kind' must be 'predicted' or 'realised', it is {str(kind)[:40]!r}")
    return known, done


def _typed(record: Mapping[str, Any], kinds: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The fields of an entry, each of its kind."""
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = record.get(name)
        if kind == "str":
            if not isinstance(value, str):
                raise DataError(f"{where}: field {name!r} must be a text, it is {str(value)[:40]!r}")
            found[name] = value
        else:
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST:
                raise DataError(f"{where}: field {name!r} must be a number of dollars, it is {str(value)[:40]!r}")
            found[name] = float(value)
    day = found["day"]
    try:
        date.fromisoformat(day)
    except ValueError:
        raise DataError(f"{where}: field 'day' must be a day like 2026-03-31, it is {day[:40]!r}") from None
    return found
