"""The content of the desk with payloads in every text that comes from outside."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

from aurora.cluster.changes import Cordon
from aurora.cluster.files import write_snapshot
from aurora.cluster.plans import folder as plans
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.samples import load_sample
from aurora.cluster.snapshot import Note, Snapshot, Workload
from aurora.evals.ratings.items import RatingSet, named, save_key
from aurora.graphs.chat.sessions import Sessions
from aurora.learning.composition.engine.service import JOURNAL
from aurora.reading import read_json
from aurora.web.views.composition import COMPOSE, COMPOSITIONS, DEPLOYMENTS
from tests.web.browser.payloads import PAYLOADS

SNAPSHOT = "hostile.json"
HISTORY = "history.csv"
FREE_TEXTS = {"caption", "cells", "columns", "command", "label", "name", "note", "notes", "original", "question"}
FREE_TEXTS |= {"rows", "subject", "text", "title"}
"""Keys of evaluations and rating sets whose strings are shown."""
KEPT_NAMES = frozenset(("explained", "explained where candidates differ"))
"""Names that the readers of an evaluation match."""
FILE_NAMES = tuple(p for p in PAYLOADS if "/" not in p and "\0" not in p and len(p.encode()) < 200 and p.strip(". "))
"""Payloads that a file may be called."""
HOURS = 48
SUBJECTS_EACH = 20
"""Each twentieth payload names a search: the page shows a dozen of them."""


def hostile_snapshot() -> Snapshot:
    """Return the web shop with a node, a waiting pod, a workload and a note for each payload."""
    shop = load_sample("web-shop")
    node = shop.nodes[0]
    waiting = next(t for t in shop.tasks if t.state == "pending")
    workload = shop.workloads[0]
    nodes = [
        node.model_copy(update={"node_id": p, "labels": {p: p}, "instance_type": p, "zone": p, "conditions": (p,)})
        for p in PAYLOADS
    ]
    tasks = [
        waiting.model_copy(
            update={
                "task_id": p,
                "workload_id": p,
                "labels": {p: p},
                "node_selector": {p: p},
                "priority_class": p,
                "pending_reason": p,
                "gang": p,
            }
        )
        for p in PAYLOADS
    ]
    workloads = [Workload(workload_id=p, kind=p, replicas=1, containers=workload.containers) for p in PAYLOADS]
    notes = [Note(kind="assumed", code=p, message=p, subjects=(p,)) for p in PAYLOADS]
    return shop.model_copy(
        update={
            "snapshot_id": PAYLOADS[0],
            "nodes": (*nodes, *shop.nodes),
            "tasks": (*tasks, *shop.tasks),
            "workloads": (*workloads, *shop.workloads),
            "notes": (*notes, *shop.notes),
        }
    )


def make(folder: Path, desk: Path) -> None:
    """Fill a folder with a snapshot, a history, runs, plans, conversations and evaluations full of payloads.

    Args:
        folder: An empty folder.
        desk: A folder that `tests.web.browser.desk` made.
    """
    shutil.copytree(desk / "runs", folder / "runs", ignore=shutil.ignore_patterns("index", "plans"))
    snapshot = hostile_snapshot()
    write_snapshot(snapshot, folder / SNAPSHOT)
    write_history(folder / HISTORY)
    _plans(folder / "runs/plans", snapshot)
    _compositions(folder / "runs")
    change_run(folder / "runs/first")
    for name in FILE_NAMES[:8]:
        shutil.copytree(folder / "runs/first", folder / "runs" / name)
    result, key = folder / "runs/eval/explanations/result.json", folder / "runs/eval/ratings/key.json"
    result.write_text(json.dumps(swapped(read_json(result), cycle(PAYLOADS))))
    save_key(key, named(RatingSet.model_validate(swapped(read_json(key), cycle(PAYLOADS)))))
    with Sessions(folder / "runs/chat/sessions.sqlite") as sessions:
        for payload in PAYLOADS:
            row = sessions.new(SNAPSHOT)
            if payload.strip():
                sessions.rename(row.session_id, payload)


def write_history(path: Path) -> None:
    """Write a file of measured series that are named by payloads."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("unique_id", "ds", "y"))
        for payload in PAYLOADS[::20]:
            table.writerows((payload, f"2026-06-{1 + h // 24:02}T{h % 24:02}:00:00", h % 24 + 1) for h in range(HOURS))


def swapped(value: Any, payloads: Iterator[str], *, is_free: bool = False) -> Any:
    """Return JSON with a payload after every text that is only shown."""
    if isinstance(value, dict):
        return {k: swapped(v, payloads, is_free=is_free or k in FREE_TEXTS) for k, v in value.items()}
    if isinstance(value, list):
        return [swapped(v, payloads, is_free=is_free) for v in value]
    if isinstance(value, str) and is_free and value not in KEPT_NAMES:
        return f"{value} {next(payloads)}"
    return value


def _plans(folder: Path, snapshot: Snapshot) -> None:
    many = [Proposal(Cordon(node_id=p), reason=p) for p in PAYLOADS]
    plan = make_plan(snapshot, many, source=PAYLOADS[1])
    plans.save(folder, plan, snapshot)


def _compositions(runs: Path) -> None:
    """Name searches and their compositions by payloads, and have payloads change the desk's deployment, and say why."""
    subjects = PAYLOADS[::SUBJECTS_EACH]
    measured = [
        {
            "subject": subjects[k % len(subjects)],
            "pipeline": p,
            "accuracy": (k + 1) / (len(PAYLOADS) + 1),
            "latency": k + 1.0,
            "cost": 1.0,
        }
        for k, p in enumerate(PAYLOADS)
    ]
    (runs / COMPOSE / COMPOSITIONS).write_text("".join(json.dumps(line) + "\n" for line in measured))
    with (runs / DEPLOYMENTS / "films" / JOURNAL).open("a") as journal:
        journal.writelines(
            json.dumps({"action": "rolled back", "detail": p, "time": p[:60], "version": 1, "who": p[:200], "why": p})
            + "\n"
            for p in PAYLOADS
        )


def change_run(run: Path) -> None:
    """Put payloads into the descriptions of the policies and into the failed attempts of a run."""
    payloads = cycle(PAYLOADS)
    with closing(sqlite3.connect(run / "archive.sqlite")) as archive, archive:
        for policy_id, document in archive.execute("SELECT policy_id, document FROM policies").fetchall():
            policy = json.loads(document)
            policy["policy_description"] = " ".join(next(payloads) for _ in range(10))
            changed = (json.dumps(policy), next(payloads)[:64], policy_id)
            archive.execute("UPDATE policies SET document = ?, origin = ? WHERE policy_id = ?", changed)
        archive.executemany(
            "INSERT INTO attempts (iteration, kind, subject, reason) VALUES (0, 'policy', ?, ?)",
            [(p[:60], p) for p in PAYLOADS],
        )
