"""Measured series from public traces that give generated demand its shape."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aurora.errors import DataError, InputError
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import Series
from aurora.sim.scenarios.traces.azure_vm import Vm, read_flavours, read_lifetimes, read_vms

STEP = 300
TRACE_FILES = (
    "bitbrains/bitbrains_1vm.csv.gz",
    "dc_util/google2011_vm_cpu_mem.csv.gz",
    "dc_util/google2019_week1_300s.csv.gz",
    "dc_util/azure_v2_week1.csv.gz",
    "dc_util/alibaba2018_day1_300s.csv.gz",
)
"""Files in the traces folder whose CPU series are used."""
MIN_VALUES = 288
"""Smallest number of values of a series: a day."""
MIN_MEAN = 1e-3
"""Smallest mean, as a share of the largest value; below it a machine worked for an instant only."""
VM_GROUPS = 12
"""Number of series into which Azure's machines are divided."""
WARM_UP_SHARE = 0.25
"""Share of a trace of arrivals that is left out at its start, where machines that arrived earlier are missing."""


def vm_series(vms: Sequence[Vm], groups: int = VM_GROUPS, *, seed: int = 0) -> tuple[Series, ...]:
    """Return the cores in use over time, for groups of machines that were requested at the same time.

    The machines of a time step stay together, since most of them are a batch of one customer. Each step is assigned to
    a group at random.

    Args:
        vms: Machines, as read by `azure_vm.read_vms`.
        groups: Number of series.
        seed: Random seed of the groups, and of lifetimes within their bins.

    Raises:
        InputError: There are fewer machines than groups.
        DataError: The trace is too short.
    """
    if groups < 1 or len(vms) < groups:
        raise InputError(f"{len(vms)} machines can't be divided into {groups} groups")
    rng = np.random.default_rng([seed, 46])
    arrival = np.array([v.arrival for v in vms])
    lifetime = rng.uniform([v.shortest for v in vms], [v.longest for v in vms])
    steps, where = np.unique(arrival, return_inverse=True)
    group = rng.integers(0, groups, len(steps))[where]
    begin, end = float(arrival.min()), float(arrival.max())
    count = int((end - begin) // STEP) + 1
    first = int(WARM_UP_SHARE * count)
    if count - first < MIN_VALUES:
        raise DataError(f"{count} steps of arrivals; at least {int(MIN_VALUES / (1 - WARM_UP_SHARE)) + 1} are needed")
    change = np.zeros((groups, count + 1))
    cores = np.array([v.cores for v in vms])
    np.add.at(change, (group, ((arrival - begin) // STEP).astype(int)), cores)
    gone = np.minimum(count, np.ceil((arrival + lifetime - begin) / STEP)).astype(int)
    np.add.at(change, (group, gone), -cores)
    used = change.cumsum(axis=1)[:, first:count]
    return tuple(
        Series(f"azure_vm/{k}", int(begin) + first * STEP, STEP, y, np.ones(len(y), bool), labels={"metric": "cores"})
        for k, y in enumerate(used)
        if y.max() > 0
    )


def read_shapes(folder: Path) -> tuple[Series, ...]:
    """Read CPU series of the public traces, and Azure's cores in use.

    Args:
        folder: Folder of traces, as docs/reference/traces.md describes it.

    Raises:
        FileError: A file is absent.
        DataError: A file is malformed.
    """
    panel = read_panel([folder / name for name in TRACE_FILES], detect=False)
    usable = [
        s
        for s in panel.series
        if s.labels.get("metric") == "cpu" and len(s) >= MIN_VALUES and s.y.mean() > MIN_MEAN * max(s.y.max(), 1e-9)
    ]
    azure = folder / "azure_vm"
    vms = read_vms(
        azure / "v1.dev.txt.gz",
        azure / "v1.dev.c2100000.txt.gz",
        read_flavours(azure / "flav_map.txt.gz"),
        read_lifetimes(azure / "v1.interval_map.txt.gz"),
    )
    return (*usable, *vm_series(vms))
