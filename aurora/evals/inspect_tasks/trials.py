"""Repeated trials of a model as tasks of Inspect: `inspect eval aurora/evals/inspect_tasks/trials.py@trials`.

Epochs are trials. The model is AURORA's own, which is recorded and limited as elsewhere; code scores its answers.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.dataset import Sample as InspectSample
from inspect_ai.scorer import (
    Score,
    Scorer,
    ScoreReducer,
    Target,
    accuracy,
    mean_score,
    pass_at,
    score_reducer,
    scorer,
    stderr,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver

from aurora.errors import InputError
from aurora.evals.results.calls import EvalModel, opened
from aurora.evals.trials.suites import SUITES, TrialSuite, cases_of, measure_trial
from aurora.evals.trials.summary import ROUNDING
from aurora.graphs.prompt_evolution.bench import Case
from aurora.prompts.loader import load_prompt
from aurora.statistics.repetition import pass_all_k

PASSED = 1.0
"""Value of a trial that passes."""


@task
def trials(  # arguments of a task, by name
    model: str = "",
    suite: str = "explanations",
    cases: int = 20,
    trials: int = 3,
    seed: int = 0,
    passing: float = 0.9,
    folder: str = "runs/eval/inspect",
) -> Task:
    """Measure a model in repeated trials of the same cases.

    Args:
        model: `PROVIDER:MODEL`; empty: the one that the environment names.
        suite: explanations or questions.
        cases: Number of cases.
        trials: Trials of each case, Inspect's epochs.
        seed: Random seed of the cases.
        passing: Points from which a trial passes.
        folder: Folder that records the model's calls.

    Raises:
        InputError: There is no such suite.
    """
    if suite not in SUITES:
        raise InputError(f"there are {', '.join(SUITES)}", parameter="suite", value=suite)
    chosen = SUITES[suite]
    samples = [
        InspectSample(input=f"Measure {chosen.role} on {c.name}.", id=c.name, metadata=c._asdict())
        for c in cases_of(chosen.bench(seed), cases)
    ]
    return Task(
        dataset=MemoryDataset(samples, name=f"aurora {suite}"),
        solver=tried(EvalModel(model), chosen, seed, Path(folder)),
        scorer=passes(passing),
        epochs=Epochs(trials, [mean_score(), pass_at(trials), pass_all(trials)]),
    )


@solver
def tried(model: EvalModel, suite: TrialSuite, seed: int, folder: Path) -> Solver:
    """Return a solver that has the model do its work on a case, and counts the points."""
    bench, prompt, lock = suite.bench(seed), load_prompt(suite.role), asyncio.Lock()

    def points(case: Case, epoch: int) -> float:
        part = f"{suite.name}/{seed}/{case.name}/{epoch}"
        with opened(folder, model, in_prose=suite.in_prose) as asked, asked.recording.part(part):
            return measure_trial(bench, asked, prompt, case)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        case = Case(state.metadata["name"], state.metadata["family"])
        async with lock:  # one process, one recording
            state.output.completion = str(await asyncio.to_thread(points, case, state.epoch))
        state.completed = True
        return state

    return solve


@scorer(metrics=[accuracy(), stderr()])
def passes(passing: float) -> Scorer:
    """Return a scorer that gives 1 to a trial with enough points, else 0."""

    async def score(state: TaskState, target: Target) -> Score:
        points = float(state.output.completion)
        return Score(value=float(points >= passing - ROUNDING), explanation=f"{points:g} points of AURORA's bench")

    return score


@score_reducer(name="pass_all")
def pass_all(k: int) -> ScoreReducer:
    """Return a reducer of trials to pass^k: the chance that all of k trials pass, estimated without bias."""

    def reduce(scores: list[Score]) -> Score:
        passed = sum(s.as_float() >= PASSED for s in scores)
        return Score(value=pass_all_k(passed, len(scores), min(k, len(scores))))  # fewer while epochs are under way

    return reduce
