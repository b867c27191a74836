"""A live cluster is followed event by event; the server is the stateful fake of `tests.cluster.kubernetes_api`."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.readers.kubernetes.connection import Connection, connect
from aurora.cluster.scheduler import watch as watch_module
from aurora.cluster.scheduler.cluster import LiveCluster
from aurora.cluster.scheduler.shadow import Shadow, ShadowLog
from aurora.cluster.scheduler.watch import Follower, read_start
from aurora.errors import DataError
from aurora.sim.policies.references import REFERENCES
from tests.cluster.kubernetes_api import serving
from tests.cluster.kubernetes_objects import Cluster, node


def kubeconfig(folder: Path, url: str) -> Path:
    path = folder / "config"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "test",
                "clusters": [{"name": "c", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": {}}],
                "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return path


def pod(name: str, cpu: str = "500m", on: str | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": "app", "image": "a:1", "resources": {"requests": {"cpu": cpu}}}]}
    if on:
        spec["nodeName"] = on
    place = {"name": name, "namespace": "shop"}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": place, "spec": spec,
        "status": {"phase": "Running" if on else "Pending"},
    }  # fmt: skip


def two_nodes() -> Cluster:
    cluster = Cluster()
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    cluster.create(node("a"))
    cluster.create(node("b", "8"))
    return cluster


@contextmanager
def following(sink_of: Callable[[LiveCluster], Any], folder: Path, cluster: Cluster) -> Iterator[tuple[Any, Any]]:
    with serving(cluster, is_ticking=False) as server:
        connection: Connection = connect(kubeconfig=kubeconfig(folder, server.url))
        start = read_start(connection)
        sink = sink_of(LiveCluster(start.snapshot, REFERENCES["best_fit"]))
        follower = Follower(connection, sink, start)
        follower.start()
        try:
            yield sink, follower
        finally:
            follower.stop()


def soon(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until, "it did not come true within 120 s"
        time.sleep(0.02)


def test_pods_and_nodes_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "WATCH_SECONDS", 1)
    cluster = two_nodes()
    with following(lambda live: live, tmp_path, cluster) as (live, follower):
        assert live.state.free("a")[0] == 4.0
        cluster.create(pod("web", on="a"))
        soon(lambda: live.state.free("a")[0] == 3.5)
        cluster.create(pod("late"))
        soon(lambda: live.waiting == 1)
        cluster.delete("pods", "shop", "web")
        soon(lambda: live.state.free("a")[0] == 4.0)
        cordoned = cluster.get("nodes", "", "b")
        cluster.update(cordoned, {**cordoned, "spec": {"unschedulable": True}})
        task = pod("x", "6")
        soon(lambda: live.rank(_task(task)).choice is None)
        cluster.create(node("c", "16"))
        soon(lambda: "c" in live.state.number_of)
        assert live.rank(_task(task)).choice == "c"
        assert follower.failure == ""
        assert live.age < 5


def test_a_shadow_writes_where_the_cluster_binds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "WATCH_SECONDS", 1)
    cluster = two_nodes()
    path = tmp_path / "s.jsonl"
    with (
        ShadowLog(path) as log,
        following(lambda live: Shadow(live, log, source="test"), tmp_path, cluster) as (shadow, _),
    ):
        cluster.create(pod("web"))
        soon(lambda: shadow.cluster.waiting == 1)
        cluster.bind("shop", "web", {"metadata": {"name": "web"}, "target": {"name": "b"}}, is_dry=False)
        soon(lambda: shadow.decisions == 1)
    bind = next(json.loads(line) for line in path.read_text().splitlines() if '"kind": "bind"' in line)
    assert (bind["task"], bind["cluster"], bind["policy"]) == ("shop/web", "b", "a")


def test_a_server_that_goes_away_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "WATCH_SECONDS", 1)
    monkeypatch.setattr(watch_module, "RETRY_SECONDS", (0.05, 0.1))
    with following(lambda live: live, tmp_path, two_nodes()) as (_, follower):
        pass
    follower._stopped.clear()
    with pytest.raises(DataError, match="reached"):
        follower._watch(watch_module.PODS)


def _task(item: dict[str, Any]) -> Any:
    from aurora.cluster.scheduler.pods import PodReader

    return PodReader(()).read(item)
