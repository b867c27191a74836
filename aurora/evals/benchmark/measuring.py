"""Measures policies on the scenarios of a suite, sample by sample."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.source import Source
from aurora.evals.benchmark.suites import Judged, Suite
from aurora.evals.results.samples import Sample, SampleKey
from aurora.sim.kernel import EncodedScenario, encode, run
from aurora.sim.objectives import OBJECTIVES
from aurora.sim.optimum.pareto_test import pareto_test
from aurora.sim.optimum.reward_bound import reward_bound
from aurora.sim.optimum.solver import is_small, tightest_bounds
from aurora.sim.outcome import Outcome
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import objective_vector, score

BOUND = "bound"
"""Subject of the samples that hold the upper bound of a scenario's reward."""
JOINT = "joint_bound"
"""Value of those samples: the bound that takes all objectives together; `value` takes each by itself."""
PROOF_EFFORT = 0.2
"""CP-SAT's deterministic time for each search of a Pareto test, roughly in seconds."""
MICROSECONDS = 1e6
OBJECTIVE_PREFIX = "objective "
"""Beginning of the values by which Pareto fronts are compared."""


class Subject(NamedTuple):
    """Someone who is measured.

    Attributes:
        name: Name in the tables.
        run: Runs an encoded scenario once for each trial.
        trials: Number of trials, such as seeds of training.
        is_proved: True if its outcomes are tested for Pareto-optimality.
    """

    name: str
    run: Callable[[EncodedScenario, int], Outcome]
    trials: int = 1
    is_proved: bool = False


def of_policies(name: str, policies: Sequence[Policy], *, is_proved: bool = False) -> Subject:
    """Return a subject whose trials are policies of the same method."""
    programs = [compile_policy(policy) for policy in policies]
    return Subject(name, lambda encoded, trial: run(encoded, programs[trial]), len(programs), is_proved)


def of_agents(name: str, agents: Sequence[object]) -> Subject:
    """Return a subject whose trials are networks with memory, which act in the environment."""
    from aurora.learning.rl.evaluation import agent_outcome  # noqa: PLC0415  # torch

    return Subject(name, lambda encoded, trial: agent_outcome(agents[trial], encoded), len(agents))  # type: ignore[arg-type]


def keys_of(name: str, judged: Sequence[Judged], subjects: Sequence[Subject]) -> list[SampleKey]:
    """Return the keys of all samples of a suite, scenario by scenario."""
    return [
        SampleKey(name, subject.name, j.name, trial)
        for j in judged
        for subject in subjects
        for trial in range(subject.trials)
    ]


def measurer(
    name: str, suite: Suite, source: Source, judged: Sequence[Judged], subjects: Sequence[Subject], proofs: int
) -> Callable[[Sequence[SampleKey]], Iterable[Sample]]:
    """Return the function that measures a batch of samples of a suite.

    Args:
        name: Name of the suite.
        suite: The suite.
        source: Its source, which says what a value is.
        judged: Its scenarios.
        subjects: Who is measured; the subject `BOUND` is always known.
        proofs: Number of scenarios of each stratum on which Pareto-optimality is tested.
    """
    scenarios = {j.name: j for j in judged}
    people = {s.name: s for s in subjects}
    tested: dict[str, list[str]] = {}
    for j in judged:
        tested.setdefault(j.stratum, []).append(j.name)
    chosen = {n for names in tested.values() for n in names[:proofs]}
    encoded_by_name: dict[str, EncodedScenario] = {}

    def measure(batch: Sequence[SampleKey]) -> Iterable[Sample]:
        for key in batch:
            j = scenarios[key.sample]
            if key.sample not in encoded_by_name:
                encoded_by_name.clear()  # scenarios come one after another; large ones must not pile up
                encoded_by_name[key.sample] = encode(j.scenario)
            encoded = encoded_by_name[key.sample]
            started, working = time.perf_counter(), time.process_time()
            if key.subject == BOUND:
                together = reward_bound(encoded, tightest_bounds(encoded))
                values = {"value": together.apart, JOINT: together.bound}
            else:
                subject = people[key.subject]
                outcome = subject.run(encoded, key.trial)
                values = _values(suite, source, encoded, outcome, time.process_time() - working)
                if subject.is_proved and key.sample in chosen and is_small(encoded):
                    values |= _proof(encoded, outcome)
            yield Sample(**key._asdict(), stratum=j.stratum, values=values, seconds=time.perf_counter() - started)

    return measure


def _values(
    suite: Suite, source: Source, encoded: EncodedScenario, outcome: Outcome, processor_seconds: float
) -> dict[str, float]:
    """Return what a run achieved; averages over completed tasks are absent where none completed."""
    s, scenario = outcome.summary, encoded.scenario
    values = {
        "value": source.value(scenario, outcome),
        "reward": score(s, scenario).reward,
        "utilisation": 100 * float(getattr(s, suite.utilisation)),
        "sla_violations": 100 * s.sla_violations / s.tasks,
        "completed": 100 * s.completed / s.tasks,
        "decision_time": MICROSECONDS * processor_seconds / max(1, s.decisions),
    }
    if s.completed:
        values |= {
            "latency": s.latency_mean,
            "latency_p95": s.latency_p95,
            "bounded_slowdown": s.bounded_slowdown,
            "cost": s.cost / s.completed,
            "energy": s.energy / s.completed,
        }
        names = [o.name for o in OBJECTIVES if o.name in scenario.counted]
        vector = objective_vector(s, scenario.counted)
        values |= {f"{OBJECTIVE_PREFIX}{n}": v for n, v in zip(names, vector, strict=True) if np.isfinite(v)}
    return values


def _proof(encoded: EncodedScenario, outcome: Outcome) -> dict[str, float]:
    result = pareto_test(encoded, outcome, effort=PROOF_EFFORT)
    return {
        "proved_optimal": float(result.verdict == "optimal"),
        "dominated_by_plan": float(result.verdict in ("dominated", "incomplete")),
    }


def vector_of(sample: Sample) -> Mapping[str, float]:
    """Return the amounts by which a sample is compared on Pareto fronts; lower is better."""
    return {n: v for n, v in sample.values.items() if n.startswith(OBJECTIVE_PREFIX)}
