"""Plan files: what is to change in a file of configurations, how to undo it, and the change itself.

A plan says for every account what its configuration is now and what it should be. It is applied only to an
inventory that still agrees with the "now" of every change, all or nothing, and applying it leaves the inverse plan
beside it. A plan that is there already is nothing to do, so a command that was killed can be repeated.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.files import write_atomically
from aurora.reading import read_json

FORMAT = 1
SHOWN = 8
"""Differences that a message lists."""
LONGEST = 60
"""Characters of a value that a difference shows."""

Configuration = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to happen to one account.

    Attributes:
        account: Its name in the inventory.
        now: The fields of its configuration that the plan knows, JSON values; others are left as they are.
        proposed: Likewise after the change; a field that is only in `now` is taken out.
        reason: For people.
        promise: What it is to bring, for a ledger: savings, low, high, level, price_source; empty without one.
    """

    account: str
    now: Configuration
    proposed: Configuration
    reason: str = ""
    promise: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes that belong together.

    Attributes:
        changes: At most one an account.
        source: Who made it.
    """

    changes: tuple[Change, ...]
    source: str

    def __post_init__(self) -> None:
        names = [c.account for c in self.changes]
        twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise DataError(f"the plan changes {', '.join(twice[:SHOWN])} more than once")

    @property
    def sha256(self) -> str:
        """Hash of its content; it is part of the file."""
        return hashlib.sha256(json.dumps(_payload(self), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def part(plan: Plan, accounts: Collection[str] = (), most_risk: int | None = None) -> Plan:
    """Return some changes of a plan.

    Args:
        plan: Whole.
        accounts: Whose changes to take; all without any.
        most_risk: Level of risk above which a change is left out.

    Raises:
        DataError: The plan has no change for an account, or does not say what its changes risk.
    """
    strange = sorted(set(accounts) - {c.account for c in plan.changes})
    if strange:
        have = ", ".join([c.account for c in plan.changes][:SHOWN]) or "none"
        raise DataError(f"the plan has no change for {', '.join(strange[:SHOWN])}; it has changes for {have}")
    chosen = [c for c in plan.changes if not accounts or c.account in accounts]
    if most_risk is not None:
        silent = next((c.account for c in chosen if not isinstance(c.promise.get("risk"), int)), None)
        if silent is not None:
            raise DataError(f"the plan does not say what the change of {silent} risks; make a new plan")
        chosen = [c for c in chosen if c.promise["risk"] <= most_risk]
    return Plan(tuple(chosen), plan.source)


def inverse(plan: Plan) -> Plan:
    """The plan that undoes it."""
    changes = tuple(Change(c.account, c.proposed, c.now, f"undo: {c.reason}") for c in plan.changes)
    return Plan(changes, f"rollback of {plan.sha256[:12]}")


def diff(plan: Plan) -> list[str]:
    """Every field that changes, for people: `account: field now -> proposed`."""
    return [f"{c.account}: {line}" for c in plan.changes for line in _differences(c.now, c.proposed, "->")]


def apply(plan: Plan, inventory: Mapping[str, Configuration]) -> tuple[dict[str, Configuration], Plan]:
    """The inventory after the plan, and the part of the plan that was not there already.

    Raises:
        DataError: The inventory lacks an account, or a configuration is neither the plan's "now" nor its "proposed";
            the message says what differs.
    """
    after = dict(inventory)
    todo, faults = [], []
    for change in plan.changes:
        current = inventory.get(change.account)
        if current is None:
            faults.append(f"{change.account} is not in the inventory")
        elif _known(current, change) == change.now:
            if change.now != change.proposed:
                todo.append(change)
                after[change.account] = _changed(current, change)
        elif _known(current, change) != change.proposed:
            found = _known(current, change)
            faults += [f"{change.account}: {line}" for line in _differences(change.now, found, "expected, found")]
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise DataError(
            f"nothing was changed, the inventory is not what the plan was made for: {'; '.join(faults[:SHOWN])}{more}. "
            "Make a new plan from the present configurations"
        )
    return after, Plan(tuple(todo), plan.source)


def _changed(current: Configuration, change: Change) -> Configuration:
    """A configuration after a change, its fields in their order."""
    gone = {k for k in change.now if k not in change.proposed}
    return {**{k: change.proposed.get(k, v) for k, v in current.items() if k not in gone}, **change.proposed}


def _known(current: Configuration, change: Change) -> Configuration:
    """The fields of a configuration that a change speaks of."""
    return {k: v for k, v in current.items() if k in change.now or k in change.proposed}


def _differences(before: Configuration, after: Configuration, word: str) -> list[str]:
    lines = []
    for key in sorted({*before, *after}):
        old, new = (json.dumps(c[key]) if key in c else "absent" for c in (before, after))
        if old != new:
            lines.append(f"{_cut(key)} {_cut(old)} {word} {_cut(new)}")
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan to a file.

    Raises:
        DataError: It can't be written.
    """
    write_json(path, {**_payload(plan), "diff": diff(plan), "sha256": plan.sha256})


def read_plan(path: Path) -> Plan:
    """A plan from a file.

    Raises:
        DataError: The file can't be read, is not a plan, or was altered.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise DataError(f"{path} is not a plan of format {FORMAT}; make one with `aurora recommend --plan`")
    changes = data.get("changes")
    if data.get("format") != FORMAT or not isinstance(changes, list) or not isinstance(data.get("source"), str):
        raise DataError(f"{path} is not a plan of format {FORMAT}; make one with `aurora recommend --plan`")
    keys = {"account": str, "now": dict, "proposed": dict, "reason": str, "promise": dict}
    for number, change in enumerate(changes, 1):
        if not isinstance(change, dict) or any(not isinstance(change.get(k), t) for k, t in keys.items()):
            raise DataError(f"{path}: change {number} needs account, now, proposed, reason and promise")
    plan = Plan(tuple(Change(*(c[k] for k in keys)) for c in changes), data["source"])
    if plan.sha256 != data.get("sha256"):
        raise DataError(f"{path} was altered after it was written; make a new plan instead of editing one")
    return plan


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a plan did.

    Attributes:
        done: What was changed.
        unchanged: Accounts that were there already.
        rollback: File with the inverse; None if nothing was changed.
    """

    done: Plan
    unchanged: tuple[str, ...]
    rollback: Path | None

    @property
    def changed(self) -> tuple[str, ...]:
        """Accounts that were changed."""
        return tuple(c.account for c in self.done.changes)


def apply_to_file(plan: Plan, inventory: Path, rollback: Path) -> Applied:
    """Apply a plan to a file of configurations, all or nothing.

    The inverse is on disk before the inventory is replaced, so that there is no moment at which the change is made
    and can't be undone.

    Args:
        plan: Of changes.
        inventory: JSON: account -> configuration.
        rollback: Where to write the inverse of what was changed.

    Raises:
        DataError: See `apply`; or a file can't be read or written, the inventory is being changed by another
            process, or `rollback` holds the inverse of something else.
    """
    with _locked(inventory):
        after, done = apply(plan, read_inventory(inventory))
        changed = tuple(c.account for c in done.changes)
        if not changed:
            return Applied(done, tuple(c.account for c in plan.changes), None)
        undo = inverse(done)
        if rollback.exists() and read_plan(rollback).changes != undo.changes:
            raise DataError(f"{rollback} holds the inverse of another change; keep it and give another --rollback FILE")
        write_plan(undo, rollback)
        write_json(inventory, after)
    return Applied(done, tuple(c.account for c in plan.changes if c.account not in set(changed)), rollback)


def free_rollback(plan_path: Path, plan: Plan, inventory: Mapping[str, Configuration]) -> Path:
    """Return a name beside a plan for its rollback: the first that is free, or that holds the very inverse.

    Parts of a plan that are applied one after the other need a rollback each.
    """
    undo = inverse(apply(plan, inventory)[1]).changes
    suffixes = (".rollback" if number == 1 else f".rollback-{number}" for number in count(1))
    paths = (plan_path.with_name(f"{plan_path.stem}{suffix}.json") for suffix in suffixes)
    return next(path for path in paths if not undo or not path.exists() or read_plan(path).changes == undo)


def _payload(plan: Plan) -> dict[str, Any]:
    changes = [
        {"account": c.account, "now": c.now, "proposed": c.proposed, "reason": c.reason, "promise": c.promise}
        for c in plan.changes
    ]
    return {"format": FORMAT, "source": plan.source, "changes": changes}


def read_inventory(path: Path) -> dict[str, Configuration]:
    """An inventory: a JSON object of account -> configuration.

    Raises:
        DataError: It can't be read, or holds something else; the message names the account.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise DataError(f"{path} must hold a JSON object: account -> configuration (an object)")
    odd = next((name for name, entry in data.items() if not isinstance(entry, dict)), None)
    if odd is not None:
        shown = json.dumps(data[odd])[:40]
        raise DataError(f"{path}: account {odd!r} must be a configuration (an object), it is {shown}")
    return data


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Replace a file by a JSON object, atomically.

    Raises:
        DataError: It can't be written.
    """
    write_atomically(path, json.dumps(data, indent=2, allow_nan=False) + "\n")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"can't change {path}: it is no regular file; give the file of the inventory")
        stream = path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(f"can't read {path}: {getattr(error, 'strerror', None) or error}") from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(f"another process changes {path}; wait for it") from None
        try:
            is_same = os.fstat(stream.fileno()).st_ino == path.stat().st_ino
        except OSError:
            is_same = False
        if not is_same:
            raise DataError(f"another process has just replaced {path}; try again")
        yield
