"""Answers why a task is where it is, why it waits, and why it is not on another node."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aurora.agents.operator.answering.reply import Found, Reply, duration_of, ids_of, listed, noun

MAX_EXPLAINED = 6
"""Most waiting workloads that are explained one by one."""
MAX_IN_WORDS = 3
"""Most of them that are also told in sentences."""
_TOO_SMALL = re.compile(r"a node with (?P<asked>.+): (?P<node>\S+) has (?P<has>.+) in all")
"""A change that no step can make: the node is too small."""
_FEATURES = {
    "fit.cpu_left": "cores left",
    "fit.memory_left": "memory left",
    "fit.accelerators_left": "devices left",
    "node.price": "price",
    "node.price_per_hour": "price an hour",
    "node.cpu_free": "free cores",
    "node.memory_free": "free memory",
}


def why_here(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say why a task is on its node; the first one in words, others of its kind in a table."""
    tasks = ids_of(slots["task"])
    found = reply.look_up("why_task_is_here", task_id=tasks[0])
    if "claimed_node" in slots:
        reply.say(f"{tasks[0]} is not on {slots['claimed_node']}, but on {found.data['node_id']}.", found.cite)
    _say_why_here(reply, found)
    if len(tasks) > 1:
        more = [reply.look_up("why_task_is_here", task_id=t) for t in tasks[1:MAX_EXPLAINED]]
        rows = [(f.data["task_id"], f.data["node_id"], listed(f.data["fitting"])) for f in (found, *more)]
        reply.show(
            "tasks and the nodes that would take them",
            ("task", "node", "fits"),
            rows,
            *(f.cite for f in (found, *more)),
        )


def _say_why_here(reply: Reply, found: Found) -> None:
    cite, data = found
    task, node, fitting = data["task_id"], data["node_id"], data["fitting"]
    if data["bound"]:
        reply.say(f"{task} is on {node} because it is {_a(data['bound'])}, which stays on its node.", cite)
        return
    others = [n for n in fitting if n != node]
    if node not in fitting:
        reply.say(f"{task} is on {node}, which would not take it now: {_summary(data)}.", cite)
    elif not others:
        reply.say(f"{task} is on {node} because it is the only node that would take it now: {_summary(data)}.", cite)
    else:
        reply.say(
            f"{task} is on {node}, one of {len(fitting)} nodes that would take it now: {listed(fitting, 6)}.", cite
        )
        reply.say(f"What the others lack: {_summary(data)}.", cite)
    if data["policy_chooses"] and others:
        _say_choice(reply, found)
    if data["running_minutes"] is not None:
        reply.say(f"It has run for {duration_of(data['running_minutes'])}.", cite)
    reply.say("Its scheduler does not record why it chose; this is what constraints and free room allow now.", cite)


def _summary(data: Mapping[str, Any]) -> str:
    return f'"{_quoted(data["summary"])}"'


def _a(word: str) -> str:
    return {"daemon": "a daemon", "static": "a static task"}[word]


def _say_choice(reply: Reply, found: Found) -> None:
    cite, data = found
    decision = data["decision"] or {}
    causes = [_FEATURES.get(c, re.sub(r"[._]", " ", c)) for c in decision.get("because_of", ())]
    same = data["policy_chooses"] == data["node_id"]
    verb = "would choose it too" if same else f"would choose {data['policy_chooses']} instead"
    why = f", because of {listed(causes)}" if causes else ""
    reply.say(f"The policy {data['policy_id']} {verb}{why}.", cite)


def why_waiting(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say why tasks wait: one in detail, several in a table."""
    if slots["task"] == "all":
        _all_waiting(reply)
        return
    tasks = ids_of(slots["task"])
    first = reply.look_up("task_details", task_id=tasks[0])
    if first.data["task"]["state"] != "pending" or first.data["task"]["node_id"]:
        state, node = first.data["task"]["state"], first.data["task"]["node_id"]
        where = f" on {node}" if node else ""
        reply.say(f"{tasks[0]} does not wait: it is {state}{where}.", first.cite)
        return
    found = reply.look_up("why_task_waits", task_id=tasks[0])
    _say_why_waiting(reply, found, first)
    if len(tasks) > 1:
        workload = first.data["task"]["workload_id"] or ""
        all_of_it = reply.look_up("find_tasks", state="pending", contains=workload, limit=40)
        count = noun(all_of_it.data["count"], "task")
        reply.say(f"{count} of {workload} wait; these are the reasons of {tasks[0]}.", all_of_it.cite, found.cite)


def _waiting(reply: Reply) -> Found:
    return reply.look_up("find_tasks", state="pending", limit=40)


def _say_why_waiting(reply: Reply, found: Found, details: Found | None = None) -> None:
    cite, data = found
    task, system = data["task_id"], data["system_reason"].rstrip(".")
    waits_for = details.data["waits_for"] if details else ()
    if waits_for and details:
        reply.say(f"{task} waits for {listed(waits_for, 8)} to finish.", details.cite)
    if data["never"]:
        reply.say(f'{task} waits, and would wait on an empty cluster too: "{_quoted(data["never"])}".', cite)
    elif not data["fits_now"]:
        reply.say(f"{task} waits because no node fits: {_summary(data)}.", cite)
    else:
        room = f"{listed(data['fits_now'], 8)} {'has' if len(data['fits_now']) == 1 else 'have'} room for it now"
        reply.say(f"{task} waits although {room}: {_summary(data)}.", cite)
    if data["waited_minutes"] is not None:
        reply.say(f"It has waited {duration_of(data['waited_minutes'])}.", cite)
    if system and (data["fits_now"] or waits_for):
        reply.say(f'Its own system gives "{_quoted(system)}" as the reason.', cite)
    _say_remedy(reply, found)
    rows = [(n["node_id"], "; ".join(n["reasons"])) for n in data["nodes"]]
    reply.show(f"nodes that do not fit {task}", ("node", "reasons"), rows, cite)


def _quoted(text: str) -> str:
    return text.replace('"', "'")[:280]


def _say_remedy(reply: Reply, found: Found) -> None:
    cite, data = found
    remedies: Sequence[Mapping[str, Any]] = [r for r in data["remedies"] if r["changes"]]
    if data["fits_now"] or data["never"] or not remedies:
        return
    first = remedies[0]
    reply.say(f"The smallest change that would place it on {first['node_id']}: {'; '.join(first['changes'])}.", cite)
    if first["command"]:
        reply.say(f'A plan of it: "{_quoted(first["command"])}".', cite)


def _all_waiting(reply: Reply) -> None:
    found = _waiting(reply)
    count, tasks = found.data["count"], found.data["tasks"]
    if not count:
        reply.say("No task waits.", found.cite)
        return
    reply.say(f"{noun(count, 'task')} {'waits' if count == 1 else 'wait'}.", found.cite)
    groups: dict[str, list[str]] = {}
    for task in tasks:
        groups.setdefault(task["workload_id"] or task["task_id"], []).append(task["task_id"])
    rows, cites = [], []
    chosen = list(groups.values())[:MAX_EXPLAINED]
    for members in chosen:
        why = reply.look_up("why_task_waits", task_id=members[0])
        cites.append(why.cite)
        waited = why.data["waited_minutes"]
        reason = why.data["never"] or why.data["summary"]
        rows.append((members[0], str(len(members)), "not known" if waited is None else duration_of(waited), reason))
        if len(chosen) <= MAX_IN_WORDS:
            room = why.data["fits_now"]
            text = f"has room on {listed(room)}" if room else f'does not fit: "{_quoted(reason)}"'
            reply.say(f"{members[0]} {text}.", why.cite)
        cites.append(why.cite)
    more = f" (first {len(chosen)} of {len(groups)})" if len(groups) > len(chosen) else ""
    reply.show(
        f"tasks that wait, alike ones together{more}", ("task", "alike", "waited", "reason"), rows, found.cite, *cites
    )


def why_not(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say what speaks against a node for a task, and what would put it there."""
    tasks, node = ids_of(slots["task"]), slots["node"]
    found = reply.look_up("why_not_on_node", task_id=tasks[0], node_id=node)
    cite, data = found
    task = data["task_id"]
    if data["runs_on"] == node:
        reply.say(f"{task} is on {node}.", cite)
        return
    where = f"it runs on {data['runs_on']}" if data["runs_on"] else "it waits"
    if not data["reasons"]:
        reply.say(f"Nothing speaks against {node}: {task} fits there now, and {where}.", cite)
        return
    reply.say(f"{task} is not on {node} because {node} does not fit: {'; '.join(data['reasons'])}.", cite)
    reply.say(f"{where[:1].upper()}{where[1:]} now.", cite)
    too_small = [m for change in data["changes"] if (m := _TOO_SMALL.fullmatch(change))]
    for match in too_small:
        reply.say(f"It asks for {match['asked']}, and {match['node']} has {match['has']} in all.", cite)
    others = [change for change in data["changes"] if not _TOO_SMALL.fullmatch(change)]
    if others:
        more = " besides" if too_small else ""
        reply.say(f"What would have to change{more} for {node} to take it: {listed(others)}.", cite)
    if data["free"]:
        reply.say(f"Free on {node}: {listed(data['free'], 6)}.", cite)
