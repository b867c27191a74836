"""A fake cluster as a snapshot, and targets that reach it quickly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aurora.cluster.plans.approval import approve
from aurora.cluster.plans.execution import ApplicationReport, apply_plan, roll_back
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.targets.api import Api
from aurora.cluster.plans.targets.kubernetes import KubernetesTarget
from aurora.cluster.readers.kubernetes.read import read_kubernetes
from aurora.cluster.snapshot import Snapshot
from tests.cluster.kubernetes_objects import KINDS, Cluster

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def snapshot_of(cluster: Cluster, folder: Path) -> Snapshot:
    """Read a fake cluster as one reads a real one."""
    items = [o for plural in KINDS for o in cluster.all(plural) if plural != "namespaces"]
    path = folder / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return read_kubernetes([path], name="fake", now=NOW)


def plan_of(snapshot: Snapshot, *changes: Any) -> Plan:
    return make_plan(snapshot, [Proposal(c) for c in changes], at=NOW)


def target(url: str, **options: Any) -> KubernetesTarget:
    from kubernetes import client

    api = Api(client.ApiClient(client.Configuration(host=url)), timeout=120)  # of a busy machine
    return KubernetesTarget(api, **{"patience": 60.0, "pause": 0.02, **options})


def apply(plan: Plan, snapshot: Snapshot, to: Any, journal: Path, **options: Any) -> ApplicationReport:
    approvals = [approve(plan, "ada", NOW)]
    return apply_plan(plan, snapshot, to, journal_path=journal, approvals=approvals, at=NOW, **options)


def undo(plan: Plan, of: Any, journal: Path) -> ApplicationReport:
    return roll_back(plan, of, journal_path=journal)
