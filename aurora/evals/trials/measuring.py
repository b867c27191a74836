"""Measures a model in repeated trials of the same cases: `aurora eval trials`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from aurora.agents.models.budget import Budget, Purse, Spent
from aurora.agents.models.model import model_name
from aurora.errors import BudgetExceeded, InputError
from aurora.evals.results.calls import CALLS_FILE, CONCURRENT, EvalModel, cost_of, opened, side_by_side, usage_table
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult, save_result
from aurora.evals.results.samples import Sample, SampleKey, measure_samples, read_samples
from aurora.evals.trials.suites import SUITES, TrialSuite, cases_of, measure_trial
from aurora.evals.trials.summary import POINTS, metrics_of, tables_of
from aurora.graphs.prompt_evolution.bench import Case
from aurora.prompts.loader import Prompt, load_prompt
from aurora.tools.recording import Recording
from aurora.types import Progress, no_progress

BATCH = 4 * CONCURRENT
"""Samples that are written at once; an answer is kept as soon as it comes in."""


class TrialSettings(NamedTuple):
    """What is measured.

    Attributes:
        suites: Names of suites; empty: all.
        cases: Number of cases of each suite.
        trials: Trials of each case.
        seed: Random seed of the cases.
        passing: Points from which a trial passes, above 0, up to 1.
    """

    suites: tuple[str, ...] = ()
    cases: int = 20
    trials: int = 3
    seed: int = 0
    passing: float = 0.9


def evaluate_trials(
    folder: Path,
    model: EvalModel,
    settings: TrialSettings,
    *,
    command: str = "",
    tell: Callable[[str], None] | None = None,
    progress: Progress = no_progress,
) -> EvalResult:
    """Measure a model several times on each case; write samples, calls and result to a folder.

    Samples that the folder holds are not measured again, and no answer is paid for twice: one that came in before the
    process was killed is found in the recording.

    Args:
        folder: Folder of the evaluation.
        model: Model that is measured, with the limits of its calls.
        settings: What is measured.
        command: Command that repeats it.
        tell: Callback for notes to a person.
        progress: Receives the number of trials done.

    Raises:
        InputError: There is no such suite, or a number is out of range.
        FileError: The folder can't be read or written, or another process measures into it.
        DataError: The folder's file of samples is damaged.
        RunError: The folder's recording of calls can't be used.
        ModelError: The model can't be called, or the provider failed.
    """
    if settings.cases < 1 or settings.trials < 1:
        raise InputError("trials need at least one case and one trial")
    if not 0 < settings.passing <= 1:
        raise InputError("a trial passes with points above 0, up to 1", parameter="passing", value=settings.passing)
    chosen = [_suite(name) for name in settings.suites] or list(SUITES.values())
    began, name = time.perf_counter(), str(model_name(model.name))
    samples: list[Sample] = []
    notes = [f"A trial passes with {settings.passing:g} of the points or more."]
    prompts = {s.name: load_prompt(s.role) for s in chosen}
    for suite in chosen:
        found, left = _measured(folder, model, name, suite, prompts[suite.name], settings, tell, progress)
        samples += found
        notes += [suite.meaning, *left]
    spent = spent_in(folder)
    metrics = metrics_of(samples, settings.trials, settings.passing)
    result = EvalResult(
        kind="trials",
        provenance=provenance(
            command,
            seeds=(settings.seed,),
            settings={
                **settings._asdict(),
                "suites": [s.name for s in chosen],
                **{f"prompt of {s.role}": prompts[s.name].prompt_id for s in chosen},
            },
            seconds=time.perf_counter() - began,
            model=name,
            model_calls=spent.calls,
            dollars=spent.dollars,
        ),
        metrics=tuple(metrics),
        tables=(*tables_of(samples, settings.trials, settings.passing), usage_table(name, spent, "calls")),
        notes=tuple(notes),
    )
    save_result(folder, result)
    return result


def spent_in(folder: Path) -> Spent:
    """Return what all calls that a folder has recorded have used.

    Raises:
        RunError: The recording can't be used.
    """
    with Recording(folder / CALLS_FILE, replaying=True) as recording:
        return Purse(Budget(), recording).spent


def _suite(name: str) -> TrialSuite:
    if name not in SUITES:
        raise InputError(f"there are {', '.join(SUITES)}", parameter="suite", value=name)
    return SUITES[name]


def _measured(  # noqa: PLR0913, PLR0917  # what a suite is measured with
    folder: Path,
    asked: EvalModel,
    name: str,
    suite: TrialSuite,
    prompt: Prompt,
    settings: TrialSettings,
    tell: Callable[[str], None] | None,
    progress: Progress,
) -> tuple[list[Sample], list[str]]:
    """Return the samples of a suite, and notes on those that are left."""
    bench = suite.bench(settings.seed)
    subject = f"{name} {prompt.prompt_id}"
    cases: dict[SampleKey, Case] = {
        SampleKey(suite.name, subject, f"{settings.seed}/{case.name}", trial): case
        for case in cases_of(bench, settings.cases)
        for trial in range(settings.trials)
    }

    def shown(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
        progress(f"trials of {suite.name}", done, total, detail)

    with opened(folder, asked, tell=tell, in_prose=suite.in_prose) as model:

        def ask(key: SampleKey) -> Sample:
            with model.recording.part("/".join(map(str, key))) as part:
                points = measure_trial(bench, model, prompt, cases[key])
            spent = cost_of(part.exchanges)
            return Sample(
                **key._asdict(),
                stratum=cases[key].family,
                cluster=key.sample,
                values={POINTS: points},
                seconds=spent.seconds,
                model_calls=spent.calls,
                dollars=spent.dollars,
            )

        def measure(keys: Sequence[SampleKey]) -> list[Sample]:
            return side_by_side(keys, ask)

        try:
            return measure_samples(folder, list(cases), measure, batch=BATCH, progress=shown), []
        except BudgetExceeded as error:
            found = [s for s in read_samples(folder) if s.key in cases]
            left = f"{suite.name}: {len(cases) - len(found)} of {len(cases)} trials are left to measure. {error}."
            return found, [left]
