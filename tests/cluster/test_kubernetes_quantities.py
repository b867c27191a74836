"""Quantities are read as Kubernetes reads them: exact, in every form, and nothing else."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.cluster.kubernetes_quantities import NANO, in_units, parse_quantity, quantity
from aurora.errors import DataError

SUFFIXES = {
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", start=1)},
    **{"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1)},
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", start=1)},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("100m", Fraction(1, 10)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("1e3", 1000),
        ("1E3", 1000),
        ("12e-1", Fraction(6, 5)),
        ("1E", 10**18),
        ("1Ei", 2**60),
        ("1Gi", 2**30),
        ("500M", 500_000_000),
        ("128974848", 128974848),
        ("129M", 129_000_000),
        ("123Mi", 123 * 2**20),
        ("1.5Gi", 3 * 2**29),
        ("001", 1),
        ("1n", Fraction(1, 10**9)),
        ("0.1n", Fraction(1, 10**9)),
        ("1e-30", Fraction(1, 10**9)),
    ],
)
def test_the_forms_of_the_documentation(text: str, value: Fraction) -> None:
    assert Fraction(parse_quantity(text), NANO) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "m", "-1", "+1", "-100m", "1 Gi", " 1", "1GB", "1K", "1ki", "1mi", "1e", "1e3Gi", "1.2.3", "0x10"),
        *("NaN", "inf", "1_000", "١", "1e9999", "1,5", "half", "10Ei", "1e19"),
    ],
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"is not a quantity|larger than Kubernetes allows"):
        parse_quantity(text)


@pytest.mark.parametrize(("value", "cores"), [(2, 2.0), (0.5, 0.5), (1e-3, 0.001), ("250m", 0.25)])
def test_numbers_stand_for_their_text(value: object, cores: float) -> None:
    assert in_units({"cpu": quantity(value)}) == {"cpu": cores}


@pytest.mark.parametrize("value", [None, True, [], {}, float("nan"), float("inf"), -1, -0.5])
def test_values_of_another_type_are_refused(value: object) -> None:
    with pytest.raises(DataError):
        quantity(value)


@given(st.integers(0, 10**6), st.integers(0, 999), st.sampled_from(sorted(SUFFIXES)))
def test_a_quantity_is_its_number_times_its_suffix_rounded_up(whole: int, thousandths: int, suffix: str) -> None:
    exact = (whole + Fraction(thousandths, 1000)) * SUFFIXES[suffix]
    if exact >= 2**63:
        return
    nanos = parse_quantity(f"{whole}.{thousandths:03d}{suffix}")
    assert 0 <= nanos - exact * NANO < 1


@given(st.text(alphabet="0123456789.eE+-KMGTPimnuk ", max_size=12))
def test_any_text_is_a_quantity_or_refused(text: str) -> None:
    try:
        assert parse_quantity(text) >= 0
    except DataError as error:
        assert "\n" not in str(error)


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_sums_are_exact(a: int, b: int) -> None:
    assert parse_quantity(f"{a}") + parse_quantity(f"{b}") == (a + b) * NANO


def test_memory_is_in_gib_and_devices_are_counted() -> None:
    amounts = {"memory": parse_quantity("512Mi"), "ephemeral-storage": parse_quantity("1Gi"), "hugepages-2Mi": 0}
    amounts |= {"nvidia.com/gpu": parse_quantity("2"), "nvidia.com/mig-1g.5gb": parse_quantity("7")}
    assert in_units(amounts) == {
        "memory": 0.5,
        "ephemeral-storage": 1.0,
        "hugepages-2Mi": 0.0,
        "nvidia.com/gpu": 2.0,
        "nvidia.com/mig-1g.5gb": 7.0,
    }
