"""From values as they came to a regular series; each repair is reported as a finding, none is silent.

A series without defects comes back with the very values it had, and with no findings. What is only noticed (a lasting
step of the level, an outlier) is reported and left: it may be what a user wants to see forecast.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.detection import level_steps, outliers
from aurora.learning.samples import Floats, Samples, known_unit
from aurora.learning.series import Defect, Finding, Series

SHORT_GAP = 6
"""Steps up to which a gap is filled along a line; a longer one with the day before, or the last value."""
DAY = 86_400
MOST_GRID = 100
"""Steps from the first to the last time for every value, beyond which a time must be wrong."""
SAME_RATE = "rate"

Bools = NDArray[np.bool_]


def repair(samples: Samples, *, detect: bool = True) -> tuple[Series, tuple[Finding, ...]]:
    """The regular series of some samples, and all that was found wrong with them.

    The step is the most frequent difference of two times, in whole seconds. Values are put on the nearest point of the
    grid; those that meet there are averaged. What has no value is filled in and not `observed`.

    Args:
        samples: Values with their times, in any order.
        detect: Whether to look for lasting steps and outliers too, which takes most of the time.

    Raises:
        DataError: There are fewer than two values, a time is not finite or far from all others, the unit is not known,
            or the step is below a second.
    """
    found = _Report(samples.unique_id)
    times, y, observed, covariates = _checked(samples)
    times, y, observed, covariates = _sorted(times, y, observed, covariates, found)
    y = _without_impossible(times, y, samples, found)
    times, y, observed, covariates = _distinct(times, y, observed, covariates, found)
    labels = dict(samples.labels)
    if _is_counter(samples, y):
        y = _rates(times, y, found)
        labels |= {"kind": SAME_RATE, "unit": f"{labels.get('unit', 'count')}/s"}
    kept = np.flatnonzero(np.isfinite(y))
    if len(kept) < 2:  # noqa: PLR2004  # a step lies between two
        few = "no value" if not len(kept) else "a single value"
        raise DataError(f"{samples.name}: {few} is left of {len(samples.y)}; at least two are needed")
    span = slice(int(kept[0]), int(kept[-1]) + 1)  # nothing before and after is known
    times, y, observed = times[span], y[span], observed[span]
    covariates = {name: values[span] for name, values in covariates.items()}
    series = _on_grid(samples, times, y, observed, covariates, found)
    series = replace(series, labels=labels)
    if detect:
        _notice(series, found)
    return series, tuple(found.findings)


class _Report:
    """The findings of a series, in the order in which they are made."""

    def __init__(self, unique_id: str) -> None:
        self.unique_id = unique_id
        self.findings: list[Finding] = []

    def add(self, defect: Defect, count: int, first: float, message: str) -> None:
        self.findings.append(Finding(self.unique_id, defect, int(count), int(np.rint(first)), message))


def _checked(samples: Samples) -> tuple[Floats, Floats, Bools, dict[str, Floats]]:
    times = np.asarray(samples.times, dtype=np.float64)
    y = np.asarray(samples.y, dtype=np.float64)
    covariates = {name: np.asarray(v, dtype=np.float64) for name, v in samples.covariates.items()}
    if not len(y):
        raise DataError(f"{samples.name} is empty; at least two values are needed")
    observed = np.ones(len(y), dtype=bool) if samples.observed is None else np.asarray(samples.observed, dtype=bool)
    for name, values in {"times": times, "observed": observed, **covariates}.items():
        if values.shape != y.shape:
            raise DataError(f"{samples.name}: {len(values)} {name} for {len(y)} values")
    if not np.isfinite(times).all():
        raise DataError(f"{samples.name}: time {int(np.argmin(np.isfinite(times))) + 1} is not a finite number")
    if np.isnan(y).all():
        raise DataError(f"{samples.name}: none of its {len(y)} values is a number")
    return times, y, observed, covariates


def _sorted(
    times: Floats, y: Floats, observed: Bools, covariates: dict[str, Floats], found: _Report
) -> tuple[Floats, Floats, Bools, dict[str, Floats]]:
    seconds = np.diff(times)
    if (seconds > 0).all():
        return times, y, observed, covariates
    back = seconds < 0
    if back.any():
        first = times[1:][back][0]
        found.add("unsorted", int(back.sum()), first, f"{back.sum()} times come before the one above them: sorted")
    order = np.lexsort((*covariates.values(), observed, y, times))  # by all, so that averages don't depend on the order
    return times[order], y[order], observed[order], {name: v[order] for name, v in covariates.items()}


def _without_impossible(times: Floats, y: Floats, samples: Samples, found: _Report) -> Floats:
    """NaN for what is not a finite number, and for what is negative though its unit can't be."""
    unit = known_unit(samples.labels.get("unit", "unstated"))
    wrong = ~np.isfinite(y)
    if wrong.any():
        message = f"{wrong.sum()} values are not finite numbers: filled in, or left out at the ends"
        found.add("not_a_number", int(wrong.sum()), times[wrong][0], message)
    for name, values in samples.covariates.items():
        lost = ~np.isfinite(values)
        if lost.any():
            message = f"covariate {name!r}: {lost.sum()} values are not finite numbers: the last one stands for them"
            found.add("not_a_number", int(lost.sum()), np.asarray(samples.times)[lost].min(), message)
    if unit.can_be_negative:
        return np.where(wrong, np.nan, y) if wrong.any() else y
    below = np.less(y, 0, where=~wrong, out=np.zeros(len(y), dtype=bool))
    if below.any():
        message = f"{below.sum()} values are below 0, which {samples.labels['unit']} can't be: filled in"
        found.add("negative", int(below.sum()), times[below][0], message)
    wrong |= below
    return np.where(wrong, np.nan, y) if wrong.any() else y


def _distinct(
    times: Floats, y: Floats, observed: Bools, covariates: dict[str, Floats], found: _Report
) -> tuple[Floats, Floats, Bools, dict[str, Floats]]:
    """One value a time: the mean of those that differ."""
    more = np.diff(times) == 0
    if not more.any():
        return times, y, observed, covariates
    slots = np.concatenate([[0], np.cumsum(~more)])
    unique = times[np.concatenate([[True], ~more])]
    count = int(more.sum())
    valid = np.isfinite(y)
    low, high = np.full(len(unique), np.inf), np.full(len(unique), -np.inf)
    np.minimum.at(low, slots[valid], y[valid])
    np.maximum.at(high, slots[valid], y[valid])
    conflicts = int((high > low).sum())
    differ = f"; at {conflicts} times the values differ: their mean is taken" if conflicts else ", all equal"
    found.add("duplicate", count, times[1:][more][0], f"{count} values have the time of another{differ}")
    mean = _means(slots, y, len(unique))
    mean = np.where(high > low, mean, low)  # equal values stay what they are, to the bit
    mean[~np.isfinite(mean)] = np.nan
    seen = np.bincount(slots[observed], minlength=len(unique)) > 0
    return unique, mean, seen, {name: _means(slots, v, len(unique)) for name, v in covariates.items()}


def _means(slots: NDArray[np.int64], values: Floats, size: int) -> Floats:
    """Mean of the finite values in each slot, NaN where there are none."""
    valid = np.isfinite(values)
    count = np.bincount(slots[valid], minlength=size)
    total = np.bincount(slots[valid], weights=values[valid], minlength=size)
    means = np.full(size, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means


def _is_counter(samples: Samples, y: Floats) -> bool:
    """Whether the values count up: the source says so (`kind`, or a metric named `..._total`), or they look so.

    They look so where a non-negative quantity that is no share rises most of the time and falls only to near zero.
    """
    kind = samples.labels.get("kind", "")
    if kind:
        return kind == "counter"
    if samples.labels.get("metric", "").endswith("_total"):
        return True
    if samples.labels.get("unit", "").lower() in ("percent", "fraction"):
        return False
    valid = y[np.isfinite(y)]
    if len(valid) < 20 or valid.min() < 0:  # noqa: PLR2004  # fewer rises can be chance
        return False
    changes = np.diff(valid)
    falls = changes < 0
    if not falls.any() or falls.mean() > 0.05 or (changes > 0).mean() < 0.6:  # noqa: PLR2004  # stated above
        return False
    rise = np.median(changes[changes > 0])
    to_zero = valid[1:][falls] <= 5 * rise
    from_height = valid[:-1][falls] >= 10 * rise
    return bool((to_zero & from_height).all())


def _rates(times: Floats, y: Floats, found: _Report) -> Floats:
    """Increase a second since the value before; after a reset the counter is taken to have begun at 0."""
    valid = np.flatnonzero(np.isfinite(y))
    rates = np.full(len(y), np.nan)
    rise, seconds = np.diff(y[valid]), np.diff(times[valid])
    resets = rise < 0
    rise[resets] = y[valid][1:][resets]
    rates[valid[1:]] = rise / seconds
    count = int(resets.sum())
    first = times[valid[1:]][resets][0] if count else times[0]
    found.add("reset", count, first, f"a counter, turned to its rate a second; it began again {count} times")
    return rates


def _on_grid(
    samples: Samples, times: Floats, y: Floats, observed: Bools, covariates: dict[str, Floats], found: _Report
) -> Series:
    seconds = np.diff(times)
    step, start, slots = _grid(samples, times, seconds)
    size = int(slots[-1]) + 1
    regular = size == len(times) and bool((seconds == step).all())
    if not regular:
        _report_steps(times, seconds, slots, start, step, found)
        _report_gaps(times, y, slots, start, step, found)
        alone = size == len(slots) and len(np.unique(slots)) == size
        seen = np.bincount(slots[observed & np.isfinite(y)], minlength=size) > 0
        known = np.isfinite(y)
        if not alone:
            y = _placed(slots, y, size)
            covariates = {name: _placed(slots, v, size) for name, v in covariates.items()}
            known = np.isfinite(y)
        observed = seen & known
    else:
        known = np.isfinite(y)
        observed = observed & known
    if not known.all():
        y = _filled(y, known, step)
    covariates = {name: _last_known(values) for name, values in covariates.items()}
    return Series(samples.unique_id, start, step, y, observed, covariates, samples.labels)


def _grid(samples: Samples, times: Floats, seconds: Floats) -> tuple[int, int, NDArray[np.int64]]:
    """Step, start, and each time's position."""
    if np.median(seconds) < 0.75:  # noqa: PLR2004  # a step that rounds to less than a second
        raise DataError(
            f"{samples.name}: steps of {np.median(seconds):g} s; series have whole seconds. Aggregate it to 1 s or more"
        )
    if seconds[0] == seconds[-1] and (seconds == seconds[0]).all() and float(seconds[0]).is_integer():
        return int(seconds[0]), int(np.rint(times[0])), np.arange(len(times))
    whole = np.maximum(np.rint(seconds).astype(np.int64), 1)
    values, counts = np.unique(whole, return_counts=True)
    step = int(values[np.argmax(counts)])  # of equally frequent ones the shortest
    phases, counts = np.unique(np.rint(times).astype(np.int64) % step, return_counts=True)
    phase = int(phases[np.argmax(counts)])
    slots = np.floor((times - phase) / step + 0.5).astype(np.int64)
    start = int(slots[0]) * step + phase
    slots -= slots[0]
    if slots[-1] > MOST_GRID * (len(times) + 10):
        raise DataError(
            f"{samples.name}: {len(times)} values, mostly {step} s apart, spread over {int(slots[-1])} steps; "
            "a time must be wrong. Correct it or split the series"
        )
    return step, start, slots


def _report_steps(
    times: Floats, seconds: Floats, slots: NDArray[np.int64], start: int, step: int, found: _Report
) -> None:
    off = np.abs(times - (start + slots * step))
    moved = off >= 0.5  # noqa: PLR2004  # what rounding to whole seconds does not explain
    if not moved.any():
        return
    shared = len(slots) - len(np.unique(slots))
    other = int((np.rint(seconds) % step != 0).sum())
    met = f"; {shared} met another there and were averaged" if shared else ""
    found.add(
        "mixed_steps",
        int(moved.sum()),
        times[moved][0],
        f"{other} differences are no multiple of the usual {step} s: {moved.sum()} values moved by up to "
        f"{off.max():g} s to the nearest step{met}",
    )


def _report_gaps(times: Floats, y: Floats, slots: NDArray[np.int64], start: int, step: int, found: _Report) -> None:
    jumps = np.diff(slots)
    holes = jumps > 1
    if not holes.any():
        return
    count, longest = int((jumps[holes] - 1).sum()), int(jumps.max()) - 1
    first = start + (int(slots[:-1][holes][0]) + 1) * step
    how = "along a line" if longest <= SHORT_GAP else f"along a line up to {SHORT_GAP} steps, else as the day before"
    found.add(
        "gap",
        count,
        first,
        f"{count} steps have no value, in {holes.sum()} gaps of up to {longest}: filled in {how}",
    )


def _placed(slots: NDArray[np.int64], values: Floats, size: int) -> Floats:
    """Values on the grid; means where several meet, and to the bit what they were where they are alone."""
    placed = _means(slots, values, size)
    counts = np.bincount(slots, minlength=size)
    alone = counts[slots] == 1
    placed[slots[alone]] = values[alone]
    return placed


def _filled(y: Floats, known: Bools, step: int) -> Floats:
    """Short gaps along a line; long ones as a day before, or with the last value where nothing is known of it."""
    y = y.copy()
    missing = np.flatnonzero(~known)
    runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1)
    day = DAY // step if DAY % step == 0 else 0
    for run in runs:
        before, after = int(run[0]) - 1, int(run[-1]) + 1
        if len(run) <= SHORT_GAP:
            y[run] = np.interp(run, (before, after), (y[before], y[after]))
        elif day > 1 and before >= day:
            for k in run:  # one by one: a gap may be longer than a day
                y[k] = y[k - day]
        else:
            y[run] = y[before]
    return y


def _last_known(values: Floats) -> Floats:
    """Each NaN replaced by the last number before it, 0 where there is none."""
    known = np.isfinite(values)
    if known.all():
        return values
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last >= 0, values[np.maximum(last, 0)], 0.0)


def _notice(series: Series, found: _Report) -> None:
    day = DAY // series.step if DAY % series.step == 0 else 0
    y = series.y if series.observed.all() else np.where(series.observed, series.y, np.nan)
    for step in level_steps(y, day):
        found.add(
            "step",
            1,
            series.start + step.position * series.step,
            f"the level goes from {step.before:.6g} to {step.after:.6g} and stays there: left as it is",
        )
    far = outliers(y, day)
    if len(far):
        found.add(
            "outlier",
            len(far),
            series.start + int(far[0]) * series.step,
            f"{len(far)} values are far from those around them, up to {y[far].max():.6g}: left as they are",
        )
