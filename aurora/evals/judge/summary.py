"""Summarises a judge's ratings: means, agreement with people and with itself, and biases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from aurora.evals.explanations.shares import clustered_share
from aurora.evals.judge.texts import JudgedText, Version
from aurora.evals.ratings.items import CRITERIA, LEAST, MOST, Criterion
from aurora.evals.ratings.reading import Rating
from aurora.evals.ratings.summary import GROUPS, NOT_RATED, table_of
from aurora.evals.results.result import Better, Cell, Metric, Table, metric
from aurora.statistics.agreement import Agreement, krippendorff
from aurora.statistics.intervals import Interval, mean_interval, wilson

JUDGE = "judge"
"""Suite of the judge's metrics and samples."""
POINTS = "points of the scale"
_CHANGES: Mapping[Version, str] = {
    "longer": "added by words that say nothing",
    "asking": "added by asking for the best rating",
}


class Judged(NamedTuple):
    """A rating by the judge.

    Attributes:
        text: What was rated.
        trial: Number of the trial.
        place: Place in its question, from 0, the first, to 1, the last.
        scores: Criterion -> rating.
    """

    text: JudgedText
    trial: int
    place: float
    scores: Mapping[Criterion, float]


def metrics_of(judged: Sequence[Judged], ratings: Sequence[Rating]) -> list[Metric]:
    """Return every figure of a judge that there is data for, each under a name that no other metric has.

    Args:
        judged: Ratings by the judge.
        ratings: Ratings by people of the same items.
    """
    agreement = _agreement(judged, ratings)
    return [
        *(m for g in GROUPS for c in CRITERIA for m in _mean(judged, g, c)),
        *(m for (name, c), found in agreement.items() for m in _alpha(f"{name}: {c}", found)),
        *(m for c in CRITERIA for m in _equal(judged, c)),
        *_detection(judged),
        *(
            m
            for version, name in _CHANGES.items()
            for c in CRITERIA
            for m in _change(judged, version, f"{name}: {c}", c)
        ),
        *(m for c in CRITERIA for m in _early(judged, c)),
    ]


def tables_of(judged: Sequence[Judged], ratings: Sequence[Rating], metrics: Sequence[Metric]) -> list[Table]:
    """Return the tables of a judge.

    Args:
        judged: Ratings by the judge.
        ratings: Ratings by people of the same items.
        metrics: Their metrics.
    """
    known = {(m.subject, m.name): m for m in metrics}
    means = tuple(
        (GROUPS[g], c, *_cells(m), m.samples) for g in GROUPS for c in CRITERIA if (m := known.get((g, f"judged {c}")))
    )
    return [
        Table(
            title=f"judge: ratings, {LEAST} to {MOST}",
            columns=("explanations", "criterion", "mean", "low", "high", "rated"),
            rows=means,
            note="A model's opinion, which decides nothing that code checks.",
        ),
        _agreement_table(_agreement(judged, ratings), known),
        _bias_table(metrics),
    ]


def _of_group(judged: Sequence[Judged], group: str) -> list[Judged]:
    return [
        j
        for j in judged
        if j.text.version == "as shown"
        and (bool(j.text.item.planted) if group == "planted" else not j.text.item.planted)
        and group in ("planted", "all", j.text.item.kind)
    ]


def _means(judged: Sequence[Judged], criterion: Criterion) -> dict[tuple[str, Version], float]:
    """Return the mean rating over trials of each item and version."""
    values: dict[tuple[str, Version], list[float]] = {}
    for j in judged:
        values.setdefault((j.text.item.item, j.text.version), []).append(j.scores[criterion])
    return {key: float(np.mean(v)) for key, v in values.items()}


def _mean(judged: Sequence[Judged], group: str, criterion: Criterion) -> Iterator[Metric]:
    values = np.array(list(_means(_of_group(judged, group), criterion).values()))
    if len(values):
        found = mean_interval([values])
        low = found.low if math.isinf(found.low) else max(float(LEAST), found.low)
        high = found.high if math.isinf(found.high) else min(float(MOST), found.high)
        interval = Interval(found.mean, low, high)
        unit, name = f"of {MOST}", f"judged {criterion}"
        yield metric(name, interval, unit=unit, better="higher", samples=len(values), subject=group, suite=JUDGE)


_PEOPLE, _WITH_PEOPLE, _ITSELF = "alpha among people", "alpha of judge and people", "alpha of judge over trials"


def _agreement(judged: Sequence[Judged], ratings: Sequence[Rating]) -> dict[tuple[str, Criterion], Agreement]:
    """Return Krippendorff's alpha of people, of their median with the judge's, and of the judge's trials."""
    found = {}
    for c in CRITERIA:
        people = table_of(ratings, c)
        both: dict[str, dict[str, float]] = {}
        trials: dict[str, dict[str, float]] = {}
        for j in judged:
            trials.setdefault(j.text.name, {})[str(j.trial)] = j.scores[c]
        for item, given in people.items():
            if item in trials:
                both[item] = {
                    "people": float(np.median(list(given.values()))),
                    "judge": float(np.median(list(trials[item].values()))),
                }
        found[_PEOPLE, c] = krippendorff(people)
        found[_WITH_PEOPLE, c] = krippendorff(both)
        found[_ITSELF, c] = krippendorff(trials)
    return found


def _alpha(name: str, found: Agreement) -> Iterator[Metric]:
    if math.isfinite(found.alpha):
        yield _metric(name, Interval(found.alpha, found.low, found.high), found.units, "agreement", "higher")


def _difference(gaps: Sequence[float]) -> Interval:
    """Return the mean of differences of ratings; its bounds lie on the scale."""
    found, most = mean_interval([np.array(gaps)]), float(MOST - LEAST)
    low = found.low if math.isinf(found.low) else max(-most, found.low)
    return Interval(found.mean, low, found.high if math.isinf(found.high) else min(most, found.high))


def _equal(judged: Sequence[Judged], criterion: Criterion) -> Iterator[Metric]:
    """Yield the share of pairs of trials that rate a text equally."""
    trials: dict[str, list[float]] = {}
    for j in judged:
        trials.setdefault(j.text.name, []).append(j.scores[criterion])
    pairs = [list(combinations(values, 2)) for values in trials.values() if len(values) > 1]
    if pairs:
        share = clustered_share([(float(sum(a == b for a, b in of)), len(of)) for of in pairs])
        yield _metric(f"equal in two trials: {criterion}", share, len(pairs), "agreement", "higher")


def _metric(
    name: str, interval: Interval, samples: int, subject: str, better: Better = "neither", unit: str = ""
) -> Metric:
    return metric(name, interval, samples=samples, subject=subject, suite=JUDGE, better=better, unit=unit)


def _detection(judged: Sequence[Judged]) -> Iterator[Metric]:
    """Yield the share of planted errors for which a text is rated less correct than without, and by how much."""
    means = _means(judged, "correctness")
    lost = [
        means[item, "corrected"] - value
        for (item, version), value in means.items()
        if version == "as shown" and (item, "corrected") in means
    ]
    if lost:
        lower = sum(gap > 0 for gap in lost)
        share = Interval(lower / len(lost), *wilson(lower, len(lost)))
        yield _metric("rates planted errors lower", share, len(lost), "bias", "higher")
        yield _metric("lost by a planted error: correctness", _difference(lost), len(lost), "bias", "higher", POINTS)


def _change(judged: Sequence[Judged], version: Version, name: str, criterion: Criterion) -> Iterator[Metric]:
    """Yield by how much a version of items is rated higher than what people see."""
    means = _means(judged, criterion)
    gains = [
        value - means[item, "as shown"]
        for (item, of), value in means.items()
        if of == version and (item, "as shown") in means
    ]
    if gains:
        yield _metric(name, _difference(gains), len(gains), "bias", unit=POINTS)


def _early(judged: Sequence[Judged], criterion: Criterion) -> Iterator[Metric]:
    """Yield by how much the same text is rated higher in the first half of a question than in the second."""
    halves: dict[str, tuple[list[float], list[float]]] = {}
    for j in judged:
        if j.place != 0.5:  # noqa: PLR2004  # the middle
            halves.setdefault(j.text.name, ([], []))[j.place > 0.5].append(j.scores[criterion])  # noqa: PLR2004
    gains = [float(np.mean(a) - np.mean(b)) for a, b in halves.values() if a and b]
    if gains:
        yield _metric(f"added by an early place: {criterion}", _difference(gains), len(gains), "bias", unit=POINTS)


def _cells(m: Metric) -> tuple[Cell, ...]:
    return m.value, m.low, m.high


def _agreement_table(
    agreement: Mapping[tuple[str, Criterion], Agreement], known: Mapping[tuple[str, str], Metric]
) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for (name, c), found in agreement.items():
        m = known.get(("agreement", f"{name}: {c}"))
        rows.append((name, c, *((_why_none(name, found), None, None) if m is None else _cells(m)), found.units))
    for c in CRITERIA:
        m = known.get(("agreement", f"equal in two trials: {c}"))
        if m is not None:
            rows.append(("share of equal ratings in two trials", c, *_cells(m), m.samples))
    return Table(
        title="judge: agreement",
        columns=("agreement", "criterion", "value", "low", "high", "texts"),
        rows=tuple(sorted(rows, key=lambda row: (CRITERIA.index(row[1]), row[0] == rows[-1][0]))),
        note="Krippendorff's alpha, ordinal; 1: perfect agreement; 0: chance. A judge that agrees with people less "
        "than they agree among themselves does not stand for them.",
    )


def _why_none(name: str, found: Agreement) -> str:
    if name != _ITSELF and not found.ratings:
        return NOT_RATED if not found.raters else "needs two raters"
    return "all ratings are equal" if found.units else "needs two trials"


def _bias_table(metrics: Sequence[Metric]) -> Table:
    return Table(
        title="judge: biases",
        columns=("measure", "value", "low", "high", "texts"),
        rows=tuple((m.name, *_cells(m), m.samples) for m in metrics if m.subject == "bias"),
        note="Points of the scale, except the share of planted errors that are rated lower. Differences are of the "
        "same text, changed in one respect; 0 is no bias.",
    )
