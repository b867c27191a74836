"""Histories of containers from a Prometheus server with cAdvisor's and kube-state-metrics' metrics."""

import pytest

from aurora.errors import DataError, InputError
from aurora.learning.rightsizing.containers import Autoscaler, OomEvent, Size, advise
from aurora.learning.rightsizing.containers.cluster_metrics import QUERIES, read_cluster_metrics
from aurora.learning.series.prometheus_http import Limits
from tests.learning.series.prometheus_server import fake_prometheus

START, STEP = 1_780_272_000, 300
END = START + 3 * 86_400
KILL = START + 86_400
GIB = 2**30
LIMITS = Limits(timeout=20)


def pod(name, container="app", **more):
    return {"namespace": "shop", "pod": name, "container": container, **more}


def always(value):
    return lambda t: value


CLUSTER = {
    "container_cpu_usage_seconds_total": [
        (pod("web-5d-a"), always(0.5)),
        (pod("web-5d-b"), always(0.25)),
        (pod("db-0", "postgres"), always(1.0)),
        # It ended a day ago.
        (pod("web-4c-a"), lambda t: 0.4 if t < END - 86_400 else None),
    ],
    "container_memory_working_set_bytes": [
        (pod("web-5d-a"), lambda t: GIB * (1 + (t // STEP) % 40 / 40)),
        (pod("db-0", "postgres"), always(4 * GIB)),
    ],
    "cfs_throttled_periods_total": [(pod("web-5d-a"), always(0.3)), (pod("web-5d-b"), always(0.1))],
    "kube_pod_container_resource_requests": [
        (pod("web-4c-a", resource="cpu"), lambda t: 9.0 if t < END - 86_400 else None),
        (pod("web-5d-a", resource="cpu"), always(2.0)),
        (pod("web-5d-b", resource="cpu"), always(2.0)),
        (pod("web-5d-a", resource="memory"), always(2 * GIB)),
    ],
    "kube_pod_container_resource_limits": [(pod("web-5d-a", resource="memory"), always(3 * GIB))],
    "last_terminated_reason": [(pod("web-5d-a"), lambda t: 1.0 if t >= KILL else None)],
    "state_started": [(pod("db-0", "postgres"), always(float(START)))],
    "kube_pod_owner": [
        ({"namespace": "shop", "pod": p, "owner_kind": kind, "owner_name": name}, always(1.0))
        for p, kind, name in (
            ("web-5d-a", "ReplicaSet", "web-5d"),
            ("web-5d-b", "ReplicaSet", "web-5d"),
            ("web-4c-a", "ReplicaSet", "web-4c"),
            ("db-0", "StatefulSet", "db"),
        )
    ],
    "kube_replicaset_owner": [
        ({"namespace": "shop", "replicaset": name, "owner_kind": "Deployment", "owner_name": "web"}, always(1.0))
        for name in ("web-5d", "web-4c")
    ],
    "spec_target_metric": [
        ({"namespace": "shop", "horizontalpodautoscaler": "web", "metric_name": "cpu"}, always(70.0))
    ],
    "horizontalpodautoscaler_info": [
        (
            {
                "namespace": "shop",
                "horizontalpodautoscaler": "web",
                "scaletargetref_kind": "Deployment",
                "scaletargetref_name": "web",
            },
            always(1.0),
        )
    ],
}


@pytest.fixture
def server():
    with fake_prometheus() as running:
        running.by_query = lambda query: next((v for name, v in CLUSTER.items() if name in query), [])
        yield running


def read(server, **more):
    return read_cluster_metrics(server.url, START, END, STEP, limits=LIMITS, **more)


def test_pods_are_joined_by_the_owner_of_their_owner(server):
    uses, _ = read(server)
    assert [u.name for u in uses] == ["shop/deployment/web/app", "shop/statefulset/db/postgres"]
    web, db = uses
    assert len(web.cpu) == 3 and len(web.memory) == 1
    assert web.replicas == 2, "the pod that ended does not count"
    assert web.memory[0].y.max() == pytest.approx(1.975) and web.memory[0].labels["unit"] == "gib"
    assert web.throttled == pytest.approx(0.2)
    assert db.starts == (START,) and db.autoscaler is None


def test_sizes_are_those_of_the_latest_pods(server):
    web, db = read(server).uses
    assert web.cpu_size == Size(2.0) and web.memory_size == Size(2.0, 3.0)
    assert db.cpu_size == Size() and db.memory_size == Size()


def test_kills_and_autoscalers_are_found(server):
    web, _ = read(server).uses
    assert web.ooms == (OomEvent(KILL, 3.0),)
    assert web.autoscaler == Autoscaler("cpu", 0.7)
    advice = advise(read(server).uses).containers[0]
    assert advice.memory.proposed.request >= 3.6
    assert advice.autoscaler_target is not None


def test_without_kube_state_metrics_there_is_advice_without_now(server):
    server.by_query = lambda query: next(
        (v for n, v in CLUSTER.items() if n in query and n.startswith("container")), []
    )
    told = []
    uses, _ = read(server, tell=told.append)
    assert sorted(u.workload for u in uses) == [
        "shop/pod/db-0",
        "shop/pod/web-4c-a",
        "shop/pod/web-5d-a",
        "shop/pod/web-5d-b",
    ]
    assert any("requests" in text for text in told) and any("owners" in text for text in told)
    advice = {a.workload: a for a in advise(uses).containers}["shop/pod/web-5d-a"]
    assert advice.cpu.now == Size() and advice.cpu.proposed.request > 0.4


def test_matchers_go_into_every_query_and_nothing_else_does(server):
    read(server, matching='namespace="shop", pod=~"web-.*"')
    queries = {r["query"] for r in server.requests}
    assert len(queries) == len(QUERIES)
    assert all('namespace="shop"' in q for q in queries)
    without_pods = {q for q in queries if 'pod=~"web-.*"' not in q}
    assert {q.partition("(kube_")[2].partition("{")[0] for q in without_pods} == {
        "replicaset_owner",
        "horizontalpodautoscaler_spec_target_metric",
        "horizontalpodautoscaler_info",
    }
    assert not any("<" in q or "}}" in q for q in queries)
    assert all(q.count("{") == q.count("}") and q.count("(") == q.count(")") for q in queries)


@pytest.mark.parametrize("matching", ["shop", 'namespace="a"} or up{x="', 'a="b\nc"', "a='b'", 'a="b",'])
def test_what_is_no_list_of_matchers_is_refused(server, matching):
    with pytest.raises(InputError, match="matching"):
        read(server, matching=matching)
    assert not server.requests


def test_a_server_without_use_is_an_error(server):
    server.by_query = lambda query: []
    with pytest.raises(DataError, match="container_cpu_usage_seconds_total"):
        read(server)
