"""Prices of machines: CSV, JSON, a catalogue; what is no price is refused with its type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aurora.cluster.readers.prices import read_prices
from aurora.errors import DataError, FileError
from aurora.learning.accounts import catalogue_json, synthetic_catalogue
from aurora.learning.accounts.price_list import read_price_list


def test_every_form_gives_prices_by_type(tmp_path: Path) -> None:
    expected = {"m5.large": 0.096, "m5.large:spot": 0.035}
    (tmp_path / "a.csv").write_text("type,$/h\nm5.large,0.096\nm5.large:spot,$0.035\n")
    (tmp_path / "b.csv").write_text("Instance type;vCPU;GiB;price\nm5.large;2;8;0,096\nm5.large:spot;2;8;0,035\n")
    (tmp_path / "c.json").write_text('{"m5.large": 0.096, "m5.large:spot": 0.035}')
    for name in ("a.csv", "b.csv", "c.json"):
        assert read_prices(tmp_path / name) == expected, name


def test_a_catalogue_gives_its_prices(tmp_path: Path) -> None:
    catalogue = synthetic_catalogue()
    (tmp_path / "catalogue.json").write_text(json.dumps(catalogue_json(catalogue)))
    assert read_prices(tmp_path / "catalogue.json") == {i.name: i.price for i in catalogue.instances}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.json", "[1]", "no object of prices"),
        ("p.json", "{}", "has no prices"),
        ("p.json", '{"a": "cheap"}', "price of 'a' is no number"),
        ("p.json", '{"a": -1}', "is -1; give 0 to"),
        ("p.json", '{"instances": [{"price": 1}]}', r"instances\[0\] has no name"),
        ("p.csv", "type,$/h\na,1\na,2\n", "has two prices, 1 and 2"),
        ("p.csv", "type,cores\na,1\n", r"no column \$/h; write type,\$/h"),
        ("p.csv", "type,$/h\na,\n", "price of 'a' is no number"),
    ],
)
def test_what_is_no_price_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_prices(tmp_path / name)


def test_a_file_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        read_prices(tmp_path / "none.csv")


def test_a_price_list_of_machines_still_needs_all_columns(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("type,$/h\na,1\n")
    with pytest.raises(DataError, match="no column vcpu, gib; write type,vCPU,GiB"):
        read_price_list(tmp_path / "p.csv")
