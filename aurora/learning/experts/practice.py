"""Rules of good practice in running accounts, each checked in every period."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.history import Account, changes
from aurora.learning.accounts.numbers import C_MAXIMUM, C_MINIMUM, C_TARGET
from aurora.learning.accounts.workload import DAY

Practice = Callable[[Account, NDArray[np.float64], Catalogue], NDArray[np.bool_]]


def _no_idle_floor(account: Account, numbers: NDArray[np.float64], catalogue: Catalogue) -> NDArray[np.bool_]:
    low = account.metric("running") <= numbers[:, C_MINIMUM] * 1.01
    return ~(low & (account.metric("cpu") < 0.5 * numbers[:, C_TARGET]) & (numbers[:, C_MINIMUM] > 1))


def _headroom(account: Account, numbers: NDArray[np.float64], catalogue: Catalogue) -> NDArray[np.bool_]:
    at_most = account.metric("running") >= numbers[:, C_MAXIMUM] * 0.99
    return ~(at_most & (account.metric("cpu") > numbers[:, C_TARGET]))


def _fits(account: Account, numbers: NDArray[np.float64], catalogue: Catalogue) -> NDArray[np.bool_]:
    return np.asarray(
        (account.metric("memory") <= 0.95) & (account.metric("io") <= 0.9) & (account.metric("bandwidth") <= 0.9)  # noqa: PLR2004
    )


def _no_reversal(account: Account, numbers: NDArray[np.float64], catalogue: Catalogue) -> NDArray[np.bool_]:
    """Return false where a machine's size or family is changed again within a day: each change restarts everything."""
    kept = np.ones(len(account), bool)
    day = max(1, DAY // account.period)
    last: int | None = None
    for change in changes(account, catalogue):
        if change.before.instance == change.after.instance:
            continue
        if last is not None and change.period - last < day:
            kept[change.period] = False
        last = change.period
    return kept


def _answers_trouble(account: Account, numbers: NDArray[np.float64], catalogue: Catalogue) -> NDArray[np.bool_]:
    """Return false where nothing is changed after a day of misses."""
    day = max(1, DAY // account.period)
    kept = np.ones(len(account), bool)
    changed = {c.period for c in changes(account, catalogue)}
    misses = account.metric("misses")
    for t in range(2 * day, len(account)):
        if misses[t - day : t].min() > 0.05 and not any(k in changed for k in range(t - 2 * day, t)):  # noqa: PLR2004
            kept[t] = False
    return kept


def _reviewed(account: Account, numbers: NDArray[np.float64], catalogue: Catalogue) -> NDArray[np.bool_]:
    """Return false where nothing was changed within the last week, although demand changes."""
    week = max(1, 7 * DAY // account.period)
    kept = np.zeros(len(account), bool)
    for change in changes(account, catalogue):
        kept[change.period + 1 : change.period + 1 + week] = True
    kept[:week] = True  # nobody can tell yet
    return kept


PRACTICES: Mapping[str, Practice] = {
    "no idle floor": _no_idle_floor,
    "headroom": _headroom,
    "memory, volume and line fit": _fits,
    "no second change of machines within a day": _no_reversal,
    "answers trouble": _answers_trouble,
    "reviewed within a week": _reviewed,
}
"""Name of a rule -> function that returns in which periods an account kept it."""
