"""Made-up evaluations for tests of reports."""

from pathlib import Path

import numpy as np

from aurora import journal
from aurora.evals.results.result import EvalResult, Metric, Provenance, Table, save_result
from aurora.evals.results.samples import SAMPLES_FILE, Sample
from aurora.evals.results.summary import mean_metric

HOSTILE = "a|b`c`<script>alert(1)</script> ]]> \" ' & [x](javascript:y) ![i](http://e/i.png) www.e.com\n# h \u202e*z*"
"""A name that would be markup, a link, an image or a heading, were it not escaped."""
OBJECTIVES = (("value", "", "higher"), ("latency", "s", "lower"), ("cost", "$", "lower"), ("completed", "%", "higher"))


def provenance(**fields: object) -> Provenance:
    known = {"command": "aurora eval made-up --seed 1", "created": "2026-01-01T00:00:00+00:00", "version": "0.1.0"}
    return Provenance.model_validate(known | fields)


def benchmark(  # noqa: PLR0913  # one parameter a trait
    folder: Path,
    subjects: list[str],
    *,
    suites: tuple[str, ...] = ("openb",),
    scenarios: int = 10,
    shift: float = 0.0,
    kind: str = "benchmark",
    tables: tuple[Table, ...] = (),
    notes: tuple[str, ...] = (),
) -> Path:
    """Write an evaluation in which each subject is better than the next one, the first by `shift` more."""
    rng = np.random.default_rng(1)
    samples = []
    for suite in suites:
        difficulty = rng.normal(0, 1, scenarios)
        for place, subject in enumerate(subjects):
            for k in range(scenarios):
                value = 5 + difficulty[k] - 0.2 * place + shift * (place == 0) + 0.02 * rng.normal()
                values = {"value": value, "latency": 90 - 5 * value, "cost": 3 - 0.1 * value, "completed": 99.0}
                values["decision_time"] = 10.0 * (place + 1) ** 2
                samples.append(Sample(suite=suite, subject=subject, sample=f"s{k}", values=values))
    metrics: list[Metric] = []
    for suite in suites:
        for subject in subjects:
            own = [s for s in samples if (s.suite, s.subject) == (suite, subject)]
            for name, unit, better in OBJECTIVES:
                found = mean_metric(own, name, unit=unit, better=better, subject=subject, suite=suite)
                assert found is not None
                metrics.append(found)
    return evaluation(folder, kind, metrics, samples, tables=tables, notes=notes)


def evaluation(
    folder: Path,
    kind: str,
    metrics: list[Metric],
    samples: list[Sample],
    *,
    tables: tuple[Table, ...] = (),
    notes: tuple[str, ...] = (),
    **fields: object,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    journal.append(folder / SAMPLES_FILE, [s.model_dump(mode="json") for s in samples])
    made = provenance(**fields)
    save_result(folder, EvalResult(kind=kind, provenance=made, metrics=tuple(metrics), tables=tables, notes=notes))
    return folder
