"""A change of a plan: what it is about, what it sets, why, and whether a rollback undoes it."""

from __future__ import annotations

from typing import NamedTuple

from aurora.cluster.changes import change_text
from aurora.cluster.plans.plan import PlannedChange, value_text


class Field(NamedTuple):
    """A field before and after."""

    name: str
    before: str
    after: str


class Change(NamedTuple):
    """A change of a plan.

    Attributes:
        number: From 1.
        text: What is done.
        subject: Node, task or workload.
        fields: What it sets.
        reason: Why.
        carried_out: What the system does for it; empty: what the change says.
        can_undo: Whether a rollback undoes it.
        task_id: Task that it is about; empty: none.
    """

    number: int
    text: str
    subject: str
    fields: tuple[Field, ...]
    reason: str
    carried_out: str
    can_undo: bool
    task_id: str = ""


def change_of(number: int, planned: PlannedChange) -> Change:
    """Return a change of a plan as it is shown.

    Args:
        number: Its number, from 1.
        planned: The change.
    """
    names = dict.fromkeys([*planned.now, *planned.proposed])
    fields = tuple(
        Field(n, value_text(n, planned.now.get(n)), value_text(n, planned.proposed.get(n)))
        for n in names
        if planned.now.get(n) != planned.proposed.get(n)
    )
    return Change(
        number,
        change_text(planned.change),
        planned.subject,
        fields,
        planned.reason,
        planned.carried_out,
        planned.undo is not None,
        str(getattr(planned.change, "task_id", "")),
    )
