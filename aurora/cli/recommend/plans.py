"""`aurora recommend apply`, `rollback` and `realised`: doing a plan, undoing it, and what came of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note, say
from aurora.errors import DataError

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.rightsizing.plan_file import Change

_NOTHING = "nothing to do: everything is as the plan proposes"
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


def apply(
    plan: Path = options.path_argument(help="A plan, of `aurora recommend --plan`."),
    inventory: Path = options.path(..., help="Configurations to change, JSON: account -> configuration."),
    only: list[str] = options.text([], help="Account whose change to apply; may be repeated. Default: all."),
    max_risk: int | None = options.count(None, least=0, most=4, help="Leave out changes with a higher risk."),
    rollback: Path | None = options.path(None, help="Where the inverse goes; PLAN.rollback.json by default."),
    ledger: Path | None = options.path(None, help="Where the promised savings go, to be settled later."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be changed."),
    as_json: bool = _JSON,
) -> None:
    """Apply a plan, all or nothing; it is refused if a configuration is not what the plan was made for.

    Example: aurora recommend apply plan.json --inventory inventory.json --ledger ledger.jsonl
    """
    from datetime import UTC, datetime

    from aurora.learning.rightsizing import savings_ledger as books
    from aurora.learning.rightsizing.plan_file import apply as applied_to
    from aurora.learning.rightsizing.plan_file import (
        apply_to_file,
        diff,
        free_rollback,
        part,
        read_inventory,
        read_plan,
    )

    whole = read_plan(plan)
    found = part(whole, only, max_risk)
    if dry_run:
        _, todo = applied_to(found, read_inventory(inventory))
        lines = diff(todo)
        emit_json({"diff": lines}) if as_json else say("\n".join(lines or [_NOTHING]))
        return
    known = set()
    if ledger is not None:  # a damaged one is refused before anything is changed
        known = {p.change_id for p in books.open_promises(ledger)}
        known |= {r.prediction.change_id for r in books.settled(ledger)}
    undo = free_rollback(plan, found, read_inventory(inventory)) if rollback is None else rollback
    done = apply_to_file(found, inventory, undo)  # before anything is promised; both can be repeated after a kill
    if ledger is not None:
        day = datetime.now(UTC).date().isoformat()
        promises = [
            books.Prediction(f"{c.account}@{whole.sha256[:12]}", c.account, day, **_promised(c))
            for c in found.changes
            if c.promise
        ]
        books.promise(ledger, [p for p in promises if p.change_id not in known])
    result = {
        "changed": list(done.changed),
        "unchanged": list(done.unchanged),
        "rollback": None if done.rollback is None else str(done.rollback),
        "diff": diff(done.done),
    }
    if as_json:
        emit_json(result)
        return
    say("\n".join(result["diff"] or [_NOTHING]))
    if done.rollback is not None:
        note(f"undo with: aurora recommend rollback {done.rollback} --inventory {inventory}")


def _promised(change: Change) -> dict[str, Any]:
    names = {"expected": "savings", "low": "low", "high": "high", "level": "level", "price_source": "price_source"}
    lacking = [name for name in names if name not in change.promise]
    if lacking:
        raise DataError(f"the plan's promise for {change.account} lacks {', '.join(lacking)}; make a new plan")
    return {theirs: change.promise[ours] for ours, theirs in names.items()}


def rollback(
    plan: Path = options.path_argument(help="The rollback file that `apply` wrote."),
    inventory: Path = options.path(..., help="Configurations to change back."),
    as_json: bool = _JSON,
) -> None:
    """Undo a plan: the inverse is a plan like any other, with its own preconditions.

    Example: aurora recommend rollback plan.rollback.json --inventory inventory.json
    """
    apply(plan, inventory, [], None, None, None, False, as_json)


def realised(
    ledger: Path = options.path_argument(help="The ledger."),
    change: str | None = options.text(None, help="Id of a change; without it, the calibration so far."),
    savings: float | None = options.number(
        None, least=-options.MAX_MONEY, most=options.MAX_MONEY, unit="dollars", help="What it saved, dollars a month."
    ),
    day: date | None = options.day(None, help="When that was measured; today by default."),
    as_json: bool = _JSON,
) -> None:
    """Settle a promise, and say how the promises so far have held.

    Example: aurora recommend realised ledger.jsonl --change web-1@1a2b3c4d5e6f --savings 112
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from aurora.learning.rightsizing import savings_ledger as books

    if (change is None) != (savings is None):
        raise options.usage_error("--change", "give it together with --savings, or neither")
    books.check_there(ledger)
    if change is not None and savings is not None:
        when = datetime.now(UTC).date() if day is None else day
        books.settle(ledger, change, savings, when.isoformat())
    done, waiting = books.settled(ledger), books.open_promises(ledger)
    found = books.calibration(done)
    result: dict[str, Any] = {
        "settled": len(done),
        "open": [p.change_id for p in waiting],
        "calibration": None if found is None else {**asdict(found), "is_calibrated": found.is_calibrated},
    }
    if as_json:
        emit_json(result)
        return
    rows = [(r.prediction.change_id, r.prediction.savings, r.savings, r.is_within) for r in done]
    emit_table("promised and realised", ("change", "promised", "realised", "within"), rows)
    if found is None:
        note(f"nothing is settled yet; {len(waiting)} promises are open")
        return
    state = "holds" if found.is_calibrated else "is not shown to hold"
    note(
        f"{found.within:.0%} ({found.low:.0%} to {found.high:.0%}) of {found.count} within their interval; the stated "
        f"{found.level:.0%} {state}; bias ${found.bias:+.2f} a month"
    )
