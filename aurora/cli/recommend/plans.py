"""`aurora recommend apply`, `rollback` and `realised`: apply a plan, undo it, compare promised and realised savings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note, say

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
    from aurora.learning.rightsizing.execution import apply_plan, preview_plan

    if dry_run:
        lines = list(preview_plan(plan, inventory, only=only, max_risk=max_risk))
        emit_json({"diff": lines}) if as_json else say("\n".join(lines or [_NOTHING]))
        return
    report = apply_plan(plan, inventory, only=only, max_risk=max_risk, rollback=rollback, ledger=ledger)
    if as_json:
        emit_json(report.to_json())
        return
    say("\n".join(report.diff or [_NOTHING]))
    if report.rollback is not None:
        note(f"undo with: aurora recommend rollback {report.rollback} --inventory {inventory}")


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
    from datetime import UTC, datetime

    from aurora.learning.rightsizing.execution import realised_savings
    from aurora.learning.rightsizing.savings_ledger import check_ledger, settle_promise

    if (change is None) != (savings is None):
        raise options.usage_error("--change", "give it together with --savings, or neither")
    check_ledger(ledger)
    if change is not None and savings is not None:
        when = datetime.now(UTC).date() if day is None else day
        settle_promise(ledger, change, savings, when.isoformat())
    report = realised_savings(ledger)
    if as_json:
        emit_json(report.to_json())
        return
    rows = [(s.promise.change_id, s.promise.savings, s.savings, s.is_within) for s in report.settlements]
    emit_table("promised and realised", ("change", "promised", "realised", "within"), rows)
    held = report.calibration
    if held is None:
        note(f"nothing is settled yet; {len(report.open_promises)} promises are open")
        return
    state = "holds" if held.is_calibrated else "is not shown to hold"
    note(
        f"{held.within:.0%} ({held.low:.0%} to {held.high:.0%}) of {held.count} within their interval; the stated "
        f"{held.level:.0%} {state}; bias ${held.bias:+.2f} a month"
    )
