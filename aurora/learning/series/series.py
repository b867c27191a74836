"""Series, the defects found in them, and forecasts of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99)
"""Quantiles of every forecast: the deciles, and the ends of the 50, 80, 90, 95 and 98 % intervals."""

Defect = Literal[
    "notation", "gap", "duplicate", "unsorted", "mixed_steps", "not_a_number", "negative", "step", "reset", "outlier"
]
"""Defects of a series. `notation` is an inferred form of a file, reported once per file. `step` is a lasting shift of
the level, `reset` a restart of a counter."""


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity measured at equal steps.

    Attributes:
        unique_id: Id of the series among those read together.
        start: Unix time of the first value, whole seconds.
        step: Seconds from one value to the next.
        y: float64 [n], finite; values that were not measured are filled in.
        observed: bool [n], False where a value was filled in.
        covariates: Further numbers at the same times, each float64 [n].
        labels: Properties that stay the same: metric, unit, tier, site, tags.
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
        """Return the values from position `first` up to, not including, `last`."""
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
    """A defect of a series, and its repair.

    Attributes:
        unique_id: Id of the series.
        defect: Kind of defect.
        count: Number of values concerned.
        first: Unix time of the first value concerned.
        message: Description for people; says whether the defect was repaired or left.
    """

    unique_id: str
    defect: Defect
    count: int
    first: int
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Panel:
    """Series that were read together, with all defects that were found.

    Attributes:
        series: The series.
        findings: Defects, in the order in which they were found.
    """

    series: tuple[Series, ...]
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return a summary of each series, and the findings; the keys are those of `aurora data --json`."""
        return {
            "series": [
                {
                    "unique_id": s.unique_id,
                    "start": s.start,
                    "end": s.start + (len(s) - 1) * s.step,
                    "step": s.step,
                    "n": len(s),
                    "observed": float(s.observed.mean()),
                    "labels": dict(s.labels),
                    "covariates": list(s.covariates),
                }
                for s in self.series
            ],
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Forecast:
    """The distribution of the next values of a series.

    Attributes:
        unique_id: Id of the series.
        start: Unix time of the first forecast value.
        step: Seconds from one value to the next.
        quantiles: float64 [horizon, len(QUANTILES)], rising along the second axis.
        model: Name of the model.
    """

    unique_id: str
    start: int
    step: int
    quantiles: NDArray[np.float64]
    model: str
