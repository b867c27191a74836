"""Summarises people's ratings: means with intervals, detection of planted errors, and agreement of the raters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aurora.evals.ratings.items import CRITERIA, LEAST, MOST, Criterion, Item, RatingSet
from aurora.evals.ratings.reading import Rating
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import Cell, EvalResult, Metric, Table, metric
from aurora.evals.results.samples import Sample
from aurora.statistics.agreement import Agreement, krippendorff
from aurora.statistics.intervals import Interval, mean_interval, wilson

SUITE = "ratings"
NOT_RATED = "not yet rated"
"""What stands where nobody has rated."""
GROUPS: Mapping[str, str] = {
    "all": "all true explanations",
    "decision": "of decisions",
    "run": "of whole runs",
    "planted": "with a planted error",
}
"""Subject of metrics -> its name in tables."""


def summarise_ratings(rating_set: RatingSet, ratings: Sequence[Rating], *, command: str = "") -> EvalResult:
    """Return the summary of ratings; what nobody has rated has no metric and is called so in the tables.

    Means are over explanations, of the mean over raters; their intervals take explanations as drawn at random.

    Args:
        rating_set: Set with its key.
        ratings: Ratings of its items.
        command: Command that repeats the summary.
    """
    means = {(g, c): _mean(rating_set, g, ratings, c) for g in GROUPS for c in CRITERIA}
    agreement = {c: krippendorff(table_of(ratings, c)) for c in CRITERIA}
    detection = list(_detection(rating_set, ratings))
    raters = sorted({r.rater for r in ratings if r.scores})
    known = [m for m in means.values() if m is not None]
    return EvalResult(
        kind="ratings",
        provenance=provenance(command, seeds=(rating_set.seed,), settings={"set": rating_set.name, "raters": raters}),
        metrics=(*known, *(m for c in CRITERIA for m in _alpha(c, agreement[c])), *detection),
        tables=(
            _mean_table(rating_set, means),
            _agreement_table(agreement),
            _detection_table(rating_set, detection),
            *_comments(rating_set, ratings),
        ),
        notes=(_note(rating_set, ratings, raters),),
    )


def table_of(ratings: Sequence[Rating], criterion: Criterion) -> dict[str, dict[str, float]]:
    """Return the ratings by a criterion: item -> rater -> rating."""
    table: dict[str, dict[str, float]] = {}
    for r in ratings:
        if criterion in r.scores:
            table.setdefault(r.item, {})[r.rater] = float(r.scores[criterion])
    return table


def samples_of(rating_set: RatingSet, ratings: Sequence[Rating]) -> list[Sample]:
    """Return the ratings as samples of an evaluation: a trial for each rater, a cluster for each explanation."""
    raters = {rater: number for number, rater in enumerate(dict.fromkeys(r.rater for r in ratings))}
    items = {i.item: i for i in rating_set.items}
    return [
        Sample(
            suite=SUITE,
            subject="planted" if items[r.item].planted else items[r.item].kind,
            sample=r.item,
            trial=raters[r.rater],
            cluster=r.item,
            values={c: float(v) for c, v in r.scores.items()},
        )
        for r in ratings
        if r.scores
    ]


def _of_group(rating_set: RatingSet, group: str) -> list[Item]:
    if group == "planted":
        return [i for i in rating_set.items if i.planted]
    return [i for i in rating_set.items if not i.planted and group in ("all", i.kind)]


def _mean(rating_set: RatingSet, group: str, ratings: Sequence[Rating], criterion: Criterion) -> Metric | None:
    table = table_of(ratings, criterion)
    items = _of_group(rating_set, group)
    values = np.array([np.mean(list(table[i.item].values())) for i in items if i.item in table])
    if not len(values):
        return None
    fields = {"unit": f"of {MOST}", "better": "higher", "samples": len(values), "subject": group, "suite": SUITE}
    return metric(criterion, _within_scale(mean_interval([values])), **fields)


def _within_scale(interval: Interval) -> Interval:
    """Return an interval without what lies outside the scale; infinite bounds stay open."""
    low = interval.low if math.isinf(interval.low) else max(float(LEAST), interval.low)
    high = interval.high if math.isinf(interval.high) else min(float(MOST), interval.high)
    return Interval(interval.mean, low, high)


def _alpha(criterion: Criterion, found: Agreement) -> Iterator[Metric]:
    if math.isfinite(found.alpha):
        interval = Interval(found.alpha, found.low, found.high)
        fields = {"better": "higher", "samples": found.units, "subject": "raters", "suite": SUITE}
        yield metric(f"alpha of {criterion}", interval, **fields)


def _detection(rating_set: RatingSet, ratings: Sequence[Rating]) -> Iterator[Metric]:
    """Yield the share of raters who rate the correctness of planted errors lower, and by how much."""
    wrong = {i.item for i in rating_set.items if i.planted}
    gaps = []
    for rater in sorted({r.rater for r in ratings}):
        own = [
            (r.item in wrong, r.scores["correctness"])
            for r in ratings
            if r.rater == rater and "correctness" in r.scores
        ]
        planted, true = [s for w, s in own if w], [s for w, s in own if not w]
        if planted and true:
            gaps.append(float(np.mean(true) - np.mean(planted)))
    if not gaps:
        return
    lower = sum(g > 0 for g in gaps)
    fields = {"better": "higher", "samples": len(gaps), "subject": "raters", "suite": SUITE}
    yield metric("rate planted errors lower", Interval(lower / len(gaps), *wilson(lower, len(gaps))), **fields)
    yield metric("correctness lost by a planted error", mean_interval([np.array(gaps)]), **fields)


def _row(m: Metric | None) -> tuple[Cell, ...]:
    return (NOT_RATED, None, None, 0) if m is None else (m.value, m.low, m.high, m.samples)


def _mean_table(rating_set: RatingSet, means: Mapping[tuple[str, Criterion], Metric | None]) -> Table:
    return Table(
        title=f"Ratings, {LEAST} to {MOST}, with 95 % intervals",
        columns=("explanations", "criterion", "mean", "low", "high", "rated", "in the form"),
        rows=tuple(
            (name, c, *_row(means[group, c]), len(_of_group(rating_set, group)))
            for group, name in GROUPS.items()
            for c in CRITERIA
        ),
    )


def _agreement_table(agreement: Mapping[Criterion, Agreement]) -> Table:
    return Table(
        title="Agreement of raters: Krippendorff's alpha, ordinal",
        columns=("criterion", "alpha", "low", "high", "rated by two or more", "raters"),
        rows=tuple(
            (
                c,
                *((a.alpha, a.low, a.high) if math.isfinite(a.alpha) else (_why_none(a), None, None)),
                a.units,
                a.raters,
            )
            for c, a in agreement.items()
        ),
        note="1: perfect agreement; 0: chance. Krippendorff asks for 0.8, or 0.667 for tentative conclusions.",
    )


def _why_none(found: Agreement) -> str:
    if not found.raters:
        return NOT_RATED
    return "all ratings are equal" if found.units else "needs two raters"


def _detection_table(rating_set: RatingSet, detection: Sequence[Metric]) -> Table:
    count = len(_of_group(rating_set, "planted"))
    rows: list[tuple[Cell, ...]] = [(m.name, *_row(m)) for m in detection]
    return Table(
        title=f"Planted errors ({count} in the form)",
        columns=("raters who, or points", "value", "low", "high", "raters"),
        rows=tuple(rows or [("rate planted errors lower", *_row(None))]),
    )


def _comments(rating_set: RatingSet, ratings: Sequence[Rating]) -> Iterator[Table]:
    planted = {i.item: i.planted for i in rating_set.items}
    rows = tuple((r.item, planted[r.item], r.rater, r.comment) for r in ratings if r.comment)
    if rows:
        yield Table(title="Comments", columns=("item", "planted error", "rater", "comment"), rows=rows)


def _note(rating_set: RatingSet, ratings: Sequence[Rating], raters: Sequence[str]) -> str:
    if not raters:
        return f"Nobody has rated set {rating_set.name} yet: no figure stands for people's opinion."
    rated = len([r for r in ratings if r.scores])
    whole = len(raters) * len(rating_set.items)
    return f"Set {rating_set.name}: rated by {', '.join(raters)}; {rated} of {whole} explanations were rated."
