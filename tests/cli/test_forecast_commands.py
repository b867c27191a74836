"""Forecasts from the command line and at the agents' desk."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from aurora.cli.main import app
from aurora.cli.spread import spread
from aurora.errors import DataError
from aurora.learning.data import read_panel
from aurora.learning.series import LEVELS
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from tests.learning.panels import START, STEP, daily, panel, series_of


def write(path: Path, series) -> Path:
    rows = [f"{s.unique_id},{START + k * STEP},{v}" for s in series for k, v in enumerate(s.y)]
    path.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def aurora(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "cpu.csv", panel(2, 200).series)


def test_a_forecast_works_at_once(data: Path, tmp_path: Path) -> None:
    fan = tmp_path / "fan.html"
    done = aurora("forecast", str(data), "--horizon", "3", "--json", "--plot", str(fan))
    result = json.loads(done.stdout)
    assert result["levels"] == list(LEVELS)
    assert [f["unique_id"] for f in result["forecasts"]] == ["s0", "s1"]
    one = result["forecasts"][0]
    assert len(one["timestamps"]) == len(one["quantiles"]) == 3
    assert one["model"] in one["back_test"]
    assert one["back_test"][one["model"]] == min(one["back_test"].values())
    assert fan.stat().st_size > 10_000
    title, *table = aurora("forecast", str(data), "--horizon", "1", "--series", "s1").stdout.splitlines()
    assert title.startswith("# ") and table[0].startswith("unique_id\tds\tq0.025")
    assert len(table) == 2


def test_a_trained_forecaster_is_asked_by_its_folder(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "f"
    sizes = ("--context", "24", "--horizon", "4")
    done = aurora("train", "forecast", str(data), "--out", str(folder), *sizes, "--json")
    assert json.loads(done.stdout)["replaced"]
    assert "LSTM 1 on part" in done.stderr
    result = json.loads(aurora("forecast", str(data), "--model", str(folder), "--horizon", "2", "--json").stdout)
    assert len(result["forecasts"][0]["quantiles"]) == 2
    far = aurora("forecast", str(data), "--model", str(folder), "--horizon", "9")
    assert isinstance(far.exception, DataError)
    assert "--horizon 9" in str(far.exception)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("ds,y\n2024-01-01T00:00Z,5\n", "fewer than|one value|at least two"),
        ("ds,y\n2024-01-01T00:00Z,5\n2024-01-01T00:05Z,6\n", "--context 144"),
    ],
)
def test_bad_data_ends_with_a_clear_word(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    done = aurora("forecast", str(path))
    assert isinstance(done.exception, DataError)
    with pytest.raises(DataError, match=said):
        raise done.exception


def test_repairs_are_told(tmp_path: Path) -> None:
    y = daily(1, 160)
    y[50] = np.nan
    done = aurora("forecast", str(write(tmp_path / "gap.csv", [series_of(y)])), "--horizon", "2", "--json")
    findings = json.loads(done.stdout)["findings"]
    assert {f["defect"] for f in findings} & {"gap", "not_a_number"}
    assert findings[0]["message"] in done.stderr


def test_values_in_a_row_belong_to_the_option_before_them() -> None:
    assert spread(["--train", "a", "b", "--json", "--test", "c", "--context", "9"]) == [
        *("--train", "a", "--train", "b", "--json", "--test", "c", "--context", "9")
    ]
    assert spread(["--train=a", "--test", "b"]) == ["--train=a", "--test", "b"]


@pytest.mark.slow
def test_a_benchmark_takes_files_in_a_row(data: Path, tmp_path: Path) -> None:
    more, test = (write(tmp_path / f"{k}.csv", panel(2, 120, first=k).series) for k in (10, 20))
    arguments = ("--train", str(data), str(more), "--test", str(test), "--context", "24", "--horizon", "4", "--json")
    result = json.loads(aurora("bench", "forecast", *arguments, "--ets-windows", "2").stdout)
    assert (result["train_series"], result["test_series"]) == (4, 2)
    assert result["selected"] in result["models"]


def test_agents_forecast_open_series(data: Path) -> None:
    harness = Harness(Desk([], series=read_panel([data]).series), ["forecast"])
    result = json.loads(harness.call("forecast", {"unique_id": "s1", "horizon": 2}).split("] ", 1)[1])
    assert len(result["steps"]) == 2
    assert result["steps"][0]["p05"] <= result["steps"][0]["p50"] <= result["steps"][0]["p95"]
    assert result["steps"][1]["minutes_ahead"] == 10
    assert "no series 'x'" in harness.call("forecast", {"unique_id": "x"})
    assert "horizon" in harness.call("forecast", {"unique_id": "s1", "horizon": 1000})
