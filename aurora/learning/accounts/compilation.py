"""Compilation of the simulator of accounts ahead of its use, so that no later command waits for it."""

from __future__ import annotations

import numpy as np

from aurora.learning.accounts.catalogue import synthetic_catalogue
from aurora.learning.accounts.generator import generate
from aurora.learning.accounts.simulator import advance_apart, setting_of
from aurora.learning.accounts.situation import situations


def compile_accounts() -> None:
    """Compile the functions that simulate and describe accounts, unless their machine code is kept already."""
    catalogue = synthetic_catalogue()
    (account,), (truth,) = generate(0, 1, periods=24)
    situations(account, catalogue)
    configuration = account.configurations[-1]
    setting = setting_of(configuration, truth.workload, account.limit, account.data, catalogue)
    advance_apart(configuration, configuration.instance, setting, np.ones((1, 2)), catalogue)
