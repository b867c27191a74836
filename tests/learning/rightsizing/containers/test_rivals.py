"""The rules of KRR and VPA, calculated by hand."""

import numpy as np
import pytest

from aurora.learning.rightsizing.containers.rivals import (
    GIB,
    VPA_BUCKETS,
    bucket_start,
    histogram,
    krr_cpu,
    krr_memory,
    memory_peaks,
    vpa_bounds,
    vpa_target,
)
from aurora.learning.rightsizing.containers.use import MIB, OomEvent
from tests.learning.rightsizing.containers.made import DAY, demand, pods


def test_krr_takes_the_percentile_along_a_line_between_values():
    # 21 values 0, 0.1 ... 2.0: place 0.95 * 20 = 19, which is 1.9.
    assert krr_cpu(demand(np.arange(21) / 10)) == pytest.approx(1.9)
    # Place 0.95 * 3 = 2.85: 3 + 0.85 * (4 - 3).
    assert krr_cpu(demand([1, 2, 3, 4])) == pytest.approx(3.85)


def test_krr_takes_the_highest_of_the_pods_percentiles_and_not_that_of_all_values():
    quiet, loud = np.ones(100), np.full(4, 3.0)
    assert krr_cpu(pods(quiet, loud)) == pytest.approx(3.0)


def test_krr_adds_15_percent_to_the_highest_memory():
    assert krr_memory(demand([1, 2, 1.5], "memory")) == pytest.approx(2.3)


def test_krr_adds_25_percent_to_kills_only_if_asked():
    killed = demand([1, 2, 1.5], "memory", ooms=(OomEvent(300, 4.0),))
    assert krr_memory(killed) == pytest.approx(2.3)
    assert krr_memory(killed, with_ooms=True) == pytest.approx(5.0)


def test_krr_looks_back_14_days():
    values = np.concatenate([np.full(24, 9.0), np.full(14 * 24, 1.0)])
    assert krr_cpu(demand(values, step=3600), 100) == pytest.approx(1.0)


def test_the_buckets_of_vpa_grow_by_5_percent():
    assert [bucket_start(k, 0.01) for k in range(4)] == pytest.approx([0, 0.01, 0.0205, 0.031525])
    # The last bucket begins at 1,000 cores or above, the one before it below.
    assert bucket_start(VPA_BUCKETS - 2, 0.01) < 1000 <= bucket_start(VPA_BUCKETS - 1, 0.01)


def test_a_value_at_the_start_of_a_bucket_lies_in_it():
    values = np.array([0.0, 0.0099, 0.0101, 0.0206, 5000.0])
    found = np.flatnonzero(histogram(values, np.zeros(5), 0.01).weights)
    assert found.tolist() == [0, 1, 2, VPA_BUCKETS - 1]


def test_a_sample_loses_half_of_its_weight_in_24_hours():
    weights = histogram(np.array([0.005, 0.015]), np.array([0.0, DAY]), 0.01).weights
    assert weights[:2] == pytest.approx([0.5, 1.0])


def test_vpa_takes_the_upper_end_of_the_bucket_of_the_percentile_and_15_percent():
    # All in bucket 1, [0.01, 0.0205): 0.0205 * 1.15.
    assert vpa_target(demand(np.full(50, 0.015))) == pytest.approx(0.0205 * 1.15)


def test_vpa_forgets_what_is_old():
    # A spike of half of the samples, four days old, has 1/16 of the weight of the others: below 10 percent.
    values = np.concatenate([np.full(10, 4.0), np.full(10, 0.015)])
    times = np.concatenate([np.zeros(10), np.full(10, 4.0 * DAY)])
    assert histogram(values, times, 0.01).percentile(0.9) == pytest.approx(0.0205)
    times[10:] = 2.0 * DAY  # 1/4 of the weight: a fifth of all
    assert histogram(values, times, 0.01).percentile(0.9) > 4


def test_the_percentile_of_an_empty_histogram_is_0():
    assert histogram(np.zeros(0), np.zeros(0), 0.01).percentile(0.9) == 0


def test_vpa_has_a_memory_peak_for_each_24_hours_from_the_first_value():
    values, times = memory_peaks(demand([1, 3, 2, 1.5, 1.2], "memory", step=DAY // 2, start=1000.0))
    assert values.tolist() == [3, 2, 1.2]
    assert times.tolist() == [1000 + DAY, 1000 + 2 * DAY, 1000 + 3 * DAY]


def test_a_kill_counts_as_20_percent_or_100_mib_above_the_request_or_the_peak():
    killed = demand([1.0, 1.0], "memory", step=3600, request=2.0, ooms=(OomEvent(1800),))
    assert memory_peaks(killed)[0].tolist() == pytest.approx([2.4])
    small = demand([0.1, 0.1], "memory", step=3600, ooms=(OomEvent(1800),))
    assert memory_peaks(small)[0].tolist() == pytest.approx([0.1 + 100 * MIB])


def test_vpa_memory_by_hand():
    # Three daily peaks of 1, 1 and 2 GiB: weights 1/4, 1/2, 1; the third holds 57 percent, so the 90th percentile is in
    # the bucket of 2 GiB.
    first = 1e7 / GIB
    bucket = int(np.log(2 * 0.05 / first + 1) / np.log(1.05))
    assert vpa_target(demand([1, 1, 2], "memory", step=DAY)) == pytest.approx(bucket_start(bucket + 1, first) * 1.15)


def test_the_bounds_of_vpa_are_wide_while_the_history_is_short():
    # A value a minute over a day less a minute: confidence 1439 / 1440 by the time and 1 by the count.
    low, target, high = vpa_bounds(demand(np.full(1440, 0.015), step=60))
    share = 1439 / 1440
    assert target == pytest.approx(0.0205 * 1.15)
    assert high == pytest.approx(target * (1 + 1 / share))
    assert low == pytest.approx(target * (1 + 0.001 / share) ** -2)
    # 288 values in a day are a fifth of one a minute: upper bound (1 + 5) times.
    assert vpa_bounds(demand(np.full(288, 0.015), step=300)).upper == pytest.approx(target * 6)
