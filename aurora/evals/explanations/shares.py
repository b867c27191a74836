"""Summarises shares of statements, with intervals that take statements about one run as dependent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurora.evals.results.result import Metric, metric
from aurora.evals.results.samples import Sample
from aurora.statistics.intervals import Interval, wilson


def share_metric(samples: Sequence[Sample], name: str, **fields: Any) -> Metric | None:
    """Return the share of statements for which something is true, over all samples; None if there is no statement.

    The interval is Wilson's, for as many independent statements as would vary as much as the clusters do (Korn &
    Graubard 1998): their variance is that of a ratio of sums over clusters, linearised (Cochran 1977, ch. 11). Where
    all statements agree, nothing is known of the variance, and every cluster counts as one statement.

    Args:
        samples: Samples with the share; `counts` holds their number of statements, or they have one each.
        name: Name of the share.
        fields: Other fields of the metric.
    """
    clusters: dict[str, tuple[float, int]] = {}
    for s in samples:
        if name in s.values:
            number = s.counts.get(name, 1)
            true, of = clusters.get(s.cluster_key, (0.0, 0))
            clusters[s.cluster_key] = true + s.values[name] * number, of + number
    if not clusters:
        return None
    interval = clustered_share(list(clusters.values()))
    return metric(name, interval, samples=sum(of for _, of in clusters.values()), **fields)


def clustered_share(clusters: Sequence[tuple[float, int]]) -> Interval:
    """Return the share over clusters with its interval; see `share_metric`.

    Args:
        clusters: For each cluster the number of statements that are true, and of all, at least one.

    Returns:
        The share; bounds from 0 to 1 if there is one cluster only.
    """
    count, total = len(clusters), sum(of for _, of in clusters)
    share = sum(true for true, _ in clusters) / total
    if count == 1:
        return Interval(share, 0.0, 1.0)
    squares = sum((true - share * of) ** 2 for true, of in clusters)
    variance = count / (count - 1) * squares / total**2
    independent = share * (1 - share) / variance if 0 < share < 1 and variance > 0 else float(count)
    return Interval(share, *wilson(share * min(independent, total), min(independent, total)))
