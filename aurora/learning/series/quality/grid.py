"""Puts values on a grid of equal steps, and fills gaps."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.series.quality.defects import Findings
from aurora.learning.series.samples import Samples
from aurora.learning.series.series import Series
from aurora.types import BoolArray, FloatArray

MAX_INTERPOLATED_STEPS = 6
"""Longest gap that is interpolated; a longer one is filled with the previous day, or the last value."""
DAY = 86_400
MAX_JITTER = 0.1
"""Largest deviation of a time difference from a multiple of the step, as a share of the step."""
FAR_STEPS, FAR_SPANS, FAR_SHARE = 1000, 10, 0.01
"""Limits beyond which a time is far from the others: usual steps between, ratio of the gap to the span of the others,
and largest share of times beyond the gap."""
MAX_STEPS = 20_000_000
"""Largest number of steps of a series; seven months of seconds."""
MAX_STEPS_PER_VALUE = 100
"""Largest number of steps per value; in a longer span a time must be wrong."""


def on_grid(
    samples: Samples,
    times: FloatArray,
    y: FloatArray,
    observed: BoolArray,
    covariates: dict[str, FloatArray],
    findings: Findings,
) -> Series:
    """Build a series with a value at every step from values at distinct, sorted times.

    Args:
        samples: Source of the values, for messages and labels.
        times: float64 [n], Unix seconds, rising; the first and the last have a value.
        y: float64 [n], NaN where there is no value.
        observed: bool [n].
        covariates: Further numbers at the same times, each float64 [n].
        findings: Receives the defects.

    Raises:
        DataError: The times have no usual step, the step is below a second, or a time is far from all others.
    """
    seconds = np.diff(times)
    step, start, slots = _grid(samples, times, seconds)
    size = int(slots[-1]) + 1
    if size > len(times) or (seconds != step).any():
        _report_steps(times, seconds, slots, start, step, findings)
        _report_gaps(slots, start, step, findings)
        seen = np.bincount(slots[observed & np.isfinite(y)], minlength=size) > 0
        y, observed = _placed(slots, y, size), seen
        covariates = {name: _placed(slots, v, size) for name, v in covariates.items()}
    known = np.isfinite(y)
    if not known.all():
        y, observed = _filled(y, known, step), observed & known
    covariates = {name: _last_known(values) for name, values in covariates.items()}
    return Series(samples.unique_id, start, step, y, observed, covariates, samples.labels)


def _grid(samples: Samples, times: FloatArray, seconds: FloatArray) -> tuple[int, int, NDArray[np.int64]]:
    """Return the step, the start, and the position of each time."""
    first = float(seconds[0])
    if first >= 1 and first.is_integer() and samples.step in (None, int(first)) and (seconds == first).all():
        return int(first), int(np.rint(times[0])), np.arange(len(times))
    if samples.step is None:
        _check_spread(samples, times, seconds)
    step = samples.step or _usual_step(samples, seconds)
    phases, counts = np.unique(np.rint(times).astype(np.int64) % step, return_counts=True)
    phase = int(phases[np.argmax(counts)])
    slots = np.floor((times - phase) / step + 0.5).astype(np.int64)
    start = int(slots[0]) * step + phase
    slots -= slots[0]
    most = min(MAX_STEPS_PER_VALUE * (len(times) + 10), MAX_STEPS)
    if samples.step is None and slots[-1] > most:
        raise DataError(
            f"{samples.name}: {len(times)} values, mostly {step} s apart, spread over {int(slots[-1])} steps; "
            "a time must be wrong. Correct it or split the series"
        )
    return step, start, slots


def _check_spread(samples: Samples, times: FloatArray, seconds: FloatArray) -> None:
    """Refuse steps below a second, and a few times that lie far from all others."""
    usual = float(np.median(seconds))
    if usual < 0.75:  # noqa: PLR2004  # a step that rounds to less than a second
        raise DataError(f"{samples.name}: steps of {usual:g} s; series have whole seconds. Aggregate it to 1 s or more")
    at = int(np.argmax(seconds))
    before, after = times[: at + 1], times[at + 1 :]
    lone, others = (times[-1], before) if len(before) > len(after) else (times[0], after)
    gap, rest, few = float(seconds[at]), others[-1] - others[0], len(times) - len(others)
    if gap > FAR_STEPS * usual and gap > FAR_SPANS * rest and few <= max(1, FAR_SHARE * len(times)):
        far = f"is far from the others, by {gap / DAY:.0f} days, where all others lie within {rest / DAY:.1f}"
        raise DataError(
            f"{samples.name}: the time {_iso(lone)} {far}; a time must be wrong. Correct it or leave it out"
        )


def _iso(time: float) -> str:
    return f"{datetime.fromtimestamp(float(time), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _usual_step(samples: Samples, seconds: FloatArray) -> int:
    """Return the most frequent difference of successive times, in whole seconds."""
    whole = np.maximum(np.rint(seconds).astype(np.int64), 1)
    values, counts = np.unique(whole, return_counts=True)
    step = int(values[np.argmax(counts)])  # the shortest of equally frequent differences
    if counts.max() < len(whole) / 2:  # times that jitter: many differences are about as frequent
        step = int(np.rint(np.median(whole[np.abs(whole - step) <= MAX_JITTER * step])))
    off = np.abs(whole / step - np.maximum(np.rint(whole / step), 1))
    if (off > MAX_JITTER).mean() > 0.5:  # noqa: PLR2004  # most differences are no multiple of the step
        raise DataError(
            f"{samples.name}: its times have no usual step ({step} s is the most frequent difference); aggregate it to "
            "equal steps first"
        )
    return step


def _report_steps(
    times: FloatArray, seconds: FloatArray, slots: NDArray[np.int64], start: int, step: int, findings: Findings
) -> None:
    off = np.abs(times - (start + slots * step))
    moved = off >= 0.5  # noqa: PLR2004  # more than rounding to whole seconds explains
    if not moved.any():
        return
    shared = len(slots) - len(np.unique(slots))
    other = int((np.rint(seconds) % step != 0).sum())
    met = f"; {shared} met another there and were averaged" if shared else ""
    findings.add(
        "mixed_steps",
        int(moved.sum()),
        times[moved][0],
        f"{other} differences are no multiple of the usual {step} s: {moved.sum()} values moved by up to "
        f"{off.max():g} s to the nearest step{met}",
    )


def _report_gaps(slots: NDArray[np.int64], start: int, step: int, findings: Findings) -> None:
    jumps = np.diff(slots)
    holes = jumps > 1
    if not holes.any():
        return
    count, longest = int((jumps[holes] - 1).sum()), int(jumps.max()) - 1
    first = start + (int(slots[:-1][holes][0]) + 1) * step
    is_short = longest <= MAX_INTERPOLATED_STEPS
    how = "along a line" + ("" if is_short else f" up to {MAX_INTERPOLATED_STEPS} steps, else as the day before")
    findings.add(
        "gap",
        count,
        first,
        f"{count} steps have no value, in {holes.sum()} gaps of up to {longest}: filled in {how}",
    )


def _placed(slots: NDArray[np.int64], values: FloatArray, size: int) -> FloatArray:
    """Put values on the grid: the exact value at a step of its own, the mean of values that share a step."""
    placed = means(slots, values, size)
    counts = np.bincount(slots, minlength=size)
    alone = counts[slots] == 1
    placed[slots[alone]] = values[alone]
    return placed


def _filled(y: FloatArray, known: BoolArray, step: int) -> FloatArray:
    """Interpolate short gaps; fill long ones with the previous day, or with the last value if there is none."""
    y = y.copy()
    missing = np.flatnonzero(~known)
    runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1)
    day = DAY // step if DAY % step == 0 else 0
    for run in runs:
        before, after = int(run[0]) - 1, int(run[-1]) + 1
        if len(run) <= MAX_INTERPOLATED_STEPS:
            y[run] = np.interp(run, (before, after), (y[before], y[after]))
        elif day > 1 and before >= day:
            for k in range(int(run[0]), after, day):  # day by day: a gap may be longer
                part = slice(k, min(k + day, after))
                y[part] = y[part.start - day : part.stop - day]
        else:
            y[run] = y[before]
    return y


def _last_known(values: FloatArray) -> FloatArray:
    """Replace each NaN by the last number before it, or by 0."""
    known = np.isfinite(values)
    if known.all():
        return values
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last >= 0, values[np.maximum(last, 0)], 0.0)


def means(slots: NDArray[np.int64], values: FloatArray, size: int) -> FloatArray:
    """Return the mean of the finite values in each slot, or NaN."""
    valid = np.isfinite(values)
    count = np.bincount(slots[valid], minlength=size)
    total = np.bincount(slots[valid], weights=values[valid], minlength=size)
    mean = np.full(size, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
