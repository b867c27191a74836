"""Pods are bound through the API of the stateful fake of `tests.cluster.kubernetes_api`."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kubernetes.client import ApiClient, Configuration

from aurora.cluster.plans.targets.api import Api
from aurora.cluster.scheduler.binding import Binding, Refused, binder_of
from aurora.cluster.scheduler.extender import Extender
from tests.cluster.kubernetes_api import serving
from tests.cluster.kubernetes_objects import Cluster, node
from tests.cluster.scheduler.serving import cluster as small_cluster
from tests.cluster.scheduler.serving import sent, served
from tests.cluster.scheduler.test_watch import pod as api_pod
from tests.cluster.scheduler.test_watch import two_nodes
from tests.cluster.scheduler.wire_format import pod, with_names


def asked(uid: str, to: str = "big", name: str = "web-1") -> bytes:
    return json.dumps({"PodName": name, "PodNamespace": "shop", "PodUID": uid, "Node": to}).encode()


@contextmanager
def bound() -> Iterator[tuple[Cluster, Extender]]:
    cluster = two_nodes()
    cluster.create(node("big", "16"))
    cluster.create(api_pod("web-1"))
    with serving(cluster, is_ticking=False) as server:
        api = Api(ApiClient(Configuration(host=server.url)))
        yield cluster, Extender(small_cluster(), binder=binder_of(api))


def test_a_pod_is_bound_and_counts_on_its_node() -> None:
    with bound() as (cluster, extender), served(extender=extender) as server:
        uid = cluster.get("pods", "shop", "web-1")["metadata"]["uid"]
        body = json.dumps(with_names(pod(uid=uid), "busy", "big")).encode()
        assert sent(server, "POST", "/prioritize", body)[0] == 200
        assert extender.cluster.node_of("shop/web-1") == "busy"
        assert sent(server, "POST", "/bind", asked(uid)) == (200, b'{"Error":""}')
        assert cluster.get("pods", "shop", "web-1")["spec"]["nodeName"] == "big"
        assert extender.cluster.node_of("shop/web-1") == "big"
        status, answer = sent(server, "POST", "/bind", asked(uid))
        assert status == 200
        assert "already assigned" in json.loads(answer)["Error"]
        assert extender.cluster.node_of("shop/web-1") is None
        assert 'verb="bind"' in sent(server, "GET", "/metrics")[1].decode()


def test_a_pod_that_was_replaced_is_not_bound() -> None:
    with bound() as (cluster, extender):
        answer = extender.bind(asked("uid-of-another"))
        assert "UID" in json.loads(answer.body)["Error"]
        assert "nodeName" not in cluster.get("pods", "shop", "web-1")["spec"]
        assert extender.bind(asked("x", name="../../nodes")).status == 400
        assert extender.bind(asked("x", to="big/status")).status == 400


def test_without_an_answer_the_choice_still_counts() -> None:
    extender = Extender(small_cluster(), binder=lambda _: Refused("no answer", False))
    extender.prioritize(json.dumps(with_names(pod(uid="u"), "busy", "big")).encode())
    assert "no answer" in json.loads(extender.bind(asked("u", "busy")).body)["Error"]
    assert extender.cluster.node_of("shop/web-1") == "busy"


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"PodName":"a","PodNamespace":"b","PodUID":"","Node":"c"}'])
def test_half_a_binding_is_refused(body: bytes) -> None:
    assert Extender(small_cluster(), binder=lambda _: None).bind(body).status == 400


def test_without_bind_there_is_no_such_verb() -> None:
    with served() as server:
        assert sent(server, "POST", "/bind", asked("u"))[0] == 404
    assert Extender(small_cluster()).bind(asked("u")).status == 400


def test_others_are_answered_while_a_binding_waits_and_the_end_waits_for_it() -> None:
    begun, going_on = threading.Event(), threading.Event()

    def slow(_: Binding) -> None:
        begun.set()
        going_on.wait(10)

    answers: list[Any] = []
    with served(extender=Extender(small_cluster(), binder=slow)) as server:
        asking = threading.Thread(target=lambda: answers.append(sent(server, "POST", "/bind", asked("u"))))
        asking.start()
        assert begun.wait(10)
        assert sent(server, "POST", "/filter", json.dumps(with_names(pod(), "big")).encode())[0] == 200
        assert answers == []
        server.shutdown()
        time.sleep(0.2)
        going_on.set()
        asking.join(10)
    assert answers == [(200, b'{"Error":""}')]
