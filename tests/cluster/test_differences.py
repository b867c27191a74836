"""Two snapshots are compared by what is in them; anonymised ones keep their structure and none of their names."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from aurora.cluster.anonymity import anonymise
from aurora.cluster.differences import compare_snapshots
from aurora.cluster.files import snapshot_json
from aurora.cluster.problems import find_problems
from aurora.cluster.samples import SAMPLES, load_sample
from aurora.cluster.snapshot import parse_snapshot
from aurora.cluster.waiting import why_waiting
from aurora.errors import InputError
from aurora.reading import parse_json

KEY = "a key of 16 characters or more"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_snapshot_does_not_differ_from_itself(name):
    found = compare_snapshots(load_sample(name), load_sample(name))
    assert found.is_empty
    assert found.to_json()["is_empty"]


def test_what_came_went_moved_and_changed():
    before = load_sample("web-shop")
    tasks = list(before.tasks)
    moved = next(k for k, t in enumerate(tasks) if t.task_id == "shop/redis-0")
    tasks[moved] = tasks[moved].model_copy(update={"node_id": "node-a3", "limits": {"memory": 3.0}})
    gone = [t for t in tasks if not t.task_id.startswith("shop/mailer")]
    nodes = [n.model_copy(update={"is_cordoned": False}) for n in before.nodes if n.node_id != "node-c4"]
    tasks = [t for t in gone if t.node_id != "node-c4"]
    update = {"nodes": tuple(nodes), "tasks": tuple(tasks), "taken_at": before.taken_at + timedelta(hours=1)}
    found = compare_snapshots(before, before.model_copy(update=update))
    assert found.nodes_gone == ("node-c4",)
    assert [(c.subject, c.field, c.after) for c in found.nodes] == [("node-c2", "is_cordoned", "no")]
    assert found.tasks_gone["shop/Deployment/mailer"] == 3  # one of them had been evicted
    assert [m.task_id for m in found.moved] == ["shop/redis-0"]
    assert ("shop/redis-0", "limits memory", "2 GiB", "3 GiB") in [tuple(c) for c in found.tasks]
    assert found.price[0] - found.price[1] == pytest.approx(0.128)
    assert found.totals["cpu"][0].allocatable - found.totals["cpu"][1].allocatable == pytest.approx(7.92)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_anonymised_snapshot_has_the_same_problems_and_none_of_the_names(name):
    before = load_sample(name)
    after = anonymise(before, KEY).snapshot
    after = parse_snapshot(parse_json(snapshot_json(after), name))  # references are still whole
    assert [(p.code, p.cases) for p in find_problems(after).problems] == [
        (p.code, p.cases) for p in find_problems(before).problems
    ]
    text = snapshot_json(after)
    names = {n.node_id for n in before.nodes} | {n.zone for n in before.nodes if n.zone}
    names |= {part for w in before.workloads for part in w.workload_id.split("/")[::2] if not part.isdigit()}
    names |= {t.labels.get("user", "") for t in before.tasks} | {t.labels.get("account", "") for t in before.tasks}
    names -= {"", "kube-system", "prometheus"}  # the last is a kind of source too
    assert not [n for n in names if re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", text)]
    for a, b in zip(before.tasks, after.tasks, strict=True):
        assert (a.state, list(a.requests.values())) == (b.state, list(b.requests.values()))
        if a.state == "pending":
            old, new = why_waiting(before, a.task_id), why_waiting(after, b.task_id)
            assert [len(r) for _, r in old.nodes] == [len(r) for _, r in new.nodes]


def test_one_key_gives_one_pseudonym_and_another_key_another():
    snapshot = load_sample("web-shop")
    assert anonymise(snapshot, KEY).snapshot == anonymise(snapshot, KEY).snapshot
    assert anonymise(snapshot, KEY).snapshot.nodes[0] != anonymise(snapshot, KEY + "x").snapshot.nodes[0]
    with pytest.raises(InputError, match="16 or more"):
        anonymise(snapshot, "short")


def test_paths_of_sources_are_removed_from_notes():
    snapshot = load_sample("hpc-queue")
    path = "/home/ada/nodes.csv"
    source = snapshot.sources[0].model_copy(update={"origin": path})
    note = snapshot.notes[0].model_copy(update={"message": f"columns of {path} are left out, and a node is cn03"})
    found = anonymise(snapshot.model_copy(update={"sources": (source,), "notes": (note,)}), KEY).snapshot
    assert found.notes[0].message.startswith("columns of a source are left out, and a node is node-")
