"""Answers that make, show, check, apply or undo plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from aurora.agents.operator.answer import Approval
from aurora.agents.operator.answering.reply import Found, Reply, UnansweredError, ids_of, listed, money, noun, share

_MEASURES = {
    "fullest_node_cpu": "cores in use on the hottest node",
    "fullest_node_memory": "memory in use on the hottest node",
}


def make_plan(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Write a plan and say what it does."""
    arguments: dict[str, Any] = {"goal": slots["goal"]}
    if "task" in slots:
        arguments["task_ids"] = ids_of(slots["task"])
    if "workload" in slots:
        arguments["workload_ids"] = ids_of(slots["workload"])
    if "replicas" in slots:
        arguments["replicas"] = slots["replicas"]
    _write(reply, arguments)


def drain(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Write a plan that empties nodes."""
    nodes = ids_of(slots["node"])
    if reply.mode == "read":
        found = reply.look_up("cluster_what_if", changes=[{"kind": "drain", "node_id": n} for n in nodes])
        _say_drained(reply, found, nodes)
        reply.say("To make a plan of it, switch with /mode plan and ask again.")
        return
    _write(reply, {"goal": "drain", "node_ids": nodes})


def _say_drained(reply: Reply, found: Found, nodes: list[str]) -> None:
    data = found.data
    reply.say(f"A drain of {listed(nodes)} would take {noun(data['displaced'], 'task')} off it.", found.cite)
    after, before = data["after"]["waiting"], data["before"]["waiting"]
    reply.say(f"{noun(after, 'task')} would wait once those that fit are placed, and {before} now.", found.cite)
    rows = [(p["task_id"], p["node_id"]) for p in data["placed_again"]]
    reply.show("tasks that go elsewhere", ("task", "new node"), rows, found.cite)
    waiting = [(w["task_id"], w["reason"]) for w in data["newly_waiting"]]
    reply.show("tasks that would wait", ("task", "reason"), waiting, found.cite)


def _write(reply: Reply, arguments: Mapping[str, Any]) -> None:
    try:
        found = reply.look_up("make_plan", **arguments)
    except UnansweredError as error:
        if error.outcome == "refused":
            reply.say("I make no plan in mode read; switch with /mode plan and ask again.")
            return
        if "there is nothing to change" in error.reason:
            why = error.reason.partition("there is nothing to change")[2].lstrip(": ")
            reply.say("I can propose no plan that changes anything.")
            rows = [tuple(r.split(" waits: ", 1)) for r in why.split("; ") if " waits: " in r]
            reply.show("why", ("task", "reason"), rows, error.cite)
            return
        raise
    _say_plan(reply, found)
    plan_id = found.data["plan_id"]
    if reply.mode == "apply":
        reply.say(f"To apply it: /apply {plan_id}.", found.cite)
    else:
        reply.say(f"To apply it: /mode apply, then /apply {plan_id}.", found.cite)


def _say_plan(reply: Reply, found: Found) -> None:
    data, cite = found.data, found.cite
    reply.say(f"Plan {data['plan_id']} has {noun(data['change_count'], 'change')}.", cite)
    is_placing = all(c["change"].startswith("place ") for c in data["changes"])
    if is_placing:
        reply.say("Each change gives a waiting task a node that it fits now.", cite)
    for measure in data["effect"]:
        if is_placing and measure["measure"] == "pending":
            continue  # both sides are counted once what fits is placed
        _say_measure(reply, found, measure)
    if data["price_per_hour_now"] is not None and data["price_per_hour_now"] != data["price_per_hour_proposed"]:
        now, then = money(data["price_per_hour_now"]), money(data["price_per_hour_proposed"])
        reply.say(f"Nodes that hold work cost {now} an hour now, and {then} an hour as proposed.", cite)
    if data["emptied"]:
        reply.say(f"Emptied: {listed(data['emptied'])}.", cite)
    _show_risks(reply, found)
    rows = [(str(c["number"]), c["change"], c["reason"]) for c in data["changes"]]
    reply.show(f"changes of plan {data['plan_id']}", ("no.", "change", "reason"), rows, cite)
    left = [tuple(r.split(" waits: ", 1)) if " waits: " in r else (r, "") for r in data["remarks"]]
    reply.show("left out of the plan", ("what", "reason"), left, cite)


def _say_measure(reply: Reply, found: Found, measure: Mapping[str, Any]) -> None:
    before, after = measure["before"], measure["after"]
    if measure["measure"] == "pending":
        counts = f"{before['expected']:.0f} before and {after['expected']:.0f} after"
        reply.say(f"Tasks that wait once those that fit are placed: {counts}.", found.cite)
    elif measure["measure"] in _MEASURES and (before["low"], before["high"]) != (after["low"], after["high"]):
        what = _MEASURES[measure["measure"]]
        low, high = share(after["low"]), share(after["high"])
        text = f"Expected {what}: {share(before['expected'])} before and {share(after['expected'])} after"
        level = share(found.data["effect_share"])
        reply.say(f"{text}, between {low} and {high} in {level} of outcomes.", found.cite)


def _show_risks(reply: Reply, found: Found) -> None:
    risks = found.data["risks"]
    if risks:
        reply.say(f"It has {noun(len(risks), 'risk')}, in the table.", found.cite)
        rows = [tuple(r.split(": ", 1)) if ": " in r else (r, "") for r in risks]
        reply.show(f"risks of plan {found.data['plan_id']}", ("risk", "to what"), rows, found.cite)


def check_plan(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say whether a plan may be applied now."""
    found = reply.look_up("check_plan", plan_id=slots["plan"])
    data, cite = found.data, found.cite
    if data["is_valid"]:
        reply.say(f"Plan {data['plan_id']} is valid: it breaks 0 constraints of the cluster as it is now.", cite)
    else:
        count = noun(len(data["violations"]), "constraint")
        reply.say(f"Plan {data['plan_id']} is not valid: it breaks {count}.", cite)
    status = f"Its status is {data['status']}, it has {noun(data['change_count'], 'change')}"
    reply.say(f"{status} and expires at {data['expires_at']} UTC.", cite)
    rows = [(row["code"], str(row["change"]), row["message"]) for row in data["violations"]]
    reply.show("what it breaks", ("constraint", "change", "message"), rows, cite)
    _show_risks(reply, found)


def apply_plan(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say how a plan is applied; in mode apply, ask for its approval."""
    _wanted(reply, slots, "apply")


def rollback_plan(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say how a plan is undone; in mode apply, ask for the approval of that."""
    _wanted(reply, slots, "rollback")


def _wanted(reply: Reply, slots: Mapping[str, Any], action: Literal["apply", "rollback"]) -> None:
    found = reply.look_up("show_plan", plan_id=slots["plan"])
    data, cite = found.data, found.cite
    plan_id = data["plan_id"]
    reply.say(f"Plan {plan_id} has {noun(data['change_count'], 'change')} and its status is {data['status']}.", cite)
    if action == "rollback" and data["status"] in ("new", "approved", "expired"):
        reply.say(f"There is nothing to undo: plan {plan_id} is {data['status']}.", cite)
        return
    if reply.mode == "apply":
        reply.approval = Approval(plan_id=plan_id, sha256=data["sha256"], action=action)
        reply.say("A person must approve it before more happens.")
    else:
        reply.say(f"I change nothing myself; to go on: /mode apply, then /{action} {plan_id}.", cite)
    rows = [(str(c["number"]), c["change"], c["reason"]) for c in data["changes"]]
    reply.show(f"changes of plan {plan_id}", ("no.", "change", "reason"), rows, cite)
