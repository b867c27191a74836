"""The forecasting benchmark never trains on its test data."""

from pathlib import Path

import numpy as np
import pytest

from aurora.errors import AuroraError
from aurora.evals.forecasting import apart, bench_forecast
from aurora.learning.series.long_form import write_long_form
from aurora.learning.series.series import Panel
from tests.learning.series.panels import QUICK_MEMBERS, START, STEP, daily, panel, series_of

SIZES = {"context": 24, "horizon": 4, "ets_windows": 3, "members": QUICK_MEMBERS}
KEYS = {"wql", "crps", "coverage_80", "coverage_95", "winkler_80", "mase", "train_seconds"}


def write(path: Path, *panels: Panel) -> Path:
    write_long_form(Panel(tuple(s for p in panels for s in p.series)), path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("bench")
    short = Panel((series_of(daily(1, 20), "short"), series_of(np.zeros(80), "idle")))
    return write(folder / "train.csv", panel(6, 150)), write(folder / "test.csv", panel(4, 80, first=6), short)


def test_all_models_are_compared_with_seasonal_naive_and_one_is_selected(files):
    remarks: list[str] = []
    result = bench_forecast([files[0]], [files[1]], **SIZES, remark=remarks.append)
    assert {"seasonal_naive", "recent_quantiles", "auto_ets", "lightgbm", "lstm", "blend"} <= set(result["models"])
    assert result["selected"] in result["models"]
    for name, figures in result["models"].items():
        assert set(figures) >= KEYS, name
        assert 0 < figures["wql"] < 3, name
        assert 0 <= figures["coverage_80"] <= figures["coverage_95"] <= 1, name
    assert (result["test_series"], result["left_out"]) == (5, 1)
    assert any("shorter than context and horizon" in r and "short" in r for r in remarks)


def test_the_trained_models_do_not_depend_on_the_test_files(files, tmp_path: Path):
    other = write(tmp_path / "other.csv", panel(4, 80, first=30))
    results = [bench_forecast([files[0]], [test], **SIZES) for test in (files[1], other)]
    assert results[0]["back_test"] == results[1]["back_test"]
    assert results[0]["weights"] == results[1]["weights"]


def test_values_shared_with_the_test_files_are_excluded_from_training():
    whole, end = series_of(np.arange(100.0)), series_of(np.arange(70.0, 100.0), start=START + 70 * STEP)
    learn, measure = apart([whole, series_of(np.arange(9.0), "b")], [end], None)
    assert learn[0].y.tolist() == list(range(70))
    assert len(learn[1]) == 9
    assert np.array_equal(measure[0].y, end.y)
    learn, measure = apart([whole], [whole], 0.7)
    assert len(learn[0]) == 70
    assert measure[0].y[0] == 70


def test_a_duplicate_file_is_refused_with_the_remedy(files):
    with pytest.raises(AuroraError, match=r"nothing is left to train on.*share=0\.7"):
        bench_forecast([files[0]], [files[0]], **SIZES)
    with pytest.raises(AuroraError, match=r"share=1\.5"):
        bench_forecast([files[0]], [files[0]], **SIZES, share=1.5)


def test_sizes_too_large_for_every_test_series_are_refused_by_name(files):
    with pytest.raises(AuroraError, match="context=100"):
        bench_forecast([files[0]], [files[1]], context=100, horizon=4, members=QUICK_MEMBERS)


def test_machines_of_the_training_data_can_be_excluded(files):
    later = Panel(tuple(series_of(daily(k, 80), f"s{k}", start=START + 150 * STEP) for k in range(6)))
    with pytest.raises(AuroraError, match="not in the training files"):
        bench_forecast([files[0]], [write(files[1].with_name("seen.csv"), later)], **SIZES, unseen=True)
