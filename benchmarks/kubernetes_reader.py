"""Time and memory of reading a large Kubernetes cluster from a file as kubectl writes it, about 10 kB a pod.

Example: python -m benchmarks.kubernetes_reader --pods 50000
"""

from __future__ import annotations

import argparse
import copy
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any, TextIO

from aurora.cluster.readers.kubernetes import read_kubernetes
from benchmarks.valid_kubernetes import cluster

PODS_A_NODE = 20
FILLING = 20
"""Environment variables of a pod, which make it as long as those of real clusters."""


def write_cluster(stream: TextIO, pods: int) -> None:
    """Write nodes and pods as a list, indented by four as kubectl does."""
    own = cluster()
    node = next(o for o in own if o["kind"] == "Node")
    pod = next(o for o in own if o["kind"] == "Pod")
    names = [f"A_SETTING_OF_THE_APPLICATION_{k}" for k in range(FILLING)]
    pod["spec"]["containers"][0]["env"] = [{"name": name, "value": f"the value of {name}"} for name in names]
    nodes = max(1, pods // PODS_A_NODE)
    stream.write('{\n    "apiVersion": "v1",\n    "items": [')
    for k in range(nodes):
        _write(stream, node, f"node-{k}", is_first=k == 0)
    for k in range(pods):
        pod["spec"]["nodeName"] = f"node-{k % nodes}"
        _write(stream, pod, f"web-{k}")
    stream.write('\n    ],\n    "kind": "List",\n    "metadata": {"resourceVersion": ""}\n}\n')


def _write(stream: TextIO, item: dict[str, Any], name: str, *, is_first: bool = False) -> None:
    named = copy.copy(item)
    named["metadata"] = {**item["metadata"], "name": name, "uid": name}
    lines = json.dumps(named, indent=4).replace("\n", "\n        ")
    stream.write(f"{'' if is_first else ','}\n        {lines}")


def main() -> None:
    """Write a file, read it, and print size, time and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=50_000)
    pods = parser.parse_args().pods
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.json"
        with path.open("w") as stream:
            write_cluster(stream, pods)
        begun, begun_cpu = time.perf_counter(), time.process_time()
        snapshot = read_kubernetes([path])
        wall, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        size = path.stat().st_size / 1e6
    print(f"{len(snapshot.tasks):,} pods on {len(snapshot.nodes):,} nodes, {size:.0f} MB: ", end="")
    print(f"{cpu:.1f} s of processor time, {wall:.1f} s, {memory:.1f} GiB at most")


if __name__ == "__main__":
    main()
