"""Manifests for KServe keep the rules of its webhook, and a router that works as KServe's gets the same answers.

The rules below are those of `inference_graph_validation.go`; the router follows `cmd/router/main.go` of KServe.
"""

import json
import re
from typing import Any

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.learning.composition.engine.graph_steps import mean_of, read_step, state_of, threshold_of
from aurora.learning.composition.engine.in_process import InProcess
from aurora.learning.composition.engine.kserve import kserve_manifests
from tests.learning.composition.engine.served import ask, served
from tests.learning.composition.engine.trials import described

PIPELINE = "plain ? 0.8 | sleep-0ms + stamp-900 ? 0.7 | stamp-400"
STEP_FIELDS = {"name", "nodeName", "serviceUrl", "serviceName", "data", "weight", "condition", "dependency"}


def check_graph(graph: dict[str, Any]) -> None:
    """Assert what the webhook and the schema want of a graph."""
    assert graph["apiVersion"] == "serving.kserve.io/v1alpha1"
    assert graph["kind"] == "InferenceGraph"
    assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", graph["metadata"]["name"])
    nodes = graph["spec"]["nodes"]
    assert "root" in nodes
    used = {"root"}
    for node in nodes.values():
        assert set(node) <= {"routerType", "steps"}
        assert node["routerType"] in ("Sequence", "Splitter", "Ensemble", "Switch")
        names = [step["name"] for step in node["steps"]]
        assert len(set(names)) == len(names)
        for step in node["steps"]:
            assert set(step) <= STEP_FIELDS
            assert sum(key in step for key in ("nodeName", "serviceName", "serviceUrl")) == 1
            assert step.get("dependency", "Soft") in ("Soft", "Hard")
            assert ("condition" in step) == (node["routerType"] == "Switch")
            used.add(step.get("nodeName", "root"))
    assert used == set(nodes)


class Router:
    """Runs a graph as KServe's router does; a service is called by its address."""

    def __init__(self, nodes: dict[str, Any], call: Any) -> None:
        self.nodes, self.call = nodes, call
        self.calls: list[str] = []

    def run(self, name: str, given: bytes) -> bytes:
        node = self.nodes[name]
        if node["routerType"] == "Switch":
            found = next(step for step in node["steps"] if step["condition"] in json.loads(given))
            return self.step(found, given)
        if node["routerType"] == "Ensemble":
            return json.dumps({step["name"]: json.loads(self.step(step, given)) for step in node["steps"]}).encode()
        answer = b""
        for k, step in enumerate(node["steps"]):
            answer = self.step(step, answer if step.get("data") == "$response" and k else given)
        return answer

    def step(self, step: dict[str, Any], given: bytes) -> bytes:
        if "nodeName" in step:
            return self.run(step["nodeName"], given)
        self.calls.append(step["serviceUrl"])
        return self.call(step["serviceUrl"], given)


@pytest.mark.parametrize("pipeline", ["plain", "plain + words", PIPELINE])
def test_graphs_keep_the_rules_of_kserve(pipeline):
    *services, graph = kserve_manifests(described(pipeline, workers=3, task="films"), "registry/aurora:1")
    check_graph(graph)
    names = [service["metadata"]["name"] for service in services]
    assert len(set(names)) == len(names)
    for service in services:
        assert len(service["metadata"]["name"]) < 64
        assert service["spec"]["predictor"]["minReplicas"] == 3
        words = service["spec"]["predictor"]["containers"][0]["args"]
        assert words[:2] == ["compose", "deploy"]
        assert words[words.index("--task") + 1] == "films"


def test_the_graph_answers_as_the_pipeline_does_and_asks_the_next_stage_only_if_needed():
    deployment = described(PIPELINE)
    *services, graph = kserve_manifests(deployment, "registry/aurora:1")
    here = {}
    for service in services:
        runner = InProcess(described(service["spec"]["predictor"]["containers"][0]["args"][2]))
        runner.answer(np.full((1, 2), 0.5, np.float32))  # a stamp's first answer is another
        here[service["metadata"]["name"]] = runner

    def call(url: str, given: bytes) -> bytes:
        found = re.fullmatch(r"http://(.+)-predictor\.default\.svc\.cluster\.local(/.*)", url)
        assert found
        runner, path = here[found[1]], found[2]
        if path.startswith("/mean"):
            return mean_of(given, threshold_of(path, "/mean"))
        step = read_step(given)
        items = np.array([step.items[place] for place in step.asked], np.float32)
        answer = runner.answer(items) if step.asked else None
        return state_of(step, answer, threshold_of(path, "/graph"), runner.classes)

    items = [[0.95, 0], [0.75, 0], [0.4, 0], [0.02, 0]]
    expected = InProcess(deployment)
    expected.answer(np.full((1, 2), 0.5, np.float32))
    wanted = expected.answer(np.array(items, np.float32)).probabilities
    router = Router(graph["spec"]["nodes"], call)
    got = json.loads(router.run("root", json.dumps({"items": items}).encode()))
    assert np.allclose([answer["probabilities"] for answer in got["answers"]], wanted, atol=1e-6)
    router.calls.clear()
    router.run("root", json.dumps({"item": [0.95, 0]}).encode())
    assert len(router.calls) == 2
    assert all("plain" in url for url in router.calls)


def test_a_service_is_a_step_of_a_graph(tmp_path):
    patient = {"stage_ms": 20_000, "request_ms": 40_000}
    with served(tmp_path, described("plain", timeouts=patient)) as service:
        first = ask(service.port, "POST", "/graph/0.8", {"items": [[0.9, 0], [0.6, 0]]})
        assert first[0] == 200
        assert json.loads(first[2])["unsure"] == [1]
        second = json.loads(ask(service.port, "POST", "/graph", first[2])[2])
        assert (second["asked"], "unsure" in second) == ([1], False)
        both = {"a": second, "b": second}
        assert json.loads(ask(service.port, "POST", "/mean", both)[2])["answers"] == second["answers"]
        assert ask(service.port, "POST", "/graph/2", {"item": [0, 0]})[0] == 422
        assert ask(service.port, "POST", "/mean", {"a": 1})[0] == 422


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"items": 3}',
        b'{"items": [1], "answers": []}',
        b'{"items": [1], "answers": [{}]}',
        b'{"items": [1], "answers": [{"probabilities": [1]}], "unsure": [5]}',
    ],
)
def test_what_is_no_state_is_refused(body):
    with pytest.raises(InputError):
        read_step(body)
