"""Reads what machines cost: dollars an hour by instance type."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.reading import read_json

HIGHEST = 1e6
"""Highest price of a machine that is believed, dollars an hour."""

_FORM = 'write CSV with the columns type and $/h, or JSON: {"m5.large": 0.096}'


def read_prices(path: Path) -> dict[str, float]:
    """Return dollars an hour by instance type; `TYPE:spot` is the price of a type that may be taken back.

    Args:
        path: CSV with a column of types and one of prices (a whole price list will do), a JSON object of prices by
            type, or a catalogue as `aurora recommend catalogue` writes it.

    Raises:
        FileError: It can't be read.
        DataError: It is none of these, or a price is missing, negative or too high.
    """
    prices: dict[str, float] = {}
    for name, price in _json_prices(path) if path.name.endswith((".json", ".json.gz")) else _csv_prices(path):
        if isinstance(price, bool) or not isinstance(price, int | float) or not math.isfinite(price):
            raise DataError(f"{path}: the price of {name[:60]!r} is no number; {_FORM}")
        if not 0 <= price <= HIGHEST:
            raise DataError(f"{path}: the price of {name[:60]!r} is {price:g}; give 0 to {HIGHEST:g} dollars an hour")
        if prices.setdefault(name, float(price)) != price:
            raise DataError(f"{path}: {name[:60]!r} has two prices, {prices[name]:g} and {price:g}; leave one")
    if not prices:
        raise DataError(f"{path} has no prices; {_FORM}")
    return prices


def _json_prices(path: Path) -> Iterator[tuple[str, Any]]:
    data = read_json(path)
    if not isinstance(data, dict):
        raise DataError(f"{path} is no object of prices; {_FORM}")
    instances = data.get("instances")
    if not isinstance(instances, list):
        yield from data.items()
        return
    for number, entry in enumerate(instances):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise DataError(f"{path}: instances[{number}] has no name; {_FORM}")
        yield entry["name"], entry.get("price")


def _csv_prices(path: Path) -> Iterator[tuple[str, Any]]:
    from aurora.learning.accounts.price_list import read_price_list  # noqa: PLC0415  # loads the simulator of accounts

    for entry in read_price_list(path, needed=("name", "price")):
        yield entry["name"], entry.get("price")
