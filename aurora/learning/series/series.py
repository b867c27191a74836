"""What a series is, what was found wrong with it, and what a forecast of it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99)
"""The quantiles that every forecast has: the deciles, and the ends of the 50, 80, 90, 95 and 98 % intervals."""

Defect = Literal[
    "notation", "gap", "duplicate", "unsorted", "mixed_steps", "not_a_number", "negative", "step", "reset", "outlier"
]
"""What can be wrong with a series. `notation` is a form of the file that was inferred and is told once a file, `step` a
lasting shift of the level, `reset` a counter that started again."""


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity, measured at equal steps.

    Attributes:
        unique_id: Of the series among those read together.
        start: Unix time of the first value, whole seconds.
        step: Seconds from one value to the next.
        y: float64 [n], finite; values that were not measured are filled in.
        observed: bool [n], False where a value was filled in.
        covariates: Numbers beside it, each float64 [n].
        labels: What stays the same: metric, unit, tier, site, tags.
    """

    unique_id: str
    start: int
    step: int
    y: NDArray[np.float64]
    observed: NDArray[np.bool_]
    covariates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)

    def between(self, first: int, last: int) -> Series:
        """The values from position `first` up to, not including, `last`."""
        return Series(
            self.unique_id,
            self.start + first * self.step,
            self.step,
            self.y[first:last],
            self.observed[first:last],
            {name: values[first:last] for name, values in self.covariates.items()},
            self.labels,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a series, and what was done about it.

    Attributes:
        unique_id: The series.
        defect: What it is.
        count: How many values are concerned.
        first: Unix time of the first of them.
        message: For people: what was found, and whether it was repaired or left.
    """

    unique_id: str
    defect: Defect
    count: int
    first: int
    message: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Series that were read together, with all that was found wrong with them."""

    series: tuple[Series, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """The distribution of the next values of a series.

    Attributes:
        unique_id: Of the series.
        start: Unix time of the first forecast value.
        step: Seconds.
        quantiles: float64 [horizon, len(QUANTILES)], rising along the second axis.
        model: Who made it.
    """

    unique_id: str
    start: int
    step: int
    quantiles: NDArray[np.float64]
    model: str
