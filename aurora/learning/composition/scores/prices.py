"""Prices of cores and memory, from a file of the user's, and what a thousand requests cost."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from aurora.errors import DataError, InputError
from aurora.files import write_atomically
from aurora.reading import read_json
from aurora.types import Frozen, NonNegative
from aurora.validation import explain_validation

SECONDS_AN_HOUR = 3600.0
BYTES_A_GB = 1e9
REQUESTS = 1000
"""Requests that a cost is for."""


class Prices(Frozen):
    """Prices of what an inference application uses.

    Attributes:
        currency: What the prices are in, such as `EUR`.
        core_hour: Price of a core for an hour.
        gb_hour: Price of a gigabyte (10^9 bytes) of memory for an hour.
        note: Where the prices are from, and of which day.
    """

    currency: str = Field(min_length=1, max_length=16)
    core_hour: NonNegative
    gb_hour: NonNegative
    note: str = Field("", max_length=1000)


EXAMPLE = Prices(
    currency="core hours",
    core_hour=1.0,
    gb_hour=0.1,
    note="An example, not a price list: in core hours: an hour of a core is 1, an hour of a gigabyte a tenth. "
    "Put in the prices of your provider.",
)
"""Prices without a file: costs are then in core hours, not in money."""


def cost_of_requests(core_seconds: float, memory: float, rate: float, prices: Prices) -> float:
    """Return the cost of a thousand requests: cores by use, memory by the time for which it is held.

        1000 * (core_seconds * core_hour / 3600 + memory / 1e9 * gb_hour / 3600 / rate)

    Args:
        core_seconds: Core seconds of a request, on average.
        memory: Memory that is held all the time, in bytes.
        rate: Requests a second.
        prices: Prices.

    Raises:
        InputError: The rate is not above 0: memory that serves no request has no cost a request.
    """
    if not rate > 0:
        raise InputError("give a rate above 0", parameter="rate", value=rate)
    cores = core_seconds * prices.core_hour / SECONDS_AN_HOUR
    held = memory / BYTES_A_GB * prices.gb_hour / SECONDS_AN_HOUR / rate
    return REQUESTS * (cores + held)


def price_per_hour(memory: float, prices: Prices) -> float:
    """Return the price of one core and some memory for an hour, in the currency of the prices.

    Args:
        memory: Memory in bytes.
        prices: The prices.
    """
    return prices.core_hour + memory / BYTES_A_GB * prices.gb_hour


def read_prices(path: Path) -> Prices:
    """Read a price file.

    Raises:
        FileError: It can't be read.
        DataError: It is no JSON, or a field is not valid.
    """
    data = read_json(path)
    try:
        return Prices.model_validate(data)
    except ValidationError as error:
        raise DataError(f"{path} is no price file: {explain_validation(error)}") from None


def write_example(path: Path) -> None:
    """Write an example of a price file.

    Raises:
        FileError: It can't be written.
    """
    write_atomically(path, EXAMPLE.model_dump_json(indent=2) + "\n")
