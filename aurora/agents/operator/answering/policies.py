"""Answers which policy is best for the open cluster, and how some compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.agents.operator.answering.reply import Found, Reply, listed, money, noun
from aurora.quantities import plain

MAX_QUOTED = 290
"""Most characters of a policy's description that are quoted."""


def best_policy(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say which policy would place the cluster's tasks best."""
    del slots
    found = reply.look_up("rank_cluster_policies", limit=8)
    data, cite = found.data, found.cite
    rows = data["policies"]
    first = rows[0]
    reply.say(
        f"Policy {first['policy_id']} comes first of {data['compared']} policies, with a reward of {_reward(first)}.",
        cite,
    )
    _say_outcome(reply, first, cite)
    _say_origin(reply, found)
    level = [r["policy_id"] for r in rows[1:] if _reward(r) == _reward(first)]
    if level:
        verb = "Policy {} reaches" if len(level) == 1 else "Policies {} reach"
        reply.say(f"{verb.format(listed(level))} {_reward(first)} too.", cite)
    other = next((r for r in rows[1:] if _reward(r) != _reward(first)), None)
    if other is not None:
        reply.say(f"Policy {other['policy_id']} has {_reward(other)}.", cite)
    _say_basis(reply, found)
    _show(reply, found, rows)


def compare_policies(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say which of some policies does better."""
    found = reply.look_up("rank_cluster_policies", policy_ids=slots["policies"], limit=20)
    rows = found.data["policies"]
    first, second = rows[0], rows[1]
    one, two = f"policy {first['policy_id']}", f"policy {second['policy_id']}"
    if _outcome(first) == _outcome(second):
        reply.say(f"{one} and {two} come to the same here: a reward of {_reward(first)}.", found.cite)
    else:
        reply.say(f"{one} comes first with a reward of {_reward(first)}, and {two} has {_reward(second)}.", found.cite)
    for row in rows[:3]:
        _say_outcome(reply, row, found.cite)
    _say_origin(reply, found)
    _say_basis(reply, found)
    _show(reply, found, rows)


def _outcome(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(v for k, v in row.items() if k != "policy_id")


def _reward(row: Mapping[str, Any]) -> str:
    return plain(row["reward"])


def _say_outcome(reply: Reply, row: Mapping[str, Any], cite: str) -> None:
    nodes = f"{noun(row['nodes_used'], 'node')} at {money(row['price_per_hour'])} an hour"
    text = f"Policy {row['policy_id']} uses {nodes} and leaves {noun(row['unplaced'], 'task')} unplaced"
    reply.say(f"{text}.", cite)


def _say_origin(reply: Reply, found: Found) -> None:
    """Say how the champions among the first three policies were found, and what they do."""
    leaders = {row["policy_id"] for row in found.data["policies"][:3]}
    for row in found.data["champions"]:
        if row["policy_id"] in leaders:
            budget = noun(row["simulations"], "simulation")
            reply.say(f"Policy {row['policy_id']} was trained on source {row['source']} with {budget}.", found.cite)
            about = _whole_clauses(found.data["about"].get(row["policy_id"], "").replace('"', "'"))
            if about:
                reply.say(f'About policy {row["policy_id"]}: "{about}".', found.cite)


def _whole_clauses(text: str) -> str:
    """Return as many whole clauses of a text as an answer quotes."""
    return text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED].rpartition("; ")[0]


def _say_basis(reply: Reply, found: Found) -> None:
    data = found.data
    tasks = f"{noun(data['tasks'], 'running task')} placed anew"
    reply.say(f"This is by simulation of {tasks}; the reward weighs {listed(data['objectives'], 8)}.", found.cite)


def _show(reply: Reply, found: Found, rows: Sequence[Mapping[str, Any]]) -> None:
    reply.show(
        "policies, the best first",
        ("policy", "reward", "unplaced", "nodes used", "$/hour"),
        [
            (r["policy_id"], _reward(r), str(r["unplaced"]), str(r["nodes_used"]), plain(r["price_per_hour"]))
            for r in rows
        ],
        found.cite,
    )
