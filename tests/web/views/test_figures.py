"""Charts as options of ECharts and as tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from aurora.charts import BLUE, Band, Bars, Chart, Line
from aurora.web.views.figures import figure_options, figure_table

TIMES = [datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=k) for k in range(4)]
FAN = Chart(
    "demand",
    "time, UTC",
    "cores",
    (
        Line("measured", TIMES[:2], [1.0, float("nan")]),
        Band("80 %", TIMES[2:], [-1.0, 2.0], [3.0, 5.0], BLUE),
        Line("median", TIMES[2:], [1.0, 3.1234567], colour=BLUE),
    ),
)


def drawn(chart: Chart) -> list[dict]:
    return [s for s in figure_options(chart)["series"] if s["name"]]


def test_a_band_is_stacked_on_its_lower_end_also_below_zero() -> None:
    low, high = figure_options(FAN)["series"][1:3]
    assert low["stack"] == high["stack"] and low["stackStrategy"] == high["stackStrategy"] == "all"
    assert [a[1] + b[1] for a, b in zip(low["data"], high["data"], strict=True)] == [3.0, 5.0]
    assert low["lineStyle"]["opacity"] == 0 and high["areaStyle"]["opacity"] > 0


def test_times_are_milliseconds_and_gaps_are_null() -> None:
    options = figure_options(FAN)
    assert options["xAxis"]["type"] == "time" and options["useUTC"]
    measured = options["series"][0]["data"]
    assert measured == [[1_780_272_000_000, 1.0], [1_780_275_600_000, None]]
    json.dumps(options, allow_nan=False)


def test_marks_of_one_name_share_a_colour_and_others_do_not() -> None:
    lines = tuple(Line(name, [1, 2], [1.0, 2.0]) for name in ("a", "b", "a"))
    inks = [s["lineStyle"]["color"] for s in drawn(Chart("t", "x", "y", lines))]
    assert inks[0] == inks[2] != inks[1]
    assert drawn(FAN)[1]["areaStyle"]["color"] == drawn(FAN)[2]["lineStyle"]["color"] == "var(--series-1)"


def test_colours_are_variables_of_the_page_only() -> None:
    assert "#" not in json.dumps(figure_options(FAN))


def test_categories_are_bars() -> None:
    options = figure_options(Chart("t", "policy", "reward", (Bars("r", ["a", "b"], [1.0, 2.0]),)))
    assert options["xAxis"]["data"] == ["a", "b"] and options["series"][0]["type"] == "bar"


def test_points_have_no_line() -> None:
    (series,) = drawn(Chart("t", "x", "y", (Line("p", [1], [2.0], points=True),)))
    assert series["type"] == "scatter"


def test_a_chart_is_the_same_as_a_table() -> None:
    table = figure_table(FAN)
    assert table.columns == ("time, UTC", "measured, cores", "80 %, low, cores", "80 %, high, cores", "median, cores")
    assert table.rows[0] == ("2026-06-01 00:00 UTC", "1", "", "", "")
    assert table.rows[1][1] == "–"
    assert table.rows[3] == ("2026-06-01 03:00 UTC", "", "2", "5", "3.123")


@pytest.mark.parametrize("payload", ["<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "{b}<b>bold</b>"])
def test_a_name_is_data_and_no_formatter_reads_it(payload: str) -> None:
    options = json.dumps(figure_options(Chart(payload, "x", "y", (Line(payload, [1, 2], [1.0, 2.0]),))))
    assert options.count("formatter") == options.count("Formatter") == 0
    assert figure_table(Chart("t", "x", "y", (Line(payload, [1], [1.0]),))).columns[1] == f"{payload}, y"
