"""Answers what would happen: load, failures, prices, nodes more or fewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.agents.operator.answering.reply import Found, Reply, ids_of, listed, money, noun, share

MAX_LISTED = 20
"""Most tasks that the tool lists."""


def what_if_load(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say what more or less load does."""
    workloads = [None] if slots["workload"] == "all" else ids_of(slots["workload"])
    changes = [
        {"kind": "load", "factor": slots["factor"], **({} if w is None else {"workload_id": w})} for w in workloads
    ]
    found = reply.look_up("cluster_what_if", changes=changes)
    subject = "all tasks" if workloads == [None] else listed([str(w) for w in workloads])
    _say_fit(reply, found, f"If requests and use of {subject} are {slots['factor']:g} times those of now")
    _say_shares(reply, found)
    _say_hot(reply, found)
    _show_waiting(reply, found)


def what_if_node_fails(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say where the tasks of failing nodes go."""
    nodes = ids_of(slots["node"])
    found = reply.look_up("cluster_what_if", changes=[{"kind": "node_fails", "node_id": n} for n in nodes])
    _say_loss(reply, found, f"If {listed(nodes)} {'fails' if len(nodes) == 1 else 'fail'}")


def what_if_zone_fails(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say where the tasks of a failing zone go."""
    zones = ids_of(slots["zone"])
    listing = reply.look_up("find_nodes", contains=zones[0], order="name", limit=40)
    nodes = [n["node_id"] for n in listing.data["nodes"] if n["zone"] in zones][:20]
    reply.say(f"Zone {zones[0]} has {noun(len(nodes), 'node')}: {listed(nodes, 8)}.", listing.cite)
    found = reply.look_up("cluster_what_if", changes=[{"kind": "node_fails", "node_id": n} for n in nodes])
    _say_loss(reply, found, f"If all {len(nodes)} of them fail", listing.cite)


def what_if_remove_node(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say where the tasks of removed nodes go, and what is saved."""
    nodes = ids_of(slots["node"])
    found = reply.look_up("cluster_what_if", changes=[{"kind": "remove_node", "node_id": n} for n in nodes])
    _say_loss(reply, found, f"Without {listed(nodes)}")
    _say_cost(reply, found)


def what_if_add_nodes(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say which waiting tasks more nodes would take, and what they cost."""
    like, cites = slots.get("like"), []
    if like is None:
        listing = reply.look_up("find_nodes", order="emptiest", limit=40)
        usable = [n for n in listing.data["nodes"] if n["is_usable"]]
        if not listing.data["nodes"]:
            reply.say("There is no node that others could be like.")
            return
        like = (usable or listing.data["nodes"])[0]["node_id"]
        cites.append(listing.cite)
        kind = (usable or listing.data["nodes"])[0]["instance_type"]
        of = f", a {kind}" if kind else ""
        reply.say(f"You left open which sort of node; these are like {like}{of}.", *cites)
    count = slots["count"]
    found = reply.look_up("cluster_what_if", changes=[{"kind": "add_nodes", "like": like, "count": count}])
    data = found.data
    before, after = data["before"]["waiting"], data["after"]["waiting"]
    nodes = f"With {noun(count, 'more node')} like {like}"
    newly = [p for p in data["newly_placed"] if "-added-" in p["node_id"]]
    if not before:
        reply.say(f"{nodes}, {noun(after, 'task')} would wait {_PLACED}, as many as now.", found.cite)
    else:
        text = f"{noun(after, 'task')} would wait {_PLACED}"
        reply.say(f"{nodes}, {text}, and {before} now.", found.cite)
    if newly:
        reply.say(f"The new nodes would take {listed([p['task_id'] for p in newly], 8)}.", found.cite)
    _say_shares(reply, found)
    _say_cost(reply, found)
    reply.show("waiting tasks that get a node", ("task", "node"), _rows(data["newly_placed"]), found.cite)


def what_if_price(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say what the cluster costs at other prices."""
    nodes = [None] if slots["node"] == "all" else ids_of(slots["node"])
    changes = [{"kind": "price", "factor": slots["factor"], **({} if n is None else {"node_id": n})} for n in nodes]
    found = reply.look_up("cluster_what_if", changes=changes)
    _say_cost(reply, found)
    subject = "all nodes" if nodes == [None] else listed([str(n) for n in nodes])
    reply.say(f"That is the price of {subject} times {slots['factor']:g}.", found.cite)


def _say_fit(reply: Reply, found: Found, condition: str) -> None:
    before, after, _ = _waiting(found)
    if before == after:
        reply.say(f"{condition}, {noun(after, 'task')} would wait {_PLACED}, as many as now.", found.cite)
    else:
        reply.say(f"{condition}, {noun(after, 'task')} would wait {_PLACED}, and {before} now.", found.cite)
    overfull = found.data["after"]["overfull_nodes"]
    if overfull:
        text = f"{noun(overfull, 'node')} would be overfull, with requests or use beyond what is allocatable"
        reply.say(f"{text}.", found.cite)


_PLACED = "once those that fit are placed"
"""What both sides of a comparison are after."""


def _waiting(found: Found) -> tuple[int, int, Sequence[Mapping[str, Any]]]:
    data = found.data
    return data["before"]["waiting"], data["after"]["waiting"], data["newly_waiting"]


def _say_loss(reply: Reply, found: Found, condition: str, *cites: str) -> None:
    data = found.data
    displaced, again = data["displaced"], len(data["placed_again"])
    before, after, newly = _waiting(found)
    cite = (found.cite, *cites)
    if not displaced:
        reply.say(f"{condition}, 0 tasks lose the node, daemons aside.", *cite)
    elif not newly:
        reply.say(f"{condition}, {noun(displaced, 'task')} lose{'s' if displaced == 1 else ''} the node and find"
                  f"{'s' if displaced == 1 else ''} another.", *cite)  # fmt: skip
    else:
        placed = f"{again} of them find another" if again < MAX_LISTED else f"at least {again} of them find another"
        reply.say(
            f"{condition}, {noun(displaced, 'task')} lose{'s' if displaced == 1 else ''} the node and {placed}.", *cite
        )
    if before or after:
        reply.say(f"{noun(after, 'task')} would wait {_PLACED}, and {before} now.", found.cite)
    _say_hot(reply, found)
    _show_waiting(reply, found)
    reply.show("tasks that go elsewhere", ("task", "new node"), _rows(data["placed_again"]), found.cite)


def _rows(placed: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(p["task_id"], p["node_id"]) for p in placed]


def _show_waiting(reply: Reply, found: Found) -> None:
    rows = [(w["task_id"], w["reason"]) for w in found.data["newly_waiting"]]
    reply.show("tasks that would wait", ("task", "reason"), rows, found.cite)


def _say_hot(reply: Reply, found: Found) -> None:
    before, after = found.data["before"], found.data["after"]
    hot, was = after["hot_nodes"], before["hot_nodes"]
    if not hot:
        text = f"at {share(found.data['hot_share'])} or more of cores or memory"
        reply.say(f"0 nodes would be {text}.", found.cite)
        return
    text = f"{noun(hot, 'node')} would be at {share(found.data['hot_share'])} or more of cores or memory"
    reply.say(f"{text}, and {was} {'is' if was == 1 else 'are'} now.", found.cite)
    top = after["fullest"][0]
    resource = {"cpu": "cores"}.get(top["resource"], top["resource"])
    text = f"On {top['node_id']}, {share(top['requested_share'])} of {resource} would be requested"
    used = "" if top["used_share"] is None else f" and {share(top['used_share'])} used"
    reply.say(f"{text}{used}.", found.cite)


def _say_shares(reply: Reply, found: Found) -> None:
    before, after = (
        [f"{share(shares[r])} of {name}" for r, name in _NAMES.items() if r in shares]
        for shares in (found.data["before"]["requested_share"], found.data["after"]["requested_share"])
    )
    if before and after:
        reply.say(f"Of the whole cluster {listed(after)} would be requested.", found.cite)
        reply.say(f"Now it is {listed(before)}.", found.cite)


_NAMES = {"cpu": "cores", "memory": "memory", "nvidia.com/gpu": "nvidia.com/gpu"}


def _say_cost(reply: Reply, found: Found) -> None:
    before, after = found.data["before"]["price_per_hour"], found.data["after"]["price_per_hour"]
    if before is None or after is None:
        reply.say("I don't know what it costs, because prices are not known.")
        return
    if before == after:
        reply.say(f"The nodes would cost {money(after)} an hour, as much as now.", found.cite)
        return
    change = after - before
    reply.say(f"The nodes would cost {money(after)} an hour, and cost {money(before)} an hour now.", found.cite)
    reply.say(f"The difference is {money(abs(change))} an hour {'more' if change > 0 else 'less'}.", found.cite)
