"""Configurations as rows of numbers, for compiled code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import Configuration
from aurora.learning.accounts.history import Account

(C_CORES, C_MEMORY, C_SPEED, C_PRICE, C_STORAGE, C_IOPS, C_NETWORK, C_GBIT, C_FIXED) = range(9)
(C_MINIMUM, C_MAXIMUM, C_TARGET, C_COOLDOWN, C_CHEAPEST) = range(9, 14)
(C_IOPS_BELOW, C_GBIT_BELOW, C_STORAGE_SAVING, C_NETWORK_SAVING, C_STORAGE_EXTRA, C_NETWORK_EXTRA) = range(14, 20)
NUMBERS = 20


def numbers_of(configuration: Configuration, data: float, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return a configuration as numbers, float64 [NUMBERS], in the order of the `C_` constants.

    Args:
        configuration: Configuration to describe.
        data: Stored data, GiB.
        catalogue: Catalogue that it names things from.
    """
    kind = catalogue.instance[configuration.instance]
    storage = catalogue.storage_class[configuration.storage]
    tier = catalogue.network_tier[configuration.network]
    s, n = catalogue.storage.index(storage), catalogue.network.index(tier)
    below, above = catalogue.storage[max(0, s - 1)], catalogue.storage[min(s + 1, len(catalogue.storage) - 1)]
    under, over = catalogue.network[max(0, n - 1)], catalogue.network[min(n + 1, len(catalogue.network) - 1)]
    return np.array(
        [
            kind.cores,
            kind.memory,
            kind.speed,
            kind.price,
            s / max(1, len(catalogue.storage) - 1),
            storage.iops,
            n / max(1, len(catalogue.network) - 1),
            tier.gbit,
            storage.price * data + tier.price,
            configuration.minimum,
            configuration.maximum,
            configuration.target,
            configuration.cooldown,
            catalogue.cheapest_core,
            below.iops,
            under.gbit,
            (storage.price - below.price) * data,
            tier.price - under.price,
            (above.price - storage.price) * data,
            over.price - tier.price,
        ]
    )


def numbers_of_history(account: Account, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return the configurations of a history as numbers, float64 [periods, NUMBERS]."""
    known = {c: numbers_of(c, account.data, catalogue) for c in set(account.configurations)}
    return np.array([known[c] for c in account.configurations])
