"""Answers what there is: the cluster in sum, its nodes, tasks and workloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora.agents.operator.answering.reply import Reply, ids_of, listed, money, noun, share
from aurora.cluster.resources import amount_text
from aurora.quantities import plain

_SHOWN = ("cpu", "memory", "nvidia.com/gpu")


def overview(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Sum up the cluster."""
    del slots
    cite, data = reply.look_up("cluster_overview")
    reply.say(
        f"{data['snapshot_id']} has {noun(data['nodes'], 'node')}, {data['usable_nodes']} of them usable, "
        f"with {data['running']} running and {noun(data['pending'], 'waiting task')}.",
        cite,
    )
    rows = [r for r in data["resources"] if r["allocatable"] and (r["requested"] or r["resource"] in _SHOWN)]
    for row in (r for r in rows if r["resource"] in _SHOWN):
        _say_filled(reply, row, cite)
    if data["price_per_hour"] is None:
        reply.say("I don't know what it costs, because prices are not known.")
    else:
        unknown = f", without {noun(data['unpriced_nodes'], 'node')} of unknown price" if data["unpriced_nodes"] else ""
        reply.say(f"The nodes cost {money(data['price_per_hour'])} an hour{unknown}.", cite)
    if data["cordoned"]:
        reply.say(f"Cordoned: {listed(data['cordoned'])}.", cite)
    if data["not_ready"]:
        reply.say(f"Not ready: {listed(data['not_ready'])}.", cite)
    if data["maintenance"]:
        reply.say(f"Maintenance (UTC): {listed(data['maintenance'], 4)}.", cite)
    reply.say(f"The snapshot was taken at {data['taken_at']} UTC.", cite)
    reply.show("resources", ("resource", "in all", "requested", "free", "used"), [
        (r["resource"], amount_text(r["resource"], r["allocatable"]), amount_text(r["resource"], r["requested"]),
         amount_text(r["resource"], r["free"]),
         "not measured" if r["used"] is None else amount_text(r["resource"], r["used"])) for r in rows
    ], cite)  # fmt: skip


def _say_filled(reply: Reply, row: Mapping[str, Any], cite: str, of: str = "") -> None:
    name = {"cpu": "cores"}.get(row["resource"], row["resource"])
    amounts = _of_all(row)
    used = "" if row["used"] is None else f"; {amount_text(row['resource'], row['used'])} are used"
    where = f" on {of}" if of else ""
    reply.say(f"{share(row['requested_share'])} of {name}{where} is requested ({amounts}){used}.", cite)


def _of_all(row: Mapping[str, Any]) -> str:
    return f"{amount_text(row['resource'], row['requested'])} of {amount_text(row['resource'], row['allocatable'])}"


def find_nodes(reply: Reply, slots: Mapping[str, Any]) -> None:
    """List the fullest, emptiest or dearest nodes."""
    order = slots["order"]
    cite, data = reply.look_up("find_nodes", order=order, contains=slots.get("zone", ""), limit=10)
    nodes = data["nodes"]
    if not nodes:
        reply.say("There is no node.")
        return
    if order == "emptiest":
        nodes = [n for n in nodes if n["is_usable"]] or nodes
    if order == "dearest" and all(n["price_per_hour"] is None for n in nodes):
        reply.say("I don't know which node costs most, because prices are not known.")
        return
    first = nodes[0]
    if order == "dearest":
        reply.say(f"The dearest node is {first['node_id']} with {money(first['price_per_hour'])} an hour.", cite)
        same = [n["node_id"] for n in nodes[1:] if n["price_per_hour"] == first["price_per_hour"]]
        if same:
            reply.say(f"{listed(same)} {'costs' if len(same) == 1 else 'cost'} the same.", cite)
    else:
        filled = max((r for r in first["resources"] if r["resource"] in _SHOWN), key=lambda r: r["requested_share"])
        name = {"cpu": "cores"}.get(filled["resource"], filled["resource"])
        text = f"{share(filled['requested_share'])} of its {name} requested ({_of_all(filled)})"
        if nodes == data["nodes"] or first == data["nodes"][0]:
            reply.say(f"The {order} node is {first['node_id']} with {text}.", cite)
        else:
            reply.say(
                f"Of the nodes that are ready and not cordoned, {first['node_id']} comes first with {text}.", cite
            )
    reply.show(f"the {order} nodes", ("node", "zone", "type", "requested of the fullest resource", "tasks", "$/hour"), [
        (n["node_id"], n["zone"] or "", n["instance_type"] or "", share(n["fullest_share"]), str(n["tasks"]),
         "not known" if n["price_per_hour"] is None else plain(n["price_per_hour"])) for n in nodes
    ], cite)  # fmt: skip


def show_node(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Show a node and what runs on it."""
    cite, data = reply.look_up("node_details", node_id=ids_of(slots["node"])[0])
    node = data["node"]
    place = f" in {node['zone']}" if node["zone"] else ""
    kind = f" ({node['instance_type']})" if node["instance_type"] else ""
    usable = "usable" if node["is_usable"] else "not usable"
    reply.say(f"{node['node_id']}{kind}{place} is {usable} and has {noun(node['tasks'], 'task')}.", cite)
    for row in node["resources"]:
        if row["resource"] in _SHOWN:
            _say_filled(reply, row, cite, node["node_id"])
            reply.say(f"Free on {node['node_id']}: {amount_text(row['resource'], row['free'])}.", cite)
    if node["price_per_hour"] is None:
        reply.say("I don't know its price, because the snapshot has none for it.")
    else:
        reply.say(f"It costs {money(node['price_per_hour'])} an hour.", cite)
    if data["conditions"]:
        quoted = [f'"{condition}"' for condition in data["conditions"]]
        reply.say(f"Marks and troubles: {listed(quoted, 6)}.", cite)
    rows = [(t["task_id"], _amounts(t["requests"]), _amounts(t["used"]) or "not measured") for t in data["tasks"]]
    reply.show(f"tasks on {node['node_id']}", ("task", "requests", "used"), rows, cite)


def _amounts(amounts: Mapping[str, float]) -> str:
    return ", ".join(amount_text(r, a) for r, a in amounts.items() if r != "pods")


def show_task(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Show a task."""
    cite, data = reply.look_up("task_details", task_id=ids_of(slots["task"])[0])
    task = data["task"]
    where = f" on {task['node_id']}" if task["node_id"] else " and has no node"
    reply.say(f"{task['task_id']} is {task['state']}{where}.", cite)
    if task["requests"]:
        reply.say(f"It requests {_amounts(task['requests'])}.", cite)
    if data["limits"]:
        reply.say(f"Its limits are {_amounts(data['limits'])}.", cite)
    if task["used"]:
        reply.say(f"It uses {_amounts(task['used'])}.", cite)
    else:
        reply.say("I don't know what it uses, because its use was not measured.", cite)
    if data["constraints"]:
        reply.say(f"Its node must meet: {listed(data['constraints'], 6)}.", cite)
    kills = f" and was killed for memory {data['out_of_memory_kills']} times" if data["out_of_memory_kills"] else ""
    if data["restarts"] or kills:
        reply.say(f"It restarted {data['restarts']} times{kills}.", cite)
    if data["waits_for"]:
        reply.say(f"It waits for {listed(data['waits_for'])}.", cite)


def show_workload(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Show a workload and its tasks."""
    name = ids_of(slots["workload"])[0]
    found = reply.look_up("find_workloads", contains=name)
    row = next(w for w in found.data["workloads"] if w["workload_id"] == name)
    wanted = "" if row["replicas"] is None else f" of {row['replicas']} wanted"
    waiting = f", and {row['pending']} wait" if row["pending"] > 1 else ", and 1 waits" if row["pending"] else ""
    run = f"{noun(row['running'], 'task')} of it {'runs' if row['running'] == 1 else 'run'}"
    reply.say(f"{name} is a {row['kind']}: {run}{wanted}{waiting}.", found.cite)
    reply.say(
        f"Its running tasks request {amount_text('cpu', row['cpu_requested'])} and "
        f"{amount_text('memory', row['memory_requested'])}.",
        found.cite,
    )
    tasks = reply.look_up("find_tasks", contains=name, limit=40)
    own = [t for t in tasks.data["tasks"] if t["workload_id"] == name]
    rows = [
        (t["task_id"], t["state"], t["node_id"] or "", _amounts(t["requests"]), _amounts(t["used"]) or "not measured")
        for t in own
    ]
    nodes = list(dict.fromkeys(r[2] for r in rows if r[2] and r[1] == "running"))
    if nodes:
        reply.say(f"They run on {listed(nodes, 8)}.", tasks.cite)
    reply.show(f"tasks of {name}", ("task", "state", "node", "requests", "used"), rows, tasks.cite)


def say_use(reply: Reply, name: str) -> None:
    """Say what the running tasks of a workload use, and what they request."""
    found = reply.look_up("find_tasks", contains=name, state="running", limit=40)
    own = [t for t in found.data["tasks"] if t["workload_id"] == name]
    measured = [r for r in _SHOWN if own and all(r in t["used"] for t in own)]
    if found.data["count"] > len(found.data["tasks"]) or not measured:
        return
    together = " together" if len(own) > 1 else ""
    for verb, field in (("use", "used"), ("request", "requests")):
        sums = [
            amount_text(r, sum(t[field].get(r, 0.0) for t in own)) for r in measured if any(r in t[field] for t in own)
        ]
        if sums:
            reply.say(f"The running tasks of {name} {verb} {listed(sums)}{together}.", found.cite)


def say_fullest_memory(reply: Reply) -> None:
    """Say which node uses the largest share of its memory."""
    cite, data = reply.look_up("find_nodes", order="fullest", limit=40)
    rows = [
        (row["used"] / row["allocatable"], node["node_id"], row)
        for node in data["nodes"]
        for row in node["resources"]
        if row["resource"] == "memory" and row["used"] is not None and row["allocatable"]
    ]
    if not rows:
        reply.say("I don't know how much memory the nodes use, because it is not measured.")
        return
    _, node_id, row = max(rows, key=lambda r: r[0])
    amounts = f"{amount_text('memory', row['used'])} of its {amount_text('memory', row['allocatable'])}"
    reply.say(f"The node nearest to its end of memory is {node_id}, which uses {amounts}.", cite)


def have_ended(reply: Reply, slots: Mapping[str, Any]) -> bool:
    """Return whether all workloads and tasks of a question have ended: none is listed, runs or waits."""
    open_cluster = reply.harness.desk.cluster
    workloads, tasks = _named(slots, "workload"), _named(slots, "task")
    if not workloads and not tasks:
        return False
    states = {open_cluster.tasks_by_id[t].state for t in tasks}
    return not states & {"pending", "running"} and not any(w in open_cluster.workloads_by_id for w in workloads)


def say_ended(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say how the tasks of a question ended."""
    for name in _named(slots, "workload"):
        found = reply.look_up("find_tasks", contains=name, limit=40)
        tasks = [f"{t['task_id']} is {t['state']}" for t in found.data["tasks"] if t["workload_id"] == name]
        reply.say(f"{name} has ended: {listed(tasks)}.", found.cite)
    for task_id in _named(slots, "task"):
        found = reply.look_up("task_details", task_id=task_id)
        task = found.data["task"]
        where = f" on {task['node_id']}" if task["node_id"] else ""
        reply.say(f"{task_id} has ended: it is {task['state']}{where}.", found.cite)


def _named(slots: Mapping[str, Any], slot: str) -> list[str]:
    value = slots.get(slot, "all")
    return [] if value == "all" else ids_of(value)
