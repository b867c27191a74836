"""Judges the champions of a study on the same fresh scenarios, which no run has met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import arena, values
from aurora.agents.arena.source import Source
from aurora.evals.champion import FRESH_SEED
from aurora.evals.results.samples import Sample, SampleKey, measure_samples
from aurora.evals.studies.evaluators.protocol import Evaluator, Stopped
from aurora.evals.studies.plan import RunName
from aurora.evals.studies.playing import RunOutcome
from aurora.evals.studies.study import Judge
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.sim.kernel import encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import parse_policy
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.types import Progress, no_progress

CASES_AT_ONCE = 64
"""Number of scenarios after which samples are written."""
VALUE, LEAD, GAIN = "value", "lead", "gain"
"""Metrics: a champion's value, that less the best reference's on the same scenario, and the gain of a prompt."""
PROMPTS = "prompts"
"""Suite of the samples of prompt evolution."""


class Case(NamedTuple):
    """A fresh scenario.

    Attributes:
        level: Level; 0 where the source has none.
        place: Place among the scenarios of the level.
        name: Name of the sample.
    """

    level: int
    place: int
    name: str


class Hearing(NamedTuple):
    """A case with the champions to judge on it.

    Attributes:
        settings: Settings whose source the case is of, as JSON.
        judge: Settings of the judgement.
        case: The case.
        champions: Policies as JSON values.
    """

    settings: str
    judge: Judge
    case: Case
    champions: tuple[Mapping[str, Any], ...]


def cases_of(settings: SelfPlaySettings, judge: Judge) -> list[Case]:
    """Return the fresh scenarios of a study: those of `aurora.evals.champion` with the same seed.

    Args:
        settings: Settings of the base, which choose the source.
        judge: Settings of the judgement.
    """
    source = opened(settings.model_dump_json())
    levels = (judge.levels or tuple(level.number for level in LEVELS)) if source.has_levels else (0,)
    return [
        Case(level, place, f"{level}-{place}-{spec.spec_id}")
        for level in levels
        for place, spec in enumerate(fresh_specs(source, level, judge))
    ]


@lru_cache(maxsize=4)
def opened(settings: str) -> Source:
    """Return the source that settings choose; it is opened once in each process.

    Args:
        settings: `SelfPlaySettings` as JSON.
    """
    return chosen_source(SelfPlaySettings.model_validate_json(settings))


def fresh_specs(source: Source, level: int, judge: Judge) -> list[Any]:
    """Draw the specs of a level, as `fresh_scenarios` draws them."""
    drawn = max(1, level)
    rng = np.random.default_rng([FRESH_SEED, judge.seed, drawn])
    families = source.training + source.validation
    return [source.sample(family, drawn, rng) for _ in range(judge.per_family) for family in families]


def hear(hearing: Hearing, stopped: Stopped) -> list[dict[str, float]]:
    """Return the values of each champion on a case; a function for evaluators."""
    source = opened(hearing.settings)
    spec = fresh_specs(source, hearing.case.level, hearing.judge)[hearing.case.place]
    encoded = encode(source.expand(spec))
    mark = float(arena(source, [encoded], 1).mark[0])
    programs = [compile_policy(parse_policy(champion)) for champion in hearing.champions]
    achieved = values(source, [encoded], programs, 1)[:, 0]
    return [{VALUE: float(value), LEAD: float(value) - mark} for value in achieved]


def judge_champions(
    folder: Path,
    settings: SelfPlaySettings,
    judge: Judge,
    champions: Mapping[RunName, Mapping[str, Any]],
    evaluator: Evaluator,
    *,
    interrupted: Stopped = lambda: False,
    progress: Progress = no_progress,
) -> list[Sample]:
    """Measure the champions that the folder has no samples of yet.

    Args:
        folder: Folder of the study.
        settings: Settings of the base, which choose the source.
        judge: Settings of the judgement.
        champions: Champion of each finished run.
        evaluator: Evaluator of the simulations.
        interrupted: Returns True once the work must stop.
        progress: Receives the samples done.

    Returns:
        A sample for each scenario and run; seeds are clusters.

    Raises:
        KeyboardInterrupt: The work was to stop.
        FileError: The samples can't be read or written.
        DataError: The file of samples is damaged.
    """
    cases = {case.name: case for case in cases_of(settings, judge)}
    wanted = [SampleKey(settings.source, run.variation, name, run.seed) for name in cases for run in champions]
    text = settings.model_dump_json()

    def hearing(name: str, keys: Sequence[SampleKey]) -> Hearing:
        policies = tuple(champions[RunName(key.subject, key.trial)] for key in keys)
        return Hearing(text, judge, cases[name], policies)

    return measure_samples(
        folder,
        wanted,
        _measured_by(evaluator, hearing, interrupted),
        batch=CASES_AT_ONCE * max(1, len(champions)),
        interrupted=interrupted,
        progress=progress,
    )


def _measured_by(
    evaluator: Evaluator, hearing: Callable[[str, Sequence[SampleKey]], Hearing], interrupted: Stopped
) -> Callable[[Sequence[SampleKey]], Iterator[Sample]]:
    """Return the function that measures a batch of samples, scenario by scenario."""

    def measure(keys: Sequence[SampleKey]) -> Iterator[Sample]:
        by_case: dict[str, list[SampleKey]] = {}
        for key in keys:
            by_case.setdefault(key.sample, []).append(key)
        parts = list(by_case.values())
        items = [hearing(name, part) for name, part in by_case.items()]
        for place, rows, failure in evaluator.submit(hear, items, interrupted=interrupted):
            part = parts[place]
            for key, row in zip(part, rows if rows is not None else [{}] * len(part), strict=True):
                yield Sample(**key._asdict(), cluster=f"seed {key.trial}", values=row, failure=failure)
        if interrupted():
            raise KeyboardInterrupt

    return measure


def keep_gains(folder: Path, outcomes: Mapping[RunName, RunOutcome]) -> list[Sample]:
    """Keep the gain of each evolved prompt on its sealed cases as a sample.

    Args:
        folder: Folder of the study.
        outcomes: Outcome of each finished run.

    Raises:
        FileError: The file can't be read or written.
        DataError: The file of samples is damaged.
    """

    def sample(key: SampleKey) -> Sample:
        outcome = outcomes[RunName(key.subject, key.trial)]
        gain = outcome.gain
        return Sample(
            **key._asdict(),
            cluster=f"seed {key.trial}",
            values={} if gain is None else {GAIN: gain},
            failure=f"no version was judged: {outcome.reason}" if gain is None else "",
            model_calls=outcome.model_calls,
            dollars=outcome.dollars,
        )

    wanted = [SampleKey(PROMPTS, run.variation, "sealed cases", run.seed) for run in outcomes]
    return measure_samples(folder, wanted, lambda keys: map(sample, keys), batch=max(1, len(wanted)))
