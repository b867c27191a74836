"""Compiled loops of `aurora.learning.composition.scores.queueing`, which has their documentation."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def response_times(arrivals, service, workers):
    """Return the response time of each request: first come, first served (Kiefer and Wolfowitz 1955)."""
    free = np.zeros(workers)
    response = np.empty(arrivals.shape[0])
    for k in range(arrivals.shape[0]):
        first = 0
        for w in range(1, workers):
            if free[w] < free[first]:
                first = w
        start = max(arrivals[k], free[first])
        free[first] = start + service[k]
        response[k] = free[first] - arrivals[k]
    return response


@njit(cache=True, nogil=True)
def response_quantiles(arrivals, items, seconds, workers, skipped, rank):
    """Return one order statistic of the response times of each pipeline; seconds has shape (pipelines, items)."""
    found = np.empty(seconds.shape[0])
    requests = arrivals.shape[0]
    service = np.empty(requests)
    for p in range(seconds.shape[0]):
        for k in range(requests):
            service[k] = seconds[p, items[k]]
        found[p] = np.partition(response_times(arrivals, service, workers)[skipped:], rank)[rank]
    return found


@njit(cache=True, nogil=True)
def batched_response_times(arrivals, seconds, factors, workers, deadline):
    """Return the response time of each request, served in batches a stage; later stages go first."""
    stages, requests = seconds.shape
    size = factors.shape[1] - 1
    queue = np.empty((stages, requests), np.int64)
    since = np.empty((stages, requests))
    head, tail = np.zeros(stages, np.int64), np.zeros(stages, np.int64)
    ends = np.full(workers, np.inf)
    stage_of, count_of = np.zeros(workers, np.int64), np.zeros(workers, np.int64)
    batch = np.empty((workers, size), np.int64)
    response = np.empty(requests)
    answered, arrived, idle = 0, 0, workers
    while answered < requests:
        now = arrivals[arrived] if arrived < requests else np.inf
        for w in range(workers):
            now = min(now, ends[w])
        if idle > 0:
            for s in range(stages):
                if head[s] < tail[s]:
                    now = min(now, since[s, head[s]] + deadline)
        for w in range(workers):
            if ends[w] <= now:
                s = stage_of[w]
                for j in range(count_of[w]):
                    k = batch[w, j]
                    if s + 1 < stages and seconds[s + 1, k] >= 0.0:
                        queue[s + 1, tail[s + 1]] = k
                        since[s + 1, tail[s + 1]] = now
                        tail[s + 1] += 1
                    else:
                        response[k] = now - arrivals[k]
                        answered += 1
                ends[w] = np.inf
                idle += 1
        while arrived < requests and arrivals[arrived] <= now:
            queue[0, tail[0]] = arrived
            since[0, tail[0]] = arrivals[arrived]
            tail[0] += 1
            arrived += 1
        for w in range(workers):
            if ends[w] != np.inf:
                continue
            for s in range(stages - 1, -1, -1):
                waiting = tail[s] - head[s]
                if waiting >= size or (waiting > 0 and since[s, head[s]] + deadline <= now):
                    taken = min(waiting, size)
                    total = 0.0
                    for j in range(taken):
                        batch[w, j] = queue[s, head[s] + j]
                        total += seconds[s, batch[w, j]]
                    head[s] += taken
                    stage_of[w], count_of[w] = s, taken
                    ends[w] = now + factors[s, taken] * total / taken
                    idle -= 1
                    break
    return response
