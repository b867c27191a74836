"""Export of a description to KServe: one InferenceService a branch, and an InferenceGraph over them.

Fields relied on (`pkg/apis/serving/v1alpha1/inference_graph.go` and its validation): a graph has `spec.nodes`, one of
them `root`; a node has a `routerType` and `steps`; a step has one target (`serviceUrl` or `nodeName` here), a `name`
that is unique in its node, `data: $response` for what the step before answered, a `condition` in GJSON, and
`dependency: Hard` where a failure ends the request. A Sequence runs its steps in order, an Ensemble hands its input to
all steps and joins their answers by name, a Switch takes the first step whose condition finds something.

A Sequence's own `condition` is not used: the router ends such a request with status 500, although it has an answer.
"""

from __future__ import annotations

import re
from typing import Any

from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.loading import DEFAULT_LOAD
from aurora.learning.composition.pipelines.pipeline import Branch, Stage

PORT = 8080
_LONGEST_NAME = 50


def kserve_manifests(described: Deployment, image: str, *, namespace: str = "default") -> list[dict[str, Any]]:
    """Return the manifests of a description: the services of its branches, then the graph.

    Args:
        described: The description; `workers` become replicas of each service.
        image: Container image with AURORA, whose entry point is `aurora`, and with the artefacts at their path.
        namespace: Namespace of the services.
    """
    stages = described.graph().stages
    names: dict[Branch, str] = {}
    for stage in stages:
        for branch in stage.branches:
            names.setdefault(branch, _name(described.name, branch, len(names) + 1))
    urls = {branch: f"http://{name}-predictor.{namespace}.svc.cluster.local" for branch, name in names.items()}
    nodes: dict[str, Any] = {}
    for number, stage in enumerate(stages, 1):
        _add_stage(nodes, number, stage, urls, is_last=number == len(stages))
    graph = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "InferenceGraph",
        "metadata": {"name": described.name, "namespace": namespace},
        "spec": {"nodes": nodes},
    }
    return [*(_service(described, branch, name, image, namespace) for branch, name in names.items()), graph]


def _add_stage(nodes: dict[str, Any], number: int, stage: Stage, urls: dict[Branch, str], *, is_last: bool) -> None:
    """Add the Sequence of a stage, its Ensemble if it has branches, and the Switch to the next stage."""
    limit = "" if stage.threshold is None else f"/{stage.threshold:g}"
    first = urls[stage.branches[0]]
    steps: list[dict[str, Any]] = []
    if len(stage.branches) == 1:
        steps.append({"name": f"stage-{number}", "serviceUrl": f"{first}/graph{limit}", "dependency": "Hard"})
    else:
        members = [
            {"name": f"branch-{k}", "serviceUrl": f"{urls[branch]}/graph", "dependency": "Hard"}
            for k, branch in enumerate(stage.branches, 1)
        ]
        nodes[f"branches-{number}"] = {"routerType": "Ensemble", "steps": members}
        steps.append({"name": f"stage-{number}", "nodeName": f"branches-{number}", "dependency": "Hard"})
        mean = {"name": f"mean-{number}", "serviceUrl": f"{first}/mean{limit}", "data": "$response"}
        steps.append({**mean, "dependency": "Hard"})
    if not is_last:
        steps.append({"name": f"after-{number}", "nodeName": f"after-{number}", "data": "$response"})
        nodes[f"after-{number}"] = {
            "routerType": "Switch",
            "steps": [
                {"name": "unsure", "nodeName": f"stage-{number + 1}", "condition": "unsure"},
                {"name": "sure", "serviceUrl": f"{first}/graph", "condition": "answers"},
            ],
        }
    nodes["root" if number == 1 else f"stage-{number}"] = {"routerType": "Sequence", "steps": steps}


def _service(described: Deployment, branch: Branch, name: str, image: str, namespace: str) -> dict[str, Any]:
    words = ["compose", "deploy", str(branch), "--host", "0.0.0.0", "--open", "--port", str(PORT)]  # a pod
    words += ["--batch", str(described.batching.size), "--deadline", f"{described.batching.deadline_ms:g}"]
    words += ["--queue", str(described.queue_limit)]
    for option, value in (("--task", described.task), ("--artefacts", described.artefacts)):
        words += [option, value] if value else []
    words += [] if described.load == DEFAULT_LOAD else ["--trial"]
    container = {
        "name": "kserve-container",
        "image": image,
        "args": words,
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": PORT}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": PORT}},
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": f"{described.memory_mb + 256}Mi"}},
    }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"predictor": {"minReplicas": described.workers, "containers": [container]}},
    }


def _name(deployment: str, branch: Branch, number: int) -> str:
    """Return a name that Kubernetes takes; the number makes it the branch's own."""
    slug = re.sub(r"[^a-z0-9]+", "-", str(branch).lower()).strip("-")
    return f"{deployment}-{number}-{slug}"[:_LONGEST_NAME].rstrip("-")
