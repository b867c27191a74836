"""Samples of a quantity from a file or a monitoring system, before checks and repairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.types import FloatArray


@dataclass(frozen=True, slots=True)
class Samples:
    """Raw values of one quantity: in any order, with gaps, duplicates and NaN.

    Attributes:
        unique_id: Id of the series among those read together.
        times: float64 [n], Unix time in seconds.
        y: float64 [n]; NaN stands for a missing value.
        observed: bool [n], False where the source says that a value was filled in; None if all were measured.
        covariates: Further numbers at the same times, each float64 [n].
        labels: Properties that stay the same: metric, unit (one of `UNITS`), kind, tier, site, tags.
        source: File or address, for messages.
        step: Seconds from one value to the next, if the source states them; None takes the most frequent difference.
        notes: Remarks on the source's form, for people; each becomes a finding.
    """

    unique_id: str
    times: FloatArray
    y: FloatArray
    observed: NDArray[np.bool_] | None = None
    covariates: Mapping[str, FloatArray] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    step: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the samples in messages."""
        return f"{self.source}, series {self.unique_id!r}" if self.source else f"series {self.unique_id!r}"


class Unit(NamedTuple):
    """Properties of a unit.

    Attributes:
        meaning: Description for people.
        can_be_negative: True if values below zero can be correct.
        can_count: True if a counter may have the unit; counters count amounts, not levels or shares.
    """

    meaning: str
    can_be_negative: bool = False
    can_count: bool = False


UNITS: Mapping[str, Unit] = {
    "percent": Unit("share of a capacity, 0 to 100 (more where capacity is lent)"),
    "fraction": Unit("share of a capacity, 0 to 1"),
    "cores": Unit("processor cores in use"),
    "mhz": Unit("processor cycles a second, millions"),
    "bytes": Unit("bytes, or bytes in the step", can_count=True),
    "kb": Unit("kilobytes"),
    "mb": Unit("megabytes"),
    "gib": Unit("gibibytes"),
    "bytes/s": Unit("bytes a second"),
    "kb/s": Unit("kilobytes a second"),
    "gbit/s": Unit("gigabits a second"),
    "operations/s": Unit("input and output operations a second"),
    "requests": Unit("requests in the step", can_count=True),
    "requests/s": Unit("requests a second"),
    "tokens": Unit("tokens in the step", can_count=True),
    "count": Unit("how many there are", can_count=True),
    "seconds": Unit("seconds", can_count=True),
    "ms": Unit("milliseconds"),
    "cycles": Unit("processor cycles an instruction"),
    "watts": Unit("electric power"),
    "joules": Unit("energy", can_count=True),
    "dollars": Unit("money", can_count=True),
    "dollars/h": Unit("money an hour"),
    "g/kwh": Unit("carbon dioxide of electricity, grams a kilowatt-hour"),
    "celsius": Unit("temperature", can_be_negative=True),
    "difference": Unit("a change of something", can_be_negative=True),
    "unstated": Unit("the source does not say", can_be_negative=True, can_count=True),
}
"""Units that a label `unit` may name; `UNIT/s` of any of them is a unit too."""

_SPELLINGS = {
    **{"%": "percent", "pct": "percent", "s": "seconds", "second": "seconds", "byte": "bytes", "usd": "dollars"},
    **{"none": "unstated", "milliseconds": "ms", "kilobytes": "kb", "megabytes": "mb"},  # CloudWatch's
}

_CONVERSIONS = {
    **dict.fromkeys(("millicores", "millicore", "mcores", "mcpu", "m"), "divide by 1000 and call it cores"),
    **dict.fromkeys(("nanocores", "nanocore", "n"), "divide by 1e9 and call it cores"),
    **dict.fromkeys(("mib", "mi"), "divide by 1024 and call it gib"),
    **dict.fromkeys(("kib", "ki"), "multiply by 1024 and call it bytes"),
    **dict.fromkeys(("gb", "gigabytes"), "multiply by 1000 and call it mb"),
    "gi": "call it gib",
    **dict.fromkeys(("mbit/s", "mbps"), "divide by 1000 and call it gbit/s"),
    **dict.fromkeys(("vcpu", "vcpus", "core", "cpus"), "call it cores"),
}
"""Remedies for units that monitoring systems use and `UNITS` lacks."""


def known_unit(name: str) -> Unit:
    """Look up a unit in `UNITS`, ignoring upper and lower case.

    Raises:
        DataError: The unit is not in the table.
    """
    key = unit_name(name)
    unit = UNITS.get(key)
    if unit is None and key.endswith("/s") and key.removesuffix("/s") in UNITS:
        unit = UNITS[key.removesuffix("/s")]._replace(can_count=False)
    if unit is None:
        other = _CONVERSIONS.get(key)
        remedy = f"{other}; " if other else ""
        raise DataError(f"unit {name[:40]!r} is not known; {remedy}use one of {', '.join(UNITS)}")
    return unit


def unit_name(name: str) -> str:
    """Return a unit as the table spells it."""
    key = name.strip().lower()
    amount = key.removesuffix("/second").removesuffix("/s")  # CloudWatch writes Bytes/Second
    return _SPELLINGS.get(amount, amount) + ("" if amount == key else "/s")
