"""Demand in cores, of series that are still running."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aurora.errors import AuroraError
from aurora.learning.futures.demand import LATE_STEPS, check_one_quantity, cores_per_unit, running
from aurora.learning.series.samples import UNITS
from aurora.learning.series.series import Series

START, STEP = 1_767_225_600, 300


def series(name: str, first: int = 0, last: int = 100, **labels: str) -> Series:
    y = 1.0 + np.arange(last - first) % 7
    return Series(name, START + first * STEP, STEP, y, np.ones(len(y), dtype=bool), labels=labels)


@pytest.mark.parametrize("unit", [u for u in UNITS if u not in ("cores", "unstated")])
def test_every_known_unit_but_cores_is_refused_with_the_remedy(unit: str) -> None:
    with pytest.raises(AuroraError, match="cores_per_unit="):
        cores_per_unit([series("web", unit=unit)], None)
    assert cores_per_unit([series("web", unit=unit)], 0.5) == (0.5, unit, False)


def test_spellings_of_a_unit_are_alike() -> None:
    with pytest.raises(AuroraError, match="y is in percent"):
        cores_per_unit([series("web", unit="PCT")], None)


@pytest.mark.parametrize("labels", [{}, {"unit": "unstated"}, {"unit": ""}])
def test_a_missing_unit_is_assumed_to_be_cores_and_reported(labels: dict[str, str]) -> None:
    assert cores_per_unit([series("web", **labels)], None) == (1.0, "", True)


def test_series_of_several_quantities_are_not_summed() -> None:
    check_one_quantity([series("a", unit="%"), series("b", unit="percent")], "")
    check_one_quantity([series("a"), series("b", unit="unstated")], "")
    for other in ({"unit": "percent"}, {"metric": "memory", "unit": "cores"}):
        with pytest.raises(AuroraError, match="and can't be summed; choose"):
            check_one_quantity([series("a", unit="cores"), series("b", **other)], "choose")


def test_cores_and_counters_of_cpu_seconds_are_cores() -> None:
    assert cores_per_unit([series("web", unit="cores")], None) == (1.0, "cores", False)
    busy = series("web", unit="seconds/s", metric="container_cpu_usage_seconds_total")
    assert cores_per_unit([busy], None) == (1.0, "seconds/s", False)


def test_memory_is_no_demand_for_cores() -> None:
    for labels in ({"metric": "memory"}, {"metric": "memory", "unit": "percent"}, {"unit": "gib"}):
        with pytest.raises(AuroraError, match="choose a series of CPU"):
            cores_per_unit([series("web", **labels)], None)


def test_an_ended_series_is_excluded_and_a_late_one_delays_the_others() -> None:
    whole = series("whole")
    gone = running([whole, series("gone", last=100 - LATE_STEPS - 1)])
    assert [s.unique_id for s in gone.series] == ["whole"] and "series gone ended at" in gone.notes[0]
    late = running([whole, series("late", last=100 - LATE_STEPS)])
    assert [len(s) for s in late.series] == [97, 97] and "series late has no values there yet" in late.notes[0]
    young = running([whole, series("young", first=40)])
    assert [len(s) for s in young.series] == [60, 60] and "young begins only then" in young.notes[0]
    assert running([whole]).notes == ()


def test_many_ended_series_are_reported_in_one_sentence() -> None:
    found = running([series("a"), *(series(f"pod-{k}", last=20 + k) for k in range(50))])
    assert len(found.notes) == 1 and found.notes[0].startswith("50 series ended before the others")


def test_trivial_futures_are_reported_with_the_reason() -> None:
    one = series("web")
    flat = replace(one, y=np.full(100, 5.0))
    assert "all values are 5" in running([flat]).notes[0]
    assert "all values are 0" in running([replace(one, y=np.zeros(100))]).notes[0]
    asleep = replace(one, y=np.where(np.arange(100) < 40, 3.0, 0.0))
    assert "0 since 2026-01-01 03:20 UTC" in running([asleep]).notes[0]
    with pytest.raises(AuroraError, match="can't be below 0"):
        running([replace(one, y=-one.y)])
