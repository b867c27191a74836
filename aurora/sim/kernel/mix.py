"""The typical mix in arrays, for what a placement leaves to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.sim.kernel import layout as at
from aurora.sim.scenarios.scenario import TypicalTask
from aurora.types import FloatArray, IntArray

END = 0.01
"""Odds that arrivals end before the next typical task, where all of them fit; a hundred tasks come on average."""
THOUSANDTHS = 1000
"""Steps in which the free share of a device is counted."""

Request = tuple[TypicalTask, int, int]
"""A typical task, the share of each device in parts (`DEVICE`), and the bit mask of its models."""


class Mix(NamedTuple):
    """Typical tasks, grouped by what they ask of devices; fields `mix_*` of `Problem`."""

    kind: IntArray
    start: IntArray
    f: FloatArray
    models: IntArray
    waste: FloatArray


def encode_mix(requests: Sequence[Request]) -> Mix:
    """Group the typical tasks by devices and share, and sort each group by cores."""
    rows = sorted(
        (t.accelerators, share if t.accelerators else 0, t.cpu_required, models, t.frequency)
        for t, share, models in requests
    )
    kinds = sorted({r[:2] for r in rows})
    start = [next(i for i, r in enumerate(rows) if r[:2] == kind) for kind in kinds]
    on_devices = sum(r[4] for r in rows if r[0])
    f = [(cpu, frequency, frequency / on_devices if devices else 0.0) for devices, _, cpu, _, frequency in rows]
    return Mix(
        kind=np.array(kinds, np.int64).reshape(-1, 2).T.copy(),
        start=np.array([*start, len(rows)], np.int64),
        f=np.array(f, np.float64).reshape(-1, 3).T.copy(),
        models=np.array([r[3] for r in rows], np.int64),
        waste=expected_waste(requests),
    )


def expected_waste(requests: Sequence[Request]) -> FloatArray:
    """Return the share of a device that stays free at the end, by the thousandths of it that are free now.

    Typical tasks that fit come one after another, drawn by their frequency among those that ask for devices; before
    each, arrivals end with the odds of `END` to the frequency of those that fit. With p(s) the frequency of share s,
    W(g) = (END g + sum of p(s) W(g - s)) / (END + sum of p(s)) over the shares s up to g. A task that asks for whole
    devices takes an idle one.

    Args:
        requests: The typical tasks.

    Returns:
        float64 [1001], W in devices.
    """
    frequency: dict[int, float] = {}
    for task, share, _ in requests:
        if task.accelerators:
            thousandths = -(-share * THOUSANDTHS // at.DEVICE)
            frequency[thousandths] = frequency.get(thousandths, 0.0) + task.frequency
    waste = np.arange(THOUSANDTHS + 1) / THOUSANDTHS
    smallest, total = min(frequency, default=THOUSANDTHS), sum(frequency.values())
    # What is free after a task that fits is smaller by the smallest share at least, so a block of that length is known
    # as soon as the one before it is.
    for begin in range(smallest, THOUSANDTHS + 1, smallest):
        free = np.arange(begin, min(begin + smallest, THOUSANDTHS + 1))
        expected, chance = END * free / THOUSANDTHS, np.full(len(free), END)
        for share, amount in frequency.items():
            fits = free >= share
            expected[fits] += amount / total * waste[free[fits] - share]
            chance[fits] += amount / total
        waste[free] = expected / chance
    return waste


def cores_per_device(requests: Sequence[Request], node_i: IntArray) -> FloatArray:
    """Return for each node the cores per device that the typical tasks on its model ask for; 0 if there are none."""
    ratios = np.zeros(node_i.shape[1])
    for model in set(node_i[at.N_MODEL].tolist()):
        allowed = [(t, share) for t, share, models in requests if t.accelerators and models >> model & 1]
        devices = sum(t.frequency * t.accelerators * share for t, share in allowed) / at.DEVICE
        cores = sum(t.frequency * t.cpu_required for t, _ in allowed)
        ratios[(node_i[at.N_MODEL] == model) & (node_i[at.N_DEVICES] > 0)] = cores / devices if devices else 0.0
    return ratios
