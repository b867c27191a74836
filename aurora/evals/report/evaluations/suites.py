"""Builds the figures of one suite: intervals, radar, and what quality costs."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.evals.report.evaluations.document import Block, Figure, Fold, Paragraph
from aurora.evals.report.evaluations.figures.intervals import by_name, by_subject
from aurora.evals.report.evaluations.figures.radar import radar_of
from aurora.evals.report.evaluations.figures.tradeoffs import PRICES, scatter_of
from aurora.evals.report.evaluations.kinds import Kind
from aurora.evals.report.evaluations.overview import primary_of
from aurora.evals.report.evaluations.reading import Evaluation
from aurora.evals.report.evaluations.texts import clean, words
from aurora.evals.results.result import Metric

TRADEOFFS = {"time": "Decision time and quality", "cost": "Cost and quality", "price": "Price of the model and quality"}
INTERVALS = "Dots are means, lines their 95 % intervals."


def suite_blocks(evaluation: Evaluation, kind: Kind, suite: str) -> list[Block]:
    """Return the figures of a suite."""
    metrics = [m for m in evaluation.result.metrics if m.suite == suite]
    name = primary_of(metrics, kind)
    if not name:
        return _by_unit(evaluation, metrics, suite)
    groups: dict[str, list[Metric]] = {}
    for m in metrics:
        groups.setdefault(m.name, []).append(m)
    first = groups.pop(name)
    blocks: list[Block] = [_intervals(evaluation, first, f"{_of(suite)}{words(name)}")]
    blocks += _radar(evaluation, kind, metrics, suite)
    blocks += _tradeoffs(evaluation, kind, first, suite)
    if groups:
        others = tuple(_intervals(evaluation, members, words(n)) for n, members in groups.items())
        blocks.append(Fold(f"{_of(suite)}intervals of {', '.join(words(n) for n in groups)}", others))
    return blocks


def _of(suite: str) -> str:
    return f"{clean(suite)}: " if suite else ""


def _intervals(evaluation: Evaluation, metrics: Sequence[Metric], title: str) -> Figure:
    return Figure(title, by_subject(metrics), INTERVALS, evaluation.command)


def _by_unit(evaluation: Evaluation, metrics: Sequence[Metric], suite: str) -> list[Block]:
    """Plot all metrics of a suite, one axis for each unit."""
    groups: dict[str, list[Metric]] = {}
    for m in metrics:
        groups.setdefault(m.unit, []).append(m)
    return [
        Figure(f"{_of(suite)}{clean(unit) or 'values'}", by_name(members), INTERVALS, evaluation.command)
        for unit, members in groups.items()
    ]


def _radar(evaluation: Evaluation, kind: Kind, metrics: Sequence[Metric], suite: str) -> list[Block]:
    if "radar" not in kind.figures:
        return []
    title = f"{_of(suite)}objectives" if suite else "Objectives"
    found = radar_of(metrics, kind)
    if found is None:
        return [Paragraph(f"{title}: radar not measured; it needs two subjects with three objectives.", is_small=True)]
    note = (
        "Each axis is the share of the best rival on that objective, whose value is at the circle of 1; further out is "
        "better. Areas mean nothing, and the order of the axes changes the shape: read the table."
    )
    if found.left_out:
        note += f" Left out, because shares of them have no meaning: {', '.join(found.left_out)}."
    return [Figure(title, found.radar, note, evaluation.command), found.table]


def _tradeoffs(evaluation: Evaluation, kind: Kind, metrics: Sequence[Metric], suite: str) -> list[Block]:
    samples = [s for s in evaluation.samples if s.suite == suite]
    blocks: list[Block] = []
    missing = []
    for key, title in TRADEOFFS.items():
        if key not in kind.figures:
            continue
        drawing = scatter_of(PRICES[key], metrics, samples, kind.apart)
        if drawing is None:
            missing.append(title.lower())
            continue
        note = "Filled: no other subject is at least as good in both and better in one. Left and better is the aim."
        blocks.append(Figure(f"{_of(suite)}{title.lower()}", drawing, note, evaluation.command))
    if missing:
        blocks.append(Paragraph(f"{_of(suite)}{', '.join(missing)}: not measured.", is_small=True))
    return blocks
