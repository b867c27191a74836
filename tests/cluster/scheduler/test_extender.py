"""The extender speaks kube-scheduler's wire format, and answers bad requests plainly."""

import base64
import http.client
import json
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from aurora.cluster.scheduler import extender as extender_module
from aurora.cluster.scheduler.cluster import ASSUMED_SECONDS, LiveCluster
from aurora.cluster.scheduler.configuration import scheduler_configuration
from aurora.cluster.scheduler.extender import Extender
from aurora.cluster.scheduler.scoring import NO_ROOM, SCORED
from aurora.cluster.scheduler.server import ExtenderServer, ServerSettings
from aurora.cluster.scheduler.state import Decision
from aurora.cluster.scheduler.wire import scaled
from aurora.errors import FileError, InputError
from aurora.sim.policies.references import REFERENCES
from tests.cluster.clusters import node as make_node
from tests.cluster.clusters import snapshot, task
from tests.cluster.scheduler.serving import Clock, amounts, cluster, sent, served, shop
from tests.cluster.scheduler.wire_format import node, pod, with_names, with_nodes


def asked(extender: Extender, verb: str, body: Any) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = extender.filter(raw) if verb == "filter" else extender.prioritize(raw)
    return answer.status, json.loads(answer.body)


def test_filter_answers_names_with_names() -> None:
    status, result = asked(Extender(cluster()), "filter", with_names(pod(cpu="2"), "small", "busy", "big"))
    assert status == 200
    assert result == {
        "Nodes": None,
        "NodeNames": ["big"],
        "FailedNodes": {"busy": "aurora: no room"},
        "FailedAndUnresolvableNodes": {"small": "aurora: too small, or of another model"},
        "Error": "",
    }


def test_filter_answers_nodes_with_the_same_nodes() -> None:
    big, busy = node("big", "16"), node("busy")
    status, result = asked(Extender(cluster()), "filter", with_nodes(pod(cpu="2"), busy, big))
    assert status == 200
    assert result["Nodes"]["items"] == [big]
    assert result["NodeNames"] is None
    assert result["FailedNodes"] == {"busy": "aurora: no room"}


def test_an_empty_result_is_an_empty_list_and_not_null() -> None:
    _, result = asked(Extender(cluster()), "filter", with_names(pod(cpu="99"), "big"))
    assert result["NodeNames"] == []
    _, result = asked(Extender(cluster()), "filter", with_nodes(pod(cpu="99"), node("big")))
    assert result["Nodes"]["items"] == []


def test_a_node_that_is_not_known_yet_passes_the_filter_and_has_no_score() -> None:
    extender = Extender(cluster())
    assert asked(extender, "filter", with_names(pod(), "new", "big"))[1]["NodeNames"] == ["new", "big"]
    scores = asked(extender, "prioritize", with_names(pod(), "new", "big"))[1]
    assert scores == [{"Host": "new", "Score": 0}, {"Host": "big", "Score": 10}]


@pytest.mark.parametrize("containers", [[{"name": "main"}], [{"name": "main", "resources": {}}], []])
def test_a_pod_that_requests_nothing_fits_everywhere(containers: list[Any]) -> None:
    idle = pod()
    idle["spec"]["containers"] = containers
    names = ("small", "busy", "big")
    assert asked(Extender(cluster()), "filter", with_names(idle, *names))[1]["NodeNames"] == list(names)
    scores = asked(Extender(cluster()), "prioritize", with_names(idle, *names))[1]
    assert max(s["Score"] for s in scores) == 10


def test_no_nodes_are_answered_with_none() -> None:
    assert asked(Extender(cluster()), "filter", with_names(pod()))[1]["NodeNames"] == []
    assert asked(Extender(cluster()), "prioritize", with_names(pod())) == (200, [])


def test_prioritize_gives_the_policys_choice_alone_the_highest_score() -> None:
    for policy, choice in (("best_fit", "busy"), ("least_allocated", "big")):
        status, scores = asked(Extender(cluster(REFERENCES[policy])), "prioritize", with_names(pod(), "big", "busy"))
        assert status == 200
        assert [s["Host"] for s in scores] == ["big", "busy"]
        assert [s["Host"] for s in scores if s["Score"] == 10] == [choice]
        assert all(type(s["Score"]) is int and 0 <= s["Score"] <= 10 for s in scores)


def test_keys_are_read_whatever_their_case() -> None:
    body = {"pod": pod(), "nodes": None, "nodenames": ["big"]}
    assert asked(Extender(cluster()), "filter", body)[1]["NodeNames"] == ["big"]


def test_scores_keep_the_order_and_only_the_choice_has_ten() -> None:
    decision = Decision(
        4, np.array([0, 2, 4, 6, 7]), np.array([SCORED, SCORED, SCORED, NO_ROOM, SCORED]),
        np.array([-3.0, 1.0, 5.0, np.nan, 5.0]),
    )  # fmt: skip
    assert scaled(decision).tolist() == [0, 4, 10, 0, 9]
    huge = Decision(0, np.array([0, 1]), np.array([SCORED, SCORED]), np.array([1e308, -1e308]))
    assert scaled(huge).tolist() == [10, 0]
    lowest = Decision(1, np.array([0, 1, 2]), np.full(3, SCORED), np.array([-1.7976931348623157e308, 2.0, 1.0]))
    assert scaled(lowest).tolist() == [0, 10, 0]


def test_shares_of_a_device_are_told_apart() -> None:
    nodes = (make_node("gpu", allocatable=amounts(16, 2)),)
    halves = [task(f"a{k}", "gpu", 1.0, requests={"cpu": 1.0, "nvidia.com/gpu": 0.75}) for k in range(2)]
    extender = Extender(LiveCluster(snapshot(*nodes, *halves), REFERENCES["fgd"]))
    half = pod()
    half["metadata"]["annotations"] = {"gpu-fraction": "0.5"}
    assert asked(extender, "filter", with_names(half, "gpu"))[1]["FailedNodes"] == {"gpu": "aurora: no room"}
    half["metadata"] |= {"annotations": {"gpu-fraction": "0.25"}, "uid": "other"}
    assert asked(extender, "filter", with_names(half, "gpu"))[1]["NodeNames"] == ["gpu"]


def test_a_choice_counts_until_the_cluster_says_where_the_pod_is() -> None:
    clock = Clock()
    live = cluster(clock=clock)
    extender = Extender(live)
    for name in ("a", "b"):
        asked(extender, "prioritize", with_names(pod(name, "500m"), "busy", "big"))
    assert live.state.free("busy")[0] == 0.0
    asked(extender, "prioritize", with_names(pod("a", "500m"), "busy", "big"))  # asked again: not counted twice
    assert live.state.free("busy")[0] == 0.0
    live.update(task("a", "big", 0.5))
    assert (live.state.free("busy")[0], live.state.free("big")[0]) == (0.5, 15.5)
    clock.time += ASSUMED_SECONDS + 1
    live.rank(task("c", None, 0.5))
    assert live.state.free("busy")[0] == 1.0
    assert live.state.node_of("shop/a") == "big"


def test_updates_are_idempotent_and_ended_tasks_free_their_room() -> None:
    live = cluster()
    for _ in range(3):
        live.update(task("x", "big", 2.0))
    assert live.state.free("big")[0] == 14.0
    live.update(task("x", "busy", 1.0))
    assert (live.state.free("big")[0], live.state.free("busy")[0]) == (16.0, 0.0)
    live.update(task("x", "busy", 1.0).model_copy(update={"state": "finished"}))
    live.remove("shop/x")
    live.remove("shop/never")
    assert live.state.free("busy")[0] == 1.0


def test_a_cordoned_node_has_no_room() -> None:
    live = cluster()
    live.set_up("big", False)
    assert live.rank(task("x", None, 2.0)).choice is None
    live.set_up("big", True)
    assert live.rank(task("x", None, 2.0)).choice == "big"


def test_without_news_from_a_watched_cluster_nothing_is_answered() -> None:
    clock = Clock()
    live = cluster(clock=clock)
    extender = Extender(live, is_watched=True)
    assert asked(extender, "filter", with_names(pod(), "big"))[0] == 200
    clock.time += extender_module.STALE_SECONDS + 1
    status, said = asked(extender, "filter", with_names(pod(), "big"))
    assert status == 503
    assert "nothing was heard" in said["Error"]
    live.heard()
    assert asked(extender, "filter", with_names(pod(), "big"))[0] == 200


BAD = {
    "half": (b'{"Pod": {', "no JSON"),
    "not UTF-8": (b"\xff\xfe{}", "no JSON"),
    "deep": (b"[" * 100_000, "no JSON"),
    "NaN": (b'{"Pod": NaN}', "no JSON"),
    "list": (b"[]", "no object"),
    "no pod": (b'{"NodeNames": []}', "Pod: there is none"),
    "pod text": (b'{"Pod": "x", "NodeNames": []}', "Pod: it is no object"),
    "no nodes": (b'{"Pod": {}}', "neither Nodes nor NodeNames"),
    "names": (b'{"Pod": {}, "NodeNames": [1]}', "NodeNames"),
    "items": (b'{"Pod": {}, "Nodes": {"items": 3}}', "Nodes.items"),
    "unnamed": (b'{"Pod": {}, "Nodes": {"items": [{}]}}', "Nodes.items[0]"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("verb", ["filter", "prioritize"])
def test_a_bad_request_gets_400_with_the_reason(verb: str, case: str) -> None:
    body, reason = BAD[case]
    status, said = asked(Extender(cluster()), verb, body)
    assert status == 400
    assert reason in said["Error"]


def test_a_pod_that_can_not_be_read_is_an_error_of_the_result() -> None:
    bad = pod(cpu="many")
    status, result = asked(Extender(cluster()), "filter", with_names(bad, "big"))
    assert status == 200
    assert "many" in result["Error"]
    assert asked(Extender(cluster()), "prioritize", with_names(bad, "big"))[0] == 400


def test_a_token_is_needed_where_one_is_set() -> None:
    body = json.dumps(with_names(pod(), "big")).encode()
    basic = base64.b64encode(b"aurora:secret").decode()
    with served(ServerSettings(port=0, token="secret")) as server:
        assert sent(server, "POST", "/filter", body)[0] == 401
        assert sent(server, "POST", "/filter", body, Authorization="Bearer other")[0] == 401
        assert sent(server, "POST", "/filter", body, Authorization="Basic !!!")[0] == 401
        assert sent(server, "POST", "/filter", body, Authorization="Bearer secret")[0] == 200
        assert sent(server, "POST", "/filter", body, Authorization=f"Basic {basic}")[0] == 200
        assert sent(server, "GET", "/healthz")[0] == 200
        assert sent(server, "GET", "/metrics")[0] == 401


def test_an_open_address_needs_a_token_or_client_certificates() -> None:
    with pytest.raises(InputError, match="token"):
        ExtenderServer(Extender(cluster()), ServerSettings(host="0.0.0.0", port=0))


def test_a_port_in_use_and_bad_certificates_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="listen"):
        ExtenderServer(Extender(cluster()), ServerSettings(port=0, host="256.0.0.1", token="x"))
    (tmp_path / "cert.pem").write_text("no certificate")
    with pytest.raises(FileError, match="certificate"):
        ExtenderServer(Extender(cluster()), ServerSettings(port=0, certificate=tmp_path / "cert.pem"))


def test_https_with_client_certificates(tmp_path: Path) -> None:
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    made = subprocess.run(
        [*make.split(), "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("openssl can't make a certificate")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    body = json.dumps(with_names(pod(), "big")).encode()
    with served(ServerSettings(port=0, certificate=certificate, key=key, client_ca=certificate)) as server:
        for is_known in (True, False):
            context = ssl.create_default_context(cafile=str(certificate))
            if is_known:
                context.load_cert_chain(certificate, key)
            connection = http.client.HTTPSConnection("localhost", server.port, context=context, timeout=120)
            if is_known:
                connection.request("POST", "/filter", body)
                assert connection.getresponse().status == 200
            else:
                with pytest.raises(OSError):
                    connection.request("POST", "/filter", body)
                    connection.getresponse()


def test_many_threads_leave_the_books_right() -> None:
    live = cluster(REFERENCES["least_allocated"])
    extender = Extender(live)

    def ask(k: int) -> None:
        for i in range(20):
            asked(extender, "prioritize", with_names(pod(f"p{k}-{i}", "100m"), "big", "busy"))
            live.remove(f"shop/p{k}-{i}")

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (live.state.free("big")[0], live.state.free("busy")[0]) == (16.0, 1.0)
    assert len(live.state) == 1


def test_the_configuration_is_that_of_kube_scheduler() -> None:
    made = yaml.safe_load(
        scheduler_configuration(
            "https://aurora:s3cret@10.0.0.7:8765", tls_files={"caFile": "/etc/ca.crt"}, resources=["a.com/b"]
        )
    )
    assert made["apiVersion"] == "kubescheduler.config.k8s.io/v1"
    assert made["profiles"] == [
        {"schedulerName": "aurora", "plugins": {"score": {"disabled": [{"name": "*"}]}}},
    ]
    (extender,) = made["extenders"]
    assert extender == {
        "urlPrefix": "https://aurora:s3cret@10.0.0.7:8765",
        "filterVerb": "filter",
        "prioritizeVerb": "prioritize",
        "weight": 100,
        "httpTimeout": "2000ms",
        "nodeCacheCapable": True,
        "ignorable": True,
        "enableHTTPS": True,
        "tlsConfig": {"caFile": "/etc/ca.crt"},
        "managedResources": [{"name": "a.com/b", "ignoredByScheduler": False}],
    }


def test_the_configuration_leaves_binding_to_the_extender_where_it_is_asked_to() -> None:
    made = yaml.safe_load(scheduler_configuration("http://127.0.0.1:1", has_bind=True))
    assert made["extenders"][0]["bindVerb"] == "bind"


def test_choices_outlive_a_new_reading_of_the_cluster() -> None:
    live = cluster()
    asked(Extender(live), "prioritize", with_names(pod("a", "500m"), "busy", "big"))
    live.replace(shop())
    assert live.node_of("shop/a") == "busy"
    gone = shop()
    live.replace(gone.model_copy(update={"nodes": tuple(n for n in gone.nodes if n.node_id != "busy"), "tasks": ()}))
    assert live.node_of("shop/a") is None


@pytest.mark.parametrize("url", ["", "10.0.0.7:80", "ftp://x", "http://a b"])
def test_the_configuration_refuses_what_is_no_address(url: str) -> None:
    with pytest.raises(InputError):
        scheduler_configuration(url)
