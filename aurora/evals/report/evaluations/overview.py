"""Builds what a report says of all suites together: the best and the last, ratings, matrices and learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aurora.evals.report.evaluations.document import Block, Figure, Fold, Grid, Paragraph
from aurora.evals.report.evaluations.figures.curves import curves_of_runs, curves_of_table, is_curve_table
from aurora.evals.report.evaluations.figures.elo import (
    elo_plot,
    ratings_by_suite,
    ratings_over_suites,
    resamples_for,
)
from aurora.evals.report.evaluations.figures.intervals import ranked
from aurora.evals.report.evaluations.figures.matrices import is_matrix, matrices_of_metrics, matrix_of_table
from aurora.evals.report.evaluations.kinds import Kind
from aurora.evals.report.evaluations.reading import Evaluation
from aurora.evals.report.evaluations.texts import interval_text, words
from aurora.evals.results.result import Better, Cell, Metric
from aurora.statistics.bradley_terry import Rating

NOT_THERE = "–"
"""What stands for a subject that a suite does not have."""


def across_suites(evaluation: Evaluation, kind: Kind) -> list[Block]:
    """Return the blocks on all suites together; figures that the kind calls for and can't have say why."""
    return [
        *_standings(evaluation, kind),
        *_elo(evaluation, kind),
        *_matrices(evaluation, kind),
        *_curves(evaluation, kind),
    ]


def primary_of(metrics: Sequence[Metric], kind: Kind) -> str:
    """Return the name of the metric that orders subjects; empty where the kind has none that is measured."""
    names = {m.name for m in metrics}
    return next((name for name in kind.primary if name in names), "")


def ratings(evaluation: Evaluation, kind: Kind) -> list[Rating]:
    """Return the ratings over all suites of the subjects that every suite has; none where fewer than two are."""
    name, better = _won_by(evaluation, kind)
    return ratings_over_suites(evaluation.samples, name, better, kind.apart)


def suite_ratings(evaluation: Evaluation, kind: Kind) -> dict[str, list[Rating]]:
    """Return the ratings within each suite of an evaluation whose kind calls for them; none where nobody meets."""
    name, better = _won_by(evaluation, kind)
    return ratings_by_suite(evaluation.samples, name, better, kind.apart)


def _won_by(evaluation: Evaluation, kind: Kind) -> tuple[str, Better]:
    """Return the metric by which a match is won, and its direction; neither where the kind has no ratings."""
    metrics = evaluation.result.metrics
    name = primary_of(metrics, kind) if "elo" in kind.figures else ""
    return name, next((m.better for m in metrics if name and m.name == name), "neither")


def _standings(evaluation: Evaluation, kind: Kind) -> list[Block]:
    """Return the best and the last subject of each suite, where there are several."""
    metrics = evaluation.result.metrics
    name = primary_of(metrics, kind)
    suites: dict[str, list[Metric]] = {}
    for m in metrics:
        if m.name == name and m.subject not in kind.apart:
            suites.setdefault(m.suite, []).append(m)
    if len(suites) < 2 or all(len(s) < 2 for s in suites.values()):  # noqa: PLR2004  # nothing to sum up
        return []
    has_champion = any(m.subject == kind.champion for members in suites.values() for m in members)
    rows: list[tuple[Cell, ...]] = []
    for suite, members in suites.items():
        order = ranked(members)
        place = next((k for k, m in enumerate(order, 1) if m.subject == kind.champion), None)
        best, last = order[0], order[-1]
        row = (
            suite or "all",
            len(order),
            best.subject,
            _value(best),
            last.subject,
            _value(last),
            best.unit or "number",
        )
        rows.append((*row, place) if has_champion else row)
    columns: tuple[str, ...] = ("suite", "subjects", "best", f"its {words(name)}", "last", f"its {words(name)}", "unit")
    if has_champion:
        columns = (*columns, f"place of {kind.champion}")
    note = "Ordered by the mean alone; neighbours whose intervals overlap may be equal."
    return [Grid("Best and last by suite", columns, tuple(rows), note)]


def _value(metric: Metric) -> str:
    return interval_text(metric.value, metric.low, metric.high)


def _elo(evaluation: Evaluation, kind: Kind) -> list[Block]:
    """Return the ratings over all suites, and within each where there are several, which have other subjects."""
    if "elo" not in kind.figures:
        return []
    by_suite = suite_ratings(evaluation, kind)
    if not by_suite:
        return [_missing("Elo", "it needs samples on which two subjects meet, and a metric with a direction")]
    if len(by_suite) == 1:
        return _rated(evaluation, kind, "Elo", next(iter(by_suite.values())))
    blocks: list[Block] = []
    overall = ratings(evaluation, kind)
    if overall:
        blocks += _rated(evaluation, kind, "Elo over all suites, of the subjects that each suite has", overall)
    else:
        blocks.append(_missing("Elo over all suites", "fewer than two subjects are in every suite"))
    parts = [block for suite, rated in by_suite.items() for block in _rated(evaluation, kind, f"Elo: {suite}", rated)]
    return [*blocks, _by_suite(by_suite), Fold(f"Elo of each of {len(by_suite)} suites", tuple(parts))]


def _rated(evaluation: Evaluation, kind: Kind, title: str, rated: Sequence[Rating]) -> list[Block]:
    won_by = words(primary_of(evaluation.result.metrics, kind))
    note = (
        f"Bradley-Terry fit: on each sample the better {won_by} wins, whatever the distance. Intervals are of "
        f"{resamples_for(len(rated)):,} bootstrap samples of scenarios. "
        "200 points more win about three matches in four."
    )
    rows = tuple((r.player, r.rating, r.low, r.high, 100 * r.score, r.matches) for r in rated)
    columns = ("subject", "Elo", "low", "high", "matches won, %", "matches")
    return [
        Figure(title, elo_plot(rated), note, evaluation.report_command),
        Grid(f"{title}, in numbers", columns, rows),
    ]


def _by_suite(by_suite: Mapping[str, Sequence[Rating]]) -> Grid:
    """Tabulate the ratings of each subject by suite."""
    players = dict.fromkeys(r.player for rated in by_suite.values() for r in rated)
    found = {suite: {r.player: r for r in rated} for suite, rated in by_suite.items()}
    rows = tuple(
        (player, *(round(found[suite][player].rating) if player in found[suite] else NOT_THERE for suite in by_suite))
        for player in sorted(players, key=lambda p: -sum(p in of for of in found.values()))
    )
    note = (
        f"{NOT_THERE}: not in the suite. The mean of each suite's subjects is 1500, and suites have other subjects: "
        "compare within a column only."
    )
    return Grid("Elo by suite", ("subject", *by_suite), rows, note)


def _matrices(evaluation: Evaluation, kind: Kind) -> list[Block]:
    drawn = [(title, heat_map, "") for title, heat_map in matrices_of_metrics(evaluation.result.metrics)]
    if not drawn:  # metrics have intervals, which tables may lack
        drawn = [(t.title, matrix_of_table(t), t.note) for t in evaluation.result.tables if is_matrix(t)]
    if not drawn and "matrix" in kind.figures:
        return [_missing("Matrix", "the result has no pairs of domains")]
    return [Figure(title, heat_map, note, evaluation.command) for title, heat_map, note in drawn]


def _curves(evaluation: Evaluation, kind: Kind) -> list[Block]:
    drawn = [(t.title, curves_of_table(t), t.note) for t in evaluation.result.tables if is_curve_table(t)]
    if "curves" in kind.figures and evaluation.path.is_dir():
        runs = curves_of_runs(evaluation.path)
        note = (
            "The mean over seeds, with its 95 % interval where there are several. Zero is the best reference of each."
        )
        drawn += [("learning curves", runs, note)] if runs else []
    drawn = [(title, curves, note) for title, curves, note in drawn if curves.curves]
    if not drawn and "curves" in kind.figures:
        return [_missing("Learning curves", "no run in the folder has finished two iterations")]
    return [Figure(title, curves, note, evaluation.command) for title, curves, note in drawn]


def _missing(figure: str, reason: str) -> Paragraph:
    return Paragraph(f"{figure}: not measured; {reason}.", is_small=True)
