"""Builds radars: subjects by objective, each as a share of the best rival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aurora.evals.report.evaluations.document import Grid, Radar, Spoke
from aurora.evals.report.evaluations.figures.intervals import ranked
from aurora.evals.report.evaluations.kinds import Kind
from aurora.evals.report.evaluations.texts import words
from aurora.evals.results.result import Cell, Metric
from aurora.quantities import plain

MOST_SERIES, LEAST_SPOKES = 4, 3


class RadarFigure(NamedTuple):
    """A radar with the table of its numbers.

    Attributes:
        radar: The radar.
        table: Values in their units, and shares of the best rival.
        left_out: Objectives that a share can't express, because a value is negative or the best rival's is zero.
    """

    radar: Radar
    table: Grid
    left_out: tuple[str, ...]


def radar_of(metrics: Sequence[Metric], kind: Kind) -> RadarFigure | None:
    """Compare the champion with the best rivals on each objective; None with fewer than three objectives.

    The rivals are those with the best primary metric.

    Args:
        metrics: Metrics of one suite.
        kind: Kind of the evaluation.
    """
    names = dict.fromkeys(m.name for m in metrics if m.better != "neither" and m.subject not in kind.apart)
    values = {name: {m.subject: m for m in metrics if m.name == name and m.subject not in kind.apart} for name in names}
    subjects = _shown(values, kind)
    spokes: list[Spoke] = []
    shares: list[list[float]] = []
    left_out: list[str] = []
    for name, measured in values.items():
        if not all(s in measured for s in subjects):
            continue
        row = _shares(measured, subjects, kind.champion)
        if row is None:
            left_out.append(words(name))
            continue
        best = _best(measured, kind.champion)
        spokes.append(Spoke(words(name), f"{plain(best.value, 3)} {best.unit}".strip()))
        shares.append(row)
    if len(subjects) < 2 or len(spokes) < LEAST_SPOKES:  # noqa: PLR2004  # nobody to compare with
        return None
    series = tuple((s, tuple(row[k] for row in shares)) for k, s in enumerate(subjects))
    return RadarFigure(Radar(tuple(spokes), series), _table(values, subjects, kind), tuple(left_out))


def _shown(values: dict[str, dict[str, Metric]], kind: Kind) -> list[str]:
    """Return the champion and the best rivals, by the first primary metric that is measured."""
    order = next((values[name] for name in kind.primary if name in values), next(iter(values.values()), {}))
    best = [m.subject for m in ranked(list(order.values()))]
    rivals = [s for s in best if s != kind.champion]
    return [kind.champion] * (kind.champion in best) + rivals[: MOST_SERIES - (kind.champion in best)]


def _best(measured: dict[str, Metric], champion: str) -> Metric:
    """Return the metric of the best rival, or of the best subject where there is no other."""
    rivals = [m for m in measured.values() if m.subject != champion]
    return ranked(rivals or list(measured.values()))[0]


def _shares(measured: dict[str, Metric], subjects: Sequence[str], champion: str) -> list[float] | None:
    """Return each subject's share of the best rival, larger is better; None where a ratio has no meaning."""
    best = _best(measured, champion)
    own = [measured[s].value for s in subjects]
    if min(best.value, *own) < 0:
        return None
    if best.better == "higher":
        return [v / best.value for v in own] if best.value > 0 else None
    if best.value == 0:
        return None
    return [best.value / v if v > 0 else float("inf") for v in own]


def _table(values: dict[str, dict[str, Metric]], subjects: Sequence[str], kind: Kind) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    for name, measured in values.items():
        best = _best(measured, kind.champion)
        heading = words(name) + (f", {best.unit}" if best.unit else "")
        cells = [measured[s].value if s in measured else None for s in subjects]
        rows.append((heading, f"{best.better} is better", best.subject, *cells))
    return Grid("The same in numbers", ("objective", "direction", "best rival", *subjects), tuple(rows))
