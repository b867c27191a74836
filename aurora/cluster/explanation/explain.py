"""Explains a plan: gathers claims, checks each, and words those that hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurora.cluster.explanation.checking import check
from aurora.cluster.explanation.claims import CheckedPlanClaim
from aurora.cluster.explanation.gathering import gather
from aurora.cluster.explanation.replay import PlanCase
from aurora.cluster.explanation.why_not import NodeContrast, why_not_chosen
from aurora.cluster.explanation.wording import clause, text_of
from aurora.cluster.files import snapshot_sha256
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.folder import PLANS, load, snapshot_of
from aurora.cluster.plans.plan import Plan
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.learning.series.series import Series
from aurora.sim.policies.policy import Policy


@dataclass(frozen=True, slots=True)
class PlanExplanation:
    """Explanation of a plan.

    Attributes:
        plan_id: The plan.
        policy_id: Policy that was asked for its decisions.
        checked: Every claim with its verdict.
        text: The claims that hold, in words.
    """

    plan_id: str
    policy_id: str
    checked: tuple[CheckedPlanClaim, ...]
    text: str

    @property
    def dropped(self) -> tuple[CheckedPlanClaim, ...]:
        """Claims that do not hold and are not in the text."""
        return tuple(c for c in self.checked if not c.holds)

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora plan explain --json`."""
        return {
            "plan_id": self.plan_id,
            "policy_id": self.policy_id,
            "text": self.text,
            "claims": [c.to_json() for c in self.checked],
            "dropped": len(self.dropped),
        }


def explain(
    plan: Plan,
    snapshot: Snapshot,
    policy: Policy = DEFAULT_POLICY,
    *,
    history: Sequence[Series] = (),
    later: Snapshot | None = None,
) -> PlanExplanation:
    """Explain a plan: why its tasks go where they go, which nodes are passed over, what is expected, and what came.

    Args:
        plan: The plan.
        snapshot: The snapshot that it was made from.
        policy: Policy that is asked for its decisions; where it chooses other nodes, the text says so.
        history: Measured use of whole workloads, as for `simulate_effect`.
        later: The same system later, to compare with what was expected.

    Raises:
        InputError: The plan was made from another snapshot, or `later` is of another system or not later.
        PolicyError: An expression of the policy is not valid.
    """
    if snapshot_sha256(snapshot) != plan.snapshot_sha256:
        raise InputError(f"plan {plan.plan_id} was made from another snapshot", parameter="snapshot")
    if later is not None and later.snapshot_id != snapshot.snapshot_id:
        message = f"it is of {later.snapshot_id}, and the plan is for {snapshot.snapshot_id}"
        raise InputError(message, parameter="later")
    if later is not None and later.taken_at < snapshot.taken_at:
        raise InputError("it was taken before the snapshot of the plan", parameter="later")
    case = PlanCase(plan, snapshot, policy, tuple(history), later)
    checked = tuple(c._replace(text=clause(c.claim)) for c in check(gather(case), case))
    text = text_of([c.claim for c in checked if c.holds], case)
    return PlanExplanation(plan.plan_id, policy.policy_id, checked, text)


def why_not_from_folder(
    plan_id: str, task_id: str, node_id: str, folder: Path = PLANS, policy: Policy = DEFAULT_POLICY
) -> NodeContrast:
    """Explain why a plan of a folder does not put a task on a node, as the system was when the plan was made.

    Args:
        plan_id: Its id, or the beginning of it.
        task_id: The task.
        node_id: The node.
        folder: Folder of the plans.
        policy: Policy that is asked.

    Raises:
        InputError: There is no such plan, task or node, or the task is on that node.
        FileError: A file can't be read.
        DataError: The plan or its snapshot was altered.
        PolicyError: An expression of the policy is not valid.
    """
    plan = load(folder, plan_id)
    case = PlanCase(plan, snapshot_of(folder, plan), policy)
    return why_not_chosen(case.replay.asked, task_id, node_id, policy)


def explain_from_folder(
    plan_id: str,
    folder: Path = PLANS,
    policy: Policy = DEFAULT_POLICY,
    *,
    history: Sequence[Series] = (),
    later: Snapshot | None = None,
) -> PlanExplanation:
    """Explain a plan of a folder; see `explain`.

    Args:
        plan_id: Its id, or the beginning of it.
        folder: Folder of the plans.
        policy: Policy that is asked for its decisions.
        history: Measured use of whole workloads.
        later: The same system later.

    Raises:
        InputError: There is no such plan, or see `explain`.
        FileError: A file can't be read.
        DataError: The plan or its snapshot was altered.
        PolicyError: An expression of the policy is not valid.
    """
    plan = load(folder, plan_id)
    return explain(plan, snapshot_of(folder, plan), policy, history=history, later=later)
