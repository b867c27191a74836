"""Selects policies by their values on each family of scenarios, rather than by one mean over all.

A mean rewards the policy that is fair everywhere. A parent that is best on one family only carries what that family
needs, and a mean loses it. All functions take the values of policies on common scenarios, higher is better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError


class FamilyMeans(NamedTuple):
    """Mean values by family.

    Attributes:
        names: Families, in the order in which they first occur.
        means: Mean value of each policy on each family, float64 [policies, families].
    """

    names: tuple[Hashable, ...]
    means: NDArray[np.float64]


def family_means(values: NDArray[np.float64], families: Sequence[Hashable]) -> FamilyMeans:
    """Return the mean value of each policy on each family.

    Args:
        values: Value of each policy on each scenario, float64 [policies, scenarios].
        families: Family of each scenario. A name of its own for each scenario makes every scenario a case.

    Raises:
        InputError: `values` is not a finite table, or there is not one family for each scenario.
    """
    if values.ndim != 2 or values.shape[1] == 0 or not np.isfinite(values).all():  # noqa: PLR2004  # a table
        raise InputError(f"values must be a finite table of policies by scenarios, not of shape {values.shape}")
    if len(families) != values.shape[1]:
        raise InputError(f"{len(families)} families for {values.shape[1]} scenarios; give one for each scenario")
    number = {family: place for place, family in enumerate(dict.fromkeys(families))}
    member = np.zeros((len(families), len(number)))
    member[np.arange(len(families)), [number[family] for family in families]] = 1.0
    return FamilyMeans(tuple(number), values @ (member / member.sum(axis=0)))


def balanced_means(values: NDArray[np.float64], families: Sequence[Hashable]) -> NDArray[np.float64]:
    """Return the mean of each policy in which every family counts the same, however many scenarios it has.

    Args:
        values: Value of each policy on each scenario, float64 [policies, scenarios].
        families: Family of each scenario; empty: every scenario counts the same.

    Returns:
        float64 [policies].
    """
    means: NDArray[np.float64] = values @ family_weights(families, values.shape[1])
    return means


def family_weights(families: Sequence[Hashable], count: int) -> NDArray[np.float64]:
    """Return the weight of each scenario with which every family counts the same.

    Args:
        families: Family of each scenario; empty: every scenario counts the same.
        count: Number of scenarios.

    Returns:
        float64 [scenarios], adding up to 1.
    """
    sizes = Counter(families)
    weights = np.array([1 / sizes[family] for family in families] or [1.0] * count)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def epsilon_lexicase(
    values: NDArray[np.float64], families: Sequence[Hashable], count: int, *, seed: int, scale: float = 1.0
) -> NDArray[np.int64]:
    """Draw parents by ε-lexicase selection over families (La Cava, Spector & Danai 2016, semi-dynamic).

    For each parent the families are shuffled. Family after family keeps the policies whose mean is within ε of the best
    one that is left; the parent is drawn from those that remain. ε is the median absolute deviation of the family's
    means over all policies, so that differences of noise decide nothing.

    Args:
        values: Value of each policy on each scenario, float64 [policies, scenarios].
        families: Family of each scenario.
        count: Number of parents, drawn independently; a policy may be drawn several times.
        seed: Random seed of the draw.
        scale: Factor on ε; 0 is lexicase selection without tolerance.

    Returns:
        Rows of the parents in `values`, int64 [count].

    Raises:
        InputError: `values` or `families` don't fit (see `family_means`), or there is no policy.
    """
    means = family_means(values, families).means
    if len(means) == 0:
        raise InputError("there is no policy to select from")
    epsilon = scale * np.median(np.abs(means - np.median(means, axis=0)), axis=0)
    rng = np.random.default_rng(seed)
    parents = np.empty(count, np.int64)
    for place in range(count):
        pool = np.arange(len(means))
        for family in rng.permutation(means.shape[1]):
            left = means[pool, family]
            pool = pool[left >= left.max() - epsilon[family]]
        parents[place] = pool[int(rng.integers(len(pool)))]
    return parents


def pareto_ranks(values: NDArray[np.float64], families: Sequence[Hashable]) -> NDArray[np.int64]:
    """Return the number of the Pareto front that each policy is on, over its families' means (Deb et al. 2002).

    Front 0 is dominated by none; front k is what no other policy dominates once the fronts before it are removed.

    Args:
        values: Value of each policy on each scenario, float64 [policies, scenarios].
        families: Family of each scenario.

    Returns:
        Number of the front of each policy, int64 [policies].

    Raises:
        InputError: `values` or `families` don't fit; see `family_means`.
    """
    means = family_means(values, families).means
    dominators = np.zeros(len(means), np.int64)
    dominated: list[NDArray[np.int64]] = []
    for own in means:
        beaten = (means <= own).all(axis=1) & (means < own).any(axis=1)
        dominated.append(np.flatnonzero(beaten))
        dominators += beaten
    ranks = np.full(len(means), -1, np.int64)
    front, number = np.flatnonzero(dominators == 0), 0
    while len(front):
        ranks[front] = number
        for policy in front:
            dominators[dominated[policy]] -= 1
        front, number = np.flatnonzero((dominators == 0) & (ranks < 0)), number + 1
    return ranks


def pareto_order(values: NDArray[np.float64], families: Sequence[Hashable]) -> NDArray[np.int64]:
    """Return policies by Pareto front over their families' means, and within a front the least crowded first.

    The crowding distance is NSGA-II's (Deb et al. 2002, section III-B): the best policy of each family comes first in
    its front. Of equally crowded ones the higher mean over families comes first, then the lower row.

    Args:
        values: Value of each policy on each scenario, float64 [policies, scenarios].
        families: Family of each scenario.

    Returns:
        Rows of `values` in order, int64 [policies].

    Raises:
        InputError: `values` or `families` don't fit; see `family_means`.
    """
    means = family_means(values, families).means
    ranks = pareto_ranks(values, families)
    apart = np.zeros(len(means))
    for number in range(int(ranks.max(initial=-1)) + 1):
        front = np.flatnonzero(ranks == number)
        apart[front] = _crowding(means[front])
    return np.lexsort((np.arange(len(means)), -means.mean(axis=1), -apart, ranks))


def _crowding(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the crowding distance of each policy of a front; infinite for the ends of a family."""
    distance = np.zeros(len(means))
    for column in means.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]]
        distance[order[[0, -1]]] = np.inf
        if span > 0:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return distance
