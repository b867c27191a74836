"""Estimation of the demand behind a history, from its metrics alone, so that other configurations can serve it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.history import Account
from aurora.learning.accounts.numbers import C_CORES, C_GBIT, C_IOPS, C_MEMORY, C_SPEED, numbers_of_history
from aurora.learning.accounts.workload import DAY, STEP, Workload

LEAST_DAYS = 7
"""Fewest days of history: the weekend is a part of a demand's rhythm."""


def busy_cores(account: Account, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return the cores of the general family that were busy in each period, float64 [periods].

    They are the demand wherever machines were not full; where they were, demand was higher, and nobody measured it.
    """
    numbers = numbers_of_history(account, catalogue)
    cores: NDArray[np.float64] = numbers[:, C_CORES] * numbers[:, C_SPEED]
    return np.maximum(1e-3, account.metric("cpu") * account.metric("running") * cores)


def fitted_workload(account: Account, catalogue: Catalogue) -> Workload:
    """Fit a workload whose demand follows an account's history.

    Between the middles of periods demand is interpolated. How far the peak within a period lies above its mean gives
    the noise: the largest of n values of a correlated lognormal series lies about one and a half standard deviations
    above their mean within the few correlation lengths that a period has. Needs of memory, storage and network are
    fitted by least squares to what was used.

    Raises:
        DataError: The history is shorter than `LEAST_DAYS` days.
    """
    days = len(account) * account.period / DAY
    if days < LEAST_DAYS:
        raise DataError(f"account {account.account_id!r}: {days:.1f} days of history; {LEAST_DAYS} are needed")
    numbers = numbers_of_history(account, catalogue)
    busy = busy_cores(account, catalogue)
    running, cpu = account.metric("running"), np.maximum(account.metric("cpu"), 1e-3)
    steps = account.period // STEP
    fine = np.interp(np.arange(len(busy) * steps) / steps, np.arange(len(busy)) + 0.5 - 0.5 / steps, busy)
    above = np.median(np.log(np.maximum(account.metric("cpu_peak"), cpu) / cpu))
    base, per_core = _non_negative(running, busy, account.metric("memory") * running * numbers[:, C_MEMORY])
    return Workload(
        level=float(fine.mean()),
        daily=0.0,
        peak_hour=0.0,
        weekend=1.0,
        trend=0.0,
        noise=float(min(0.3, above / 1.5)),
        bursts=0.0,
        burst_factor=1.0,
        burst_hours=1.0,
        service=float(np.median(busy / np.maximum(account.metric("throughput"), 1e-9))),
        memory_base=base,
        memory_per_core=per_core,
        io_per_core=float(max(1e-6, np.median(account.metric("io") * numbers[:, C_IOPS] / busy))),
        network_per_core=float(max(1e-9, np.median(account.metric("bandwidth") * numbers[:, C_GBIT] / busy))),
        shape=tuple((fine / fine.mean()).tolist()),
    )


def _non_negative(one: NDArray[np.float64], other: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the factors from 0 up by which two columns together come nearest to a third."""
    from scipy.optimize import nnls  # noqa: PLC0415  # heavy, used here only

    first, second = nnls(np.column_stack([one, other]), y)[0]
    return float(first), float(second)
