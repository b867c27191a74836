"""Compares evaluations of the same kind for the top of a report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from aurora.errors import InputError
from aurora.evals.report.evaluations.document import Block, Figure, Grid, Paragraph, Section, Whisker, Whiskers
from aurora.evals.report.evaluations.kinds import kind_of
from aurora.evals.report.evaluations.reading import Evaluation
from aurora.evals.report.evaluations.texts import p_text, several, words
from aurora.evals.results.comparison import EvalComparison, compare_evaluations
from aurora.evals.results.summary import Difference
from aurora.quantities import percent

SIGNIFICANCE = 0.05
MOST_PLOTTED = 60
"""Differences that are drawn; the table has all of them."""


class Compared(NamedTuple):
    """Two evaluations of the same kind.

    Attributes:
        first: Evaluation that is compared with.
        second: Evaluation in question.
        comparison: Second less first; None: they can't be compared.
        reason: Why they can't be compared; empty: they can.
    """

    first: Evaluation
    second: Evaluation
    comparison: EvalComparison | None
    reason: str


def compare_all(evaluations: Sequence[Evaluation]) -> list[Compared]:
    """Compare each evaluation with the first of its kind.

    Raises:
        FileError: A file of samples can't be read.
        DataError: A line of the samples is no sample.
    """
    firsts: dict[str, Evaluation] = {}
    compared = []
    for second in evaluations:
        first = firsts.setdefault(second.result.kind, second)
        if first is second:
            continue
        try:
            compared.append(Compared(first, second, compare_evaluations(first.path, second.path), ""))
        except InputError as error:
            compared.append(Compared(first, second, None, str(error)))
    return compared


def comparison_section(compared: Compared) -> Section:
    """Describe a comparison: how many differences are clear, their plots and their table."""
    first, second, comparison, reason = compared
    title = f"{kind_of(second.result).title}: {second.name} compared with {first.name}"
    if comparison is None:
        return Section(title, (Paragraph(f"Not compared: {reason}."),))
    better = {(m.suite, m.subject, m.name): m.better for m in (*first.result.metrics, *second.result.metrics)}
    rows = [(d, _verdict(d, better.get((d.suite, d.subject, d.name), "neither"))) for d in comparison.differences]
    rows.sort(key=lambda row: (row[0].adjusted, row[0].suite, row[0].subject))
    counts = {
        v: sum(verdict == v for _, verdict in rows) for v in ("better", "worse", "higher", "lower", NO_DIFFERENCE)
    }
    listed = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items() if count)
    command = shlex.join(["aurora", "eval", "compare", str(first.path), str(second.path)])
    blocks: list[Block] = [
        Paragraph(
            f"{second.name} less {first.name} on the samples that both have, paired. "
            f"{several(len(rows), 'difference')}: {listed}. A difference is shown at the {percent(SIGNIFICANCE)} level "
            "after Holm's correction over all of them."
        ),
        Paragraph(
            f"Left out: {several(comparison.only_first, 'sample')} only in the first, "
            f"{several(comparison.only_second, 'sample')} only in the second, "
            f"{comparison.failures:,} failed in either.",
            is_small=True,
        ),
    ]
    blocks += _plots(rows, command)
    equal = _without_difference(comparison.differences)
    if equal:
        blocks.append(Paragraph(f"Equal on every sample: {', '.join(map(words, equal))}.", is_small=True))
    blocks.append(_table(rows))
    return Section(title, tuple(blocks))


NO_DIFFERENCE = "no difference shown"


def _verdict(difference: Difference, better: str) -> str:
    if difference.adjusted > SIGNIFICANCE or difference.difference.mean == 0:
        return NO_DIFFERENCE
    is_higher = difference.difference.mean > 0
    if better == "neither":
        return "higher" if is_higher else "lower"
    return "better" if is_higher == (better == "higher") else "worse"


def _plots(rows: Sequence[tuple[Difference, str]], command: str) -> list[Block]:
    """Plot the differences, one axis for each metric, those that are shown first."""
    groups: dict[str, list[Difference]] = {}
    equal = _without_difference([d for d, _ in rows])
    for difference, _ in [row for row in rows if row[0].name not in equal][:MOST_PLOTTED]:
        groups.setdefault(difference.name, []).append(difference)
    note = "Second less first; the line is no difference." + (
        f" The {MOST_PLOTTED} differences with the smallest p-values are drawn." if len(rows) > MOST_PLOTTED else ""
    )
    return [
        Figure(
            words(name),
            Whiskers(f"difference of {words(name)}", tuple(_whisker(d) for d in members)),
            note,
            command,
        )
        for name, members in groups.items()
    ]


def _without_difference(differences: Sequence[Difference]) -> list[str]:
    """Return the metrics that are equal in both evaluations."""
    names = dict.fromkeys(d.name for d in differences)
    return [n for n in names if not any(any(d.difference) for d in differences if d.name == n)]


def _whisker(d: Difference) -> Whisker:
    label = " / ".join(part for part in (d.suite, d.subject) if part)
    low, high = (None if abs(bound) == float("inf") else bound for bound in d.difference[1:])
    return Whisker(label or "all", d.difference.mean, low, high)


def _table(rows: Sequence[tuple[Difference, str]]) -> Grid:
    cells = []
    for d, verdict in rows:
        w = _whisker(d)
        bounds = (d.difference.mean, w.low, w.high)
        cells.append((d.suite or "all", d.subject, words(d.name), *bounds, p_text(d.adjusted), d.clusters, verdict))
    columns = ("suite", "subject", "metric", "difference", "low", "high", "p, adjusted", "samples", "verdict")
    return Grid("Differences, the clearest first", columns, tuple(cells))
