"""Loads sample snapshots by name."""

from __future__ import annotations

import difflib
import json
from importlib.resources import files

from aurora.cluster.snapshot import Snapshot, parse_snapshot
from aurora.errors import InputError

SAMPLES = {
    "web-shop": "web shop on Kubernetes: 12 nodes in 3 zones, a database, autoscalers, a maintenance window",
    "gpu-cluster": "GPU nodes on Kubernetes: training gangs, inference with priority, shared devices and slices",
    "hpc-queue": "Slurm cluster with a queue: partitions, time limits, dependencies, a reservation, drained nodes",
}
"""Names of the samples, and what each is."""


def load_sample(name: str) -> Snapshot:
    """Load a sample snapshot.

    Args:
        name: A key of `SAMPLES`.

    Raises:
        InputError: There is no such sample.

    Example:
        >>> len(load_sample("web-shop").nodes)
        12
    """
    check_sample(name)
    text = (files(__package__) / f"{name}.json").read_text("utf-8")
    return parse_snapshot(json.loads(text), where=f"sample:{name}")


def check_sample(name: str) -> None:
    """Check that there is a sample of this name.

    Raises:
        InputError: There is none.
    """
    if name not in SAMPLES:
        near = difflib.get_close_matches(name, SAMPLES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(SAMPLES)}"
        raise InputError(f"there is no such sample; {hint}", parameter="name", value=name)
