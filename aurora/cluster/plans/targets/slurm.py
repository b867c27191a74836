"""Writes a plan as two scripts for Slurm, which a person reads and runs: one makes the changes, one undoes them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from aurora.cluster.changes import Cordon, Evict, Move, Place, PlanChange, Uncordon, change_text
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.targets.files import printable
from aurora.cluster.plans.targets.target import Step
from aurora.cluster.plans.targets.writing import WritingTarget, writing_steps
from aurora.cluster.snapshot import Snapshot
from aurora.errors import PlanError

APPLY, UNDO = "apply.sh", "undo.sh"
_JOB = re.compile(r"([0-9]+(?:[_+][0-9]+)?)(\.n[0-9]+)?")
"""A job's id, and the mark of its part on one of several nodes."""
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class SlurmTarget(WritingTarget):
    """Two scripts in a folder of their own."""

    name = "slurm"

    def prepare(self, plan: Plan, snapshot: Snapshot) -> tuple[Step, ...]:
        """Return a step for each script.

        Raises:
            PlanError: The plan is not of Slurm, a change can't be made there, or a file is there already.
        """
        return writing_steps(self.place, scripts(plan), "scripts")


def scripts(plan: Plan) -> dict[str, str]:
    """Return the scripts of a plan.

    Raises:
        PlanError: The plan is not of Slurm, a change can't be made there, or a name is none of Slurm's.
    """
    if plan.system != "slurm":
        raise PlanError(f"the plan is for {plan.system}; scripts are for Slurm")
    files = {APPLY: _script(plan, "applies", [c.change for c in plan.changes])}
    undo = [c.undo for c in reversed(plan.changes) if c.undo is not None]
    return {**files, UNDO: _script(plan, "undoes what can be undone of", undo)}


def _script(plan: Plan, verb: str, changes: list[PlanChange]) -> str:
    lines = [
        "#!/bin/sh",
        f"# {verb} plan {plan.plan_id} of AURORA, sha256 {plan.sha256}",
        "# Read it before you run it.",
    ]
    lines.append("set -eu")
    for change in changes:
        commands = [
            c for c in _commands(change, plan.plan_id) if not c.startswith("scontrol requeue ") or c not in lines
        ]
        lines += [f"# {printable(change_text(change))}", *commands]  # a job on several nodes is requeued once
    return "\n".join(lines) + "\n"


def _commands(change: PlanChange, plan_id: str) -> Iterator[str]:
    match change:
        case Place():
            yield _scontrol("update", f"JobId={_job(change.task_id)}", f"ReqNodeList={_node(change.node_id)}")
        case Move():  # held meanwhile, so that it does not start elsewhere first
            job = _job(change.task_id)
            yield _scontrol("requeuehold", job)
            yield _scontrol("update", f"JobId={job}", f"ReqNodeList={_node(change.node_id)}")
            yield _scontrol("release", job)
        case Evict():
            yield _scontrol("requeue", _job(change.task_id, is_whole=False))
        case Cordon():
            reason = f"Reason=aurora plan {plan_id}"
            yield _scontrol("update", f"NodeName={_node(change.node_id)}", "State=DRAIN", reason)
        case Uncordon():
            yield _scontrol("update", f"NodeName={_node(change.node_id)}", "State=RESUME")
        case _:
            raise PlanError(f"Slurm can't do this for jobs that are submitted: {change_text(change)}")


def _scontrol(*words: str) -> str:
    return shlex.join(["scontrol", *words])


def _job(task_id: str, *, is_whole: bool = True) -> str:
    match = _JOB.fullmatch(task_id)
    if match is None:
        raise PlanError(f"{task_id!r} is no job id of Slurm")
    if is_whole and match[2]:
        raise PlanError(f"{task_id} is a part of job {match[1]}, which Slurm places as a whole")
    return match[1]


def _node(node_id: str) -> str:
    if _NODE.fullmatch(node_id) is None or node_id.upper() == "ALL":
        raise PlanError(f"{node_id!r} is no name of one node of Slurm")
    return node_id
