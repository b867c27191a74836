"""Use of nodes and tasks from Prometheus, whatever label names the node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.readers.kubernetes import read_kubernetes
from aurora.cluster.readers.prometheus import read_history, with_use
from aurora.cluster.snapshot import Snapshot
from aurora.errors import DataError
from aurora.learning.series.prometheus_http import Limits
from tests.cluster.readers.kubernetes_objects import node, pod, write
from tests.learning.series.prometheus_server import FakePrometheus, fake_prometheus

START, STEP = 1_780_272_000, 300
END = START + 6 * 3600
GIB = 2**30
LIMITS = Limits(timeout=20)


def always(value: float) -> Any:
    return lambda t: value


def use(name: str, container: str = "app") -> dict[str, str]:
    return {"namespace": "shop", "pod": name, "container": container}


CLUSTER = {
    "kube_node_info": [({"node": "b", "internal_ip": "10.0.0.2"}, always(1))],
    "node_uname_info": [({"nodename": "c", "instance": "10.0.0.3:9100"}, always(1))],
    "node_cpu_seconds_total": [
        ({"node": "a", "instance": "10.0.0.1:9100"}, always(1.5)),
        ({"instance": "10.0.0.2:9100"}, always(2.0)),
        ({"instance": "10.9.9.9:9100"}, always(9.0)),
    ],
    'container_cpu_usage_seconds_total{id="/"}': [
        ({"node": "a"}, always(7.0)),  # node exporter goes first
        ({"instance": "10.0.0.3:10250"}, always(0.5)),
    ],
    "node_memory_MemTotal_bytes": [({"nodename": "c"}, lambda t: GIB * (2 if t < (START + END) / 2 else 4))],
    "DCGM_FI_DEV_GPU_UTIL": [({"Hostname": "a"}, always(0.4))],
    "container_cpu_usage_seconds_total": [
        (use("web"), always(0.25)),
        (use("web", "proxy"), always(0.05)),
        (use("gone"), always(1.0)),
    ],
    "container_memory_working_set_bytes{container": [(use("web"), always(GIB / 2))],
}


@pytest.fixture
def server() -> Iterator[FakePrometheus]:
    with fake_prometheus() as running:
        running.by_query = lambda query: next((v for name, v in CLUSTER.items() if name in query), [])
        yield running


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    items = [*(node(name) for name in "abcd"), pod("web", "a"), pod("idle", "b")]
    return read_kubernetes([write(tmp_path / "c.json", *items)])


def test_series_are_joined_to_nodes_and_tasks(server: FakePrometheus, snapshot: Snapshot) -> None:
    told: list[str] = []
    history = read_history(server.url, snapshot, START, END, STEP, limits=LIMITS, tell=told.append)
    measured = with_use(snapshot, history, server.url)
    assert measured.nodes_by_id["a"].used == pytest.approx({"cpu": 1.5, "nvidia.com/gpu": 0.4})
    assert measured.nodes_by_id["b"].used == {"cpu": 2.0}
    assert measured.nodes_by_id["c"].used == pytest.approx({"cpu": 0.5, "memory": 3.0}, rel=0.02)
    assert measured.nodes_by_id["d"].used == {}
    assert measured.tasks_by_id["shop/web"].used == pytest.approx({"cpu": 0.3, "memory": 0.5})
    assert measured.tasks_by_id["shop/idle"].used == {}
    assert measured.sources[-1].facts == ("mean use over 6 h",)
    notes = {n.code: n for n in measured.notes}
    assert notes["use-not-measured"].subjects == ("d",)
    assert notes["series-without-subject"].count == 2
    assert "not known: memory of nodes from cAdvisor" in told


def test_a_server_of_another_cluster_is_refused(server: FakePrometheus, tmp_path: Path) -> None:
    other = read_kubernetes([write(tmp_path / "c.json", node("x"), pod("y", "x"))])
    with pytest.raises(DataError, match=r"no series names a node or a task of c; is it of another cluster\?"):
        read_history(server.url, other, START, END, STEP, limits=LIMITS)
