"""Cost and difficulty of serving a demand, from its measurements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.history import Account
from aurora.learning.accounts.numbers import C_GBIT, C_IOPS, C_MEMORY, numbers_of_history
from aurora.learning.accounts.twin import busy_cores
from aurora.learning.accounts.workload import DAY

REFERENCE_UTILISATION = 0.7
"""Utilisation of cores in the reference rightsizing."""
REFERENCE_LOAD = 0.9
"""Utilisation of memory, storage and network in the reference rightsizing."""


def reference_cost(account: Account, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return what each period's demand would cost on the cheapest fitting machines, by the fraction of a machine.

    Cores at `REFERENCE_UTILISATION`, memory at `REFERENCE_LOAD`, the cheapest volume and line that carry the whole
    history's largest need. It is no plan that anybody could follow, but it says how dear a demand is.

    Returns:
        Dollars, float64 [periods].
    """
    numbers = numbers_of_history(account, catalogue)
    busy = busy_cores(account, catalogue)
    memory = account.metric("memory") * account.metric("running") * numbers[:, C_MEMORY]
    # GiB at the rate of the demand: what idle machines hold besides is their owner's choice.
    memory = np.minimum(memory, busy * np.quantile(memory / busy, 0.1) + np.min(memory))
    options = [
        np.maximum(busy / (i.cores * i.speed * REFERENCE_UTILISATION), memory / (i.memory * REFERENCE_LOAD)) * i.price
        for i in catalogue.instances
    ]
    iops = float((account.metric("io") * numbers[:, C_IOPS]).max()) / REFERENCE_LOAD
    gbit = float((account.metric("bandwidth") * numbers[:, C_GBIT]).max()) / REFERENCE_LOAD
    storage = next((s for s in catalogue.storage if s.iops >= iops), catalogue.storage[-1])
    line = next((n for n in catalogue.network if n.gbit >= gbit), catalogue.network[-1])
    return np.asarray((np.min(options, axis=0) + storage.price * account.data + line.price) * account.hours)


def difficulty(account: Account, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return measures of how hard a demand is to serve cheaply.

    Returns:
        float64 [6]: logarithm of its level; its relative deviation; that within days; of its peaks over its means;
        logarithms of storage operations and traffic per core.
    """
    busy = busy_cores(account, catalogue)
    numbers = numbers_of_history(account, catalogue)
    day = max(1, round(DAY / account.period))
    days = busy[: len(busy) // day * day].reshape(-1, day)
    peak = account.metric("cpu_peak") / np.maximum(account.metric("cpu"), 1e-3)
    return np.array(
        [
            np.log(busy.mean()),
            np.std(busy) / busy.mean(),
            np.mean(days.std(axis=1)) / busy.mean(),
            np.log(np.median(peak)),
            np.log(1 + np.median(account.metric("io") * numbers[:, C_IOPS] / busy)),
            np.log(1 + 1000 * np.median(account.metric("bandwidth") * numbers[:, C_GBIT] / busy)),
        ]
    )
