"""Writes a plan as files for a repository: strategic merge patches of Kubernetes and a kustomize overlay of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aurora.cluster.changes import Evict, Move, Place, change_text
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.targets.patches import ObjectName, patches
from aurora.cluster.plans.targets.target import Step
from aurora.cluster.plans.targets.writing import WritingTarget, writing_steps
from aurora.cluster.snapshot import Snapshot
from aurora.errors import PlanError

BASE = "../base"
"""What the overlay builds on, where nothing else is given."""
LEFT = "not-in-files.txt"
"""File that lists the changes that no file can make."""


class FilesTarget(WritingTarget):
    """Files in a folder of their own.

        kustomization.yaml               the overlay: `kubectl apply -k .`
        workloads/shop-deployment-web.yaml   a patch of the overlay
        nodes/a.yaml                     `kubectl patch node a --patch-file nodes/a.yaml`
        undo/…                           the same with the values of before
        not-in-files.txt                 changes that are no fields of objects

    Args:
        place: The folder.
        base: Resources that the overlay builds on, as its `kustomization.yaml` names them.
    """

    name = "files"

    def __init__(self, place: Path, *, base: str = BASE) -> None:
        super().__init__(place)
        self.base = base

    def prepare(self, plan: Plan, snapshot: Snapshot) -> tuple[Step, ...]:
        """Return a step for each file.

        Raises:
            PlanError: The plan is not of Kubernetes, or a file is there already.
        """
        files = manifests(plan, snapshot, base=self.base)
        left = files.get(LEFT, "").count("\n") - 1
        remark = f"{left} {'change is' if left == 1 else 'changes are'} in no file: read {self.place / LEFT}"
        return writing_steps(self.place, files, "files of the plan", {LEFT: remark})


def manifests(plan: Plan, snapshot: Snapshot, *, base: str = BASE) -> dict[str, str]:
    """Return the files of a plan, by their path in the folder.

    Args:
        plan: The plan.
        snapshot: The snapshot that it was made from.
        base: What the overlay builds on.

    Raises:
        PlanError: The plan is not of Kubernetes, or changes a workload that can't be patched.
    """
    if plan.system != "kubernetes":
        raise PlanError(f"the plan is for {plan.system}; files of patches are for Kubernetes")
    after: dict[ObjectName, dict[str, Any]] = {}
    before: dict[ObjectName, dict[str, Any]] = {}
    for patch in patches(plan, snapshot):
        after[patch.object] = merged(after.get(patch.object, {}), patch.after)
        before[patch.object] = merged(patch.before, before.get(patch.object, {}))
    files: dict[str, str] = {}
    changed = [name for name in after if after[name] != before[name]]
    workloads = [name for name in changed if name.kind != "Node"]
    if workloads:
        files["kustomization.yaml"] = _yaml(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": [base],
                "patches": [{"path": _file(name)} for name in workloads],
            }
        )
    for name in changed:
        files[_file(name)] = _yaml({**_header(name), **after[name]})
        files[f"undo/{Path(_file(name)).name}"] = _yaml({**_header(name), **before[name]})
    left = [
        printable(f"{change_text(c.change)}: {c.carried_out}")
        for c in plan.changes
        if isinstance(c.change, Place | Evict | Move) and not getattr(c.change, "is_pinned", False)
    ]
    if left:
        files[LEFT] = (
            "\n".join(["These changes are no fields of objects; apply them to the live cluster.", *left]) + "\n"
        )
    return files


def merged(fields: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields after a strategic merge: lists by `name`, nulls kept, for they take a field away later."""
    result = dict(fields)
    for key, value in patch.items():
        old = result.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            result[key] = merged(old, value)
        elif isinstance(value, list) and isinstance(old, list):
            items = {i["name"]: i for i in old}
            items |= {i["name"]: merged(items.get(i["name"], {}), i) for i in value}
            result[key] = list(items.values())
        else:
            result[key] = value
    return result


def printable(text: str) -> str:
    """Return a text that stays within its line, whatever names it repeats."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _header(name: ObjectName) -> dict[str, Any]:
    place = {"namespace": name.namespace} if name.namespace else {}
    return {"apiVersion": name.api_version, "kind": name.kind, "metadata": {"name": name.name, **place}}


def _file(name: ObjectName) -> str:
    if name.kind == "Node":
        return f"nodes/{name.name}.yaml"
    return f"workloads/{name.namespace}-{name.kind.lower()}-{name.name}.yaml"


def _yaml(data: Mapping[str, Any]) -> str:
    import yaml  # noqa: PLC0415  # only where files are written

    text: str = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True)
    return text
