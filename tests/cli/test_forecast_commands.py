"""Forecasts on the command line and in agents' tools."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.cli.bench.spread import spread
from aurora.errors import AuroraError, InputError
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import QUANTILES
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from tests.learning.series.panels import START, STEP, daily, panel, series_of


def write(path: Path, series) -> Path:
    rows = [f"{s.unique_id},{START + k * STEP},{v}" for s in series for k, v in enumerate(s.y)]
    path.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def aurora(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "cpu.csv", panel(2, 200).series)


def test_a_forecast_works_without_training(data: Path, tmp_path: Path) -> None:
    fan = tmp_path / "fan.html"
    done = aurora("forecast", str(data), "--horizon", "3", "--json", "--plot", str(fan))
    result = json.loads(done.stdout)
    assert result["levels"] == list(QUANTILES)
    assert [f["unique_id"] for f in result["forecasts"]] == ["s0", "s1"]
    one = result["forecasts"][0]
    assert len(one["timestamps"]) == len(one["quantiles"]) == 3
    assert one["model"] in one["back_test"]
    assert one["back_test"][one["model"]] == min(one["back_test"].values())
    assert fan.stat().st_size > 10_000
    title, *table = aurora("forecast", str(data), "--horizon", "1", "--series", "s1").stdout.splitlines()
    assert title.startswith("# ") and table[0].startswith("unique_id\tds\tq0.025")
    assert len(table) == 2


def test_a_trained_forecaster_is_loaded_from_its_folder(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "f"
    sizes = ("--context", "24", "--horizon", "4")
    done = aurora("train", "forecast", str(data), "--out", str(folder), *sizes, "--json")
    assert json.loads(done.stdout)["replaced"]
    assert "LSTM 1 on part" in done.stderr
    result = json.loads(aurora("forecast", str(data), "--model", str(folder), "--horizon", "2", "--json").stdout)
    assert len(result["forecasts"][0]["quantiles"]) == 2
    far = aurora("forecast", str(data), "--model", str(folder), "--horizon", "9")
    assert isinstance(far.exception, InputError)
    assert "horizon=9" in str(far.exception)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("ds,y\n2024-01-01T00:00Z,5\n", "fewer than|one value|at least two"),
        ("ds,y\n2024-01-01T00:00Z,5\n2024-01-01T00:05Z,6\n", "context=144"),
    ],
)
def test_bad_data_end_with_a_clear_message(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    done = aurora("forecast", str(path))
    assert isinstance(done.exception, AuroraError)
    with pytest.raises(AuroraError, match=said):
        raise done.exception


def test_repairs_are_reported(tmp_path: Path) -> None:
    y = daily(1, 160)
    y[50] = np.nan
    done = aurora("forecast", str(write(tmp_path / "gap.csv", [series_of(y)])), "--horizon", "2", "--json")
    findings = json.loads(done.stdout)["findings"]
    assert {f["defect"] for f in findings} & {"gap", "not_a_number"}
    assert findings[0]["message"] in done.stderr


def test_consecutive_values_belong_to_the_preceding_option() -> None:
    assert spread(["--train", "a", "b", "--json", "--test", "c", "--context", "9"]) == [
        *("--train", "a", "--train", "b", "--json", "--test", "c", "--context", "9")
    ]
    assert spread(["--train=a", "--test", "b"]) == ["--train=a", "--test", "b"]


@pytest.mark.slow
def test_a_benchmark_takes_several_files_after_one_option(data: Path, tmp_path: Path) -> None:
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


def test_a_small_quantity_keeps_its_digits(tmp_path: Path) -> None:
    path = write(tmp_path / "errors.csv", [series_of(2e-5 + 1e-6 * np.sin(np.arange(200)))])
    row = aurora("forecast", str(path), "--horizon", "1").stdout.splitlines()[2].split("\t")
    assert all(1.5e-5 < float(cell) < 2.5e-5 and cell.startswith("0.0000") for cell in row[2:9])


def test_a_terminal_shows_times_and_numbers_in_full(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("forecast", "terminal.output"):
        monkeypatch.setattr(f"aurora.cli.{module}.on_terminal", lambda: True)
    for columns, intervals in (("60", ["80 %"]), ("80", ["80 %", "95 %"])):
        monkeypatch.setenv("COLUMNS", columns)
        shown = aurora("forecast", str(data), "--horizon", "2").stdout
        assert "…" not in shown and max(map(len, shown.splitlines())) <= int(columns)
        assert all(f"{i} low" in shown for i in intervals) and "T" in shown
    everything = aurora("forecast", str(data), "--horizon", "2", "--all").stdout
    assert all(f"{100 * level:g} %" in everything for level in QUANTILES)


def test_a_forecast_of_an_ended_series_states_its_start(tmp_path: Path) -> None:
    long, short = panel(2, 300).series
    path = write(tmp_path / "pods.csv", [long, short.between(0, 200)])
    done = aurora("forecast", str(path), "--horizon", "1", "--context", "24")
    assert "series s1 ended at" in done.stderr and "its forecast begins there" in done.stderr
