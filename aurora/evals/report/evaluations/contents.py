"""Decides what a report of evaluations contains, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from aurora import __version__
from aurora.evals.report.evaluations.comparisons import Compared, comparison_section
from aurora.evals.report.evaluations.document import Block, Document, Fold, Grid, Listing, Paragraph, Section
from aurora.evals.report.evaluations.kinds import Kind, kind_of
from aurora.evals.report.evaluations.overview import across_suites
from aurora.evals.report.evaluations.reading import Evaluation
from aurora.evals.report.evaluations.suites import suite_blocks
from aurora.evals.report.evaluations.tables import all_metrics, failures, provenance_table, result_tables
from aurora.evals.report.evaluations.texts import clean, several

MOST_OPEN, MOST_OPEN_SHORT = 3, 12
"""Suites up to which each is shown in full, of kinds that compare subjects and of others; more are folded."""


def evaluation_report(evaluations: Sequence[Evaluation], compared: Sequence[Compared] = ()) -> Document:
    """Return the report of evaluations: comparisons on top, then each evaluation.

    Args:
        evaluations: Evaluations in the order in which they are shown.
        compared: Comparisons of evaluations of the same kind.
    """
    kinds = ", ".join(dict.fromkeys(kind_of(e.result).title.lower() for e in evaluations))
    opening = (
        Paragraph(
            f"{several(len(evaluations), 'evaluation')}: {kinds}. Numbers in brackets are 95 % intervals. "
            "What was not measured is said to be so."
        ),
        Paragraph(f"Written by AURORA {__version__}.", is_small=True),
    )
    sections = [comparison_section(c) for c in compared]
    sections += [evaluation_section(e) for e in evaluations]
    title = "Report of evaluations" if len(evaluations) > 1 else f"{kind_of(evaluations[0].result).title} report"
    return Document(title, opening, tuple(sections))


def evaluation_section(evaluation: Evaluation) -> Section:
    """Describe one evaluation: purpose, notes, figures, tables and provenance."""
    kind = kind_of(evaluation.result)
    result = evaluation.result
    blocks: list[Block] = [Paragraph(kind.purpose), Paragraph(_facts(evaluation), is_small=True)]
    blocks += failures(evaluation)
    blocks.append(_notes(result.notes))
    blocks += across_suites(evaluation, kind)
    blocks += _suites(evaluation, kind)
    blocks += result_tables(evaluation)
    blocks.append(provenance_table(evaluation))
    blocks.append(Fold(f"All {several(len(result.metrics), 'metric')}", (all_metrics(result.metrics),)))
    return Section(f"{kind.title}: {evaluation.name}", tuple(blocks))


def _facts(evaluation: Evaluation) -> str:
    samples = evaluation.samples
    if not samples:
        return "Samples: none in this folder, only the result that sums them up."
    failed = sum(bool(s.failure) for s in samples)
    subjects, suites = ({getattr(s, field) for s in samples} for field in ("subject", "suite"))
    scenarios = {(s.suite, s.sample) for s in samples}
    return (
        f"{several(len(samples), 'measurement')} of {several(len(subjects), 'subject')} on "
        f"{several(len(scenarios), 'sample')} of {several(len(suites), 'suite')}; {failed:,} failed."
    )


def _notes(notes: Sequence[str]) -> Block:
    if not notes:
        return Paragraph("Notes on splits and exclusions: none.", is_small=True)
    return Listing(tuple(clean(n) for n in notes))


def _suites(evaluation: Evaluation, kind: Kind) -> list[Block]:
    """Return the figures of each suite; of many suites, folded."""
    names = list(dict.fromkeys(m.suite for m in evaluation.result.metrics))
    blocks: list[Block] = []
    for name in names:
        content = suite_blocks(evaluation, kind, name)
        if len(names) > (MOST_OPEN if kind.primary else MOST_OPEN_SHORT):
            blocks.append(Fold(f"Suite {name or 'of all samples'}", tuple(content)))
        else:
            blocks += content
    if not names:
        blocks.append(Grid("Metrics", ("metric", "value"), ()))
    return blocks
