"""The real `kubectl describe node` shows the same requests and limits, for pods of every shape drawn at random."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.kubernetes_quantities import NANO, parse_quantity
from aurora.cluster.readers.kubernetes import read_kubernetes
from aurora.cluster.resources import total
from tests.cluster.readers.kubernetes_objects import container, node, pod, write
from tests.cluster.readers.listing_server import serving

KUBECTL = shutil.which("kubectl")
ROW = re.compile(r"  (cpu|memory)\s+(\S+) \((\d+)%\)\s+(\S+) \((\d+)%\)")
AMOUNTS = {
    "cpu": ("100m", "0.25", "1", "1500m", "0", "1e-1", "33m"),
    "memory": ("64Mi", "128974848", "129M", "1Gi", "0.5Gi", "1e8", "500k", "0"),
}


def resources(rng: random.Random) -> dict[str, Any]:
    limits = {r: rng.choice(forms) for r, forms in AMOUNTS.items() if rng.random() < 0.5}
    requests = {r: rng.choice(forms) for r, forms in AMOUNTS.items() if rng.random() < 0.8}
    return {"requests": {**limits, **requests}, "limits": limits}  # the API sets absent requests to the limits


def random_pod(rng: random.Random, number: int) -> dict[str, Any]:
    first = [container(f"i{k}", **resources(rng)) for k in range(rng.choice((0, 0, 1, 2, 3)))]
    for part in first:
        if rng.random() < 0.4:
            part["restartPolicy"] = "Always"
    main = [container(f"c{k}", **resources(rng)) for k in range(rng.choice((1, 1, 2, 3)))]
    spec: dict[str, Any] = {"initContainers": first, "containers": main}
    if rng.random() < 0.2:
        spec["overhead"] = {"cpu": "250m", "memory": "120Mi"}
    resizing = [c for c in main if rng.random() < 0.2]
    statuses = [{"name": c["name"], "restartCount": 0, "resources": resources(rng)} for c in resizing]
    for status in statuses:
        del status["resources"]["limits"]  # kubectl counts those of the pod
    return pod(f"p{number}", "a", spec=spec, status={"containerStatuses": statuses})


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
@pytest.mark.parametrize("seed", range(3))
def test_allocated_resources_are_those_of_kubectl(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    machine, pods = node("a", cpu="64", memory="250Gi"), [random_pod(rng, k) for k in range(40)]
    kinds = [
        {"name": plural, "singularName": plural[:-1], "namespaced": plural == "pods", "kind": kind, "verbs": ["get"]}
        for plural, kind in (("nodes", "Node"), ("pods", "Pod"))
    ]
    with serving() as server:
        answers = {
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
            "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": kinds},
            "/api/v1/nodes/a": machine,
            "/api/v1/pods": {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods},
            "/api/v1/events": {"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": []},
        }
        server.raw |= {path: json.dumps(answer).encode() for path, answer in answers.items()}
        command = [str(KUBECTL), "--kubeconfig", os.devnull, "--server", f"http://127.0.0.1:{server.port}"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        command += ["describe", "node", "a"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    rows = {m[1]: m for m in ROW.finditer(done.stdout.partition("Allocated resources:")[2])}
    assert set(rows) == {"cpu", "memory"}, done.stderr
    snapshot = read_kubernetes([write(tmp_path / "c.json", machine, *pods)])
    for kind, text, share in (("requests", 2, 3), ("limits", 4, 5)):
        own = total(getattr(t, kind) for t in snapshot.tasks)
        for resource, row in rows.items():
            shown = parse_quantity(row[text]) / NANO / (2**30 if resource == "memory" else 1)
            assert own[resource] == pytest.approx(shown, rel=1e-12), (kind, resource)
            percent = 100 * own[resource] / snapshot.nodes[0].allocatable[resource]
            assert int(row[share]) == int(percent + 1e-9)
