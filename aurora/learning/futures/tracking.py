"""Continuous mode: compares measured demand with what was simulated, and adapts the tiers' confidences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from aurora.errors import DataError, InputError
from aurora.files import write_atomically
from aurora.learning.futures.demand import aligned
from aurora.learning.futures.demand_forecast import DemandForecast
from aurora.learning.futures.paths import probabilities
from aurora.learning.futures.tiers import Adjustment, unadjusted
from aurora.learning.series.series import QUANTILES, Series
from aurora.reading import read_json

FORMAT = 1
BINS = 10


@dataclass(frozen=True, slots=True)
class Pending:
    """A forecast whose horizon has not been measured yet.

    Attributes:
        start: Unix time of its first step.
        quantiles: [steps][len(QUANTILES)], quantiles of the total, cores.
        by_step: [tiers][steps], capacity of each tier at each step, cores.
        cores: [tiers], capacity of each tier for the whole horizon.
        what_ifs: Mean total at each step by what-if, cores; the first is the forecast itself.
    """

    start: int
    quantiles: tuple[tuple[float, ...], ...]
    by_step: tuple[tuple[float, ...], ...]
    cores: tuple[float, ...]
    what_ifs: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Tracking:
    """The state of continuous mode, and the content of its file.

    Attributes:
        series: Ids of the series, in the order in which they were given.
        step: Length of a step, seconds.
        cores_per_unit: Cores that one unit of the series needs.
        confidences: Promised confidences of the tiers.
        step_offsets: Adaptation of each confidence for tiers by step; see `Adaptive.offsets`.
        peak_offsets: Adaptation of each confidence for tiers of the horizon.
        rounds: Number of horizons compared.
        steps: Number of steps compared.
        inside: Number of these steps inside each tier by step.
        peaks_inside: Number of horizons inside each tier throughout.
        histogram: Number of steps by the tenth of the simulated distribution in which the realised value lay.
        nearest: Number of horizons that were nearest to each what-if.
        pending: Forecast that is compared next.
    """

    series: tuple[str, ...]
    step: int
    cores_per_unit: float
    confidences: tuple[float, ...]
    step_offsets: tuple[float, ...]
    peak_offsets: tuple[float, ...]
    rounds: int = 0
    steps: int = 0
    inside: tuple[int, ...] = ()
    peaks_inside: tuple[int, ...] = ()
    histogram: tuple[int, ...] = (0,) * BINS
    nearest: Mapping[str, int] | None = None
    pending: Pending | None = None

    @property
    def adjustment(self) -> Adjustment:
        """Adapted confidences for the next forecast."""
        fresh = unadjusted(self.confidences)
        return Adjustment(
            fresh.steps._replace(offsets=self.step_offsets), fresh.peaks._replace(offsets=self.peak_offsets)
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measured horizon compared with its forecast.

    Attributes:
        start: Unix time of its first step.
        realised: float64 [steps], demand at the steps that were measured, cores.
        places: float64 [steps], probability integral transform of each realised value, 0 to 1.
        inside: Share of the steps inside each tier by step.
        peak_inside: Whether the demand stayed inside each tier of the horizon.
        nearest: What-if with the nearest mean, by root mean square distance.
    """

    start: int
    realised: NDArray[np.float64]
    places: NDArray[np.float64]
    inside: tuple[float, ...]
    peak_inside: tuple[bool, ...]
    nearest: str


def new_tracking(demand: DemandForecast, cores_per_unit: float) -> Tracking:
    """Return the state before anything was compared."""
    tiers = demand.tiers
    none = (0.0,) * len(tiers)
    counts = (0,) * len(tiers)
    return Tracking(
        demand.series,
        demand.step,
        cores_per_unit,
        tuple(t.confidence for t in tiers),
        none,
        none,
        inside=counts,
        peaks_inside=counts,
        nearest={},
    )


def expecting(tracking: Tracking, demand: DemandForecast, what_ifs: Mapping[str, NDArray[np.float64]]) -> Tracking:
    """Return the state with a forecast that is compared next.

    Args:
        tracking: State so far.
        demand: The forecast.
        what_ifs: Mean total at each step by what-if, float64 [steps].

    Raises:
        InputError: See `check_same`.
    """
    check_same(tracking, demand.series, demand.step, tracking.cores_per_unit)
    quantiles = np.quantile(demand.totals, QUANTILES, axis=0).T
    return replace(
        tracking,
        pending=Pending(
            demand.start,
            tuple(tuple(row) for row in quantiles.tolist()),
            tuple(tuple(t.by_step.tolist()) for t in demand.tiers),
            tuple(t.cores for t in demand.tiers),
            {name: tuple(mean.tolist()) for name, mean in what_ifs.items()},
        ),
    )


def check_same(tracking: Tracking, series: Sequence[str], step: int, cores_per_unit: float) -> None:
    """Refuse to compare with the simulation of other data.

    Raises:
        InputError: Series, step or unit differ.
    """
    for quantity, before, now in (
        ("series", tracking.series, tuple(series)),
        ("step", tracking.step, step),
        ("cores per unit", tracking.cores_per_unit, cores_per_unit),
    ):
        if before != now:
            raise InputError(
                f"the state is of other {quantity}: {before}, now {now}; give another state file, or the same data"
            )


def steps_come(tracking: Tracking, series: Sequence[Series]) -> tuple[int, int]:
    """Return how many of the pending steps have been measured, and how many are pending."""
    if tracking.pending is None:
        return 0, 0
    last = min(s.start + len(s) * s.step for s in series)
    steps = len(tracking.pending.quantiles)
    return int(np.clip((last - tracking.pending.start) // tracking.step, 0, steps)), steps


def compared(tracking: Tracking, series: Sequence[Series]) -> tuple[Comparison, Tracking]:
    """Compare measured demand with the pending forecast, and adapt the confidences.

    Args:
        tracking: State with a pending forecast.
        series: Measured demand; steps that were filled in don't count.

    Returns:
        The comparison, and the state after it.

    Raises:
        InputError: Nothing is pending, the series are others, or not all of the horizon has been measured.
    """
    if tracking.pending is None:
        raise InputError("nothing was simulated that could be compared; look ahead with state=FILE first")
    together = aligned(series)
    check_same(tracking, [s.unique_id for s in together], together[0].step, tracking.cores_per_unit)
    come, steps = steps_come(tracking, together)
    if come < steps:
        raise InputError(f"{come} of the {steps} steps that were simulated have come; compare again when all have")
    before = (tracking.pending.start - together[0].start) // tracking.step
    if before < 0 or (tracking.pending.start - together[0].start) % tracking.step:
        raise InputError(
            f"the series start at {together[0].start}, what was simulated at {tracking.pending.start}; "
            "give series that reach back to it, at the same steps"
        )
    pending = tracking.pending
    span = slice(before, before + steps)
    measured = np.all([s.observed[span] for s in together], axis=0)
    if not measured.any():
        raise InputError("no step that was simulated was measured: all are gaps that were filled in; use a new state")
    realised = (np.sum([s.y[span] for s in together], axis=0) * tracking.cores_per_unit)[measured]
    steps = len(realised)
    low, high = probabilities(np.array(pending.quantiles)[measured], realised)
    places = (low + high) / 2
    inside = tuple(float((realised <= np.array(t)[measured]).mean()) for t in pending.by_step)
    peak_inside = tuple(bool(realised.max() <= c) for c in pending.cores)
    distance = {
        n: float(np.sqrt(np.mean((realised - np.array(m)[measured]) ** 2))) for n, m in pending.what_ifs.items()
    }
    nearest = min(distance, key=distance.__getitem__)
    counts = np.histogram(places, bins=BINS, range=(0.0, 1.0))[0]
    adjusted = tracking.adjustment
    nearest_counts = dict(tracking.nearest or {})
    nearest_counts[nearest] = nearest_counts.get(nearest, 0) + 1
    after = replace(
        tracking,
        step_offsets=adjusted.steps.after(inside).offsets,
        peak_offsets=adjusted.peaks.after([float(p) for p in peak_inside]).offsets,
        rounds=tracking.rounds + 1,
        steps=tracking.steps + steps,
        inside=tuple(n + round(share * steps) for n, share in zip(tracking.inside, inside, strict=True)),
        peaks_inside=tuple(n + p for n, p in zip(tracking.peaks_inside, peak_inside, strict=True)),
        histogram=tuple(int(a + b) for a, b in zip(tracking.histogram, counts, strict=True)),
        nearest=nearest_counts,
        pending=None,
    )
    return Comparison(pending.start, realised, places, inside, peak_inside, nearest), after


def read_tracking(path: Path) -> Tracking:
    """Read the state of continuous mode.

    Raises:
        FileError: The file is absent.
        DataError: It is not a state.
    """
    data = read_json(path)
    not_a_state = DataError(f"{path} is not a state of `aurora futures`; name another file, or remove it")
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise not_a_state
    try:
        tracking = TypeAdapter(Tracking).validate_python(data)
    except ValidationError:
        raise not_a_state from None
    sizes = (tracking.step_offsets, tracking.peak_offsets, tracking.inside, tracking.peaks_inside)
    if any(len(values) != len(tracking.confidences) for values in sizes) or len(tracking.histogram) != BINS:
        raise not_a_state
    return tracking


def write_tracking(tracking: Tracking, path: Path) -> None:
    """Write the state; an interrupted write leaves the file as it was.

    Raises:
        FileError: The file can't be written.
    """
    data: dict[str, Any] = {"format": FORMAT, **asdict(tracking)}
    write_atomically(path, json.dumps(data, indent=1))
