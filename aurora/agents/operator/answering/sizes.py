"""Answers what is oversized, and what could be done first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.agents.operator.answering.cluster import say_fullest_memory, say_use
from aurora.agents.operator.answering.reply import (
    Found,
    Reply,
    UnansweredError,
    duration_of,
    ids_of,
    listed,
    money,
    noun,
    share,
)
from aurora.quantities import percent, plain

MAX_RISKS = 3
"""Most containers that are told in sentences."""
MAX_CANDIDATES = 3
"""Most nodes whose removal is tried."""


def oversized(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say which containers request too much; by money or by the risk of a kill, where that is asked."""
    if slots.get("by") == "risk":
        risks(reply, slots)
        return
    if slots["workload"] == "all":
        _all_sizes(reply, by_money=slots.get("by") == "money")
        return
    names = ids_of(slots["workload"])
    for name in names:
        say_use(reply, name)
    found = reply.look_up("oversized", workload_ids=names)
    rows = found.data["containers"]
    for row in rows:
        _say_size(reply, found, row)
    _show_sizes(reply, found, rows)


def _say_size(reply: Reply, found: Found, row: Mapping[str, Any]) -> None:
    resource, cite = row["resource"], found.cite
    of = f"{resource} of {row['container']} in {row['workload_id']}"
    now, then = (_amount(row, row[k]) for k in ("request_now", "request_proposed"))
    match row["finding"]:
        case "over":
            reply.say(f"Oversized: {of} requests {now}, and {then} is proposed.", cite)
        case "under":
            reply.say(f"Undersized: {of} requests {now}, and {then} is proposed.", cite)
        case "fits":
            reply.say(f"Fits: {of} requests {now}.", cite)
        case "held":
            reply.say(f"Held: {of} requests {now}, and an autoscaler depends on that.", cite)
        case _:
            why = "it is not measured" if row["finding"] == "unmeasured" else "there are too few measured values"
            reply.say(f"I don't know about {of}, because {why}.", cite)
            return
    for reason in row["reasons"][:1]:
        reply.say(f'Reason: "{reason}".', cite)
    if row["finding"] in ("over", "under") and row["confidence"] is not None:
        held = f"{share(row['confidence'])} of back-tests kept their promise"
        reply.say(f"For {resource}, {held}.", cite)


def _amount(row: Mapping[str, Any], value: float | None) -> str:
    return "nothing" if value is None else f"{plain(value)} {row['unit']}"


def _show_sizes(reply: Reply, found: Found, rows: Sequence[Mapping[str, Any]], *, with_money: bool = False) -> None:
    columns = ("container", "resource", "finding", "request now", "proposed", "tasks", "chance")
    reply.show(
        "requests of each task, now and proposed",
        (*columns, "freed an hour") if with_money else columns,
        [
            (
                f"{r['workload_id']}/{r['container']}",
                r["resource"],
                r["finding"],
                _amount(r, r["request_now"]),
                _amount(r, r["request_proposed"]),
                str(r["tasks"]),
                "not known" if r["chance_proposed"] is None else percent(r["chance_proposed"]),
                *([_freed_price(r)] if with_money else []),
            )
            for r in rows
        ],
        found.cite,
    )


def _all_sizes(reply: Reply, *, by_money: bool = False) -> None:
    found = reply.look_up("oversized", finding="over")
    data, cite = found.data, found.cite
    rows = data["containers"]
    if by_money:
        rows = sorted(rows, key=lambda r: -(r["freed_price_per_hour"] or 0.0))
    if not data["oversized"]:
        reply.say("0 sizes are found oversized.", cite)
    else:
        first = rows[0]
        reply.say(f"{noun(data['oversized'], 'size')} are oversized and {data['undersized']} undersized.", cite)
        _say_size(reply, found, first)
        if by_money:
            _say_price(reply, found, first)
        freed = [f"{plain(t['freed'])} {t['unit']}" for t in data["totals"] if t["freed"] > 0]
        if freed:
            reply.say(f"The proposals that lower requests would free {listed(freed)}.", cite)
    if data["unmeasured"]:
        reply.say(f"Unmeasured: {noun(data['unmeasured'], 'size')}, which stay as they are.", cite)
    if data["oversized"]:
        reply.say("To make a plan of it, ask me to resize the oversized workloads.")
    _show_sizes(reply, found, rows, with_money=by_money)


def _freed_price(row: Mapping[str, Any]) -> str:
    return "not known" if row["freed_price_per_hour"] is None else money(row["freed_price_per_hour"])


def risks(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say which containers are the likeliest to be killed for memory, and which nodes use most of theirs."""
    names = [] if slots["workload"] == "all" else ids_of(slots["workload"])
    for name in names:
        say_use(reply, name)
    if not names:
        say_fullest_memory(reply)
    found = reply.look_up("oversized", workload_ids=names, finding="any" if names else "under")
    rows = [r for r in found.data["containers"] if r["resource"] == "memory" and r["chance_now"] is not None]
    rows.sort(key=lambda r: -r["chance_now"])
    if not rows:
        reply.say("I don't know of a container that is near its limit, because none is found undersized in memory.")
    for row in rows[:MAX_RISKS]:
        of = f"{row['container']} in {row['workload_id']}"
        limit = "" if row["limit_now"] is None else f" under its limit of {_amount(row, row['limit_now'])}"
        chance = percent(row["chance_now"])
        reply.say(f"The chance of a kill for memory within a week is {chance} for {of}{limit}.", found.cite)
    _show_sizes(reply, found, rows)


def _say_price(reply: Reply, found: Found, row: Mapping[str, Any]) -> None:
    if row["freed_price_per_hour"] is None:
        reply.say("I don't know what that costs, because prices are not known; the sizes that free most come first.")
        return
    reply.say(f"What it would free costs {money(row['freed_price_per_hour'])} an hour.", found.cite)
    reply.say(
        "Prices are of nodes: half of a price is counted for cores and half for memory, and money is saved once a node "
        "goes."
    )


def recommend(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say what to do first: nodes in trouble, tasks that wait, sizes, nodes that are not needed."""
    del slots
    state = reply.look_up("cluster_overview")
    if state.data["not_ready"]:
        reply.say(f"Look at what is not ready: {listed(state.data['not_ready'])}.", state.cite)
    _waiting(reply)
    _sizes(reply)
    _spare_node(reply, state)
    if state.data["maintenance"]:
        reply.say(f"Maintenance comes (UTC): {listed(state.data['maintenance'])}.", state.cite)


def _waiting(reply: Reply) -> None:
    tasks = reply.look_up("find_tasks", state="pending", limit=40)
    if not tasks.data["count"]:
        return
    verb = "waits" if tasks.data["count"] == 1 else "wait"
    reply.say(f"{noun(tasks.data['count'], 'task')} {verb}.", tasks.cite)
    for row in _of_different_workloads(tasks.data["tasks"])[:4]:
        why = reply.look_up("why_task_waits", task_id=row["task_id"])
        data = why.data
        if data["never"]:
            reply.say(f'{row["task_id"]} would wait on an empty cluster too: "{data["never"]}".', why.cite)
        elif not data["fits_now"] and data["remedies"] and data["remedies"][0]["changes"]:
            first = data["remedies"][0]
            reply.say(f"To place {row['task_id']} on {first['node_id']}: {'; '.join(first['changes'])}.", why.cite)
        if data["waited_minutes"] is not None:
            reply.say(f"{row['task_id']} has waited {duration_of(data['waited_minutes'])}.", why.cite)


def _of_different_workloads(rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({r["workload_id"] or r["task_id"]: r for r in reversed(rows)}.values())[::-1]


def _sizes(reply: Reply) -> None:
    try:
        found = reply.look_up("oversized", finding="over")
    except UnansweredError as error:
        reply.say(f"I don't know what is oversized, because {error.reason.rstrip('.')}.", error.cite)
        return
    if not found.data["containers"]:
        return
    row = found.data["containers"][0]
    of = f"{row['container']} in {row['workload_id']}"
    text = f"{_amount(row, row['request_now'])} is requested and {_amount(row, row['request_proposed'])} is proposed"
    reply.say(f"Lower the {row['resource']} request of {of}: {text}.", found.cite)
    reply.show(
        "requests that could be lower",
        ("container", "resource", "request now", "proposed", "tasks"),
        [
            (f"{r['workload_id']}/{r['container']}", r["resource"], _amount(r, r["request_now"]),
             _amount(r, r["request_proposed"]), str(r["tasks"]))
            for r in found.data["containers"]
        ],
        found.cite,
    )  # fmt: skip


def _spare_node(reply: Reply, state: Found) -> None:
    """Say which node could go without a task waiting or a node getting overfull; of those tried, the dearest."""
    listing = reply.look_up("find_nodes", order="emptiest", limit=10)
    usable = [n for n in listing.data["nodes"] if n["is_usable"]]
    best: tuple[float, str, Found] | None = None
    for node in usable[:MAX_CANDIDATES]:
        found = reply.look_up("cluster_what_if", changes=[{"kind": "remove_node", "node_id": node["node_id"]}])
        before, after = found.data["before"], found.data["after"]
        is_spare = not found.data["newly_waiting"] and after["overfull_nodes"] <= before["overfull_nodes"]
        price = node["price_per_hour"] or 0.0
        if is_spare and (best is None or price > best[0]):
            best = price, node["node_id"], found
    if best is None:
        return
    price, node_id, found = best
    before, after = found.data["before"], found.data["after"]
    waiting = f"{noun(after['waiting'], 'task')} would wait once those that fit are placed"
    reply.say(f"Without {node_id}, {waiting}, and {before['waiting']} now: it could be given back.", found.cite)
    if before["price_per_hour"] is not None and after["price_per_hour"] is not None:
        saved = before["price_per_hour"] - after["price_per_hour"]
        reply.say(f"That would save {money(saved)} an hour.", found.cite)
