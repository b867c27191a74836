"""The samples come with the package, are what their program makes, and have what the desk's questions ask for."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.cluster.feasibility import Room
from aurora.cluster.samples import SAMPLES, load_sample, sample_history
from aurora.cluster.samples.write import MAKERS, text_of
from aurora.cluster.snapshot import parse_snapshot
from aurora.errors import InputError
from aurora.reading import parse_json


def test_every_sample_is_what_its_program_makes():
    assert list(MAKERS) == list(SAMPLES)
    for name, make in MAKERS.items():
        assert parse_snapshot(parse_json(text_of(make()), name)) == load_sample(name)


def test_a_sample_of_another_name_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="did you mean web-shop"):
        load_sample("webshop")


@pytest.mark.parametrize("name", SAMPLES)
def test_no_node_is_overcommitted_and_no_waiting_task_fits(name):
    snapshot = load_sample(name)
    room = Room(snapshot)
    assert all(min(room.free(n.node_id).values()) > -1e-9 for n in snapshot.nodes)
    for task in snapshot.tasks:
        if task.state == "running" and snapshot.nodes_by_id[task.node_id or ""].is_ready:
            for reason in room.static_reasons(task)[task.node_id or ""]:
                assert reason.kind == "cordoned", (task.task_id, reason)
    if name != "hpc-queue":  # a queue also waits for its priority, its limits and its dependencies
        gangs = {t.gang for t in snapshot.tasks if t.gang}
        waiting = [t for t in snapshot.tasks if t.state == "pending" and t.gang not in gangs]
        assert waiting and not any(room.fitting(t) for t in waiting)


def test_the_three_tasks_of_the_web_shop_wait_for_three_reasons():
    snapshot = load_sample("web-shop")
    room = Room(snapshot)
    kinds = {
        t.task_id.split("/")[1].rstrip("0123456789").split("-")[0]: {
            r.kind for _, why in room.all_reasons(t) for r in why
        }
        for t in snapshot.tasks
        if t.state == "pending"
    }
    assert kinds == {
        "train": {"insufficient", "cordoned"},
        "fraud": {"insufficient", "cordoned", "taint"},
        "search": {"insufficient", "cordoned", "taint", "selector"},
    }


def test_the_history_ends_with_the_use_that_the_snapshot_has():
    snapshot = load_sample("web-shop")
    for series in sample_history("web-shop").series:
        metric = series.labels["metric"]
        used = sum(
            t.used[metric]
            for t in snapshot.tasks
            if t.workload_id == series.labels["workload"] and t.node_id and t.used
        )
        assert series.y[-1] == pytest.approx(used, abs=1e-3)
        assert series.start + (len(series) - 1) * series.step == snapshot.taken_at.timestamp()


def test_the_history_has_one_large_spike_and_stays_below_the_limits():
    snapshot = load_sample("web-shop")
    by_id = {s.unique_id: s for s in sample_history("web-shop").series}
    web = by_id["shop/Deployment/web/cpu"]
    at = web.start + int(np.argmax(web.y)) * web.step
    assert 1_781_201_100 <= at < 1_781_201_100 + 45 * 60  # Thursday 11 June 2026, 18:05
    for series in sample_history("web-shop", by="container").series:
        task = snapshot.tasks_by_id[series.labels["task"]]
        limit = task.limits.get(series.labels["metric"])
        assert limit is None or series.y.max() <= limit + 1e-9
    assert sample_history("web-shop").series[0].y.tolist() == web.y.tolist()


def test_only_the_web_shop_has_a_history():
    with pytest.raises(InputError, match="only the web shop"):
        sample_history("hpc-queue")
