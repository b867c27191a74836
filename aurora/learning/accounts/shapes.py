"""Measured series whose shape generated demand can follow: what machines of public traces did, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aurora.errors import DataError
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import Series
from aurora.sim.scenarios.traces.azure_vm import Vm, read_flavours, read_lifetimes, read_vms

STEP = 300
FILES = (
    "bitbrains/bitbrains_1vm.csv.gz",
    "dc_util/google2011_vm_cpu_mem.csv.gz",
    "dc_util/google2019_week1_300s.csv.gz",
    "dc_util/azure_v2_week1.csv.gz",
    "dc_util/alibaba2018_day1_300s.csv.gz",
)
"""Of the traces folder, those whose CPU series are used."""
LEAST_VALUES = 288
LEAST_MEAN = 1e-3
"""Of the largest value: below it a machine did nothing but for an instant."""
GROUPS = 12
WARM_UP = 0.25
"""Of an arrivals' trace: machines that came before its beginning are missing there."""


def vm_series(vms: Sequence[Vm], groups: int = GROUPS, *, seed: int = 0) -> tuple[Series, ...]:
    """Cores in use over time, for groups of machines that were asked for at the same time.

    The machines of a time step stay together, since most of them are one customer's batch; each step goes to a group
    at random.

    Args:
        vms: As `azure_vm.read_vms` gives them.
        groups: How many series.
        seed: Of the groups, and of lifetimes within their bins.

    Raises:
        DataError: There are too few machines or too short a time.
    """
    if groups < 1 or len(vms) < groups:
        raise DataError(f"{len(vms)} machines can't be {groups} groups")
    rng = np.random.default_rng([seed, 46])
    arrival = np.array([v.arrival for v in vms])
    lifetime = rng.uniform([v.shortest for v in vms], [v.longest for v in vms])
    steps, where = np.unique(arrival, return_inverse=True)
    group = rng.integers(0, groups, len(steps))[where]
    begin, end = float(arrival.min()), float(arrival.max())
    count = int((end - begin) // STEP) + 1
    first = int(WARM_UP * count)
    if count - first < LEAST_VALUES:
        raise DataError(f"{count} steps of arrivals; at least {int(LEAST_VALUES / (1 - WARM_UP)) + 1} are needed")
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
    """CPU series of the public traces, and Azure's cores in use, from a folder as shared/traces.

    Raises:
        DataError: A file is absent or malformed.
    """
    panel = read_panel([folder / name for name in FILES], detect=False)
    usable = [
        s
        for s in panel.series
        if s.labels.get("metric") == "cpu" and len(s) >= LEAST_VALUES and s.y.mean() > LEAST_MEAN * max(s.y.max(), 1e-9)
    ]
    azure = folder / "azure_vm"
    vms = read_vms(
        azure / "v1.dev.txt.gz",
        azure / "v1.dev.c2100000.txt.gz",
        read_flavours(azure / "flav_map.txt.gz"),
        read_lifetimes(azure / "v1.interval_map.txt.gz"),
    )
    return (*usable, *vm_series(vms))
