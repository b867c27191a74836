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
from aurora.sim.optimum.subgradient import raise_prices
from aurora.types import FloatArray

STEP_RANGE = np.array([0.5, 0.001])
"""First and last size of a step, in typical prices of a node-second."""
TYPICAL_PRICE = 0.3
"""Typical price of a node-second, as a share of the weighted sum over all node-seconds that tasks need."""
ROUNDING = 1e-9
"""Share of the weighted sum by which a bound is lowered; it exceeds the error of adding floats."""
ENERGY = [o.name for o in OBJECTIVES].index("energy")


class Prices(NamedTuple):
    """Prices of a node-second, in units of the weighted sum.

    Attributes:
        rows: [rows, slots] of a resource of a pool, for the use of a whole node.
        tasks: [tasks, pools of nodes, slots] of a task for its presence on a pool.
    """

    rows: FloatArray
    tasks: FloatArray


class PriceBound(NamedTuple):
    """The best bound of a number of steps.

    Attributes:
        value: Lower bound on the weighted sum of every plan that completes every task.
        prices: Prices that give it.
    """

    value: float
    prices: Prices


class Market:
    """A relaxation whose resources have prices: what every search for prices needs of it."""

    def __init__(self, relaxed: Relaxation) -> None:
        self._relaxed = relaxed
        pools = relaxed.pools
        self._links = int((np.diff(pools.first) == 1).sum())
        self._is_padding = np.isinf(relaxed.amounts[0])
        self._finite = np.where(self._is_padding, 0.0, relaxed.amounts)
        begin, end = (_positions(times, relaxed.edges) for times in (relaxed.begin, relaxed.end))
        self._slots, self._past = np.stack([begin[0], end[0]]), np.stack([begin[1], end[1]])
        holds = relaxed.end - relaxed.begin + relaxed.later
        need = np.zeros(int(pools.first[-1]))
        np.add.at(need, relaxed.rows[:, ::RANGES], relaxed.used[:, ::RANGES] * holds[:, ::RANGES, None])
        self._scarcest = [
            int(a + need[a:b].argmax()) for a, b in zip(pools.first[:-1], pools.first[1:], strict=True)
        ]
        first = np.where(self._is_padding, np.inf, relaxed.used.max(axis=2) * holds)[:, ::RANGES]
        self._node_seconds = float(first.min(axis=1).sum())

    def first_prices(self, weights: FloatArray) -> Prices:
        """Return prices at which capacity earns nothing, and the scarcest resource pays for idle power."""
        pools, slots = self._relaxed.pools, len(self._relaxed.edges) - 1
        rows = np.zeros((int(pools.first[-1]), slots))
        rows[self._scarcest] = (weights[ENERGY] * pools.idle)[:, None]
        return Prices(rows, np.zeros((self._relaxed.pool.shape[0], len(pools.idle) - self._links, slots)))

    def best(self, weights: FloatArray, start: Prices, aim: float, steps: int) -> PriceBound:
        """Return the best bound of a number of steps.

        Args:
            weights: Weight [objectives] of a unit of each amount, summed over tasks.
            start: Prices to begin with.
            aim: Weighted sum of a known plan; the size of the steps follows from it, no bound does.
            steps: Number of steps.
        """
        relaxed, pools = self._relaxed, self._relaxed.pools
        own = np.tensordot(weights, self._finite, 1)
        own[self._is_padding] = np.inf
        idle = weights[ENERGY] * pools.idle
        prices = Prices(start.rows.copy(), start.tasks.copy())
        typical = TYPICAL_PRICE * aim / self._node_seconds if self._node_seconds > 0 else 0.0
        value = raise_prices(
            own,
            relaxed.later,
            np.where(relaxed.pool >= 0, relaxed.pool - self._links, -1),
            relaxed.rows,
            relaxed.used,
            self._slots,
            self._past,
            pools.first,
            self._links,
            pools.up,
            idle,
            np.maximum(idle, typical),
            self.first_prices(weights).rows[:, -1].copy(),
            float(relaxed.edges[1] - relaxed.edges[0]),
            prices.rows,
            prices.tasks,
            steps,
            STEP_RANGE,
        )
        return PriceBound(value - ROUNDING * abs(aim), prices)


def _positions(times: FloatArray, edges: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the slot of each time and the share of the slot that is past."""
    slots = len(edges) - 1
    place = np.clip((times - edges[0]) / (edges[-1] - edges[0]) * slots, 0.0, slots)
    slot = np.minimum(place.astype(np.int64), slots - 1)
    return slot, place - slot
