"""Repairs raw values into a regular series, and reports each repair as a finding.

A series without defects keeps its exact values and has no findings. A lasting step of the level or an outlier is
reported and left, because it may be what the user wants to forecast.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aurora.errors import DataError
from aurora.learning.series.quality.counters import is_counter, rates, stated_as_counter
from aurora.learning.series.quality.defects import Findings
from aurora.learning.series.quality.detection import level_steps, outliers
from aurora.learning.series.quality.grid import DAY, means, on_grid
from aurora.learning.series.samples import Samples, known_unit
from aurora.learning.series.series import Finding, Series
from aurora.types import BoolArray, FloatArray

EARLIEST, LATEST = -6e10, 1e11
"""Unix times of the years 68 and 5138; a number outside is no time in seconds."""
RATE_KIND = "rate"
"""Label `kind` of a series that was derived from a counter."""


def repair(samples: Samples, *, detect: bool = True) -> tuple[Series, tuple[Finding, ...]]:
    """Repair samples into a regular series, and return it with the defects.

    The step is the most frequent difference of successive times, in whole seconds. Values are put on the nearest step
    and averaged if they share it. Steps without a value are filled in and not `observed`.

    Args:
        samples: Values with their times, in any order.
        detect: True to search for lasting steps and outliers, which takes most of the time.

    Raises:
        DataError: There are fewer than two values, a time is not finite or far from all others, the unit is not known,
            or the step is below a second.
    """
    findings = Findings(samples.unique_id)
    times, y, observed, covariates = _checked(samples)
    for text in samples.notes:
        findings.add("notation", len(y), times.min(), f"{text}; see docs/guides/data.md")
    times, y, observed, covariates = _sorted(times, y, observed, covariates, findings)
    y = _without_impossible(times, y, samples, findings)
    times, y, observed, covariates = _distinct(times, y, observed, covariates, findings)
    labels = dict(samples.labels)
    if is_counter(samples, y, findings):
        y = rates(times, y, findings, is_guess=stated_as_counter(samples) is None)
        labels |= {"kind": RATE_KIND, "unit": f"{labels.get('unit', 'count')}/s"}
    kept = np.flatnonzero(np.isfinite(y))
    if len(kept) < 2:  # noqa: PLR2004  # a step needs two values
        few = "no value" if not len(kept) else "a single value"
        raise DataError(f"{samples.name}: {few} is left of {len(samples.y)}; at least two are needed")
    span = slice(int(kept[0]), int(kept[-1]) + 1)  # ends without values are cut off
    times, y, observed = times[span], y[span], observed[span]
    covariates = {name: values[span] for name, values in covariates.items()}
    series = on_grid(samples, times, y, observed, covariates, findings)
    series = replace(series, labels=labels)
    if detect:
        _notice(series, findings)
    return series, tuple(findings.found)


def _checked(samples: Samples) -> tuple[FloatArray, FloatArray, BoolArray, dict[str, FloatArray]]:
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
    if times.max() > LATEST or times.min() < EARLIEST:
        worst = times[np.argmax(np.abs(times))]
        raise DataError(f"{samples.name}: time {worst:g} is far from any date; give Unix seconds or ISO 8601")
    if np.isnan(y).all():
        raise DataError(f"{samples.name}: none of its {len(y)} values is a number")
    return times, y, observed, covariates


def _sorted(
    times: FloatArray, y: FloatArray, observed: BoolArray, covariates: dict[str, FloatArray], findings: Findings
) -> tuple[FloatArray, FloatArray, BoolArray, dict[str, FloatArray]]:
    seconds = np.diff(times)
    if (seconds > 0).all():
        return times, y, observed, covariates
    back = seconds < 0
    if back.any():
        first = times[1:][back][0]
        findings.add("unsorted", int(back.sum()), first, f"{back.sum()} times come before the one above them: sorted")
    order = np.lexsort((*covariates.values(), observed, y, times))  # by all, so that averages ignore the order
    return times[order], y[order], observed[order], {name: v[order] for name, v in covariates.items()}


def _without_impossible(times: FloatArray, y: FloatArray, samples: Samples, findings: Findings) -> FloatArray:
    """Return NaN for values that are not finite, or negative in a unit that can't be negative."""
    unit = known_unit(samples.labels.get("unit", "unstated"))
    wrong = ~np.isfinite(y)
    if wrong.any():
        message = f"{wrong.sum()} values are not finite numbers: filled in, or left out at the ends"
        findings.add("not_a_number", int(wrong.sum()), times[wrong][0], message)
    for name, values in samples.covariates.items():
        lost = ~np.isfinite(values)
        if lost.any():
            message = f"covariate {name!r}: {lost.sum()} values are not finite numbers: the last one stands for them"
            findings.add("not_a_number", int(lost.sum()), np.asarray(samples.times)[lost].min(), message)
    if unit.can_be_negative:
        return np.where(wrong, np.nan, y) if wrong.any() else y
    below = np.less(y, 0, where=~wrong, out=np.zeros(len(y), dtype=bool))
    if below.any():
        message = f"{below.sum()} values are below 0, which {samples.labels['unit']} can't be: filled in"
        findings.add("negative", int(below.sum()), times[below][0], message)
    wrong |= below
    return np.where(wrong, np.nan, y) if wrong.any() else y


def _distinct(
    times: FloatArray, y: FloatArray, observed: BoolArray, covariates: dict[str, FloatArray], findings: Findings
) -> tuple[FloatArray, FloatArray, BoolArray, dict[str, FloatArray]]:
    """Keep one value per time: the mean of differing values."""
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
    findings.add("duplicate", count, times[1:][more][0], f"{count} values have the time of another{differ}")
    mean = means(slots, y, len(unique))
    mean = np.where(high > low, mean, low)  # equal values stay exact, to the bit
    mean[~np.isfinite(mean)] = np.nan
    seen = np.bincount(slots[observed], minlength=len(unique)) > 0
    return unique, mean, seen, {name: means(slots, v, len(unique)) for name, v in covariates.items()}


def _notice(series: Series, findings: Findings) -> None:
    day = DAY // series.step if DAY % series.step == 0 else 0
    y = series.y if series.observed.all() else np.where(series.observed, series.y, np.nan)
    for step in level_steps(y, day):
        findings.add(
            "step",
            1,
            series.start + step.position * series.step,
            f"the level goes from {step.before:.6g} to {step.after:.6g} and stays there: left as it is",
        )
    far = outliers(y, day)
    if len(far):
        findings.add(
            "outlier",
            len(far),
            series.start + int(far[0]) * series.step,
            f"{len(far)} values are far from those around them, up to {y[far].max():.6g}: left as they are",
        )
