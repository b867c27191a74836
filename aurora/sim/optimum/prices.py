"""A Lagrangian bound on a weighted sum of objectives: resources have prices over time, and tasks choose by them.

For any prices the cheapest choice of every task, less what the capacity earns, is a lower bound (Geoffrion,
Mathematical Programming Study 2, 1974). A pool has so many busy nodes that their capacity covers every resource in use,
and at least one while any task runs on it. So prices also share out the idle power of its nodes, by resources and by
tasks. `aurora.sim.optimum.subgradient` improves them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aurora.sim.objectives import OBJECTIVES
from aurora.sim.optimum.relaxation import RANGES, IntArray, Relaxation
from aurora.sim.optimum.subgradient import Columns, Pair, Supply, Work, raise_prices
from aurora.types import FloatArray

STEP_RANGE = 0.5, 0.001
"""First and last size of a step, in typical prices of a node-second."""
TYPICAL_PRICE = 0.3
"""Typical price of a node-second, as a share of the weighted sum over all node-seconds that tasks need."""
ROUNDING = 1e-9
"""Share of the weighted sum by which a bound is lowered; it exceeds the error of adding floats."""
ENERGY = [o.name for o in OBJECTIVES].index("energy")


class PriceBound(NamedTuple):
    """The best bound of a number of steps.

    Attributes:
        value: Lower bound on the weighted sum of every plan that completes every task.
        prices: Prices that give it.
    """

    value: float
    prices: Pair


class Market:
    """A relaxation whose resources have prices: what every search for prices needs of it."""

    def __init__(self, relaxed: Relaxation) -> None:
        self._relaxed = relaxed
        pools = relaxed.pools
        self._links = pools.links
        self._is_padding = np.isinf(relaxed.amounts[0])
        self._finite = np.where(self._is_padding, 0.0, relaxed.amounts)
        begin, end = (_positions(times, relaxed.edges) for times in (relaxed.begin, relaxed.end))
        self._slots, self._past = np.stack([begin[0], end[0]]), np.stack([begin[1], end[1]])
        holds = relaxed.end - relaxed.begin + relaxed.later
        need = np.zeros(int(pools.first[-1]))
        np.add.at(need, relaxed.rows[:, ::RANGES], relaxed.used[:, ::RANGES] * holds[:, ::RANGES, None])
        self._scarcest = [int(a + need[a:b].argmax()) for a, b in zip(pools.first[:-1], pools.first[1:], strict=True)]
        first = np.where(self._is_padding, np.inf, relaxed.used.max(axis=2) * holds)[:, ::RANGES]
        self._node_seconds = float(first.min(axis=1).sum())

    def first_prices(self, weights: FloatArray) -> Pair:
        """Return prices at which capacity earns nothing, and the scarcest resource pays for idle power."""
        pools, slots = self._relaxed.pools, len(self._relaxed.edges) - 1
        rows = np.zeros((int(pools.first[-1]), slots))
        rows[self._scarcest] = (weights[ENERGY] * pools.idle)[:, None]
        return Pair(rows, np.zeros((self._relaxed.pool.shape[0], len(pools.idle) - self._links, slots)))

    def best(self, weights: FloatArray, start: Pair, aim: float, steps: int) -> PriceBound:
        """Return the best bound of a number of steps.

        Args:
            weights: Weight [objectives] of a unit of each amount, summed over tasks.
            start: Pair to begin with.
            aim: Weighted sum of a known plan; the size of the steps follows from it, no bound does.
            steps: Number of steps.
        """
        relaxed, pools = self._relaxed, self._relaxed.pools
        own = np.tensordot(weights, self._finite, 1)
        own[self._is_padding] = np.inf
        idle = weights[ENERGY] * pools.idle
        typical = TYPICAL_PRICE * aim / self._node_seconds if self._node_seconds > 0 else 0.0
        columns = Columns(
            own=own,
            later=relaxed.later,
            pool=np.where(relaxed.pool >= 0, relaxed.pool - self._links, -1),
            rows=relaxed.rows,
            used=relaxed.used,
            slots=self._slots,
            past=self._past,
        )
        supply = Supply(
            first=pools.first,
            links=self._links,
            up=pools.up,
            idle=idle,
            typical=np.maximum(idle, typical),
            tail=self.first_prices(weights).rows[:, -1].copy(),
            length=float(relaxed.edges[1] - relaxed.edges[0]),
        )
        prices, best = _copied(start), _copied(start)
        mean, square = (Pair(np.zeros_like(start.rows), np.zeros_like(start.tasks)) for _ in range(2))
        sizes = np.geomspace(*STEP_RANGE, steps)
        value = raise_prices(columns, supply, prices, best, (mean, square), self._work(start), sizes)
        return PriceBound(value - ROUNDING * abs(aim), best)

    def _work(self, prices: Pair) -> Work:
        (count, slots), (tasks, pools, _) = prices.rows.shape, prices.tasks.shape
        return Work(
            until=np.zeros((count, slots + 1)),
            until_task=np.zeros((pools, slots + 1)),
            cheapest=np.zeros((count, slots)),
            sold=np.zeros((self._links + pools, slots)),
            bought=np.zeros((count, slots)),
            present=np.zeros((tasks, slots)),
            where=np.zeros(tasks, dtype=np.int64),
        )


def _copied(prices: Pair) -> Pair:
    return Pair(prices.rows.copy(), prices.tasks.copy())


def _positions(times: FloatArray, edges: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the slot of each time and the share of the slot that is past."""
    slots = len(edges) - 1
    place = np.clip((times - edges[0]) / (edges[-1] - edges[0]) * slots, 0.0, slots)
    slot = np.minimum(place.astype(np.int64), slots - 1)
    return slot, place - slot
