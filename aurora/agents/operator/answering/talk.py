"""Answers about the desk itself, and questions that are asked back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.agents.operator.answering.reply import Reply
from aurora.agents.operator.questions import QUESTIONS, Kind
from aurora.champions.named import policy_names
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.tools.desk import Desk

INTRODUCTION = "I answer by fixed rules, without a language model; to connect one, start with --model PROVIDER:MODEL."


GREETING = "Hello. Ask me about placements, waiting tasks, what would happen, demand, sizes, policies or plans."
"""Answer to a greeting alone."""


def help_(reply: Reply, slots: Mapping[str, Any]) -> None:
    """List what can be asked."""
    del slots
    reply.say("You can ask about placements, waiting tasks, what would happen, demand, sizes, policies and plans.")
    examples = _names(cluster_of(reply.harness.desk))
    reply.show(
        "questions that I understand",
        ("kind", "example"),
        [(kind.replace("_", " "), filled(kind, examples)) for kind in _LISTED],
    )


_LISTED: tuple[Kind, ...] = (
    "overview",
    "why_here",
    "why_waiting",
    "why_not",
    "what_if_load",
    "what_if_node_fails",
    "what_if_price",
    "forecast",
    "reserve",
    "oversized",
    "best_policy",
    "make_plan",
)
"""Kinds of which help gives examples."""


def cluster_of(desk: Desk) -> Snapshot | None:
    """Return the open cluster; None where none is."""
    try:
        return desk.cluster
    except InputError:
        return None


def asked_back(kinds: Sequence[Kind], cluster: Snapshot | None, named: Mapping[str, str]) -> tuple[str, ...]:
    """Return the nearest questions, with the names of the question, or others of this cluster.

    Those about a plan are left out where `named` has none.
    """
    names = {**_names(cluster), **named}
    known = [kind for kind in kinds if "plan" in names or "plan" not in QUESTIONS[kind].needs] or ["make_plan"]
    return tuple(dict.fromkeys(filled(kind, names) for kind in known))


def filled(kind: Kind, names: Mapping[str, str]) -> str:
    """Return a question of a kind with names filled in."""
    return QUESTIONS[kind].ask.format_map(names)


def first_questions(desk: Desk) -> tuple[str, ...]:
    """Return questions to begin with about what is open: what waits first, then what may happen, demand and plans.

    Args:
        desk: Data that is open.
    """
    cluster = cluster_of(desk)
    if cluster is None:
        return ()
    states = {t.state for t in cluster.tasks}
    kinds: list[Kind] = ["overview"]
    kinds += ["why_waiting"] if "pending" in states else []
    kinds += ["why_here", "what_if_load"] if "running" in states else []
    kinds += ["what_if_node_fails", "best_policy"] if cluster.nodes else []
    kinds += ["reserve", "oversized"] if desk.series_ids else []
    names = {**_names(cluster), **_measured(desk)}
    emptiest = _emptiest(cluster)
    drain = () if emptiest is None else (filled("drain", {"node": emptiest}),)
    return (*(filled(kind, names) for kind in kinds), *drain)


def _emptiest(cluster: Snapshot) -> str | None:
    """Return the usable node with the fewest tasks, but some; None: there is none."""
    held = {n.node_id: len(cluster.tasks_by_node[n.node_id]) for n in cluster.nodes if n.is_ready and not n.is_cordoned}
    return min((n for n, tasks in held.items() if tasks), key=lambda n: held[n], default=None)


def _measured(desk: Desk) -> Mapping[str, str]:
    """Return the workload of the first open series, of which demand is known."""
    labels = (desk.series(name).labels for name in desk.series_ids)
    workload = next((found for one in labels if (found := one.get("workload"))), None)
    return {} if workload is None else {"workload": workload}


def _names(cluster: Snapshot | None) -> Mapping[str, str]:
    """Return names of a cluster for examples."""
    names = {"task": "a task", "node": "a node", "other": "another node", "waiting": "a task", "workload": "a workload",
             "zone": "a"}  # fmt: skip
    if cluster is None:
        return names
    running = [t for t in cluster.tasks if t.state == "running" and t.kind in ("pod", "job")]
    pending = [t for t in cluster.tasks if t.state == "pending"]
    if running:
        task = max(running, key=lambda t: t.requests.get("cpu", 0.0))
        names |= {"task": task.task_id, "node": str(task.node_id), "waiting": task.task_id}
        names["workload"] = next((t.workload_id for t in running if t.workload_id), names["workload"])
    if pending:
        names["waiting"] = pending[0].task_id
    nodes = [n.node_id for n in cluster.nodes if n.node_id != names["node"]]
    names["other"] = nodes[0] if nodes else names["node"]
    zones = [n.zone for n in cluster.nodes if n.zone]
    names["zone"] = zones[0] if zones else names["zone"]
    return names


POLICY_IDS: tuple[str, ...] = policy_names()
"""Policies whose names are understood."""
