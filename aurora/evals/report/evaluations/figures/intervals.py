"""Builds plots of values with intervals from metrics."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.evals.report.evaluations.document import Whisker, Whiskers
from aurora.evals.report.evaluations.texts import axis_label, words
from aurora.evals.results.result import Metric

_PER_CENT = (0.0, 100.0)


def ranked(metrics: Sequence[Metric]) -> list[Metric]:
    """Return metrics of one name, the best first; without a direction, the largest first."""
    sign = 1 if metrics and metrics[0].better == "lower" else -1
    return sorted(metrics, key=lambda m: sign * m.value)


def by_subject(metrics: Sequence[Metric]) -> Whiskers:
    """Plot one metric of several subjects, the best first."""
    rows = tuple(Whisker(m.subject or "all", m.value, m.low, m.high) for m in ranked(metrics))
    return Whiskers(axis_label(metrics[0]), rows, limits(metrics))


def by_name(metrics: Sequence[Metric]) -> Whiskers:
    """Plot several metrics of one unit, in their order."""
    several = len({m.subject for m in metrics}) > 1
    rows = tuple(
        Whisker(f"{m.subject}: {words(m.name)}" if several and m.subject else words(m.name), m.value, m.low, m.high)
        for m in metrics
    )
    return Whiskers(metrics[0].unit or "value", rows, limits(metrics))


def limits(metrics: Sequence[Metric]) -> tuple[float | None, float | None]:
    """Return the bounds that values and intervals keep: those of a share in per cent, or of one without a unit."""
    values = [v for m in metrics for v in (m.value, m.low, m.high) if v is not None]
    low, high = min(values), max(values)
    if all(m.unit == "%" for m in metrics) and _PER_CENT[0] <= low and high <= _PER_CENT[1]:
        return _PER_CENT
    if all(not m.unit for m in metrics) and low >= 0 and high <= 1 and high > 1 / 2:
        return 0.0, 1.0
    return None, None
