"""Machine code for the prices of a Lagrangian bound: choices of tasks, what they use, and steps of the prices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aurora.sim.kernel.jit import entry_point

SOURCES = (Path(__file__),)
MOMENTUM, SECOND = 0.9, 0.95
"""Decay of the mean of gradients, and of that of their squares (Kingma & Ba, ICLR 2015)."""
LEAST_ROOT = 1e-3
"""Least root of the mean square by which a step is divided, in slots."""


def _raise_prices(
    own: Any,  # [tasks, columns] cost without resources; infinite: padding
    later: Any,  # [tasks, columns] seconds of use at an unknown time
    pool: Any,  # [tasks, columns] pool of nodes, counted from 0 after the links; -1: none
    rows: Any,  # [tasks, columns, uses]
    used: Any,  # [tasks, columns, uses]
    slots: Any,  # [2, tasks, columns] slots in which the use begins and ends
    past: Any,  # [2, tasks, columns] share of those slots that is past
    first: Any,  # [pools + 1] first row of each pool
    links: int,  # number of pools that are links
    up: Any,  # [pools, slots] node-seconds
    idle: Any,  # [pools] cost of a busy node's second
    scale: Any,  # [pools] size of a step
    tail: Any,  # [rows] price after the last slot
    length: float,  # of a slot, seconds
    of_rows: Any,  # [rows, slots] prices to begin with; the best ones at the end
    of_tasks: Any,  # [tasks, pools of nodes, slots] likewise
    steps: int,
    step_range: Any,  # [2] first and last size of a step
) -> float:
    """Improve prices, and return the best bound."""
    tasks, columns = own.shape
    uses = rows.shape[2]
    count, slot_count = of_rows.shape
    pools = len(idle)
    node_pools = pools - links
    prices, presence = of_rows.copy(), of_tasks.copy()
    row_mean, row_square = np.zeros_like(prices), np.zeros_like(prices)
    task_mean, task_square = np.zeros_like(presence), np.zeros_like(presence)
    until = np.zeros((count, slot_count + 1))
    cheapest = np.zeros((count, slot_count))
    until_task = np.zeros((max(1, node_pools), slot_count + 1))
    surplus, sold = np.zeros((pools, slot_count)), np.zeros((pools, slot_count))
    bought = np.zeros((count, slot_count))
    present = np.zeros((tasks, slot_count))
    where = np.zeros(tasks, dtype=np.int64)
    best = -np.inf
    decay = (step_range[1] / step_range[0]) ** (1.0 / max(1, steps - 1))
    size = step_range[0]
    for step in range(steps):
        for g in range(pools):
            for j in range(slot_count):
                paid = -idle[g]
                for r in range(first[g], first[g + 1]):
                    paid += prices[r, j]
                surplus[g, j] = paid
        for t in range(tasks):
            for g in range(node_pools):
                for j in range(slot_count):
                    surplus[links + g, j] += presence[t, g, j]
        value = 0.0
        for g in range(pools):
            for j in range(slot_count):
                sold[g, j] = 0.0
                if surplus[g, j] > 0:
                    value -= up[g, j] * surplus[g, j]
                    if surplus[g, j] > 1e-9 * (idle[g] + scale[g]):
                        sold[g, j] = up[g, j]
        for r in range(count):
            least = tail[r]
            for j in range(slot_count):
                until[r, j + 1] = until[r, j] + prices[r, j] * length
                bought[r, j] = 0.0
            for j in range(slot_count - 1, -1, -1):
                least = min(least, prices[r, j])
                cheapest[r, j] = least
        for t in range(tasks):
            for g in range(node_pools):
                for j in range(slot_count):
                    until_task[g, j + 1] = until_task[g, j] + presence[t, g, j] * length
            lowest, chosen = np.inf, 0
            for c in range(columns):
                total = own[t, c]
                if total >= lowest:
                    continue
                a, b = slots[0, t, c], slots[1, t, c]
                x, y = past[0, t, c], past[1, t, c]
                for u in range(uses):
                    share = used[t, c, u]
                    if share > 0:
                        r = rows[t, c, u]
                        total += share * (
                            until[r, b]
                            + y * (until[r, b + 1] - until[r, b])
                            - until[r, a]
                            - x * (until[r, a + 1] - until[r, a])
                            + later[t, c] * cheapest[r, a]
                        )
                g = pool[t, c]
                if g >= 0:
                    total += (
                        until_task[g, b]
                        + y * (until_task[g, b + 1] - until_task[g, b])
                        - until_task[g, a]
                        - x * (until_task[g, a + 1] - until_task[g, a])
                    )
                if total < lowest:
                    lowest, chosen = total, c
            value += lowest
            where[t] = pool[t, chosen]
            a, b = slots[0, t, chosen], slots[1, t, chosen]
            for j in range(slot_count):
                present[t, j] = 0.0
            for j in range(a, b + 1):
                begin = past[0, t, chosen] if j == a else 0.0
                end = past[1, t, chosen] if j == b else 1.0
                present[t, j] = max(0.0, end - begin) * length
                for u in range(uses):
                    if used[t, chosen, u] > 0:
                        bought[rows[t, chosen, u], j] += used[t, chosen, u] * present[t, j]
        if value > best:
            best = value
            of_rows[:] = prices
            of_tasks[:] = presence
        first_unbias, second_unbias = 1 - MOMENTUM ** (step + 1), 1 - SECOND ** (step + 1)
        floor = LEAST_ROOT * length
        for g in range(pools):
            for r in range(first[g], first[g + 1]):
                for j in range(slot_count):
                    slope = bought[r, j] - sold[g, j]
                    row_mean[r, j] = MOMENTUM * row_mean[r, j] + (1 - MOMENTUM) * slope
                    row_square[r, j] = SECOND * row_square[r, j] + (1 - SECOND) * slope * slope
                    root = np.sqrt(row_square[r, j] / second_unbias) + floor
                    moved = prices[r, j] + size * scale[g] * row_mean[r, j] / first_unbias / root
                    prices[r, j] = max(0.0, moved)
        for t in range(tasks):
            for g in range(node_pools):
                stays = where[t] == g
                for j in range(slot_count):
                    slope = (present[t, j] if stays else 0.0) - sold[links + g, j]
                    if slope == 0.0 and task_square[t, g, j] == 0.0:
                        continue
                    task_mean[t, g, j] = MOMENTUM * task_mean[t, g, j] + (1 - MOMENTUM) * slope
                    task_square[t, g, j] = SECOND * task_square[t, g, j] + (1 - SECOND) * slope * slope
                    root = np.sqrt(task_square[t, g, j] / second_unbias) + floor
                    moved = presence[t, g, j] + size * scale[links + g] * task_mean[t, g, j] / first_unbias / root
                    presence[t, g, j] = max(0.0, moved)
        size *= decay
    return best


raise_prices = entry_point(_raise_prices, SOURCES)
