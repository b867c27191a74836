"""Plan files: changes of configurations, their inverse, and their application to an inventory file.

A plan holds the present and the proposed configuration of every account. It is applied only to an inventory that still
agrees with the present configuration of every change, all or nothing, and the inverse plan is written next to it. A
change that is in place already is skipped, so an interrupted command can be repeated.
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

from aurora.errors import DataError, FileError, InputError
from aurora.files import write_atomically
from aurora.reading import read_json

FORMAT = 1
MAX_DIFFERENCES_LISTED = 8
"""Most differences or names that a message lists."""
MAX_VALUE_CHARACTERS = 60
"""Most characters of a value that a difference shows."""

Configuration = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """Planned change of one account's configuration.

    Attributes:
        account: Name of the account in the inventory.
        now: Present fields that the plan knows, JSON values; other fields are left as they are.
        proposed: These fields after the change; a field that is only in `now` is removed.
        reason: Reason of the change, in words.
        promise: Promised savings, for a ledger (expected, low, high, level, price_source, risk); empty without any.
    """

    account: str
    now: Configuration
    proposed: Configuration
    reason: str = ""
    promise: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """Changes that are applied together.

    Attributes:
        changes: At most one change for each account.
        source: Author of the plan.

    Raises:
        InputError: An account is changed more than once.
    """

    changes: tuple[PlannedChange, ...]
    source: str

    def __post_init__(self) -> None:
        names = [c.account for c in self.changes]
        twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise InputError(f"the plan changes {', '.join(twice[:MAX_DIFFERENCES_LISTED])} more than once")

    @property
    def sha256(self) -> str:
        """Hash of the plan's content, which its file repeats."""
        return hashlib.sha256(json.dumps(_payload(self), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def selected_changes(plan: ChangePlan, only: Collection[str] = (), max_risk: int | None = None) -> ChangePlan:
    """Return a plan with some of a plan's changes.

    Args:
        plan: All changes.
        only: Accounts whose changes to take; empty: all.
        max_risk: Highest level of risk of a change that is taken; None: any.

    Raises:
        InputError: The plan has no change for an account of `only`.
        DataError: The plan does not say what its changes risk.
    """
    strange = sorted(set(only) - {c.account for c in plan.changes})
    if strange:
        have = ", ".join([c.account for c in plan.changes][:MAX_DIFFERENCES_LISTED]) or "none"
        missing = ", ".join(strange[:MAX_DIFFERENCES_LISTED])
        raise InputError(f"the plan has no change for {missing}; it has changes for {have}", parameter="only")
    chosen = [c for c in plan.changes if not only or c.account in only]
    if max_risk is not None:
        silent = next((c.account for c in chosen if not isinstance(c.promise.get("risk"), int)), None)
        if silent is not None:
            raise DataError(f"the plan does not say what the change of {silent} risks; make a new plan")
        chosen = [c for c in chosen if c.promise["risk"] <= max_risk]
    return ChangePlan(tuple(chosen), plan.source)


def inverse(plan: ChangePlan) -> ChangePlan:
    """Return the plan that undoes a plan."""
    changes = tuple(PlannedChange(c.account, c.proposed, c.now, f"undo: {c.reason}") for c in plan.changes)
    return ChangePlan(changes, f"rollback of {plan.sha256[:12]}")


def diff(plan: ChangePlan) -> list[str]:
    """Return every field that changes: `account: field now -> proposed`."""
    return [f"{c.account}: {line}" for c in plan.changes for line in _differences(c.now, c.proposed, "->")]


def apply_to_inventory(
    plan: ChangePlan, inventory: Mapping[str, Configuration]
) -> tuple[dict[str, Configuration], ChangePlan]:
    """Return the inventory after a plan, and the changes that were not in place already.

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
        more = f"; and {len(faults) - MAX_DIFFERENCES_LISTED} more" if len(faults) > MAX_DIFFERENCES_LISTED else ""
        raise DataError(
            f"nothing was changed, the inventory is not what the plan was made for: "
            f"{'; '.join(faults[:MAX_DIFFERENCES_LISTED])}{more}. "
            "Make a new plan from the present configurations"
        )
    return after, ChangePlan(tuple(todo), plan.source)


def _changed(current: Configuration, change: PlannedChange) -> Configuration:
    """Return a configuration after a change, its fields in their order."""
    gone = {k for k in change.now if k not in change.proposed}
    return {**{k: change.proposed.get(k, v) for k, v in current.items() if k not in gone}, **change.proposed}


def _known(current: Configuration, change: PlannedChange) -> Configuration:
    """Return the fields of a configuration that a change names."""
    return {k: v for k, v in current.items() if k in change.now or k in change.proposed}


def _differences(before: Configuration, after: Configuration, word: str) -> list[str]:
    lines = []
    for key in sorted({*before, *after}):
        old, new = (json.dumps(c[key]) if key in c else "absent" for c in (before, after))
        if old != new:
            lines.append(f"{_cut(key)} {_cut(old)} {word} {_cut(new)}")
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[:MAX_VALUE_CHARACTERS]}..."


def write_plan(plan: ChangePlan, path: Path) -> None:
    """Write a plan to a file.

    Raises:
        FileError: The file can't be written.
    """
    write_json(path, {**_payload(plan), "diff": diff(plan), "sha256": plan.sha256})


def read_plan(path: Path) -> ChangePlan:
    """Read a plan from a file.

    Raises:
        FileError: The file can't be read.
        DataError: It is not a plan, or was altered.
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
    try:
        plan = ChangePlan(tuple(PlannedChange(*(c[k] for k in keys)) for c in changes), data["source"])
    except InputError as error:
        raise DataError(f"{path}: {error}") from None
    if plan.sha256 != data.get("sha256"):
        raise DataError(f"{path} was altered after it was written; make a new plan instead of editing one")
    return plan


@dataclass(frozen=True, slots=True)
class Applied:
    """Result of applying a plan.

    Attributes:
        done: Changes that were made.
        unchanged: Accounts that were as proposed already.
        rollback: File with the inverse plan; None if nothing was changed.
    """

    done: ChangePlan
    unchanged: tuple[str, ...]
    rollback: Path | None

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the accounts that were changed."""
        return tuple(c.account for c in self.done.changes)


def apply_to_file(plan: ChangePlan, inventory: Path, rollback: Path) -> Applied:
    """Apply a plan to a file of configurations, all or nothing.

    The inverse is on disk before the inventory is replaced, so that there is no moment at which the change is made
    and can't be undone.

    Args:
        plan: Changes to make.
        inventory: JSON file, account -> configuration.
        rollback: File for the inverse of the changes made.

    Raises:
        DataError: As `apply_to_inventory`, or a file is not valid.
        FileError: A file can't be read or written, or another process changes the inventory.
        InputError: `rollback` holds the inverse of another change.
    """
    with _locked(inventory):
        after, done = apply_to_inventory(plan, read_inventory(inventory))
        changed = tuple(c.account for c in done.changes)
        if not changed:
            return Applied(done, tuple(c.account for c in plan.changes), None)
        undo = inverse(done)
        if rollback.exists() and read_plan(rollback).changes != undo.changes:
            reason = "it holds the inverse of another change; keep it and give another file"
            raise InputError(reason, parameter="rollback", value=rollback)
        write_plan(undo, rollback)
        write_json(inventory, after)
    return Applied(done, tuple(c.account for c in plan.changes if c.account not in set(changed)), rollback)


def free_rollback_path(plan_path: Path, plan: ChangePlan, inventory: Mapping[str, Configuration]) -> Path:
    """Return a path next to a plan for its rollback: the first that is free, or that holds this very inverse.

    Parts of a plan that are applied one after the other need a rollback each.
    """
    undo = inverse(apply_to_inventory(plan, inventory)[1]).changes
    suffixes = (".rollback" if number == 1 else f".rollback-{number}" for number in count(1))
    paths = (plan_path.with_name(f"{plan_path.stem}{suffix}.json") for suffix in suffixes)
    return next(path for path in paths if not undo or not path.exists() or read_plan(path).changes == undo)


def _payload(plan: ChangePlan) -> dict[str, Any]:
    changes = [
        {"account": c.account, "now": c.now, "proposed": c.proposed, "reason": c.reason, "promise": c.promise}
        for c in plan.changes
    ]
    return {"format": FORMAT, "source": plan.source, "changes": changes}


def read_inventory(path: Path) -> dict[str, Configuration]:
    """Read an inventory: a JSON object, account -> configuration.

    Raises:
        FileError: The file can't be read.
        DataError: It holds something else; the message names the account.
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
        FileError: The file can't be written.
    """
    write_atomically(path, json.dumps(data, indent=2, allow_nan=False) + "\n")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        if path.exists() and not path.is_file():
            raise FileError(f"can't change {path}: it is no regular file; give the file of the inventory")
        stream = path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FileError(f"can't read {path}: {getattr(error, 'strerror', None) or error}") from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FileError(f"another process changes {path}; wait for it") from None
        try:
            is_same = os.fstat(stream.fileno()).st_ino == path.stat().st_ino
        except OSError:
            is_same = False
        if not is_same:
            raise FileError(f"another process has just replaced {path}; try again")
        yield
