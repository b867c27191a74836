"""Requests fork to the branches of a stage and join after the last; by hand, and against a slow simulation."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from aurora.learning.composition.scores.queueing import Batching
from aurora.learning.composition.scores.split_queues import SplitStage, split_response_times, split_utilisation

ONE = np.ones((2, 2))


def test_a_stage_is_left_with_its_last_branch_and_the_next_one_is_a_queue_of_its_own():
    arrivals = np.array([0.0, 1.0, 2.0])
    first = SplitStage(np.array([True, True, True]), np.array([[2.0, 1.0, 1.0], [1.0, 3.0, 1.0]]), ONE)
    second = SplitStage(np.array([True, False, True]), np.array([[5.0, 0.0, 1.0]]), ONE[:1])
    # the first branch ends at 2, 3, 4, the second at 1, 4, 5; the next stage begins at 2 and, after 7, at 7
    found = split_response_times(arrivals, [first, second], 1, Batching())
    np.testing.assert_allclose(found, [7.0, 3.0, 6.0])


@pytest.mark.parametrize("workers", [1, 2])
def test_requests_that_overtake_each_other_are_served_as_they_arrive(workers):
    random = np.random.default_rng(3)
    arrivals = np.cumsum(random.exponential(1.0, 300))
    stages = [
        SplitStage(random.random(300) < share, random.exponential(0.7 * workers, (2, 300)), ONE)
        for share in (1.0, 0.6, 0.5)
    ]
    now = dict(enumerate(arrivals))
    for stage in stages:
        here = sorted((k for k in now if stage.reaches[k]), key=lambda k: (now[k], k))
        ends = dict.fromkeys(here, 0.0)
        for seconds in stage.seconds:
            free = [0.0] * workers
            for k in here:
                end = max(heapq.heappop(free), now[k]) + seconds[k]
                heapq.heappush(free, end)
                ends[k] = max(ends[k], end)
        now |= ends
    wanted = np.array([now[k] for k in range(300)]) - arrivals
    np.testing.assert_allclose(split_response_times(arrivals, stages, workers, Batching()), wanted)


def test_the_busiest_branch_says_whether_it_is_overloaded():
    stage = SplitStage(np.array([True, False]), np.array([[1.0, 9.0], [3.0, 9.0]]), ONE)
    assert split_utilisation(0.5, [stage], 1) == pytest.approx(0.75)
    assert split_utilisation(0.5, [stage], 3) == pytest.approx(0.25)
