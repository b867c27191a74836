"""The waiting queue and the heap of completions."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.bits import bits_of
from aurora.sim.kernel.jit import inlined, jitted
from aurora.sim.kernel.layout import (
    K_HEAP,
    K_QUEUE,
    K_STALE,
    K_WAITING,
    R_SEQUENCE,
    R_STATUS,
    R_TRIED,
    R_WAITING,
    RUNNING,
    T_RANK,
)
from aurora.sim.kernel.rows import data_of

TASK_BITS = 26
"""Number of low bits of a completion's code that hold the task; those above hold its sequence number."""
TASK_MASK = (1 << TASK_BITS) - 1
LAST = (1 << 63) - 1
"""Code that comes after that of every completion."""


@inlined
def _insert(queue, size, place, t):
    for k in range(size, place, -1):
        queue[k] = queue[k - 1]
    queue[place] = t


@inlined
def _place_by_key(state, t, size, static):
    """Return the position of `t` in the queue: by key and index if the order is static, else by index."""
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        other = state.waiting[middle]
        if static and state.key[other] != state.key[t]:
            before = state.key[other] < state.key[t]
        else:
            before = other < t
        if before:
            low = middle + 1
        else:
            high = middle
    return low


@jitted
def _place_by_rank(problem, state, t, size):
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        if problem.task_i[state.arrived[middle], T_RANK] < problem.task_i[t, T_RANK]:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def join(problem, state, t, static, by_arrival):
    """Add task `t` to the queue; its key is already set if the order is static."""
    size = state.counters[K_QUEUE]
    _insert(state.waiting, size, _place_by_key(state, t, size, static), t)
    if by_arrival:
        _insert(state.arrived, size, _place_by_rank(problem, state, t, size), t)
    state.counters[K_QUEUE] = size + 1
    state.counters[K_WAITING] += 1
    state.run_i[t, R_WAITING] = 1
    state.run_i[t, R_TRIED] = 0


@inlined
def leave(state, t):
    """Mark task `t` as no longer waiting; it stays in the arrays until `compact`."""
    state.run_i[t, R_WAITING] = 0
    state.counters[K_WAITING] -= 1


@inlined
def compact(state, by_arrival):
    """Remove tasks that left the queue from the arrays."""
    size = state.counters[K_QUEUE]
    if size == state.counters[K_WAITING]:
        return
    if state.counters[K_WAITING] == 0:
        state.counters[K_QUEUE] = 0
        return
    kept = 0
    for k in range(size):
        t = state.waiting[k]
        if state.run_i[t, R_WAITING] == 1:
            state.waiting[kept] = t
            kept += 1
    state.counters[K_QUEUE] = kept
    if by_arrival:
        kept = 0
        for k in range(size):
            t = state.arrived[k]
            if state.run_i[t, R_WAITING] == 1:
                state.arrived[kept] = t
                kept += 1


@inlined
def _before(time, code, other_time, other_code):
    """Return whether the first of two completions comes first: by time, then by sequence number."""
    return (time < other_time) | ((time == other_time) & (code < other_code))


@inlined
def _sink(state, k, size, time, code):
    """Put a completion at place `k` of the heap or below, where `k` is free."""
    times, codes = data_of(state.heap_time), data_of(state.heap_code)
    top = k
    while 2 * k + 1 < size:  # all the way down: what is put in comes from the end and mostly belongs there
        left = 2 * k + 1
        child = left + int(times[left + 1] < times[left])
        if times[left + 1] == times[left]:
            child = left + int(codes[left + 1] < codes[left])
        times[k], codes[k] = times[child], codes[child]
        k = child
    _rise(state, k, top, time, code)


@inlined
def _rise(state, k, top, time, code):
    """Put a completion at place `k` of the heap or above, down to `top`, where `k` is free."""
    times, codes = data_of(state.heap_time), data_of(state.heap_code)
    while k > top:
        parent = (k - 1) >> 1
        if not _before(time, code, times[parent], codes[parent]):
            break
        times[k], codes[k] = times[parent], codes[parent]
        k = parent
    times[k], codes[k] = time, code


@inlined
def end_heap(state, size):
    """Set the size of the heap, and put a completion after its end that comes last, as a sentinel."""
    state.counters[K_HEAP] = size
    state.heap_time[size] = bits_of(np.inf)
    state.heap_code[size] = LAST


@inlined
def push_completion(state, time, t, sequence):
    """Add the completion of task `t` at `time`; it is stale if the task starts again under another sequence number."""
    size = state.counters[K_HEAP]
    if size + 1 == state.heap_time.shape[0]:
        size = _drop_stale(state, size)
    end_heap(state, size + 1)
    _rise(state, size, 0, bits_of(time), sequence << TASK_BITS | t)


@inlined
def _is_stale(state, code):
    t = code & TASK_MASK
    return state.run_i[t, R_STATUS] != RUNNING or state.run_i[t, R_SEQUENCE] != code >> TASK_BITS


@jitted
def _drop_stale(state, size):
    """Remove completions of attempts that were lost to failures, which frees their space."""
    times, codes = state.heap_time, state.heap_code
    kept = 0
    for k in range(size):
        if not _is_stale(state, codes[k]):
            times[kept], codes[kept] = times[k], codes[k]
            kept += 1
    end_heap(state, kept)
    state.counters[K_STALE] = 0
    for k in range((kept >> 1) - 1, -1, -1):
        _sink(state, k, kept, times[k], codes[k])
    return kept


@inlined
def pop_completion(state):
    """Remove and return the task at the top of the heap."""
    t = state.heap_code[0] & TASK_MASK
    size = state.counters[K_HEAP] - 1
    time, code = state.heap_time[size], state.heap_code[size]
    end_heap(state, size)
    if size > 0:
        _sink(state, 0, size, time, code)
    return t


@inlined
def next_completion(state):
    """Remove stale completions from the top of the heap; return whether one is left."""
    while state.counters[K_STALE] > 0 and _is_stale(state, state.heap_code[0]):
        pop_completion(state)
        state.counters[K_STALE] -= 1
    return state.counters[K_HEAP] > 0


@jitted
def sort_by(key, tasks, size):
    """Sort the first `size` of `tasks` by (key[task], task), in place (heapsort, Williams 1964)."""
    for k in range((size >> 1) - 1, -1, -1):
        _sift(key, tasks, k, size)
    for last in range(size - 1, 0, -1):
        tasks[0], tasks[last] = tasks[last], tasks[0]
        _sift(key, tasks, 0, last)


@jitted
def _sift(key, tasks, k, size):
    while True:
        child = 2 * k + 1
        if child >= size:
            return
        if child + 1 < size and _later(key, tasks[child + 1], tasks[child]):
            child += 1
        if not _later(key, tasks[child], tasks[k]):
            return
        tasks[child], tasks[k] = tasks[k], tasks[child]
        k = child


@jitted
def _later(key, a, b):
    return key[a] > key[b] or (key[a] == key[b] and a > b)
