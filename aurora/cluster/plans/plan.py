"""Plans: changes with what is now and what is proposed, the inverse, effect, risks and money, bound by a hash.

A plan is never altered: `aurora.cluster.plans.editing.edit` returns another one with another hash. An approval is for
one hash. The file of a plan repeats id and hash; one that was altered by hand is refused when it is read.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from aurora.cluster.changes import Change, PlanChange, change_text
from aurora.cluster.resources import amount_text
from aurora.cluster.snapshot import Name, System, Time
from aurora.errors import DataError
from aurora.types import Frozen, NonNegative
from aurora.validation import explain_validation

ID_DIGITS = 12
"""Hexadecimal digits of the hash that are a plan's id."""

Value = str | bool | int | float | None
Values = dict[str, Value]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RiskCode = Literal[
    "no disruption budget",
    "single replica",
    "stateful",
    "nothing makes it again",
    "full afterwards",
    "starts again",
    "node not chosen",
    "autoscaled",
    "managed",
    "limit below use",
    "not undone",
    "maintenance ahead",
]


class Estimate(Frozen):
    """A simulated value with the interval that it lies in at the effect's level."""

    expected: float = Field(description="mean over the simulations")
    low: float = Field(description="lower end of the interval")
    high: float = Field(description="upper end of the interval")


class Measure(Frozen):
    """A measure of the system before and after a plan."""

    name: Name = Field(description="what is measured, such as pending, cost_per_hour, peak_use or latency")
    unit: str = Field(default="", description="its unit; empty for counts and shares")
    before: Estimate
    after: Estimate


class Effect(Frozen):
    """The simulated effect of a plan."""

    measures: tuple[Measure, ...] = Field(description="measures before and after")
    level: float = Field(default=0.8, gt=0, lt=1, description="share of outcomes that the intervals hold")
    runs: int = Field(ge=1, description="simulations of each side")
    method: str = Field(description="how it was simulated: policy, horizon, what was assumed")

    def measure(self, name: str) -> Measure | None:
        """Return a measure by its name, None if it was not simulated."""
        return next((m for m in self.measures if m.name == name), None)


class Risk(Frozen):
    """Something that may go wrong when a plan is applied."""

    code: RiskCode = Field(description="kind of the risk")
    message: str = Field(description="what may happen, and to what")
    subjects: tuple[str, ...] = Field(default=(), description="tasks, nodes or workloads concerned")


class Money(Frozen):
    """Price of the nodes that hold work, which is saved only where emptied nodes are given back."""

    per_hour_now: NonNegative = Field(description="dollars an hour now")
    per_hour_proposed: NonNegative = Field(description="dollars an hour afterwards")
    emptied: tuple[str, ...] = Field(default=(), description="nodes without work afterwards that have work now")
    unpriced: int = Field(default=0, ge=0, description="nodes without a known price, which are left out")


class PlannedChange(Frozen):
    """A change of a plan."""

    change: PlanChange
    now: Values = Field(description="fields of the subject before")
    proposed: Values = Field(description="the same fields afterwards")
    reason: str = Field(default="", description="reason of the change")
    carried_out: str = Field(default="", description="what the system can and will do for it")
    undo: PlanChange | None = Field(default=None, description="the change that undoes it; null: none does")

    @property
    def subject(self) -> str:
        """Node, task or workload that changes."""
        return subject_of(self.change)


class Provenance(Frozen):
    """How a plan was made. The hash of its snapshot is a field of the plan."""

    policy_id: Name | None = Field(
        default=None, description="policy that chose nodes and placed tasks in the simulation; null: none was asked"
    )
    policy_sha256: Sha256 | None = Field(default=None, description="hash of that policy's content")
    seed: int | None = Field(default=None, description="seed of the simulated effect; null: it was not simulated")
    history: str = Field(default="", description="where measured use came from: a file or a sample; empty: none")
    command: str = Field(default="", description="command line, or tool with its arguments")
    edited_from: Sha256 | None = Field(default=None, description="hash of the plan that it replaces; null: none")


class Plan(Frozen):
    """Changes that are applied together, bound by a hash over everything here."""

    format: Literal[1] = Field(default=1, description="version of this file format")
    source: str = Field(description="who or what made it")
    system: System = Field(description="kind of the system")
    snapshot_id: Name = Field(description="name of the system that it was made for")
    snapshot_sha256: Sha256 = Field(description="hash of the snapshot that it was made from")
    after_sha256: Sha256 = Field(description="hash of that snapshot with the changes made")
    created_at: Time = Field(description="when it was made")
    expires_at: Time = Field(description="from when on it is not applied any more")
    changes: tuple[PlannedChange, ...] = Field(description="changes, in the order of their application")
    effect: Effect | None = Field(default=None, description="simulated effect; null: not simulated")
    risks: tuple[Risk, ...] = Field(default=(), description="what may go wrong")
    money: Money | None = Field(default=None, description="price of the nodes in use; null: no prices are known")
    provenance: Provenance | None = Field(default=None, description="how it was made; null: not recorded")

    @cached_property
    def sha256(self) -> str:
        """Hash of the whole content, to which approvals are bound."""
        content = self.model_dump(mode="json")
        if self.provenance is None:
            del content["provenance"]  # plans that were written before the field keep their hashes
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def plan_id(self) -> str:
        """First digits of the hash."""
        return self.sha256[:ID_DIGITS]

    def is_expired(self, at: datetime) -> bool:
        """Return whether it may not be applied any more at a time."""
        return at >= self.expires_at

    def to_json(self) -> dict[str, Any]:
        """Return the plan as its file and `aurora plan show --json` have it."""
        return {"plan_id": self.plan_id, "sha256": self.sha256, **self.model_dump(mode="json"), "diff": diff(self)}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.expires_at <= self.created_at:
            raise ValueError("expires_at must be after created_at")
        return self


def parse_plan(data: object, *, where: str = "plan") -> Plan:
    """Return the plan of a file's JSON.

    Raises:
        DataError: It is not a plan, or was altered after it was written.
    """
    if not isinstance(data, dict) or "sha256" not in data:
        raise DataError(f"{where} is not a plan; make one with `aurora plan new`")
    try:
        plan = Plan.model_validate({k: v for k, v in data.items() if k not in ("plan_id", "sha256", "diff")})
    except ValidationError as error:
        raise DataError(f"{where}: {explain_validation(error)}") from None
    if plan.sha256 != data["sha256"] or data.get("plan_id", plan.plan_id) != plan.plan_id:
        raise DataError(f"{where} was altered after it was written; make a new plan instead of editing its file")
    return plan


def inverse(plan: Plan, *, at: datetime | None = None) -> Plan:
    """Return the plan that undoes a plan, last change first; what nothing undoes is left out and is among its risks.

    Args:
        plan: The plan.
        at: When the inverse is made; default: when the plan was. It lives as long as the plan.
    """
    changes = tuple(
        PlannedChange(change=c.undo, now=c.proposed, proposed=c.now, reason=f"undo: {c.reason}", undo=c.change)
        for c in reversed(plan.changes)
        if c.undo is not None
    )
    lost = tuple(c.subject for c in plan.changes if c.undo is None)
    risks = (Risk(code="not undone", message=f"nothing brings back {', '.join(lost)}", subjects=lost),) if lost else ()
    created = plan.created_at if at is None else at
    return Plan(
        source=f"rollback of {plan.plan_id}",
        system=plan.system,
        snapshot_id=plan.snapshot_id,
        snapshot_sha256=plan.after_sha256,
        after_sha256=plan.snapshot_sha256,
        created_at=created,
        expires_at=created + (plan.expires_at - plan.created_at),
        changes=changes,
        risks=risks,
    )


def diff(plan: Plan) -> list[str]:
    """Return every field that changes: `subject: field now -> proposed`."""
    return [line for change in plan.changes for line in diff_of(change)]


def diff_of(change: PlannedChange) -> list[str]:
    """Return the fields that one change of a plan changes."""
    fields = dict.fromkeys([*change.now, *change.proposed])
    return [
        f"{change.subject}: {field} {value_text(field, change.now.get(field))} -> "
        f"{value_text(field, change.proposed.get(field))}"
        for field in fields
        if change.now.get(field) != change.proposed.get(field)
    ]


def value_text(field: str, value: Value) -> str:
    """Return a value of a field as people read it.

    >>> value_text("node", None), value_text("app requests cpu", 0.5), value_text("cordoned", True)
    ('none', '0.5 cores', 'yes')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return amount_text(field.rpartition(" ")[2], value) if isinstance(value, float) else str(value)


def subject_of(change: Change) -> str:
    """Return the node, task or workload that a change is about; the container too for a resize."""
    for field in ("task_id", "workload_id", "node_id", "like"):
        name = getattr(change, field, None)
        if isinstance(name, str):
            return name
    return change_text(change)
