"""Renders what applying a plan writes, so that people read it before they approve."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping

from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.targets.files import manifests
from aurora.cluster.plans.targets.inventory import changed_inventory, inventory_of
from aurora.cluster.plans.targets.slurm import scripts
from aurora.cluster.snapshot import Snapshot

INVENTORY_DIFF = "inventory.diff"
"""Name of the lines of an inventory that change."""


def rendered(plan: Plan, snapshot: Snapshot) -> Mapping[str, str]:
    """Return the files of a plan by name: manifests, scripts, or the lines of an inventory that change.

    Args:
        plan: The plan.
        snapshot: The snapshot that it was made from.

    Raises:
        PlanError: The plan can't be carried out on its system.
    """
    if plan.system == "kubernetes":
        return manifests(plan, snapshot)
    if plan.system == "slurm":
        return scripts(plan)
    before = inventory_of(snapshot)
    now, proposed = (
        json.dumps(i, indent=2, allow_nan=False).splitlines() for i in (before, changed_inventory(plan, before))
    )
    lines = difflib.unified_diff(now, proposed, "now", "proposed", n=2, lineterm="")
    return {INVENTORY_DIFF: "\n".join(lines) + "\n"}
