"""Charts: a single legend, colours by name, and bands with drawn edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.charts import (
    BLUE,
    COLOURS,
    VERMILION,
    Band,
    Bars,
    Chart,
    Line,
    _traces,
    colours_of,
    write_charts,
)

TIMES = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * k) for k in range(4)]
FAN = (
    Band("80 %", TIMES, [1.0] * 4, [3.0] * 4),
    Line("median", TIMES, [2.0] * 4),
    Line("tier 80 %", TIMES, [3.0] * 4, colour=VERMILION, dash="dash"),
)
CHARTS = [Chart(name, "time, UTC", "cores", FAN) for name in ("a", "b")]


def test_a_name_has_one_colour_in_all_charts_and_never_a_reserved_one() -> None:
    plans = tuple(Line(f"plan {k}", [0, 1], [0, 1]) for k in range(4))
    found = colours_of([*CHARTS, Chart("c", "$", "share", plans)])
    assert found["80 %"] == found["median"] == BLUE and found["tier 80 %"] == VERMILION
    assert len({found[m.name] for m in plans} | {BLUE, VERMILION}) == 6


@given(st.integers(1, 30))
def test_any_number_of_names_gets_colours(count: int) -> None:
    lines = tuple(Line(f"{k}", [0], [0]) for k in range(count))
    assert set(colours_of([Chart("a", "x", "y", lines)]).values()) <= set(COLOURS)


@pytest.mark.parametrize("mark", [*FAN, Bars("b", ["x"], [1.0])])
def test_a_name_is_in_the_legend_once_and_only_points_are_drawn_as_marks(mark: Line | Band | Bars) -> None:
    first, again = (_traces(mark, BLUE, 0.2, is_first=is_first) for is_first in (True, False))
    assert sum(t.showlegend for t in first) == 1 and not any(t.showlegend for t in again)
    assert all(getattr(t, "mode", "lines") == "lines" for t in first)


@pytest.mark.parametrize("suffix", [".html", ".png"])
def test_charts_are_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"charts{suffix}"
    write_charts([*CHARTS, Chart("<b> costs $1 and $2", "x", "y", (Bars("b", ["$x$"], [1.0]),))], path)
    assert path.stat().st_size > 5_000
    if suffix == ".html":
        assert "<b> costs" not in path.read_text()
