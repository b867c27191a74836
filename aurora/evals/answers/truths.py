"""True sentences about the sample snapshots, computed from tools' results, in the words that an operator uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from aurora.cluster.samples.load import SAMPLES, load_sample
from aurora.tools.desk import Desk
from aurora.tools.harness import Evidence, Harness, Limits
from aurora.tools.registry import ROWS

MAX_NODES = 8
MAX_TASKS = 6


class Truth(NamedTuple):
    """A true sentence.

    Attributes:
        text: The sentence.
        cites: Evidence that it rests on.
        kind: What it is about.
        names: Names in it.
    """

    text: str
    cites: tuple[str, ...]
    kind: str
    names: tuple[str, ...] = ()


class Ground(NamedTuple):
    """Evidence about a sample with true sentences about it.

    Attributes:
        desk: The open sample.
        evidence: Tool calls by id.
        truths: True sentences.
        names: Names that may be put in place of others.
    """

    desk: Desk
    evidence: dict[str, Evidence]
    truths: tuple[Truth, ...]
    names: tuple[str, ...]


def grounds() -> Iterator[Ground]:
    """Yield each sample with its evidence and true sentences."""
    for sample in SAMPLES:
        desk = Desk([], snapshot=load_sample(sample))
        harness = Harness(desk, list(ROWS), limits=Limits(calls=500, calls_a_tool=500))
        truths = [t for tell in _TOLD for t in tell(harness)]
        nodes = tuple(n.node_id for n in desk.cluster.nodes)
        yield Ground(desk, {f"E{e.number}": e for e in harness.journal}, tuple(truths), nodes)


def _look(harness: Harness, tool: str, **arguments: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    harness.call(tool, arguments)
    evidence = harness.journal[-1]
    return json.loads(evidence.text) if evidence.outcome == "ok" else {}, (f"E{evidence.number}",)


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _overview(harness: Harness) -> Iterator[Truth]:
    seen, cites = _look(harness, "cluster_overview")
    yield Truth(
        f"The cluster has {seen['nodes']} nodes, and {seen['usable_nodes']} of them are usable.", cites, "counts"
    )
    yield Truth(f"{seen['running']} tasks run and {seen['pending']} wait.", cites, "counts")
    yield Truth(f"There are {seen['pending']} pending tasks.", cites, "counts")
    if seen["price_per_hour"] is not None:
        yield Truth(f"All nodes together cost ${seen['price_per_hour']:.2f} an hour.", cites, "price")
    for row in seen["resources"][:2]:
        name, unit = row["resource"], "cores" if row["resource"] == "cpu" else "GiB"
        if row["requested"]:
            text = f"{row['requested']:g} of {row['allocatable']:g} {unit} are requested, which is "
            yield Truth(f"{text}{_share(row['requested_share'])} of the {name}.", cites, "share")
            yield Truth(f"{row['free']:g} {unit} of {name} are free.", cites, "amount")
    for node in seen["cordoned"]:
        yield Truth(f"{node} is cordoned.", cites, "state", (node,))


def _nodes(harness: Harness) -> Iterator[Truth]:
    seen, cites = _look(harness, "find_nodes", limit=40)
    rows = seen["nodes"]
    top = rows[0]
    if rows[1]["fullest_share"] < top["fullest_share"]:
        yield Truth(f"{top['node_id']} is the fullest node.", cites, "superlative", (top["node_id"],))
        yield Truth(
            f"{top['node_id']} is fuller than {rows[-1]['node_id']}.",
            cites,
            "pair",
            (top["node_id"], rows[-1]["node_id"]),
        )
    for row in rows[:MAX_NODES]:
        node, cpu = row["node_id"], row["resources"][0]
        yield Truth(f"{node} has {cpu['free']:g} cores free.", cites, "amount", (node,))
        yield Truth(
            f"Of the {cpu['allocatable']:g} cores of {node}, {cpu['requested']:g} are requested.",
            cites,
            "amount",
            (node,),
        )
        yield Truth(f"{_share(cpu['requested_share'])} of the cores of {node} are requested.", cites, "share", (node,))
        yield Truth(f"{node} runs {row['tasks']} tasks.", cites, "counts", (node,))
        if row["price_per_hour"] is not None:
            yield Truth(f"{node} costs ${row['price_per_hour']:g} an hour.", cites, "price", (node,))
    priced = sorted((r for r in rows if r["price_per_hour"] is not None), key=lambda r: r["price_per_hour"])
    if len(priced) > 1 and priced[0]["price_per_hour"] < priced[-1]["price_per_hour"]:
        first, last = priced[0]["node_id"], priced[-1]["node_id"]
        yield Truth(f"{first} is cheaper than {last}.", cites, "pair", (first, last))


def _waiting(harness: Harness) -> Iterator[Truth]:
    pending = [t for t in harness.desk.cluster.tasks if t.state == "pending" and t.node_id is None]
    for task in pending[:MAX_TASKS]:
        seen, cites = _look(harness, "why_task_waits", task_id=task.task_id)
        if not seen:
            continue
        name = seen["task_id"]
        if seen["waited_minutes"] is not None:
            yield Truth(f"{name} has waited {seen['waited_minutes']:g} minutes.", cites, "amount", (name,))
        if seen["never"]:
            yield Truth(f"{name} can never start here, because {seen['never']}.", cites, "cause", (name,))
        yield Truth(f"{name} waits because {seen['summary']}.", cites, "cause", (name,))
        for node in seen["nodes"][:3]:
            place, why = node["node_id"], node["reasons"][0]
            yield Truth(f"{name} does not fit {place}: {why}.", cites, "reason", (name, place))
            yield Truth(f"{name} does not fit {place}.", cites, "state", (name, place))
    seen, cites = _look(harness, "find_tasks", state="pending", limit=40)
    for row in seen["tasks"][:MAX_TASKS]:
        if row["requests"].get("cpu"):
            yield Truth(
                f"{row['task_id']} asks for {row['requests']['cpu']:g} cores.", cites, "amount", (row["task_id"],)
            )


def _details(harness: Harness) -> Iterator[Truth]:
    nodes = [n.node_id for n in harness.desk.cluster.nodes]
    for node in nodes[:MAX_NODES]:
        seen, cites = _look(harness, "node_details", node_id=node)
        memory = next((r for r in seen["node"]["resources"] if r["resource"] == "memory"), None)
        if memory is not None:
            yield Truth(f"{node} has {memory['free']:g} GiB of memory free.", cites, "amount", (node,))
        if seen["tasks"]:
            task = seen["tasks"][0]
            cpu = task["requests"].get("cpu")
            if cpu:
                yield Truth(
                    f"{task['task_id']} requests {cpu:g} cores on {node}.", cites, "amount", (task["task_id"], node)
                )
    running = [t for t in harness.desk.cluster.tasks if t.state == "running"]
    for task in running[:MAX_TASKS]:
        seen, cites = _look(harness, "task_details", task_id=task.task_id)
        yield Truth(f"{task.task_id} runs and had {seen['restarts']} restarts.", cites, "state", (task.task_id,))


def _what_ifs(harness: Harness) -> Iterator[Truth]:
    for node in [n.node_id for n in harness.desk.cluster.nodes][:3]:
        seen, cites = _look(harness, "cluster_what_if", changes=[{"kind": "node_fails", "node_id": node}])
        if not seen:
            continue
        yield Truth(f"If {node} fails, {seen['displaced']} tasks lose their node.", cites, "counts", (node,))
        before, after = seen["before"]["waiting"], seen["after"]["waiting"]
        yield Truth(f"Then {after} tasks would wait instead of {before} now.", cites, "counts")
        for row in seen["placed_again"][:2]:
            task, place = row["task_id"], row["node_id"]
            yield Truth(f"{task} would be placed on {place}.", cites, "placement", (task, place))


def _workloads(harness: Harness) -> Iterator[Truth]:
    seen, cites = _look(harness, "find_workloads")
    for row in seen["workloads"][:MAX_TASKS]:
        name = row["workload_id"]
        if row["cpu_requested"]:
            yield Truth(f"{name} requests {row['cpu_requested']:g} cores in all.", cites, "amount", (name,))
        yield Truth(f"{name} has {row['running']} running tasks.", cites, "counts", (name,))


_TOLD: tuple[Callable[[Harness], Iterator[Truth]], ...] = (
    _overview,
    _nodes,
    _waiting,
    _details,
    _what_ifs,
    _workloads,
)
