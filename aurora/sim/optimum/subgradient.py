"""Machine code for the prices of a Lagrangian bound: choices of tasks, what they use, and steps of the prices."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.sim.kernel import jit
from aurora.sim.kernel.jit import entry_point, jitted

SOURCES = (Path(__file__), Path(jit.__file__))
MOMENTUM, SECOND = 0.9, 0.95
"""Decay of the mean of gradients, and of that of their squares (Kingma & Ba, ICLR 2015)."""
LEAST_ROOT = 1e-3
"""Least root of the mean square by which a step is divided, in slots."""
NO_SURPLUS = 1e-9
"""Surplus, in typical prices, up to which a node counts as paid for and no more."""


class Columns(NamedTuple):
    """The columns of tasks, as arrays for machine code.

    Attributes:
        own: float64 [tasks, columns] cost without resources; infinite: padding.
        later: float64 [tasks, columns] seconds of use at an unknown time.
        pool: int64 [tasks, columns] pool of nodes, counted without links; -1: none.
        rows: int64 [tasks, columns, uses] rows that it uses.
        used: float64 [tasks, columns, uses] share of a node in each; 0: none.
        slots: int64 [2, tasks, columns] slots in which its use begins and ends.
        past: float64 [2, tasks, columns] share of those slots that is past.
    """

    own: Any
    later: Any
    pool: Any
    rows: Any
    used: Any
    slots: Any
    past: Any


class Supply(NamedTuple):
    """The pools, as arrays for machine code.

    Attributes:
        first: int64 [pools + 1] first row of each pool; links come before pools of nodes.
        links: Number of links.
        up: float64 [pools, slots] node-seconds.
        idle: float64 [pools] cost of a second of a busy node.
        typical: float64 [pools] typical price of a node-second.
        tail: float64 [rows] price after the last slot.
        length: Length of a slot, seconds.
    """

    first: Any
    links: Any
    up: Any
    idle: Any
    typical: Any
    tail: Any
    length: Any


class Pair(NamedTuple):
    """Numbers of rows and of tasks on pools: prices, their gradients, or means of these.

    Attributes:
        rows: float64 [rows, slots].
        tasks: float64 [tasks, pools of nodes, slots].
    """

    rows: Any
    tasks: Any


class Work(NamedTuple):
    """Arrays that a step writes.

    Attributes:
        until: float64 [rows, slots + 1] integral of each price up to each edge.
        until_task: float64 [pools of nodes, slots + 1] likewise, of the prices of one task.
        cheapest: float64 [rows, slots] least price in a slot or later.
        sold: float64 [pools, slots] node-seconds that are sold at the present prices.
        bought: float64 [rows, slots] node-seconds that the chosen columns use.
        present: float64 [tasks, slots] seconds for which each task is present.
        where: int64 [tasks] its pool.
    """

    until: Any
    until_task: Any
    cheapest: Any
    sold: Any
    bought: Any
    present: Any
    where: Any


@jitted
def _sell(supply: Any, prices: Any, work: Any) -> Any:
    """Find what is sold, and return what capacity earns."""
    pools, slots = work.sold.shape
    earned = 0.0
    for g in range(pools):
        for j in range(slots):
            surplus = -supply.idle[g]
            for r in range(supply.first[g], supply.first[g + 1]):
                surplus += prices.rows[r, j]
            work.sold[g, j] = surplus
    for t in range(prices.tasks.shape[0]):
        for g in range(prices.tasks.shape[1]):
            for j in range(slots):
                work.sold[supply.links + g, j] += prices.tasks[t, g, j]
    for g in range(pools):
        for j in range(slots):
            surplus = work.sold[g, j]
            work.sold[g, j] = supply.up[g, j] if surplus > NO_SURPLUS * supply.typical[g] else 0.0
            if surplus > 0:
                earned += supply.up[g, j] * surplus
    return earned


@jitted
def _add_up(supply: Any, prices: Any, work: Any) -> None:
    """Add prices of rows up over time, and forget what was bought."""
    count, slots = prices.rows.shape
    for r in range(count):
        least = supply.tail[r]
        for j in range(slots):
            work.until[r, j + 1] = work.until[r, j] + prices.rows[r, j] * supply.length
            work.bought[r, j] = 0.0
        for j in range(slots - 1, -1, -1):
            least = min(least, prices.rows[r, j])
            work.cheapest[r, j] = least


@jitted
def _between(until: Any, r: Any, a: Any, x: Any, b: Any, y: Any) -> Any:
    """Return the integral of a price from share x of slot a to share y of slot b."""
    begin = until[r, a] + x * (until[r, a + 1] - until[r, a])
    return until[r, b] + y * (until[r, b + 1] - until[r, b]) - begin


@jitted
def _priced(columns: Any, work: Any, t: Any, c: Any) -> Any:
    """Return what a column costs with its resources."""
    a, b = columns.slots[0, t, c], columns.slots[1, t, c]
    x, y = columns.past[0, t, c], columns.past[1, t, c]
    total = columns.own[t, c]
    for u in range(columns.used.shape[2]):
        share = columns.used[t, c, u]
        if share > 0:
            r = columns.rows[t, c, u]
            total += share * (_between(work.until, r, a, x, b, y) + columns.later[t, c] * work.cheapest[r, a])
    g = columns.pool[t, c]
    if g >= 0:
        total += _between(work.until_task, g, a, x, b, y)
    return total


@jitted
def _choose(columns: Any, supply: Any, prices: Any, work: Any) -> Any:
    """Let every task choose its cheapest column, and return what they pay together."""
    paid = 0.0
    for t in range(columns.own.shape[0]):
        for g in range(prices.tasks.shape[1]):
            for j in range(prices.tasks.shape[2]):
                work.until_task[g, j + 1] = work.until_task[g, j] + prices.tasks[t, g, j] * supply.length
        lowest, chosen = np.inf, 0
        for c in range(columns.own.shape[1]):
            if columns.own[t, c] < lowest:
                total = _priced(columns, work, t, c)
                if total < lowest:
                    lowest, chosen = total, c
        paid += lowest
        work.where[t] = columns.pool[t, chosen]
        for j in range(work.present.shape[1]):
            work.present[t, j] = 0.0
        a, b = columns.slots[0, t, chosen], columns.slots[1, t, chosen]
        for j in range(a, b + 1):
            begin = columns.past[0, t, chosen] if j == a else 0.0
            end = columns.past[1, t, chosen] if j == b else 1.0
            work.present[t, j] = max(0.0, end - begin) * supply.length
            for u in range(columns.used.shape[2]):
                work.bought[columns.rows[t, chosen, u], j] += columns.used[t, chosen, u] * work.present[t, j]
    return paid


@jitted
def _moved(price: Any, slope: Any, means: Any, place: Any, step: Any, size: Any, floor: Any) -> Any:
    """Return a price after a step; the means of its gradient and of the square are kept."""
    mean, square = means
    mean[place] = MOMENTUM * mean[place] + (1 - MOMENTUM) * slope
    square[place] = SECOND * square[place] + (1 - SECOND) * slope * slope
    root = np.sqrt(square[place] / (1 - SECOND ** (step + 1))) + floor
    return max(0.0, price + size * mean[place] / (1 - MOMENTUM ** (step + 1)) / root)


@jitted
def _step(supply: Any, prices: Any, moments: Any, work: Any, step: Any, size: Any) -> None:
    """Move every price along its smoothed gradient."""
    mean, square = moments
    slots = work.present.shape[1]
    floor = LEAST_ROOT * supply.length
    for g in range(len(supply.idle)):
        for r in range(supply.first[g], supply.first[g + 1]):
            for j in range(slots):
                slope, far = work.bought[r, j] - work.sold[g, j], size * supply.typical[g]
                prices.rows[r, j] = _moved(prices.rows[r, j], slope, (mean.rows, square.rows), (r, j), step, far, floor)
    for t in range(prices.tasks.shape[0]):
        for g in range(prices.tasks.shape[1]):
            far = size * supply.typical[supply.links + g]
            for j in range(slots):
                slope = (work.present[t, j] if work.where[t] == g else 0.0) - work.sold[supply.links + g, j]
                if slope != 0.0 or square.tasks[t, g, j] != 0.0:
                    prices.tasks[t, g, j] = _moved(
                        prices.tasks[t, g, j], slope, (mean.tasks, square.tasks), (t, g, j), step, far, floor
                    )


def _raise_prices(columns: Any, supply: Any, prices: Any, best: Any, moments: Any, work: Any, sizes: Any) -> Any:
    """Improve prices in as many steps as there are sizes; the best are left in `best`, and their bound is returned."""
    highest = -np.inf
    for step in range(len(sizes)):
        earned = _sell(supply, prices, work)
        _add_up(supply, prices, work)
        value = _choose(columns, supply, prices, work) - earned
        if value > highest:
            highest = value
            best.rows[:] = prices.rows
            best.tasks[:] = prices.tasks
        _step(supply, prices, moments, work, step, sizes[step])
    return highest


raise_prices = entry_point(_raise_prices, SOURCES)
