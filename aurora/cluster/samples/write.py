"""Writes the sample snapshots that come with the package: python -m aurora.cluster.samples.write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aurora.cluster.files import snapshot_json
from aurora.cluster.samples.gpu_cluster import gpu_cluster
from aurora.cluster.samples.hpc_queue import hpc_queue
from aurora.cluster.samples.web_shop import web_shop
from aurora.cluster.snapshot import Snapshot
from aurora.files import write_atomically

MAKERS: dict[str, Callable[[], Snapshot]] = {
    "web-shop": web_shop,
    "gpu-cluster": gpu_cluster,
    "hpc-queue": hpc_queue,
}


def text_of(snapshot: Snapshot) -> str:
    """Return the content of a sample's file."""
    return snapshot_json(snapshot) + "\n"


def main() -> None:
    """Write every sample next to this module."""
    for name, make in MAKERS.items():
        write_atomically(Path(__file__).with_name(f"{name}.json"), text_of(make()))


if __name__ == "__main__":
    main()
