"""Quantities: written as text and parsed back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.agents.explain.telling.quantities import UNITS, Amount, agrees, read, write, write_pair


@given(st.sampled_from(sorted(UNITS)), st.floats(-1e12, 1e12).filter(lambda v: v == 0 or abs(v) > 1e-12))
def test_written_quantities_parse_back(dimension: str, value: float) -> None:
    amount = Amount(float(round(value)) if dimension == "count" else value, dimension)
    text = write(amount)
    found = read(text, 0)
    assert found is not None
    assert found[1] == len(text)
    assert agrees(found[0], amount)


@pytest.mark.parametrize(
    ("text", "value", "dimension", "holds"),
    [
        ("286.3 J", 286.31, "J", True),
        ("0.2863 kJ", 286.31, "J", True),
        ("286 joules", 286.31, "J", True),
        ("286.3 kJ", 286.31, "J", False),
        ("286.3", 286.31, "J", False),
        ("286.3 s", 286.31, "J", False),
        ("286.4 J", 286.31, "J", False),
        ("300 J", 286.31, "J", False),
        ("about 290 J", 286.31, "J", True),
        ("about 300 J", 286.31, "J", True),
        ("about 340 J", 286.31, "J", False),
        ("2 h", 5400.0, "s", False),
        ("1.5 hours", 5400.0, "s", True),
        ("90 minutes", 5400.0, "s", True),
        ("35 %", 0.35, "share", True),
        ("0.35", 0.35, "share", True),
        ("35", 0.35, "share", False),
        ("$0.05", 0.049, "$", True),
        ("$49", 0.049, "$", False),
        ("-$0.05", -0.049, "$", True),
        ("$1 an hour", 1.0, "$/h", True),
        ("$1", 1.0, "$/h", False),
        ("2,127,792 J", 2127792.0, "J", True),
        ("20", 20.0, "count", True),
        ("20", 20.4, "count", False),
    ],
)
def test_a_quantity_agrees_in_any_unit_of_its_dimension_up_to_rounding(text, value, dimension, holds) -> None:
    found = read(text, 0)
    assert found is not None
    assert found[1] == len(text)
    assert agrees(found[0], Amount(value, dimension)) == holds


@pytest.mark.parametrize("text", ["12x", "1.2.3x", "١٢", "12lb", "NaN", "1e999", "$-5", "twelve"])
def test_text_that_is_no_quantity_is_not_parsed(text: str) -> None:
    found = read(text, 0)
    assert found is None or found[1] < len(text)


def test_units_suit_the_size() -> None:
    told = [
        write(Amount(*a))
        for a in [(0.02, "s"), (71.58, "s"), (4000.0, "s"), (2.0e6, "J"), (0.5, "GiB"), (1.0, "cores")]
    ]
    assert told == ["20 ms", "71.58 s", "66.67 min", "0.5556 kWh", "512 MiB", "1 core"]
    assert write_pair(Amount(1.00001, "$"), Amount(1.00002, "$")) == ("$1.00001", "$1.00002")
