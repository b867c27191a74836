"""The simulated queue against formulas of queueing theory."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import InputError
from aurora.learning.composition.scores.queueing import (
    Batching,
    QueueModel,
    batched_response_times,
    item_order,
    poisson_arrivals,
    quantile,
    response_quantiles,
    response_times,
)

REQUESTS = 400_000


def arrivals_at(rate, seed=0):
    return poisson_arrivals(rate, REQUESTS, seed)


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_one_worker_with_equal_times_waits_as_in_m_d_1(load):
    """Mean wait of M/D/1: load * service / (2 * (1 - load)) (Pollaczek and Khinchine)."""
    found = response_times(arrivals_at(load), np.ones(REQUESTS), 1)
    assert found.mean() - 1 == pytest.approx(load / (2 * (1 - load)), rel=0.05)


def crommelin(wait, load):
    """Probability that a request of M/D/1 waits at most some service times (Erlang 1909)."""
    return (1 - load) * sum(
        (load * (k - wait)) ** k / math.factorial(k) * math.exp(-load * (k - wait)) for k in range(int(wait) + 1)
    )


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_the_distribution_of_m_d_1_is_that_of_erlang(load):
    waits = response_times(arrivals_at(load, seed=1), np.ones(REQUESTS), 1) - 1
    for wait in (0.0, 0.5, 1.5, 3.0):
        assert (waits <= wait + 1e-9).mean() == pytest.approx(crommelin(wait, load), abs=0.01)


def erlang_c(workers, offered):
    """Return the probability that a request of M/M/c waits."""
    last = offered**workers / math.factorial(workers) * workers / (workers - offered)
    return last / (sum(offered**k / math.factorial(k) for k in range(workers)) + last)


@pytest.mark.parametrize(("workers", "load"), [(1, 0.7), (2, 0.5), (3, 0.8), (8, 0.9)])
def test_exponential_times_wait_as_in_m_m_c(workers, load):
    """The wait exceeds t with probability C * exp(-(c - offered) * t) (Erlang 1917)."""
    offered = workers * load
    service = np.random.default_rng(3).exponential(1.0, REQUESTS)
    waits = response_times(arrivals_at(offered, seed=2), service, workers) - service
    waiting = erlang_c(workers, offered)
    assert (waits > 1e-9).mean() == pytest.approx(waiting, abs=0.02)
    assert waits.mean() == pytest.approx(waiting / (workers - offered), rel=0.1)
    wanted = max(0.0, math.log(waiting / 0.05) / (workers - offered))
    assert quantile(waits, 0.95) == pytest.approx(wanted, rel=0.1)


def test_the_95th_percentile_of_m_m_1_is_that_of_the_formula():
    """The response time of M/M/1 is exponential with mean 1 / (1 - load)."""
    service = np.random.default_rng(5).exponential(1.0, REQUESTS)
    found = response_times(arrivals_at(0.6, seed=4), service, 1)
    assert quantile(found, 0.95) == pytest.approx(math.log(20) / 0.4, rel=0.03)


def plain(arrivals, seconds, workers):
    """Lindley and Kiefer-Wolfowitz, written the long way."""
    free = [0.0] * workers
    found = []
    for time, service in zip(arrivals, seconds, strict=True):
        free.sort()
        free[0] = max(free[0], time) + service
        found.append(free[0] - time)
    return np.array(found)


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5), st.booleans(), st.floats(0, 5)), min_size=1, max_size=30),
    st.integers(1, 4),
)
def test_without_batches_stages_are_one_queue(requests, workers):
    """Later stages go first: what a worker has begun it ends, so that stages are one service time."""
    gaps, first, goes_on, second = map(np.array, zip(*requests, strict=True))
    arrivals = np.cumsum(gaps)
    seconds = np.stack([first, np.where(goes_on, second, -1.0)])
    total = np.maximum(seconds, 0).sum(axis=0)
    np.testing.assert_allclose(response_times(arrivals, total, workers), plain(arrivals, total, workers))
    if workers == 1 or len(requests) == 1:
        found = batched_response_times(arrivals, seconds, np.ones((2, 2)), workers, 0.0)
        np.testing.assert_allclose(found, plain(arrivals, total, workers), atol=1e-9)


def test_a_batch_waits_for_others_until_its_deadline():
    factors = np.array([[0.0, 1.0, 1.5, 1.8]])
    arrivals = np.array([0.0, 0.2, 5.0])
    found = batched_response_times(arrivals, np.ones((1, 3)), factors, 1, 1.0)
    np.testing.assert_allclose(found, [2.5, 2.3, 2.0])  # two in a batch at 1.0; one alone at 6.0
    at_once = batched_response_times(arrivals, np.ones((1, 3)), factors, 1, 0.0)
    np.testing.assert_allclose(at_once, [1.0, 1.8, 1.0])
    full = batched_response_times(np.array([0.0, 0.1, 0.2, 0.3]), np.ones((1, 4)), factors, 1, 9.0)
    np.testing.assert_allclose(full, [2.0, 1.9, 1.8, 9.3 - 0.3 + 1.0])  # three fill a batch


@given(st.integers(0, 1000), st.integers(1, 4), st.sampled_from([1, 2, 5]), st.floats(0, 0.5))
@settings(deadline=None, max_examples=40)
def test_in_batches_no_request_is_faster_than_its_work_and_none_is_lost(seed, workers, size, deadline):
    random = np.random.default_rng(seed)
    arrivals = np.cumsum(random.exponential(0.4, 50))
    seconds = np.stack([random.uniform(0.1, 1, 50), np.where(random.random(50) < 0.5, random.uniform(0.1, 1, 50), -1)])
    factors = np.tile(np.arange(size + 1.0), (2, 1))  # no gain from batches: a batch takes the sum
    found = batched_response_times(arrivals, seconds, factors, workers, deadline)
    assert np.isfinite(found).all()
    assert (found >= np.maximum(seconds, 0).sum(axis=0) * 0.0999).all()
    if size == 1:
        assert (found >= np.maximum(seconds, 0).sum(axis=0) - 1e-9).all()


def test_many_pipelines_are_simulated_as_each_alone():
    service = QueueModel(rate=30.0, workers=2, requests=3000, seed=7, overhead=0.001)
    seconds = np.random.default_rng(0).gamma(2.0, 0.01, (5, 40)) * np.arange(1, 6)[:, None]
    found = response_quantiles(service, seconds)
    items = item_order(40, 3000, 7)
    for k in range(5):
        if seconds[k].mean() * 30 >= 2:
            assert found[k] == np.inf
        else:
            alone = response_times(poisson_arrivals(30.0, 3000, 7), seconds[k][items], 2)[300:]
            assert found[k] == quantile(alone, 0.95) + 0.001
    assert np.isfinite(found[0])
    assert np.isinf(found[-1])


def test_every_item_is_asked_equally_often_and_seeds_decide():
    order = item_order(7, 70, 3)
    assert (np.bincount(order) == 10).all()
    assert (order == item_order(7, 70, 3)).all()
    assert (order != item_order(7, 70, 4)).any()
    gaps = np.diff(poisson_arrivals(50.0, 20_000, 0))
    assert gaps.mean() == pytest.approx(0.02, rel=0.03)
    assert gaps.std() == pytest.approx(0.02, rel=0.03)


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"rate": math.nan}, {"workers": 0}, {"overhead": -1}, {"requests": 1}])
def test_a_service_without_meaning_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        QueueModel(**wrong)
    with pytest.raises(InputError, match="size"):
        Batching(size=0)
    with pytest.raises(InputError, match="deadline"):
        Batching(deadline=math.inf)


def test_a_quantile_is_the_smallest_value_that_enough_do_not_exceed():
    assert quantile(np.arange(1.0, 101.0), 0.95) == 95
    assert quantile(np.arange(1.0, 21.0), 0.95) == 19
    assert quantile(np.array([3.0]), 0.5) == 3
