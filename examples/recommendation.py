"""Recommend configurations for cloud accounts, apply the changes as a plan, and undo them.

    python examples/recommendation.py

The accounts are made up; `aurora.recommend("histories.jsonl")` reads your own.
"""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import aurora
from aurora.learning.accounts import PER_DAY, generate
from aurora.learning.rightsizing.plan_file import write_json, write_plan
from aurora.learning.rightsizing.recommend import Savings


def money(savings: Savings | None) -> str:
    """Return what a change saves or costs."""
    if savings is None:
        return ""
    verb = "saves" if savings.expected >= 0 else "costs"
    return f", {verb} ${abs(savings.expected):,.0f} a month"


def main() -> None:
    """Print the recommendations with their reasons, then change an inventory and change it back."""
    accounts = generate(3, 4, periods=14 * PER_DAY).accounts
    report = aurora.recommend(accounts, with_flips=False, with_precedents=False)
    for advice in report.recommendations:
        print(f"{advice.account}: {advice.finding}{money(advice.savings)}")
        print(f"  {advice.reasons[0]}")

    with TemporaryDirectory() as folder:
        plan, inventory, rollback = (Path(folder) / f"{name}.json" for name in ("plan", "inventory", "rollback"))
        write_plan(report.plan(), plan)
        write_json(inventory, {a.account_id: asdict(a.present) for a in accounts})
        before = inventory.read_text()

        applied = aurora.apply_plan(plan, inventory, rollback=rollback)
        print(f"applied to {len(applied.changed)} accounts:")
        for line in applied.diff:
            print(f"  {line}")

        undone = aurora.apply_plan(rollback, inventory)
        same = "as before" if inventory.read_text() == before else "something else"
        print(f"undone for {len(undone.changed)} accounts; the inventory is {same}")


if __name__ == "__main__":
    main()
