"""The room of a cluster, after tasks have come and gone, is that of the cluster as it is then."""

from __future__ import annotations

import random

import pytest

from aurora.cluster.feasibility import HOSTNAME, Room
from aurora.cluster.snapshot import Affinity, Requirement, Snapshot, Spread, Task
from tests.cluster.clusters import node, snapshot, task


def _selector(draw: random.Random) -> tuple[Requirement, ...]:
    operator = draw.choice(["In", "NotIn", "Exists", "DoesNotExist"])
    return (Requirement(key=draw.choice("ab"), operator=operator, values=(draw.choice("xy"),)),) * draw.randint(0, 1)


def _task(draw: random.Random, name: str) -> Task:
    keys = ["zone", HOSTNAME]
    affinities = [
        Affinity(topology_key=draw.choice(keys), selector=_selector(draw), is_anti=draw.random() < 0.6)
        for _ in range(draw.choice([0, 0, 1, 2]))
    ]
    spreads = [
        Spread(topology_key=draw.choice(keys), max_skew=1, selector=_selector(draw), min_domains=draw.choice([1, 3]))
        for _ in range(draw.choice([0, 0, 1]))
    ]
    labels = {key: draw.choice("xy") for key in "ab" if draw.random() < 0.7}
    return task(name, labels=labels, affinities=tuple(affinities), spreads=tuple(spreads))


def _reasons(room: Room, asked: Task) -> dict[str, list[tuple[str, str]]]:
    """Return the reasons by node; which of several tasks keeps another away is left open."""
    return {
        n: [(r.kind, "" if r.kind == "apart from tasks" else r.text) for r in reasons]
        for n, reasons in room.all_reasons(asked)
    }


def _as_it_is(cluster: Snapshot, room: Room) -> Snapshot:
    tasks = [
        t.model_copy(update={"node_id": n, "state": "running"} if (n := room.node_of(t.task_id)) else {})
        for t in cluster.tasks
    ]
    return cluster.model_copy(update={"tasks": tuple(tasks)})


@pytest.mark.parametrize("seed", range(40))
def test_tasks_come_and_go_as_if_the_room_were_new(seed: int) -> None:
    draw = random.Random(seed)
    nodes = [node(f"n{k}", draw.choice("123"), labels={"a": draw.choice("xy")}) for k in range(draw.randint(1, 6))]
    cluster = snapshot(*nodes, *(_task(draw, str(k)) for k in range(10)))
    room = Room(cluster)
    for _ in range(12):
        asked = draw.choice(cluster.tasks)
        if room.node_of(asked.task_id) is None:
            room.take(asked, draw.choice(nodes).node_id)
        else:
            room.give_back(asked)
        other = draw.choice(cluster.tasks)
        found = _reasons(room, other)
        assert found == _reasons(Room(_as_it_is(cluster, room)), other)
        for name in found:
            one = [(r.kind, "" if r.kind == "apart from tasks" else r.text) for r in room.reasons(other, name)]
            assert one == found[name]
