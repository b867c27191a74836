"""Series and forecasts from and to pandas."""

import numpy as np
import pandas as pd
import pytest

import aurora
from aurora.errors import DataError
from aurora.learning.series.series import QUANTILES

STEPS = 200


def frame() -> pd.DataFrame:
    times = pd.date_range("2026-01-05", periods=STEPS, freq="5min")
    values = np.sin(np.arange(STEPS) / 20) + 2
    parts = [pd.DataFrame({"unique_id": name, "ds": times, "y": k * values}) for k, name in ((1, "a"), (3, "b"))]
    return pd.concat(parts, ignore_index=True).assign(unit="cores")


def test_a_frame_becomes_series_and_is_converted_back():
    panel = aurora.read_series(frame(), detect=False)
    assert [(s.unique_id, s.step, len(s), s.labels["unit"]) for s in panel.series] == [
        ("a", 300, STEPS, "cores"),
        ("b", 300, STEPS, "cores"),
    ]
    back = aurora.series_frame(panel)
    assert list(back.columns) == ["unique_id", "ds", "y", "observed", "unit"]
    again = aurora.read_series(back, detect=False)
    for one, other in zip(panel.series, again.series, strict=True):
        assert (one.y == other.y).all()
        assert (one.start, one.step, one.labels) == (other.start, other.step, other.labels)


def test_the_caller_s_frame_is_not_modified():
    given = frame()
    before = given.copy(deep=True)
    aurora.read_series(given)
    pd.testing.assert_frame_equal(given, before)
    assert given.attrs == {}


def test_an_index_with_a_name_is_a_column():
    plain = aurora.read_series(frame(), detect=False).series
    for index in ("ds", ["unique_id", "ds"]):
        series = aurora.read_series(frame().set_index(index), detect=False).series
        assert [s.y.tolist() for s in series] == [s.y.tolist() for s in plain]


def test_a_frame_is_read_like_the_file_written_from_it(tmp_path):
    frame().to_csv(tmp_path / "series.csv", index=False)
    of_file = aurora.read_series(tmp_path / "series.csv", detect=False).series
    of_frame = aurora.read_series(frame(), detect=False).series
    assert [(s.unique_id, s.start, s.y.tolist()) for s in of_file] == [
        (s.unique_id, s.start, s.y.tolist()) for s in of_frame
    ]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (frame().drop(columns="y"), "has no column 'y'"),
        (frame().iloc[:0], "has no rows"),
        (frame().assign(ds="soon"), "is not a time"),
        (frame().rename(columns={"unit": "y"}), "two columns 'y'"),
    ],
)
def test_a_frame_that_holds_no_series_is_a_data_error(broken, message):
    with pytest.raises(DataError, match=message):
        aurora.read_series(broken)


def test_a_forecast_of_a_frame_is_a_frame():
    ahead = aurora.forecast(frame(), horizon=4, context=48)
    assert list(ahead.columns) == ["unique_id", "ds", "y", *(f"q{level:g}" for level in QUANTILES), "model"]
    assert ahead["unique_id"].tolist() == ["a"] * 4 + ["b"] * 4
    assert ahead["ds"].iloc[0] == frame()["ds"].max().tz_localize("UTC") + pd.Timedelta("5min")
    assert (ahead["q0.1"] <= ahead["y"]).all()
    of_series = aurora.forecast(aurora.read_series(frame(), detect=False), horizon=4, context=48)
    assert (np.concatenate([f.quantiles for f in of_series]) == ahead[[f"q{c:g}" for c in QUANTILES]].to_numpy()).all()


def test_a_forecast_frame_can_be_read_as_series():
    ahead = aurora.forecast(frame(), horizon=4, context=48)
    again = aurora.read_series(ahead[["unique_id", "ds", "y"]], detect=False)
    assert [len(s) for s in again.series] == [4, 4]


def test_futures_can_be_made_from_a_frame():
    outlook = aurora.look_ahead(frame(), horizon=2, futures=50, confidences=(0.5, 0.9))
    assert outlook.paths.shape == (50, 2, 2)
    assert outlook.tiers[0].cores <= outlook.tiers[1].cores
