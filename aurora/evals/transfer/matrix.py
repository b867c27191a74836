"""The transfer matrix: the share of a retrained policy's gain that a policy of another domain keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aurora.evals.results.result import Cell, Metric, Table, metric
from aurora.evals.results.samples import Sample
from aurora.evals.transfer.values import SuiteValues
from aurora.statistics.intervals import Interval, mean_interval
from aurora.statistics.ratios import Ratio, ratio_interval

PROPOSAL: Mapping[tuple[str, str], float] = {
    ("cloud", "edge"): 84.0,
    ("edge", "network"): 79.0,
    ("network", "hybrid"): 76.0,
}
"""Shares in per cent that the project's proposal names, by trained and judged domain."""
BEST_REFERENCE = "best reference"
"""Subject of the metrics of the best reference of a domain."""
PERCENT = 100.0


class Transfer(NamedTuple):
    """A policy in a domain.

    Attributes:
        subject: Domain that it is trained on, or the name of its adaptation.
        judged: Domain that it is judged in.
        reference: Best reference there, chosen on other scenarios.
        value: Its mean value.
        reference_value: Mean value of the best reference.
        gain: Its value less the best reference's.
        retrained_gain: Value of the policies trained in the judged domain less the best reference's.
        share: Gain over retrained gain.
        by_seed: Gain of each seed of training.
        has_share: True if the retrained policies are clearly ahead of the best reference, so that a share means
            something; the same for all subjects in a domain.
        scenarios: Number of scenarios.
    """

    subject: str
    judged: str
    reference: str
    value: Interval
    reference_value: Interval
    gain: Interval
    retrained_gain: Interval
    share: Ratio
    by_seed: tuple[float, ...]
    has_share: bool
    scenarios: int


def transfers(samples: Sequence[Sample], judged: str, reference: str, subjects: Sequence[str]) -> list[Transfer]:
    """Compare subjects with the best reference and the retrained policies of a domain.

    Args:
        samples: Samples of the domain.
        judged: Name of the domain, which is the subject of the policies that are trained there.
        reference: Best reference.
        subjects: Subjects to compare.
    """
    values = SuiteValues(samples)
    own = values.gains(judged, reference)
    # Degrees of freedom differ by subject; those of the retrained policies themselves are the fewest.
    is_ahead = mean_interval(own).low > 0 and ratio_interval(own, own).is_bounded
    rows = []
    for subject in subjects:
        gains = values.gains(subject, reference)
        rows.append(
            Transfer(
                subject=subject,
                judged=judged,
                reference=reference,
                value=mean_interval(values.values(subject)),
                reference_value=mean_interval(values.values(reference)),
                gain=mean_interval(gains),
                retrained_gain=mean_interval(own),
                share=ratio_interval(gains, own),
                by_seed=values.gains_by_trial(subject, reference),
                has_share=is_ahead,
                scenarios=sum(len(g) for g in gains),
            )
        )
    return rows


def transfer_metrics(rows: Sequence[Transfer]) -> list[Metric]:
    """Return reward, gain and share of every subject in every domain; a share only where it has a meaning."""
    metrics = []
    for r in rows:
        about = {"samples": r.scenarios, "subject": r.subject, "suite": r.judged, "better": "higher"}
        metrics.append(metric("reward", r.value, **about))
        metrics.append(metric("gain", r.gain, **about))
        if r.has_share:
            share = Interval(*(PERCENT * v for v in (r.share.ratio, r.share.low, r.share.high)))
            metrics.append(metric("share", share, unit="%", **about))
    for r in {r.judged: r for r in rows}.values():
        about = {"samples": r.scenarios, "subject": BEST_REFERENCE, "suite": r.judged, "better": "higher"}
        metrics.append(metric("reward", r.reference_value, **about))
    return metrics


def proposal_table(rows: Sequence[Transfer]) -> Table:
    """Return the shares of the pairs that the proposal names beside its figures."""
    found = {(r.subject, r.judged): r for r in rows}
    cells: list[tuple[Cell, ...]] = []
    for (subject, judged), proposed in PROPOSAL.items():
        r = found.get((subject, judged))
        if r is not None:
            cells.append((subject, judged, *_share(r), proposed, *_interval(r.gain), *_interval(r.retrained_gain)))
    return Table(
        title="shares that the proposal names",
        columns=(
            "trained in",
            "judged in",
            "share, %",
            "low",
            "high",
            "proposal, %",
            "gain",
            "low",
            "high",
            "retrained gain",
            "low",
            "high",
        ),
        rows=tuple(cells),
        note=SHARE_NOTE,
    )


SHARE_NOTE = (
    "Share: the gain over the best reference, of the gain of policies trained in the judged domain. It is left out "
    "where the retrained gain is not clearly above 0. Intervals are 95 % over scenarios (Fieller for shares)."
)


def shares_table(rows: Sequence[Transfer], domains: Sequence[str]) -> Table:
    """Return the matrix of shares in per cent: a row for each subject, a column for each judged domain."""
    return _matrix(
        "share of the retrained gain, %", rows, domains, lambda r: PERCENT * r.share.ratio if r.has_share else None
    )


def rewards_table(rows: Sequence[Transfer], domains: Sequence[str]) -> Table:
    """Return the matrix of mean rewards, with the best reference of each domain."""
    table = _matrix("mean reward", rows, domains, lambda r: r.value.mean)
    best = {r.judged: r.reference_value.mean for r in rows}
    return table.model_copy(update={"rows": (*table.rows, (BEST_REFERENCE, *(best.get(d) for d in domains)))})


def pairs_table(rows: Sequence[Transfer]) -> Table:
    """Return every subject in every domain with its intervals, and the spread over seeds of training."""
    cells: list[tuple[Cell, ...]] = [
        (
            r.subject,
            r.judged,
            *_interval(r.value),
            r.reference,
            *_interval(r.gain),
            min(r.by_seed),
            max(r.by_seed),
            *_share(r),
            r.scenarios,
        )
        for r in rows
    ]
    columns = ("trained in", "judged in", "reward", "low", "high", "best reference", "gain", "low", "high")
    return Table(
        title="every policy in every domain",
        columns=(*columns, "worst seed", "best seed", "share, %", "low", "high", "scenarios"),
        rows=tuple(cells),
        note="Gain: reward less the best reference's, which is chosen on other scenarios. The worst and the best seed "
        "of training are gains.",
    )


def _matrix(title: str, rows: Sequence[Transfer], domains: Sequence[str], cell: Callable[[Transfer], Cell]) -> Table:
    found = {(r.subject, r.judged): cell(r) for r in rows}
    subjects = dict.fromkeys(r.subject for r in rows)
    return Table(
        title=title,
        columns=("trained in; judged in:", *domains),
        rows=tuple((s, *(found.get((s, d)) for d in domains)) for s in subjects),
    )


def _share(r: Transfer) -> tuple[Cell, Cell, Cell]:
    if not r.has_share:
        return None, None, None
    return PERCENT * r.share.ratio, PERCENT * r.share.low, PERCENT * r.share.high


def _interval(interval: Interval) -> tuple[Cell, Cell, Cell]:
    """Return the mean and the bounds; a bound that a single sample leaves open is None."""
    low, high = (bound if np.isfinite(bound) else None for bound in interval[1:])
    return interval.mean, low, high
