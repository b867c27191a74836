"""Summarises samples: means with intervals, and paired differences of subjects with tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.evals.results.result import Better, Metric, metric
from aurora.evals.results.samples import Sample
from aurora.statistics.intervals import Interval, mean_interval
from aurora.statistics.paired_tests import holm, sign_flip_test


class Difference(NamedTuple):
    """A subject compared with another on the same samples.

    Attributes:
        name: Name of the metric.
        suite: Suite of the samples; empty: all.
        subject: Subject.
        rival: Subject that it is compared with.
        difference: Subject less rival, mean over strata of the means over clusters, with its 95 % interval.
        p_value: Two-sided p-value of a paired test.
        adjusted: The p-value adjusted for all differences of the comparison (Holm).
        clusters: Number of independent samples.
    """

    name: str
    suite: str
    subject: str
    rival: str
    difference: Interval
    p_value: float
    adjusted: float
    clusters: int


def strata_of(samples: Iterable[Sample], name: str) -> list[NDArray[np.float64]]:
    """Return a metric's mean over each cluster, an array for each stratum; failed samples are left out."""
    values: dict[str, dict[str, list[float]]] = {}
    for s in samples:
        if name in s.values:
            values.setdefault(s.stratum, {}).setdefault(s.cluster_key, []).append(s.values[name])
    return [np.array([float(np.mean(v)) for v in clusters.values()]) for clusters in values.values()]


def mean_metric(
    samples: Sequence[Sample],
    name: str,
    *,
    unit: str = "",
    better: Better = "neither",
    subject: str = "",
    suite: str = "",
) -> Metric | None:
    """Return the mean of a metric over samples with its interval; None if no sample has it.

    Args:
        samples: Samples of one subject.
        name: Metric of the samples.
        unit: Unit of its values.
        better: Direction in which it improves.
        subject: Subject that the result names.
        suite: Suite that the result names.
    """
    strata = strata_of(samples, name)
    if not strata:
        return None
    count = sum(len(s) for s in strata)
    return metric(name, mean_interval(strata), unit=unit, better=better, samples=count, subject=subject, suite=suite)


def paired_strata(first: Iterable[Sample], second: Iterable[Sample], name: str) -> list[NDArray[np.float64]]:
    """Return the differences of a metric on the samples that both have, averaged by cluster, an array a stratum.

    Args:
        first: Samples of a subject.
        second: Samples of its rival.
        name: Metric of the samples.
    """
    other = {(s.suite, s.sample, s.trial): s for s in second if name in s.values}
    pairs = [
        s.model_copy(update={"values": {name: s.values[name] - other[s.suite, s.sample, s.trial].values[name]}})
        for s in first
        if name in s.values and (s.suite, s.sample, s.trial) in other
    ]
    return strata_of(pairs, name)


def compare_subjects(
    samples: Sequence[Sample], subject: str, rivals: Sequence[str], names: Sequence[str], *, suite: str = ""
) -> list[Difference]:
    """Compare a subject with rivals on the same samples, with Holm's correction over all of these comparisons.

    Args:
        samples: Samples of all subjects.
        subject: Subject.
        rivals: Subjects that it is compared with.
        names: Metrics of the samples.
        suite: Suite that the result names.

    Raises:
        InputError: The subject and a rival have no sample in common.
    """
    return compare_pairs(
        [
            (name, rival, [s for s in samples if s.subject == subject], [s for s in samples if s.subject == rival])
            for rival in rivals
            for name in names
        ],
        subject,
        suite=suite,
    )


def compare_pairs(
    pairs: Sequence[tuple[str, str, Sequence[Sample], Sequence[Sample]]], subject: str, *, suite: str = ""
) -> list[Difference]:
    """Test several paired differences, with Holm's correction over all of them.

    Args:
        pairs: Metric, name of the rival, samples of the subject, and samples of the rival, for each difference.
        subject: Name of the subject.
        suite: Suite that the result names.

    Raises:
        InputError: A pair has no sample in common.
    """
    found = []
    for name, rival, own, others in pairs:
        strata = paired_strata(own, others, name)
        if not strata:
            raise InputError(f"{subject} and {rival} have no sample with {name} in common; measure both on the same")
        found.append((name, rival, strata))
    p_values = {str(k): sign_flip_test(strata) for k, (_, _, strata) in enumerate(found)}
    adjusted = holm(p_values)
    return [
        Difference(
            name,
            suite,
            subject,
            rival,
            mean_interval(strata),
            p_values[str(k)],
            adjusted[str(k)],
            sum(len(s) for s in strata),
        )
        for k, (name, rival, strata) in enumerate(found)
    ]
