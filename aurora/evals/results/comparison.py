"""Compares two evaluations sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aurora.errors import InputError
from aurora.evals.results.result import Metric, metric
from aurora.evals.results.samples import Sample, read_samples
from aurora.evals.results.summary import Difference, compare_pairs


class EvalComparison(NamedTuple):
    """Two evaluations on the samples that both have.

    Attributes:
        differences: Second less first, for each suite, subject and metric.
        only_first: Number of samples that only the first has.
        only_second: Number of samples that only the second has.
        failures: Number of samples in common that failed in either.
    """

    differences: tuple[Difference, ...]
    only_first: int
    only_second: int
    failures: int

    def metrics(self) -> list[Metric]:
        """Return the differences as metrics, for gates and reports."""
        return [
            metric(d.name, d.difference, samples=d.clusters, subject=d.subject, suite=d.suite) for d in self.differences
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain values; the keys are those of `aurora eval compare --json`."""
        return {
            "differences": [
                {**d._asdict(), "difference": {k: _finite(v) for k, v in d.difference._asdict().items()}}
                for d in self.differences
            ],
            "only_first": self.only_first,
            "only_second": self.only_second,
            "failures": self.failures,
        }


def _finite(value: float) -> float | None:
    """Return a bound, or None where a single sample leaves it open."""
    return value if abs(value) < float("inf") else None


def compare_evaluations(first: Path, second: Path, *, renamed: Mapping[str, str] | None = None) -> EvalComparison:
    """Compare two evaluations on the samples that both have, with Holm's correction over all differences.

    Args:
        first: Folder of the evaluation to compare with.
        second: Folder of the evaluation in question.
        renamed: Subject of the first -> subject of the second, where they have other names; None: none has.

    Raises:
        FileError: A file can't be read.
        DataError: A file holds a line that is no sample.
        InputError: The evaluations have no sample in common.
    """
    names = renamed or {}
    old = {_renamed(s, names).key: _renamed(s, names) for s in read_samples(first)}
    new = {s.key: s for s in read_samples(second)}
    common = [key for key in new if key in old]
    if not common:
        raise InputError(
            f"{first} and {second} have no sample in common; compare evaluations of the same suites and subjects"
        )
    pairs = []
    groups: dict[tuple[str, str], list[Sample]] = {}
    for key in common:
        groups.setdefault((key.suite, key.subject), []).append(new[key])
    differences: list[Difference] = []
    for (suite, subject), samples in groups.items():
        earlier = [old[s.key] for s in samples]
        measured = {name for s in earlier for name in s.values}
        for name in dict.fromkeys(name for s in samples for name in s.values if name in measured):
            if any(name in a.values and name in b.values for a, b in zip(samples, earlier, strict=True)):
                pairs.append((suite, subject, name, samples, earlier))
    tested = compare_pairs([(name, subject, own, earlier) for _, subject, name, own, earlier in pairs], "second")
    differences = [
        d._replace(suite=suite, subject=subject, rival=subject)
        for d, (suite, subject, *_) in zip(tested, pairs, strict=True)
    ]
    failures = sum(bool(new[key].failure or old[key].failure) for key in common)
    return EvalComparison(tuple(differences), len(old) - len(common), len(new) - len(common), failures)


def _renamed(sample: Sample, names: Mapping[str, str]) -> Sample:
    if sample.subject not in names:
        return sample
    return sample.model_copy(update={"subject": names[sample.subject]})
