"""Suites of explanations as tasks of Inspect: `inspect eval aurora/evals/inspect_tasks/tasks.py@explanations`.

A sample is a decision, a run or a plan. The solver explains it and measures the explanation. The scorer is
deterministic and asks no model. The values are those of `aurora eval explanations`.
"""

from __future__ import annotations

import json
from statistics import fmean
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.dataset import Sample as InspectSample
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from aurora.errors import AuroraError, InputError
from aurora.evals.explanations.evaluation import SUITES, Settings, measure_keys, sample_keys
from aurora.evals.results.samples import SampleKey

QUESTIONS = {
    "decisions": "Explain decision {sample}, and measure {suite}.",
    "runs": "Explain the whole run {sample}, and measure {suite}.",
    "plans": "Explain the plan {sample}, and measure {suite}.",
}
"""Subject of a sample -> its input."""


@task
def explanations(suites: str = "", decisions: int = 50, plans: int = 5, seed: int = 0) -> Task:
    """Measure the explanations of sampled decisions, runs and plans.

    Args:
        suites: Names of suites, separated by commas; empty: all.
        decisions: Number of decisions.
        plans: Number of whole runs, and of plans for clusters.
        seed: Random seed of scenarios, plans and changes.

    Raises:
        InputError: There is no such suite.
    """
    names = [n.strip() for n in suites.split(",") if n.strip()] or list(SUITES)
    unknown = next((n for n in names if n not in SUITES), None)
    if unknown is not None:
        raise InputError(f"there are {', '.join(SUITES)}", parameter="suites", value=unknown)
    keys = sample_keys([SUITES[n] for n in names], Settings(decisions, plans, seed))
    dataset = MemoryDataset([inspect_sample(key) for key in keys], name="aurora explanations")
    return Task(dataset=dataset, solver=explained(), scorer=measured())


def inspect_sample(key: SampleKey) -> InspectSample:
    """Return a sample of a suite as Inspect's."""
    question = QUESTIONS[key.subject].format(sample=key.sample, suite=key.suite)
    return InspectSample(input=question, id=inspect_id(key), metadata=dict(key._asdict()))


def inspect_id(key: SampleKey) -> str:
    """Return the name of a sample in a log of Inspect."""
    return f"{key.suite}/{key.subject}/{key.sample}"


@solver
def explained() -> Solver:
    """Return a solver that explains a sample and measures the explanation, without a model."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        fields = state.metadata
        sample = next(iter(measure_keys([SampleKey(fields["suite"], fields["subject"], fields["sample"])])))
        if sample.failure:
            raise AuroraError(sample.failure)  # an error of the sample, never a score
        state.output.completion = json.dumps(sample.values)
        state.completed = True
        return state

    return solve


@metric
def means() -> Metric:
    """Return a metric that averages each value over the samples that have it, as no value stands for none."""

    def average(scores: list[SampleScore]) -> Value:
        values: dict[str, list[float]] = {}
        for given in scores:
            for name, value in given.score.as_dict().items():
                suite = str((given.sample_metadata or {}).get("suite", ""))
                subject = str((given.sample_metadata or {}).get("subject", ""))
                values.setdefault(f"{suite}/{subject}:{name}", []).append(float(value))
        return {name: fmean(of) for name, of in values.items()}

    return average


@scorer(metrics=[means()])
def measured() -> Scorer:
    """Return a scorer that gives each measured value by its name."""

    async def score(state: TaskState, target: Target) -> Score:
        values: dict[str, Any] = json.loads(state.output.completion)
        return Score(value=values, explanation="measured by AURORA's code")

    return score
