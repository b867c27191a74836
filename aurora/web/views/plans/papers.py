"""What belongs to a plan and is opened on demand: its files, the reasons of its placements, what a rollback changes."""

from __future__ import annotations

from pathlib import Path

from aurora.cluster.plans import folder as plans_folder
from aurora.cluster.plans.plan import diff_of
from aurora.cluster.plans.targets.rendering import rendered
from aurora.errors import PlanError
from aurora.tools.desk import Desk
from aurora.web.views.plans.plan import known_plan


def files_of(plan_id: str, folder: Path) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return the files that applying a plan writes, by name, or why there are none.

    Args:
        plan_id: Its id.
        folder: Folder of the plans.

    Raises:
        InputError: There is no such plan.
        FileError: A file can't be read.
        DataError: A file was altered or is damaged.
    """
    plan = known_plan(folder, plan_id)
    try:
        files = rendered(plan, plans_folder.snapshot_of(folder, plan))
    except PlanError as error:
        return (), str(error)
    return tuple(files.items()), "" if files else "No change is a field of an object, so that no file is written."


def reasons_of(plan_id: str, desk: Desk) -> tuple[str, ...]:
    """Return why the tasks of a plan go where they go; each sentence was checked.

    Args:
        plan_id: Its id.
        desk: The folder, policies and measured use.

    Raises:
        AuroraError: A file can't be read, or the policy is not known here.
    """
    from aurora.cluster.explanation import explain_from_folder  # noqa: PLC0415  # heavy, used here only
    from aurora.cluster.placement import DEFAULT_POLICY  # noqa: PLC0415  # likewise

    made = known_plan(desk.plans, plan_id).provenance
    policy = desk.policy(made.policy_id) if made is not None and made.policy_id else DEFAULT_POLICY
    history = [desk.series(name) for name in desk.series_ids]
    text = explain_from_folder(plan_id, desk.plans, policy, history=history).text
    return tuple(line for line in text.split("\n") if line.strip())


def inverse_lines(plan_id: str, folder: Path) -> tuple[str, ...]:
    """Return what a rollback changes, `subject: field now -> proposed`.

    Args:
        plan_id: Id of the plan.
        folder: Folder of the plans.

    Raises:
        AuroraError: There is no such plan, or it can't be read.
    """
    from aurora.cluster.plans.plan import inverse  # noqa: PLC0415  # used here only

    return tuple(line for c in inverse(known_plan(folder, plan_id)).changes for line in diff_of(c))
