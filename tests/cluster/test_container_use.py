"""A snapshot and measured series of its containers become the histories that advice is made from."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.cluster.container_use import container_uses
from aurora.cluster.samples import load_sample, sample_history
from aurora.cluster.snapshot import Container, Workload
from aurora.errors import DataError
from aurora.learning.rightsizing.containers import advise
from aurora.learning.series.series import Series
from tests.cluster.clusters import node, snapshot, task

APP = Container(name="app", requests={"cpu": 0.5, "memory": 1.0}, limits={"memory": 2.0})
INIT = Container(name="setup", kind="init", requests={"cpu": 2.0})
WEB = Workload(
    workload_id="shop/Deployment/web",
    kind="Deployment",
    replicas=2,
    containers=(APP, INIT),
    autoscaler=(2, 8),
    autoscaler_targets={"cpu": 0.7},
)
CLUSTER = snapshot(
    node("a"),
    task("web-1", "a", workload_id=WEB.workload_id, out_of_memory_kills=2),
    task("web-2", "a", workload_id=WEB.workload_id),
    workloads=(WEB,),
)


def _series(pod: str, metric: str = "cpu", container: str = "app") -> Series:
    labels = {"task": f"shop/{pod}", "container": container, "metric": metric}
    return Series(f"{pod}/{metric}", 0, 300, np.full(10, 0.2), np.ones(10, bool), {}, labels)


def test_series_of_pods_go_to_the_container_of_their_workload() -> None:
    (use,) = container_uses(CLUSTER, [_series("web-1"), _series("web-2"), _series("web-1", "memory")])
    assert (use.name, use.replicas, len(use.cpu), len(use.memory)) == ("shop/Deployment/web/app", 2, 2, 1)
    assert (use.cpu_size, use.memory_size) == ((0.5, None), (1.0, 2.0))


def test_the_autoscaler_and_kills_for_memory_come_along() -> None:
    (use,) = container_uses(CLUSTER, [_series("web-1")])
    assert use.autoscaler == ("cpu", 0.7, 1, None)
    assert [o.level for o in use.ooms] == [2.0, 2.0]


def test_series_that_belong_to_no_container_are_refused() -> None:
    with pytest.raises(DataError, match="labels task"):
        container_uses(CLUSTER, [_series("web-1", container="other")])


def test_the_sample_has_a_workload_that_is_oversized_and_one_that_is_killed_for_memory() -> None:
    cluster = load_sample("web-shop")
    report = advise(container_uses(cluster, sample_history("web-shop", by="container").series))
    advice = {a.name: a for a in report.containers}
    resizer, recommender = (advice[f"shop/Deployment/{n}"] for n in ("images/resizer", "recommender/recommender"))
    assert resizer.cpu.finding == "over"
    assert (resizer.cpu.proposed.request or 0) < 0.5 * (resizer.cpu.now.request or 0)
    assert recommender.memory.finding == "under"
    assert (recommender.memory.proposed.limit or 0) > 2.0
    assert advice["monitoring/Deployment/grafana/grafana"].cpu.finding == "unmeasured"
