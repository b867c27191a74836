"""Applies a plan to an inventory: a JSON file of nodes, tasks and workloads with their fields, all or nothing.

It is the inventory of `aurora.learning.rightsizing.plan_file`, whose checks it uses: a plan is refused if a field is
neither as now nor as proposed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.targets.target import Step
from aurora.cluster.plans.targets.writing import WritingTarget, content_of
from aurora.cluster.snapshot import Snapshot
from aurora.errors import AuroraError, PlanError
from aurora.learning.rightsizing import plan_file


class InventoryTarget(WritingTarget):
    """An inventory file: subject -> fields. Where there is none, it begins as the plan's snapshot."""

    name = "inventory"

    def prepare(self, plan: Plan, snapshot: Snapshot) -> tuple[Step, ...]:
        """Return the step that replaces the inventory.

        Raises:
            PlanError: The inventory can't be read, or is not what the plan was made for.
        """
        before = content_of(self.place)
        try:
            found = inventory_of(snapshot) if before is None else plan_file.read_inventory(self.place)
        except AuroraError as error:
            raise PlanError(str(error)) from None
        after = changed_inventory(plan, found)
        content = json.dumps(after, indent=2, allow_nan=False) + "\n"
        data = {"path": str(self.place.absolute()), "before": before, "after": content}
        return (Step(change=0, text=f"replace {self.place}", action="file", data=data),)


def changed_inventory(plan: Plan, inventory: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return an inventory with a plan's changes made.

    Raises:
        PlanError: It is not what the plan was made for.
    """
    try:
        after, _ = plan_file.apply_to_inventory(_as_change_plan(plan), inventory)
    except AuroraError as error:
        raise PlanError(str(error)) from None
    return after


def inventory_of(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Return the inventory of a snapshot: the fields that changes set, of every node, task and workload."""
    nodes = {n.node_id: {"cordoned": n.is_cordoned} for n in snapshot.nodes}
    tasks = {t.task_id: {"node": t.node_id if t.holds_resources else None} for t in snapshot.tasks}
    workloads: dict[str, dict[str, Any]] = {}
    for workload in snapshot.workloads:
        fields: dict[str, Any] = {} if workload.replicas is None else {"replicas": workload.replicas}
        for c in workload.containers:
            fields |= {f"{c.name} requests {r}": value for r, value in c.requests.items()}
            fields |= {f"{c.name} limits {r}": value for r, value in c.limits.items()}
        workloads[workload.workload_id] = fields
    return {**nodes, **tasks, **workloads}


def _as_change_plan(plan: Plan) -> plan_file.ChangePlan:
    """Return the plan as one of an inventory: a change for each subject, nulls left out of what may be absent."""
    changes: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {}
    for planned in plan.changes:
        now, proposed, reason = changes.get(planned.subject, ({}, {}, planned.reason))
        now = {**_known(planned.now), **now}
        proposed = {**proposed, **_known(planned.proposed)}
        for field in planned.proposed:
            if field not in _known(planned.proposed):
                proposed.pop(field, None)
        changes[planned.subject] = (now, proposed, reason)
    return plan_file.ChangePlan(
        tuple(plan_file.PlannedChange(name, now, then, reason) for name, (now, then, reason) in changes.items()),
        f"plan {plan.plan_id}",
    )


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Return fields without amounts that are not set; a task on no node has null."""
    return {k: v for k, v in values.items() if v is not None or k == "node"}
