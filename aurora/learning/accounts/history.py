"""Histories of accounts: metrics and configurations period by period, labels and ratings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import Change, Configuration, check_configuration, moves_between


class Metric(NamedTuple):
    """A column of an account's metrics.

    Attributes:
        name: Name in files.
        unit: Unit.
        meaning: Meaning in words.
        most: Largest possible value; None where there is none.
    """

    name: str
    unit: str
    meaning: str
    most: float | None = None


METRICS = (
    Metric("cpu", "share", "mean CPU utilisation", 1.0),
    Metric("cpu_peak", "share", "largest CPU utilisation of any five minutes", 1.0),
    Metric("memory", "share", "mean memory demand over capacity; above 1 it swaps"),
    Metric("io", "share", "mean storage operations over what the storage class allows", 1.0),
    Metric("bandwidth", "share", "mean traffic over the network tier's bandwidth", 1.0),
    Metric("running", "instances", "mean number that ran"),
    Metric("latency", "s", "mean response time, weighted by requests"),
    Metric("throughput", "1/s", "requests completed a second"),
    Metric("misses", "share", "requests that came later than the account's limit", 1.0),
    Metric("cost", "$", "of the period"),
)
LARGEST = 1e12
"""Largest value of a metric that has no bound of its own; more is a mistake of units."""
NAMES = tuple(m.name for m in METRICS)
COLUMN: Mapping[str, int] = {name: k for k, name in enumerate(NAMES)}
(M_CPU, M_CPU_PEAK, M_MEMORY, M_IO, M_BANDWIDTH) = (COLUMN[n] for n in ("cpu", "cpu_peak", "memory", "io", "bandwidth"))
(M_RUNNING, M_LATENCY, M_THROUGHPUT) = (COLUMN[n] for n in ("running", "latency", "throughput"))
(M_MISSES, M_COST) = (COLUMN[n] for n in ("misses", "cost"))


class Rating(NamedTuple):
    """A user's rating of an account's service.

    Attributes:
        period: Period during which it was given.
        rater: Name of the user.
        stars: 1 (bad) to 5 (good).
    """

    period: int
    rater: str
    stars: int


@dataclass(frozen=True)
class Account:
    """An account's history.

    Attributes:
        account_id: Name, unique among accounts that are read together.
        start: Unix time of the first period, whole seconds.
        period: Length of a period, seconds.
        limit: Promised response time, seconds.
        data: Stored data, GiB.
        configurations: Configuration during each period.
        values: Metrics, columns in the order of `METRICS`, float64 [periods, len(METRICS)].
        tier: Tier such as "gold"; "" where unknown.
        site: Site; "" where unknown.
        tags: Tags.
        ratings: Ratings by users, in any order.
        incomplete: Metrics that were not measured, or not always; their columns hold NaN there.
        latest: Present configuration, where it is not that of the last period: after a gap.
    """

    account_id: str
    start: int
    period: int
    limit: float
    data: float
    configurations: tuple[Configuration, ...]
    values: NDArray[np.float64]
    tier: str = ""
    site: str = ""
    tags: tuple[str, ...] = ()
    ratings: tuple[Rating, ...] = field(default=())
    incomplete: frozenset[str] = frozenset()
    latest: Configuration | None = None

    def __len__(self) -> int:
        return len(self.configurations)

    def metric(self, name: str) -> NDArray[np.float64]:
        """Return one metric: float64 [periods]."""
        column: NDArray[np.float64] = self.values[:, COLUMN[name]]
        return column

    @property
    def present(self) -> Configuration:
        """Present configuration."""
        return self.configurations[-1] if self.latest is None else self.latest

    @cached_property
    def hours(self) -> float:
        """Length of a period, hours."""
        return self.period / 3600

    def between(self, first: int, last: int) -> Account:
        """Return the periods from `first` up to, not including, `last`."""
        return Account(
            self.account_id,
            self.start + first * self.period,
            self.period,
            self.limit,
            self.data,
            self.configurations[first:last],
            self.values[first:last],
            self.tier,
            self.site,
            self.tags,
            tuple(r._replace(period=r.period - first) for r in self.ratings if first <= r.period < last),
            self.incomplete,
        )


def changes(account: Account, catalogue: Catalogue) -> tuple[Change, ...]:
    """Return every change of configuration in a history, named by the first move that it consists of."""
    made = []
    for t, (before, after) in enumerate(zip(account.configurations, account.configurations[1:], strict=False)):
        moves = moves_between(before, after, catalogue) if before != after else ()
        if moves:
            made.append(Change(t, moves[0], before, after, len(moves) > 1))
    return tuple(made)


def check_account(account: Account, catalogue: Catalogue) -> None:
    """Check that a history is possible.

    Raises:
        DataError: It is not; the message names the account, the period, the field, and what is allowed.
    """
    where = f"account {account.account_id!r}"
    if not account.account_id:
        raise DataError("an account has no 'account_id'; give every account a name of its own")
    if account.period <= 0:
        raise DataError(f"{where}: field 'period' must be seconds above 0, it is {account.period}")
    for name, value in (("limit", account.limit), ("data", account.data)):
        if not 0 <= value <= LARGEST or (name == "limit" and value == 0):
            raise DataError(f"{where}: field {name!r} must be a number above 0, at most {LARGEST:g}; it is {value}")
    if account.values.shape != (len(account), len(METRICS)):
        raise DataError(
            f"{where}: {len(account)} configurations, but metrics of shape {account.values.shape}; "
            f"one row for each period and {len(METRICS)} columns are expected"
        )
    for t, configuration in enumerate(account.configurations):
        if t == 0 or configuration != account.configurations[t - 1]:
            check_configuration(configuration, catalogue, f"{where}, period {t}")
    if account.latest is not None:
        check_configuration(account.latest, catalogue, f"{where}, last row")
    for metric in METRICS:
        column = account.metric(metric.name)
        top = LARGEST if metric.most is None else metric.most * (1 + 1e-9)
        absent = np.isnan(column) if metric.name in account.incomplete else np.zeros(len(column), bool)
        bad = np.flatnonzero(~absent & (~np.isfinite(column) | (column < 0) | (column > top)))
        if len(bad):
            allowed = f"from 0 to {LARGEST:g}" if metric.most is None else f"from 0 to {metric.most:g}"
            is_percent = metric.most == 1.0 and 1.0 < column[bad[0]] <= 100.0  # noqa: PLR2004  # per cent
            hint = f": {column[bad[0]] / 100:g} for {column[bad[0]]:g} %" if is_percent else ""
            raise DataError(
                f"{where}, period {bad[0]}: metric {metric.name!r} is {column[bad[0]]:g}; a number {allowed} "
                f"({metric.unit}{hint}) is expected ({len(bad)} such values)"
            )
    for rating in account.ratings:
        if not 1 <= rating.stars <= 5 or not 0 <= rating.period < max(1, len(account)):  # noqa: PLR2004  # five stars
            raise DataError(
                f"{where}: a rating of {rating.stars} stars in period {rating.period}; 1 to 5 stars and a period "
                f"from 0 to {len(account) - 1} are expected"
            )
