"""Writes a kept evaluation as a log of Inspect, which `inspect view` opens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalError,
    EvalLog,
    EvalMetric,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score

from aurora.errors import DataError
from aurora.evals.results.result import EvalResult, Metric, load_result
from aurora.evals.results.samples import Sample, read_samples
from aurora.files import writing

SCORER = "measured"
"""Name of the score that holds a sample's values."""
NO_MODEL = "none/none"
"""Model of an evaluation without one, in Inspect's form."""


def export_log(folder: Path, out: Path) -> Path:
    """Write the samples and the result of an evaluation as a log of Inspect.

    Samples that failed have an error and no score. Repetitions become epochs.

    Args:
        folder: Folder of the evaluation.
        out: File to write: `.eval` or `.json`.

    Raises:
        MissingExtraError: Inspect is not installed.
        FileError: A file can't be read or written.
        DataError: The folder holds no samples, or no result.
    """
    result, samples = load_result(folder), read_samples(folder)
    if not samples:
        raise DataError(f"{folder} has no samples to export; name the folder of an evaluation that keeps some")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_eval_log(_log(result, samples), str(out))
    return out


def _log(result: EvalResult, samples: Sequence[Sample]) -> EvalLog:
    made = result.provenance
    names = list(dict.fromkeys(_name(s) for s in samples))
    spec = EvalSpec(
        created=made.created,
        task=f"aurora {result.kind}",
        dataset=EvalDataset(name=result.kind, samples=len(names), sample_ids=list(names)),
        model=made.model.replace(":", "/", 1) or NO_MODEL,
        config=EvalConfig(epochs=1 + max(s.trial for s in samples)),
        metadata={"command": made.command, "aurora": made.version, "commit": made.commit, "seeds": list(made.seeds)},
    )
    results = EvalResults(
        total_samples=len(samples),
        completed_samples=sum(not s.failure for s in samples),
        scores=[_score(m) for m in result.metrics],
    )
    stats = EvalStats(started_at=made.created, completed_at=made.created)
    return EvalLog(
        status="success", eval=spec, results=results, stats=stats, samples=[_sample(s, made.model) for s in samples]
    )


def _score(metric: Metric) -> EvalScore:
    bounds = {"low": metric.low, "high": metric.high}
    values = {"mean": metric.value, **{n: b for n, b in bounds.items() if b is not None}}
    return EvalScore(
        name=metric.key,
        scorer=SCORER,
        scored_samples=metric.samples,
        metrics={name: EvalMetric(name=name, value=value) for name, value in values.items()},
    )


def _sample(sample: Sample, model: str) -> EvalSample:
    fields: dict[str, Any] = {}
    if sample.failure:
        fields["error"] = EvalError(message=sample.failure, traceback="", traceback_ansi="")
    else:
        fields["scores"] = {SCORER: Score(value=dict(sample.values), explanation="measured by AURORA's code")}
    return EvalSample(
        id=_name(sample),
        epoch=sample.trial + 1,
        input=f"{sample.suite or 'sample'}: {sample.subject} on {sample.sample}",
        target="",
        output=ModelOutput.from_content(model or NO_MODEL, str(dict(sample.values))),
        metadata={"suite": sample.suite, "subject": sample.subject, "cluster": sample.cluster_key},
        total_time=sample.seconds,
        **fields,
    )


def _name(sample: Sample) -> str:
    return f"{sample.suite}/{sample.subject}/{sample.sample}"
