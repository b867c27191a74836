"""Carrying out a plan file: preview, application with a rollback and promises, and the account of what was realised."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.learning.rightsizing import savings_ledger
from aurora.learning.rightsizing.plan_file import (
    ChangePlan,
    PlannedChange,
    apply_to_file,
    apply_to_inventory,
    diff,
    free_rollback_path,
    read_inventory,
    read_plan,
    selected_changes,
)
from aurora.learning.rightsizing.savings_ledger import Promise, PromiseCalibration, Settlement


@dataclass(frozen=True, slots=True)
class AppliedReport:
    """The result of applying a plan.

    Attributes:
        changed: Accounts that were changed.
        unchanged: Accounts that were as the plan proposes already.
        rollback: File with the inverse plan; None if nothing was changed.
        diff: Fields that were changed, `account: field now -> proposed`.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    rollback: Path | None
    diff: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as `aurora recommend apply --json` prints it."""
        return {
            "changed": list(self.changed),
            "unchanged": list(self.unchanged),
            "rollback": None if self.rollback is None else str(self.rollback),
            "diff": list(self.diff),
        }


def preview_plan(
    plan: Path, inventory: Path, *, only: Collection[str] = (), max_risk: int | None = None
) -> tuple[str, ...]:
    """Return what `apply_plan` would change, `account: field now -> proposed`; nothing is written.

    Args:
        plan: Plan file.
        inventory: JSON file, account -> configuration.
        only: Accounts whose changes to take; empty: all.
        max_risk: Highest level of risk of a change that is taken; None: any.

    Raises:
        DataError: A file is not valid, or the inventory is not what the plan was made for.
        FileError: A file can't be read.
        InputError: The plan has no change for an account of `only`, or does not say what its changes risk.
    """
    _, todo = apply_to_inventory(selected_changes(read_plan(plan), only, max_risk), read_inventory(inventory))
    return tuple(diff(todo))


def apply_plan(
    plan: Path,
    inventory: Path,
    *,
    only: Collection[str] = (),
    max_risk: int | None = None,
    rollback: Path | None = None,
    ledger: Path | None = None,
) -> AppliedReport:
    """Apply a plan to a file of configurations, all or nothing, and write down what its changes promise.

    The change is made before anything is promised; both can be repeated after an interruption.

    Args:
        plan: Plan file.
        inventory: JSON file, account -> configuration; replaced.
        only: Accounts whose changes to take; empty: all.
        max_risk: Highest level of risk of a change that is taken; None: any.
        rollback: File for the inverse plan; None: a free name beside the plan.
        ledger: Ledger for the promised savings; None: they are not kept.

    Raises:
        DataError: A file is not valid, the inventory is not what the plan was made for, or `rollback` holds the inverse
            of something else.
        FileError: A file can't be read or written, or another process changes the inventory.
        InputError: The plan has no change for an account of `only`, or does not say what its changes risk.
    """
    whole = read_plan(plan)
    selected = selected_changes(whole, only, max_risk)
    known: set[str] = set()
    if ledger is not None:  # a damaged one is refused before anything is changed
        known = {p.change_id for p in savings_ledger.open_promises(ledger)}
        known |= {s.promise.change_id for s in savings_ledger.settlements(ledger)}
    undo = free_rollback_path(plan, selected, read_inventory(inventory)) if rollback is None else rollback
    applied = apply_to_file(selected, inventory, undo)
    if ledger is not None:
        promises = promises_of(selected, whole.sha256, datetime.now(UTC).date())
        savings_ledger.record_promises(ledger, [p for p in promises if p.change_id not in known])
    return AppliedReport(applied.changed, applied.unchanged, applied.rollback, tuple(diff(applied.done)))


def promises_of(plan: ChangePlan, sha256: str, day: date) -> list[Promise]:
    """Return what the changes of a plan promise.

    Args:
        plan: Changes; those without a promise are left out.
        sha256: Hash of the whole plan, which makes the ids of changes unique.
        day: Day of the promise.

    Raises:
        DataError: A promise lacks a field.
    """
    return [
        Promise(f"{c.account}@{sha256[:12]}", c.account, day.isoformat(), **_promised(c))
        for c in plan.changes
        if c.promise
    ]


def _promised(change: PlannedChange) -> dict[str, Any]:
    names = {"expected": "savings", "low": "low", "high": "high", "level": "level", "price_source": "price_source"}
    lacking = [name for name in names if name not in change.promise]
    if lacking:
        raise DataError(f"the plan's promise for {change.account} lacks {', '.join(lacking)}; make a new plan")
    return {theirs: change.promise[ours] for ours, theirs in names.items()}


@dataclass(frozen=True, slots=True)
class RealisedReport:
    """Promised and realised savings of a ledger.

    Attributes:
        settlements: Promises that were settled.
        open_promises: Promises that wait for their settlement.
        calibration: How well the intervals have held; None before the first settlement.
    """

    settlements: tuple[Settlement, ...]
    open_promises: tuple[Promise, ...]
    calibration: PromiseCalibration | None

    def to_json(self) -> dict[str, Any]:
        """Return the report as `aurora recommend realised --json` prints it."""
        held = self.calibration
        return {
            "settled": len(self.settlements),
            "open": [p.change_id for p in self.open_promises],
            "calibration": None if held is None else {**asdict(held), "is_calibrated": held.is_calibrated},
        }


def realised_savings(ledger: Path) -> RealisedReport:
    """Return how the promises of a ledger have held so far.

    Raises:
        FileError: There is no such ledger.
        DataError: It is damaged.
    """
    savings_ledger.check_ledger(ledger)
    settlements, waiting = savings_ledger.settlements(ledger), savings_ledger.open_promises(ledger)
    return RealisedReport(settlements, waiting, savings_ledger.promise_calibration(settlements))
