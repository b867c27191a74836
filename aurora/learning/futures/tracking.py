"""Continuous mode: what came is compared with what was simulated, and the tiers are moved to keep their promises."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from aurora.errors import DataError
from aurora.files import write_atomically
from aurora.learning.futures.demand import aligned
from aurora.learning.futures.outlook import Outlook
from aurora.learning.futures.paths import probabilities
from aurora.learning.futures.tiers import Adjustment, unadjusted
from aurora.learning.series.series import LEVELS, Series
from aurora.reading import read_json

FORMAT = 1
BINS = 10


@dataclass(frozen=True, slots=True)
class Pending:
    """What was simulated and has not come yet.

    Attributes:
        start: Unix time of its first step.
        quantiles: [steps][len(LEVELS)], of the total, cores.
        by_step: [tiers][steps], cores.
        cores: [tiers], for the whole horizon.
        what_ifs: Name to the mean total at each step, cores; the first is the forecast itself.
    """

    start: int
    quantiles: tuple[tuple[float, ...], ...]
    by_step: tuple[tuple[float, ...], ...]
    cores: tuple[float, ...]
    what_ifs: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Tracking:
    """All that continuous mode remembers; the contents of its file.

    Attributes:
        series: Ids, in the order in which they were given.
        step: Seconds.
        cores_per_unit: Cores that a unit of the series needs.
        confidences: Of the tiers.
        step_offsets: What is added to each confidence when a tier by step is asked for.
        peak_offsets: Likewise for tiers of the horizon.
        rounds: Horizons compared.
        steps: Steps compared.
        inside: Of these, how many were inside each tier by step.
        peaks_inside: Horizons that were inside each tier throughout.
        histogram: Steps by the tenth of the simulated distribution in which what came lay.
        nearest: What-if to the horizons that were nearest to it.
        pending: What is compared next.
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
        """What to ask for next."""
        fresh = unadjusted(self.confidences)
        return Adjustment(
            fresh.steps._replace(offsets=self.step_offsets), fresh.peaks._replace(offsets=self.peak_offsets)
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """One horizon that came.

    Attributes:
        start: Unix time of its first step.
        realised: float64 [steps], cores, at the steps that were measured.
        places: float64 [steps], where in the simulated distribution each lay (its PIT), 0 to 1.
        inside: Share of the steps inside each tier by step.
        peak_inside: Whether it stayed inside each tier of the horizon.
        nearest: The what-if whose mean was nearest, by root mean square distance.
    """

    start: int
    realised: NDArray[np.float64]
    places: NDArray[np.float64]
    inside: tuple[float, ...]
    peak_inside: tuple[bool, ...]
    nearest: str


def new_tracking(outlook: Outlook, cores_per_unit: float) -> Tracking:
    """Nothing compared yet."""
    tiers = outlook.tiers
    none = (0.0,) * len(tiers)
    counts = (0,) * len(tiers)
    return Tracking(
        outlook.series,
        outlook.step,
        cores_per_unit,
        tuple(t.confidence for t in tiers),
        none,
        none,
        inside=counts,
        peaks_inside=counts,
        nearest={},
    )


def expecting(tracking: Tracking, outlook: Outlook, what_ifs: Mapping[str, NDArray[np.float64]]) -> Tracking:
    """Remember what was simulated.

    Args:
        tracking: So far.
        outlook: What was looked ahead to.
        what_ifs: Name to the mean total at each step, float64 [steps].
    """
    check_same(tracking, outlook.series, outlook.step, tracking.cores_per_unit)
    quantiles = np.quantile(outlook.totals, LEVELS, axis=0).T
    return replace(
        tracking,
        pending=Pending(
            outlook.start,
            tuple(tuple(row) for row in quantiles.tolist()),
            tuple(tuple(t.by_step.tolist()) for t in outlook.tiers),
            tuple(t.cores for t in outlook.tiers),
            {name: tuple(mean.tolist()) for name, mean in what_ifs.items()},
        ),
    )


def check_same(tracking: Tracking, series: Sequence[str], step: int, cores_per_unit: float) -> None:
    """Refuse to compare with the simulation of something else.

    Raises:
        DataError: Says what differs.
    """
    for what, before, now in (
        ("series", tracking.series, tuple(series)),
        ("step", tracking.step, step),
        ("cores per unit", tracking.cores_per_unit, cores_per_unit),
    ):
        if before != now:
            raise DataError(
                f"the state is of other {what}: {before}, now {now}; give another state file, or the same data"
            )


def steps_come(tracking: Tracking, series: Sequence[Series]) -> tuple[int, int]:
    """How many of the pending steps have been measured, and how many are pending."""
    if tracking.pending is None:
        return 0, 0
    last = min(s.start + len(s) * s.step for s in series)
    steps = len(tracking.pending.quantiles)
    return int(np.clip((last - tracking.pending.start) // tracking.step, 0, steps)), steps


def compared(tracking: Tracking, series: Sequence[Series]) -> tuple[Comparison, Tracking]:
    """What came beside what was simulated; offsets move towards what keeps the promises.

    Args:
        tracking: With something pending.
        series: Measured demand, as far as it goes; steps that were filled in don't count.

    Raises:
        DataError: Nothing is pending, the series are others, not all of it has come, or none of it was measured.
    """
    if tracking.pending is None:
        raise DataError("nothing was simulated that could be compared; run `aurora futures` with --state first")
    together = aligned(series)
    check_same(tracking, [s.unique_id for s in together], together[0].step, tracking.cores_per_unit)
    come, steps = steps_come(tracking, together)
    if come < steps:
        raise DataError(f"{come} of the {steps} steps that were simulated have come; compare again when all have")
    before = (tracking.pending.start - together[0].start) // tracking.step
    if before < 0 or (tracking.pending.start - together[0].start) % tracking.step:
        raise DataError(
            f"the series start at {together[0].start}, what was simulated at {tracking.pending.start}; "
            "give series that reach back to it, at the same steps"
        )
    pending = tracking.pending
    span = slice(before, before + steps)
    measured = np.all([s.observed[span] for s in together], axis=0)
    if not measured.any():
        raise DataError("no step that was simulated was measured: all are gaps that were filled in; use a new state")
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
    seen = dict(tracking.nearest or {})
    seen[nearest] = seen.get(nearest, 0) + 1
    after = replace(
        tracking,
        step_offsets=adjusted.steps.after(inside).offsets,
        peak_offsets=adjusted.peaks.after([float(p) for p in peak_inside]).offsets,
        rounds=tracking.rounds + 1,
        steps=tracking.steps + steps,
        inside=tuple(n + round(share * steps) for n, share in zip(tracking.inside, inside, strict=True)),
        peaks_inside=tuple(n + p for n, p in zip(tracking.peaks_inside, peak_inside, strict=True)),
        histogram=tuple(int(a + b) for a, b in zip(tracking.histogram, counts, strict=True)),
        nearest=seen,
        pending=None,
    )
    return Comparison(pending.start, realised, places, inside, peak_inside, nearest), after


def read_tracking(path: Path) -> Tracking:
    """Read what continuous mode remembered.

    Raises:
        DataError: The file is absent or not one of its own.
    """
    data = read_json(path)
    strange = DataError(f"{path} is not a state of `aurora futures`; name another file, or remove it")
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise strange
    try:
        tracking = TypeAdapter(Tracking).validate_python(data)
    except ValidationError:
        raise strange from None
    sizes = (tracking.step_offsets, tracking.peak_offsets, tracking.inside, tracking.peaks_inside)
    if any(len(values) != len(tracking.confidences) for values in sizes) or len(tracking.histogram) != BINS:
        raise strange
    return tracking


def write_tracking(tracking: Tracking, path: Path) -> None:
    """Keep it; a write that is interrupted leaves the file as it was.

    Raises:
        DataError: The file can't be written.
    """
    data: dict[str, Any] = {"format": FORMAT, **asdict(tracking)}
    write_atomically(path, json.dumps(data, indent=1))
