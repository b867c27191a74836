"""Builds the tables of a report: those of the result, failures, provenance and all metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aurora.evals.report.evaluations.document import Block, Fold, Grid
from aurora.evals.report.evaluations.figures.curves import is_curve_table
from aurora.evals.report.evaluations.figures.matrices import is_matrix
from aurora.evals.report.evaluations.reading import Evaluation
from aurora.evals.report.evaluations.texts import NOT_MEASURED, settings_rows, words
from aurora.evals.results.result import Cell, Metric
from aurora.quantities import dollars, duration

MOST_TABLES = 8
"""Tables of a result that are visible at once; further ones are folded."""


def result_tables(evaluation: Evaluation) -> list[Block]:
    """Return the tables of a result in their order; those that are drawn as a figure are folded."""
    grids = [
        (Grid(t.title, t.columns, t.rows, t.note), is_matrix(t) or is_curve_table(t)) for t in evaluation.result.tables
    ]
    shown = [g for g, is_drawn in grids if not is_drawn]
    blocks: list[Block] = list(shown[:MOST_TABLES])
    blocks += [Fold(f"Table: {g.title}", (g,)) for g in [*shown[MOST_TABLES:], *(g for g, drawn in grids if drawn)]]
    return blocks


def failures(evaluation: Evaluation) -> list[Block]:
    """Return the failed samples by suite, subject and reason; nothing where none failed."""
    counts = Counter((s.suite, s.subject, s.failure) for s in evaluation.samples if s.failure)
    rows = tuple((suite or "all", subject, reason, n) for (suite, subject, reason), n in counts.most_common())
    columns = ("suite", "subject", "reason", "samples")
    note = "A failure is not a score: these samples are in no mean."
    return [Grid("Failed samples, excluded", columns, rows, note)] if rows else []


def provenance_table(evaluation: Evaluation) -> Grid:
    """Return how the evaluation was made: command, version, data, machine, model and settings."""
    p = evaluation.result.provenance
    rows: list[tuple[Cell, ...]] = [
        ("command", p.command or "not recorded"),
        ("report", evaluation.report_command),
        ("ended", p.created),
        ("version", p.version),
        ("commit", p.commit or "not in a source tree"),
        ("seeds", ", ".join(map(str, p.seeds)) or "none"),
        ("machine", p.machine or "not recorded"),
        ("duration", duration(p.seconds) if p.seconds else NOT_MEASURED),
        ("model", p.model or "none"),
        ("model calls", p.model_calls),
        ("price of the model", dollars(p.dollars)),
    ]
    rows += [(f"data {file}", f"SHA-256 {digest}") for file, digest in p.data.items()] or [("data", "no files")]
    rows += [(f"setting {name}", value) for name, value in settings_rows(p.settings)]
    return Grid("Provenance", ("of the evaluation", "value"), tuple(rows))


def all_metrics(metrics: Sequence[Metric]) -> Grid:
    """Return every metric with its interval."""
    rows = tuple(
        (
            m.suite or "all",
            m.subject or "all",
            words(m.name),
            m.value,
            m.low,
            m.high,
            m.unit or "number",
            m.better,
            m.samples,
        )
        for m in metrics
    )
    return Grid("Metrics", ("suite", "subject", "metric", "value", "low", "high", "unit", "better", "samples"), rows)
