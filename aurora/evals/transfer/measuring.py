"""Measures policies on fresh scenarios, one sample for each policy, scenario and seed of training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.reward import GENERAL_REFERENCES
from aurora.evals.benchmark.suites import Judged
from aurora.evals.results.samples import Sample, SampleKey, measure_samples
from aurora.evals.results.summary import mean_metric
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.types import Progress, no_progress

VALUE = "reward"
"""Name of the value in samples: the reward less what leaving tasks undone costs."""
Contestants = Mapping[str, Sequence[Policy]]
"""Policies by the name of their subject, one for each trial."""


def references() -> dict[str, Sequence[Policy]]:
    """Return the reference policies as contestants of one trial."""
    return {name: (policy,) for name, policy in GENERAL_REFERENCES.items()}


def measure_policies(
    folder: Path,
    suite: str,
    scenarios: Sequence[Judged],
    contestants: Contestants,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> list[Sample]:
    """Measure every policy on every scenario; what the folder holds already is not measured again.

    Args:
        folder: Folder of the evaluation.
        suite: Name of the suite.
        scenarios: Scenarios, each with a name of its own.
        contestants: Policies by subject and trial.
        interrupted: Function that returns True once the work must stop.
        progress: Receives the number of samples done.

    Raises:
        FileError: The file of samples can't be read or written.
        DataError: The file holds a line that is no sample.
        KeyboardInterrupt: The work was interrupted; another call continues it.
    """
    by_name = {j.name: j for j in scenarios}
    programs = {(name, k): compile_policy(p) for name, own in contestants.items() for k, p in enumerate(own)}
    source = GeneratedSource()

    def measure(batch: Sequence[SampleKey]) -> Iterable[Sample]:
        groups: dict[str, list[SampleKey]] = {}
        for key in batch:
            groups.setdefault(key.sample, []).append(key)
        for name, keys in groups.items():
            encoded = encode(by_name[name].scenario)
            for key in keys:
                outcome = run(encoded, programs[key.subject, key.trial])
                value = source.value(encoded.scenario, outcome)
                yield Sample(**key._asdict(), stratum=by_name[name].stratum, values={VALUE: value})

    wanted = [SampleKey(suite, name, j.name, trial) for j in scenarios for name, trial in programs]
    samples = measure_samples(
        folder, wanted, measure, batch=max(1, len(programs)), interrupted=interrupted, progress=progress
    )
    if len(samples) < len(wanted):
        raise KeyboardInterrupt
    return samples


def best_subject(samples: Sequence[Sample], subjects: Iterable[str]) -> str:
    """Return the subject with the highest mean over strata; the first of equals."""
    means = {}
    for name in subjects:
        found = mean_metric([s for s in samples if s.subject == name], VALUE)
        means[name] = -np.inf if found is None else found.value
    return max(means, key=lambda name: means[name])
