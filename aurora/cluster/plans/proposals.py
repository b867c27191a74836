"""Proposes changes: drains with nodes for what leaves, nodes for waiting tasks, and sizes from advice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aurora.cluster.change_effects import unknown
from aurora.cluster.changes import Drain, Place, apply_change, apply_changes, parse_plan_change
from aurora.cluster.clear_placement import choices_of, place_in_turn
from aurora.cluster.clearances import HEALTHY, LATER
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.making import Proposal, Proposals
from aurora.cluster.snapshot import Snapshot
from aurora.errors import DataError, InputError
from aurora.reading import read_json
from aurora.sim.policies.policy import Policy

MAINTENANCE_AHEAD = 3600.0
"""Seconds within which the start of a node's maintenance keeps tasks of a plan away from it."""

ASKED_FOR = "asked for"
"""Reason of a change that a person named."""


Step = Callable[[Snapshot], Proposals]
"""Proposes changes of a system."""


def propose(snapshot: Snapshot, asked: Sequence[Proposal], steps: Sequence[Step]) -> Proposals:
    """Propose changes one after the other, each on the system as those before leave it.

    Args:
        snapshot: The system.
        asked: Changes that come first.
        steps: What proposes the others.

    Raises:
        InputError: A change does not fit the system, or see the steps.
        FileError: See the steps.
        DataError: See the steps.
        PolicyError: See the steps.
    """
    proposals = list(asked)
    remarks: list[str] = []
    for step in steps:
        found = step(apply_changes(snapshot, [p.change for p in proposals]))
        proposals += found.proposals
        remarks += found.remarks
    return Proposals(tuple(proposals), tuple(remarks))


def only_container(snapshot: Snapshot, workload_id: str) -> str:
    """Return the container of a workload that has a single one, besides those that run before it.

    Raises:
        InputError: There is no such workload, or it has several containers or none.
    """
    workload = snapshot.workloads_by_id.get(workload_id)
    if workload is None:
        raise unknown("workload", workload_id, snapshot.workloads_by_id, "workload_id")
    names = [c.name for c in workload.containers if c.kind != "init"]
    if len(names) != 1:
        have = ", ".join(names) or "none is known"
        raise InputError(f"name one of the containers of {workload_id}: {have}", parameter="container")
    return names[0]


def propose_drain(snapshot: Snapshot, node_id: str, policy: Policy = DEFAULT_POLICY) -> Proposals:
    """Propose to drain a node: what fits elsewhere moves to the node that a policy chooses, the rest is evicted.

    Nodes near maintenance are taken only where no other fits; the plan has it as a risk.

    Raises:
        InputError: There is no such node.
        PolicyError: An expression of the policy is not valid.
    """
    if node_id not in snapshot.nodes_by_id:
        raise unknown("node", node_id, snapshot.nodes_by_id, "drain")
    after = apply_change(snapshot, Drain(node_id=node_id))
    leaving = [t.task_id for t in snapshot.tasks_by_node[node_id] if after.tasks_by_id[t.task_id].node_id is None]
    choices = choices_of(place_in_turn(after, policy, tasks=leaving)) if leaving else ()
    onto = {c.task_id: c.node_id for c in choices if c.node_id is not None}
    remarks = tuple(f"{c.task_id} is evicted and waits: {c.reason}" for c in choices if c.node_id is None)
    return Proposals((Proposal(Drain(node_id=node_id, onto=onto), f"drain of {node_id}"),), remarks)


def propose_placements(snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> Proposals:
    """Propose nodes for the waiting tasks that fit somewhere now, in the order of a policy.

    No task goes to a node whose maintenance begins before its end.

    Raises:
        DataError: No task waits.
        PolicyError: An expression of the policy is not valid.
    """
    choices = choices_of(place_in_turn(snapshot, policy, clearances=(HEALTHY, LATER)))
    reason = f"fits, and is the best node by {policy.policy_id}"
    placed = tuple(
        Proposal(Place(task_id=c.task_id, node_id=c.node_id), reason) for c in choices if c.node_id is not None
    )
    return Proposals(placed, tuple(f"{c.task_id} waits: {c.reason}" for c in choices if c.node_id is None))


def propose_sizes(snapshot: Snapshot, advice: Path) -> Proposals:
    """Propose the requests and limits of a file of advice, as `aurora recommend` writes it for containers.

    Raises:
        FileError: The file can't be read.
        DataError: It holds no advice for containers.
    """
    data = read_json(advice)
    rows = data.get("containers") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise DataError(f"{advice} has no list `containers`; write it with `aurora recommend SNAPSHOT --json`")
    return propose_advice(snapshot, rows, source=str(advice))


def propose_advice(snapshot: Snapshot, rows: Sequence[Mapping[str, Any]], *, source: str = "advice") -> Proposals:
    """Propose the requests and limits of advice for containers.

    Args:
        snapshot: The system.
        rows: Advice for each container, with the keys of `containers` in `aurora recommend containers --json`.
        source: Name of the advice in messages.

    Raises:
        DataError: A row is no advice for a container.
    """
    proposals, remarks = [], []
    for number, row in enumerate(rows, 1):
        where = f"{source}: container {number}"
        workload, container = (row.get(k) for k in ("workload", "container"))
        if not isinstance(workload, str) or not isinstance(container, str):
            raise DataError(f"{where} needs workload and container")
        requests, limits = _sizes(row, where)
        target = row.get("autoscaler_target")
        if target is not None:
            if isinstance(target, bool) or not isinstance(target, int | float):
                raise DataError(f"{where}: autoscaler_target is {str(target)[:40]!r}, which is no number")
            if requests.pop("cpu", None) is not None:
                remarks.append(
                    f"{workload}, container {container}: its request of cores stays. The autoscaler adds pods by the "
                    f"share of it that is used, so its target must become {target:.0%} at the same time, by hand"
                )
        if not requests and not limits:
            continue
        if workload not in snapshot.workloads_by_id:
            remarks.append(f"{workload} is not in the snapshot")
            continue
        sizes = {"kind": "resize", "workload_id": workload, "container": container}
        try:
            change = parse_plan_change({**sizes, "requests": requests, "limits": limits})
        except InputError as error:
            raise DataError(f"{where}: {error}") from None
        proposals.append(Proposal(change, _reason(row)))
    return Proposals(tuple(proposals), tuple(remarks))


def _sizes(row: Mapping[str, Any], where: str) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """Return the requests and limits of a row that differ from those of now."""
    requests: dict[str, float | None] = {}
    limits: dict[str, float | None] = {}
    for resource in ("cpu", "memory"):
        advice = row.get(resource)
        if not isinstance(advice, dict):
            continue
        now, proposed = advice.get("now"), advice.get("proposed")
        if not isinstance(now, dict) or not isinstance(proposed, dict):
            raise DataError(f"{where}: {resource} needs now and proposed")
        for field, amounts in (("request", requests), ("limit", limits)):
            value = proposed.get(field)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
                raise DataError(f"{where}: {resource}.proposed.{field} must be a number that is not negative")
            if value != now.get(field):
                amounts[resource] = None if value is None else float(value)
    return requests, limits


def _reason(row: Mapping[str, Any]) -> str:
    parts = (row.get(r) for r in ("cpu", "memory"))
    findings = [
        f"{r} {re.sub('_', ' ', str(p.get('finding')))}"
        for r, p in zip(("cpu", "memory"), parts, strict=True)
        if isinstance(p, dict)
    ]
    return f"advice: {', '.join(findings)}"
