"""Formatting of quantities."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora import quantities as q

finite = st.floats(-1e300, 1e300)


@given(finite, st.integers(2, 9))
def test_a_number_is_never_shown_as_zero_and_keeps_its_digits(value: float, digits: int) -> None:
    shown = q.number(value, digits)
    assert float(shown) == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))
    assert (float(shown) == 0) == (value == 0)


@given(st.floats(-1e14, 1e14))
def test_a_plain_number_has_no_trailing_zeros(value: float) -> None:
    shown = q.plain(value)
    assert float(shown.replace(",", "")) == pytest.approx(value, rel=1e-3)
    assert shown != "-0" and not re.search(r"\.\d*0$", shown)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (4e-5, "0.04 ms"),
        (59.96, "1 min"),
        (59.94, "59.9 s"),
        (200, "3 min 20 s"),
        (3599.6, "1 h"),
        (86399, "1 d"),
        (-90, "-1 min 30 s"),
    ],
)
def test_durations_carry_over_to_the_next_unit(seconds: float, shown: str) -> None:
    assert q.duration(seconds) == shown


@pytest.mark.parametrize(("share", "shown"), [(0, "0 %"), (1, "100 %"), (0.999999, "99.9999 %"), (-0.25, "-25 %")])
def test_a_share_below_one_is_not_rounded_to_100_percent(share: float, shown: str) -> None:
    assert q.percent(share) == shown


@pytest.mark.parametrize(("value", "shown"), [(999.996, "$1,000"), (999.99, "$999.99"), (0.0995, "$0.0995")])
def test_dollars_are_rounded_once(value: float, shown: str) -> None:
    assert q.dollars(value) == shown


def test_times_of_one_day_name_it_once() -> None:
    assert q.period(1767310200, 1767313800) == "2026-01-01 23:30 to 2026-01-02 00:30 UTC"
    assert q.moment(1767225601) == "2026-01-01 00:00:01 UTC"


def test_sizes_and_energy_move_to_the_next_unit_when_rounding_up() -> None:
    assert (q.size(1023.6), q.size(2.5 * 2**40)) == ("1 KiB", "2.5 TiB")
    assert (q.energy(35_900), q.energy(36_000)) == ("35.9 kJ", "0.01 kWh")
