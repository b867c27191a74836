"""A valid plan, journal and list of approvals, with their readers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aurora.cluster.changes import Cordon, Scale
from aurora.cluster.opening import open_snapshot
from aurora.cluster.plans import journal
from aurora.cluster.plans.approval import approve
from aurora.cluster.plans.folder import APPROVALS, approvals
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.plan import parse_plan
from aurora.cluster.plans.proposals import propose_sizes
from aurora.cluster.plans.targets.target import Step
from aurora.reading import read_json

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def plan_files(folder: Path) -> Iterator[tuple[str, str, bytes, Callable[[Path], Any]]]:
    """Yield name, file name, content and reader of every kind of file of plans."""
    shop = open_snapshot("sample:web-shop")
    changes = (Cordon(node_id="node-a1"), Scale(workload_id="shop/Deployment/checkout", replicas=5))
    plan = make_plan(shop, [Proposal(c, "more load") for c in changes], at=NOW)
    yield "plan", "plan.json", json.dumps(plan.to_json(), indent=2).encode(), lambda path: parse_plan(read_json(path))

    written = folder / "plan.journal.jsonl"
    step = Step(change=1, text="cordon node-a1", action="file", data={"path": "a", "before": None, "after": "b"})
    journal.start(written, plan.sha256, {"name": "files", "path": "out"}, [step], "ada")
    journal.intend(written, 0, "apply")
    journal.finish(written, 0, "apply", remark="done")
    journal.note_state(written, "applied", "apply")
    yield "journal of a plan", "plan.journal.jsonl", written.read_bytes(), journal.read_progress

    given = json.dumps(approve(plan, "ada", NOW).model_dump(mode="json")).encode() + b"\n"
    yield "approvals", APPROVALS, given, lambda path: approvals(path.parent)

    size = {"now": {"request": 0.5, "limit": None}, "proposed": {"request": 0.25, "limit": 1.0}}
    row = {"workload": "shop/Deployment/checkout", "container": "checkout", "cpu": size}
    advice = json.dumps({"containers": [row]}).encode()
    yield "advice for containers", "advice.json", advice, lambda path: propose_sizes(shop, path)
