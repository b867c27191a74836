"""Data of ledgers: promised savings, what was realised, and whether the stated intervals hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from aurora.errors import AuroraError
from aurora.learning.rightsizing.execution import realised_savings
from aurora.learning.rightsizing.savings_ledger import MIN_SETTLEMENTS, PromiseCalibration
from aurora.quantities import count, dollars, percent
from aurora.web.settings import WebSettings
from aurora.web.views.series_sources import files_of

LEDGER_SUFFIXES = (".jsonl",)
_FIRST_BYTES = 65_536


class PromiseRow(NamedTuple):
    """A promise of savings in a ledger, with what was realised.

    Attributes:
        change: Id of the change.
        account: Its account.
        day: Day of the promise.
        promised: Promised savings a month, with their interval.
        realised: Realised savings a month; "waits" where nobody measured them.
        verdict: `within`, `outside` or `open`.
    """

    change: str
    account: str
    day: str
    promised: str
    realised: str
    verdict: str


@dataclass(frozen=True, slots=True)
class LedgerView:
    """A ledger of promised and realised savings.

    Attributes:
        key: Path of its file.
        rows: Promises, the settled ones first.
        summary: How the stated intervals held, in a sentence.
        is_calibrated: Whether enough are settled and the stated share holds; None where too few are settled.
        problem: Why it can't be read; "" where it can.
    """

    key: str
    rows: tuple[PromiseRow, ...] = ()
    summary: str = ""
    is_calibrated: bool | None = None
    problem: str = ""


def ledgers(settings: WebSettings) -> tuple[LedgerView, ...]:
    """Return the ledgers below the served folders.

    Args:
        settings: The settings of the desk.
    """
    return tuple(_ledger(path) for path in files_of(settings, LEDGER_SUFFIXES) if _is_ledger(path))


def _is_ledger(path: Path) -> bool:
    """Return whether the first line of a file is a promise."""
    try:
        with path.open("rb") as stream:
            first = stream.readline(_FIRST_BYTES)
    except OSError:  # a file that can't be read is shown by nobody
        return False
    return b'"kind": "predicted"' in first and b'"change_id"' in first


def _ledger(path: Path) -> LedgerView:
    try:
        report = realised_savings(path)
    except AuroraError as error:
        return LedgerView(str(path), problem=str(error))
    settled = [
        PromiseRow(
            s.promise.change_id,
            s.promise.account,
            s.promise.day,
            _promised(s.promise.savings, s.promise.low, s.promise.high, s.promise.level),
            f"{dollars(s.savings)} a month, measured {s.day}",
            "within" if s.is_within else "outside",
        )
        for s in report.settlements
    ]
    waiting = [
        PromiseRow(p.change_id, p.account, p.day, _promised(p.savings, p.low, p.high, p.level), "waits", "open")
        for p in report.open_promises
    ]
    held = report.calibration
    if held is None:
        return LedgerView(
            str(path), (*settled, *waiting), f"Nothing is settled yet; {count(len(waiting))} promises wait."
        )
    is_judged = held.count >= MIN_SETTLEMENTS
    return LedgerView(
        str(path), (*settled, *waiting), _calibration_text(held), held.is_calibrated if is_judged else None
    )


def _promised(savings: float, low: float, high: float, level: float) -> str:
    return f"{dollars(savings)} a month ({dollars(low)} to {dollars(high)}, {percent(level)})"


def _calibration_text(held: PromiseCalibration) -> str:
    text = (
        f"{percent(round(held.within, 3))} ({percent(round(held.low, 3))} to {percent(round(held.high, 3))}, 95 %) of "
        f"{count(held.count)} settled promises lie within their interval, of which {percent(round(held.level, 3))} "
        "should. "
        f"Realised savings differ from promised ones by {dollars(held.bias)} a month on average."
    )
    if held.count < MIN_SETTLEMENTS:
        text += f" {MIN_SETTLEMENTS} settlements are needed to judge the stated share."
    return text
