"""The tables and metrics of a benchmark: every subject on every suite, and the champion against each rival."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aurora.evals.benchmark.measuring import BOUND, JOINT, vector_of
from aurora.evals.benchmark.suites import SUITES
from aurora.evals.results.result import Better, Cell, Metric, Table
from aurora.evals.results.samples import Sample, by_subject
from aurora.evals.results.summary import Difference, compare_subjects, mean_metric, paired_strata
from aurora.memory.pareto import dominates
from aurora.statistics.intervals import Interval, mean_interval

CHAMPION = "champion"
SIGNIFICANCE = 0.05
CONTENDED = (45.0, 80.0)
"""Utilisation of the references, per cent, within which a scenario counts as contended."""


class Column(NamedTuple):
    """A column of the tables.

    Attributes:
        name: Name of the value in the samples.
        heading: Heading with the unit.
        unit: Unit of the metric.
        better: Direction in which it improves.
    """

    name: str
    heading: str
    unit: str
    better: Better


COLUMNS: tuple[Column, ...] = (
    Column("latency", "mean latency, s", "s", "lower"),
    Column("latency_p95", "p95 latency, s", "s", "lower"),
    Column("utilisation", "utilisation, %", "%", "neither"),
    Column("cost", "$ a task", "$", "lower"),
    Column("energy", "J a task", "J", "lower"),
    Column("sla_violations", "SLA violations, %", "%", "lower"),
    Column("completed", "completed, %", "%", "higher"),
    Column("pareto", "Pareto-optimal, %", "%", "higher"),
    Column("decision_time", "µs a decision", "µs", "lower"),
)
VALUE = Column("value", "value", "", "higher")


def with_pareto(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples of a suite with the value `pareto`: 100 where no rival dominates it, else 0.

    Trials of a method are compared with the first trial of every other subject, not with each other.
    """
    rivals: dict[str, dict[str, Mapping[str, float]]] = {}
    for s in samples:
        if s.trial == 0 and vector_of(s):
            rivals.setdefault(s.sample, {})[s.subject] = vector_of(s)
    result = []
    for s in samples:
        own = vector_of(s)
        if own and s.values.get("completed"):
            others = [v for name, v in rivals[s.sample].items() if name != s.subject and v.keys() == own.keys()]
            beaten = any(dominates(list(v.values()), [own[n] for n in v]) for v in others)
            s = s.model_copy(update={"values": {**s.values, "pareto": 0.0 if beaten else 100.0}})  # noqa: PLW2901
        result.append(s)
    return result


def suite_metrics(name: str, samples: Sequence[Sample]) -> list[Metric]:
    """Return the metrics of every subject on a suite."""
    unit = SUITES[name].unit
    metrics = []
    for subject, own in by_subject(samples).items():
        for column in (VALUE._replace(unit=unit), *COLUMNS):
            if column.name == "decision_time":
                continue  # a property of the machine and its load, shown in the table only
            found = mean_metric(own, column.name, unit=column.unit, better=column.better, subject=subject, suite=name)
            if found is not None:
                metrics.append(found)
    return metrics


def differences(name: str, samples: Sequence[Sample]) -> list[Difference]:
    """Return the champion's value less each rival's, with Holm's correction over the suite."""
    rivals = [s for s in by_subject(samples) if s not in (CHAMPION, BOUND)]
    if not rivals or not any(s.subject == CHAMPION for s in samples):
        return []
    return compare_subjects(per_scenario(samples), CHAMPION, rivals, ["value"], suite=name)


def per_scenario(samples: Sequence[Sample]) -> list[Sample]:
    """Return one sample for each subject and scenario: the mean over trials, so that methods of one trial compare."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for s in samples:
        groups.setdefault((s.subject, s.sample), []).append(s)
    return [
        group[0].model_copy(
            update={
                "trial": 0,
                "values": {
                    n: float(np.mean([s.values[n] for s in group]))
                    for n in group[0].values
                    if all(n in s.values for s in group)
                },
            }
        )
        for group in groups.values()
    ]


def suite_table(name: str, samples: Sequence[Sample], compared: Sequence[Difference]) -> Table:
    """Return the table of a suite, the best mean value first."""
    unit = SUITES[name].unit
    found = {d.rival: d for d in compared}
    rows: list[tuple[Cell, ...]] = []
    shown = [c for c in COLUMNS if any(c.name in s.values for s in samples)]
    for subject, own in by_subject(samples).items():
        if subject == BOUND:
            continue
        value = mean_metric(own, "value")
        assert value is not None  # every sample has one
        d = found.get(subject)
        behind: tuple[Cell, ...] = (None,) * 4
        if d is not None:
            behind = (*_cells(d.difference), d.adjusted)
        rows.append((subject, value.value, value.low, value.high, *behind, *(_mean(own, c.name) for c in shown)))
    rows.sort(key=lambda row: -float(row[1] or 0))
    headings = ("policy", f"value, {unit}", "low", "high", "champion less it", "low", "high", "p, adjusted")
    strata = len({s.stratum for s in samples})
    scenarios = len({s.sample for s in samples})
    return Table(
        title=f"{name}: {SUITES[name].about}",
        columns=(*headings, *(c.heading for c in shown)),
        rows=tuple(rows),
        note=f"{scenarios} scenarios of {strata} strata; {SUITES[name].apart}.",
    )


def _cells(interval: Interval) -> tuple[Cell, Cell, Cell]:
    """Return the mean and the bounds of an interval; a bound that a single sample leaves open is None."""
    low, high = (bound if np.isfinite(bound) else None for bound in interval[1:])
    return interval.mean, low, high


def _mean(samples: Sequence[Sample], name: str) -> float | None:
    """Return the mean of a value, or the median of times, which a busy machine lengthens now and then."""
    if name == "decision_time":
        return float(np.median([s.values[name] for s in samples]))
    found = mean_metric(samples, name)
    return None if found is None else found.value


def bound_rows(name: str, samples: Sequence[Sample]) -> tuple[Cell, ...] | None:
    """Return suite, champion's gap to the bound with its interval, Pareto proofs, and the gap to the joint bound.

    None if no bound was computed; the joint gap is empty for samples of earlier versions.
    """
    bounds = [s.model_copy(update={"trial": 0}) for s in samples if s.subject == BOUND]
    own = [s for s in per_scenario(samples) if s.subject == CHAMPION]
    strata = paired_strata(bounds, own, "value")
    if not strata:
        return None
    gap = mean_interval(strata)
    proved, dominated = (_mean(own, n) for n in ("proved_optimal", "dominated_by_plan"))
    shares = tuple(None if v is None else 100 * v for v in (proved, dominated))
    tested = sum("proved_optimal" in s.values for s in own)
    together = [s.model_copy(update={"values": {"value": s.values[JOINT]}}) for s in bounds if JOINT in s.values]
    joint = paired_strata(together, own, "value")
    joint_gap = _cells(mean_interval(joint)) if joint else (None,) * 3
    return (name, *_cells(gap), sum(len(s) for s in strata), *shares, tested, *joint_gap)


def summary_table(compared: Mapping[str, Sequence[Difference]]) -> Table:
    """Return, for each rival, on how many suites the champion is ahead, level and behind at the 5 % level."""
    rivals = dict.fromkeys(d.rival for rows in compared.values() for d in rows)
    rows: list[tuple[Cell, ...]] = []
    for rival in rivals:
        met = [(name, d) for name, row in compared.items() for d in row if d.rival == rival]
        ahead = [n for n, d in met if d.adjusted <= SIGNIFICANCE and d.difference.mean > 0]
        behind = [n for n, d in met if d.adjusted <= SIGNIFICANCE and d.difference.mean < 0]
        rows.append((rival, len(met), len(ahead), len(met) - len(ahead) - len(behind), ", ".join(behind) or "none"))
    return Table(
        title="the champion against each rival",
        columns=("rival", "suites", "champion ahead", "no difference shown", "champion behind on"),
        rows=tuple(rows),
        note="At the 5 % level after Holm's correction within each suite.",
    )


def contended_table(samples: Sequence[Sample], subjects: Sequence[str]) -> Table:
    """Return the mean of each objective on scenarios with contention, each suite counting the same.

    A scenario is contended if the references' mean utilisation lies within `CONTENDED`.

    Args:
        samples: Samples of all suites.
        subjects: Subjects to show that are measured on every suite shown.
    """
    use: dict[tuple[str, str], list[float]] = {}
    for s in samples:
        if s.subject not in (CHAMPION, BOUND) and "utilisation" in s.values:
            use.setdefault((s.suite, s.sample), []).append(s.values["utilisation"])
    contended = {key for key, values in use.items() if CONTENDED[0] <= float(np.mean(values)) <= CONTENDED[1]}
    chosen = [s for s in samples if (s.suite, s.sample) in contended]
    suites = [
        name
        for name in dict.fromkeys(s.suite for s in chosen)
        if set(subjects) <= {s.subject for s in chosen if s.suite == name}
    ]
    names = ("latency", "latency_p95", "utilisation", "cost", "energy", "sla_violations")
    columns = [c for c in COLUMNS if c.name in names]
    rows: list[tuple[Cell, ...]] = []
    for subject in subjects:
        own = [
            s.model_copy(update={"stratum": s.suite, "cluster": f"{s.suite}/{s.sample}"})
            for s in chosen
            if s.subject == subject and s.suite in suites
        ]
        rows.append((subject, *(_mean(own, c.name) for c in columns)))
    count = len({(s.suite, s.sample) for s in chosen if s.suite in suites})
    return Table(
        title="scenarios with contention",
        columns=("policy", *(c.heading for c in columns)),
        rows=tuple(rows) if suites else (),
        note=f"{count} scenarios of {', '.join(suites) or 'no suite'} on which the references use "
        f"{CONTENDED[0]:g} to {CONTENDED[1]:g} % on average; every suite counts the same.",
    )
