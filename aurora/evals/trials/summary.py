"""Summarises repeated trials: pass@k and pass^k with intervals, mean points, and cases by their successes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aurora.evals.results.result import Cell, Metric, Table, metric
from aurora.evals.results.samples import Sample
from aurora.evals.results.summary import mean_metric
from aurora.statistics.intervals import Interval
from aurora.statistics.repetition import Outcomes, mean_pass_all_k, mean_pass_at_k

POINTS = "points"
"""Value of a trial, 0 to 1."""
ROUNDING = 1e-9


def outcomes_of(samples: Sequence[Sample], passing: float) -> dict[tuple[str, str], list[Outcomes]]:
    """Return the trials of each case by suite and subject; those that failed to be measured are left out.

    Args:
        samples: Samples of all suites.
        passing: Points from which a trial passes.
    """
    cases: dict[tuple[str, str], dict[str, list[float]]] = {}
    for s in samples:
        if POINTS in s.values:
            cases.setdefault((s.suite, s.subject), {}).setdefault(s.sample, []).append(s.values[POINTS])
    return {
        key: [Outcomes(sum(p >= passing - ROUNDING for p in v), len(v)) for v in of.values()]
        for key, of in cases.items()
    }


def metrics_of(samples: Sequence[Sample], trials: int, passing: float) -> list[Metric]:
    """Return pass@1, pass@k and pass^k for every number of trials, and the mean of the points.

    Args:
        samples: Samples of all suites.
        trials: Trials of each case.
        passing: Points from which a trial passes.
    """
    metrics: list[Metric] = []
    for (suite, subject), outcomes in outcomes_of(samples, passing).items():
        for k in range(1, trials + 1):
            pair = (("pass@", mean_pass_at_k(outcomes, k)), ("pass^", mean_pass_all_k(outcomes, k)))
            for name, found in pair if k > 1 else pair[:1]:
                if found is not None:
                    count = sum(o.trials >= k for o in outcomes)
                    fields = {"better": "higher", "samples": count, "subject": subject, "suite": suite}
                    metrics.append(metric(f"{name}{k}", found, **fields))
        own = [s for s in samples if (s.suite, s.subject) == (suite, subject)]
        points = mean_metric(own, POINTS, better="higher", subject=subject, suite=suite)
        metrics += [points] if points is not None else []
    return metrics


def tables_of(samples: Sequence[Sample], trials: int, passing: float) -> list[Table]:
    """Return the tables of trials: passes by number of trials, and cases by number of successes.

    Args:
        samples: Samples of all suites.
        trials: Trials of each case.
        passing: Points from which a trial passes.
    """
    rows: list[tuple[Cell, ...]] = []
    counts: list[tuple[Cell, ...]] = []
    for (suite, subject), outcomes in outcomes_of(samples, passing).items():
        for k in range(1, trials + 1):
            at, every = mean_pass_at_k(outcomes, k), mean_pass_all_k(outcomes, k)
            if at is not None and every is not None:
                rows.append((suite, subject, k, *_cells(at), *_cells(every), sum(o.trials >= k for o in outcomes)))
        whole = Counter(o.successes for o in outcomes if o.trials == trials)
        counts.append((suite, subject, *(whole[n] for n in range(trials + 1))))
    return [
        Table(
            title="passes in k trials",
            columns=(
                "suite",
                "model and prompt",
                "k",
                "pass@k",
                "low",
                "high",
                "pass^k",
                "its low",
                "its high",
                "cases",
            ),
            rows=tuple(rows),
            note="pass@k: at least one of k trials passes; pass^k: all of them do. Intervals are over cases.",
        ),
        Table(
            title="cases by trials passed",
            columns=("suite", "model and prompt", *(f"{n} of {trials}" for n in range(trials + 1))),
            rows=tuple(counts),
        ),
    ]


def _cells(interval: Interval) -> tuple[Cell, ...]:
    return interval.mean, interval.low, interval.high
