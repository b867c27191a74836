"""The benchmark of futures: batched and single runs agree, and real demand stays within its tiers."""

from pathlib import Path

import numpy as np
import pytest

from aurora.errors import FileError, InputError
from aurora.evals.speed.futures import bench_speed
from aurora.evals.tier_calibration import _apart, _cpu, _in_order, bench_tiers
from aurora.learning.futures.predictors import CONTEXT, recent
from tests.learning.forecasting.forecasters import series


def test_batched_variants_are_faster_than_single_runs_and_agree() -> None:
    found = bench_speed(200, 1)
    slow, fast, _ = found["rows"]
    assert fast["runs_per_core_second"] > 10 * slow["runs_per_core_second"]
    assert found["jobs_per_future"] > 100


def test_tiers_of_one_series_keep_their_coverage_under_drift() -> None:
    rng = np.random.default_rng(0)
    y = 50 + np.arange(2400) / 40 + rng.normal(0, 3, 2400)  # rises for good: recent quantiles lag behind
    rows = _in_order("rising", [series("rising", y)], 1680, recent)
    steps = [r for r in rows if r.covers == "step"]
    assert all(abs(r.difference) < 2.5 for r in steps)
    assert max(abs(100 * (r.taken_at_its_word - r.promised)) for r in steps) > 4


def test_pooled_tiers_keep_their_coverage_on_other_series() -> None:
    rng = np.random.default_rng(1)
    days = [[series(f"{d}-{k}", np.abs(rng.normal(20, 4, CONTEXT + 72))) for k in range(60)] for d in "ab"]
    rows = _apart("noise", days[:1], days[1:], recent)
    assert {r.covers for r in rows} == {"step", "horizon"} and all(abs(r.difference) < 4 for r in rows)


def test_real_demand_is_covered_by_its_tiers(traces: Path) -> None:
    (one,) = _cpu(traces / "nab" / "ec2_cpu_utilization_5f5533.csv.gz")
    rows = _in_order("one", [one], int(0.7 * len(one)), recent)
    assert all(abs(r.difference) < 2 for r in rows if r.covers == "step")


def test_a_folder_without_traces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no folder planetlab"):
        bench_tiers(tmp_path, recent)
    with pytest.raises(InputError, match="at least 1"):
        bench_speed(0, 1)
