"""Tools on measured series: the list of series, and forecasts."""

import json

import numpy as np

from aurora.learning.series.series import Series
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness

DAY = 288
MEASURED = np.ones(4 * DAY, dtype=bool)


def series(name: str, y: np.ndarray) -> Series:
    return Series(name, 1_700_000_000, 300, y, MEASURED[: len(y)], labels={"unit": "percent", "metric": "cpu"})


FLAT = series("flat/cpu", 40 + np.random.default_rng(0).normal(0, 2, 4 * DAY))
SHORT = series("short/cpu", np.array([1.0, 2.0]))


def call(name: str, arguments: dict) -> str:
    tools = ["measured_series", "forecast"]
    return Harness(Desk([], series=[FLAT, SHORT]), tools).call(name, arguments)


def result(shown: str) -> dict:
    return json.loads(shown.split("] ", 1)[1])


def test_series_are_listed_with_unit_step_and_level() -> None:
    table = result(call("measured_series", {"contains": "flat"}))
    assert table["found"] == 1
    row = table["series"][0]
    assert (row["unit"], row["step_minutes"], row["values"], row["observed"]) == ("percent", 5, 4 * DAY, 1)
    assert 39 < row["mean"] < 41 and row["until"].endswith("Z")
    assert result(call("measured_series", {}))["found"] == 2
    assert result(call("measured_series", {"contains": "memory"})) == {"found": 0, "series": []}


def test_a_forecast_covers_a_steady_load() -> None:
    found = result(call("forecast", {"unique_id": "flat/cpu", "horizon": 3}))
    assert [s["minutes_ahead"] for s in found["steps"]] == [5, 10, 15]
    for step in found["steps"]:
        assert 34 < step["p05"] < step["p25"] < step["p50"] < step["p75"] < step["p95"] < 46
    assert 0.7 < found["coverage_80"] < 0.9 and found["unit"] == "percent"


def test_its_errors_say_what_to_correct() -> None:
    assert "open are flat/cpu, short/cpu" in call("forecast", {"unique_id": "other"})
    assert "failed" in call("forecast", {"unique_id": "short/cpu"})
    assert "less than or equal to 48" in call("forecast", {"unique_id": "flat/cpu", "horizon": 1000})
