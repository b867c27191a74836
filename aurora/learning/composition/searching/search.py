"""Searches the composition that is worth most, measuring few.

    result = search(problem, evaluator, budget=60, seed=1)

`Search` is the same step by step: `ask` for the next candidate, `tell` what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from aurora.errors import InputError, RunError
from aurora.learning.composition.environment.problem import Evaluator, MakeStrategy, Problem
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured, pareto_set
from aurora.learning.composition.searching.measurement_journal import UNUSABLE, MeasurementJournal
from aurora.types import Progress, no_progress

DEFAULT_AGENT = "ppo"


class Step(NamedTuple):
    """One measurement of a search.

    Attributes:
        pipeline: What was measured.
        measured: Its measurement.
        reward: What it is worth.
        best: Largest reward of all measurements up to this one.
    """

    pipeline: Pipeline
    measured: Measured
    reward: float
    best: float


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search found.

    Attributes:
        choice: The composition that is worth most by the weights, of all that was measured or known.
        measured: Its measurement.
        reward: What it is worth.
        how: How compositions were measured, in words.
        pareto: Every composition that no other is better than in all respects, the fastest first, measured or known.
        steps: What the search asked for, in its order: the path.
        fresh: How many of these were measured now; the others were in the journal.
        failures: Pipeline -> why it could not be run.
    """

    choice: Pipeline
    measured: Measured
    reward: float
    how: str
    pareto: tuple[tuple[Pipeline, Measured], ...]
    steps: tuple[Step, ...]
    fresh: int
    failures: Mapping[Pipeline, str]


class Search:
    """A search, step by step.

    Args:
        problem: What is searched.
        agent: Name of the way of searching, one of `agents()`.
        seed: Random seed.

    Attributes:
        problem: What is searched.
        steps: What it asked for so far, with the answers.

    Raises:
        InputError: There is no such agent, or the problem has no chains.
    """

    def __init__(self, problem: Problem, agent: str = DEFAULT_AGENT, seed: int = 0) -> None:
        known = agents()
        if agent not in known:
            raise InputError(f"it is none of {', '.join(known)}", parameter="agent", value=agent)
        if not problem.chains:
            raise InputError("no chain of components fits the task; add a model to the catalogue", parameter="chains")
        if agent in NEED_THE_SPACE and not problem.space:
            raise InputError("it needs the whole space enumerated; take another agent", parameter="agent", value=agent)
        self.problem = problem
        self.steps: list[Step] = []
        self._answers = dict(problem.known)
        self._strategy = known[agent](problem, seed)
        self._question: Pipeline | None = None
        self._answer: Measured | None = None
        self._ended = False

    def ask(self) -> Pipeline | None:
        """Return the next pipeline to measure, always another than those before; None when the search has ended."""
        if self._question is None and not self._ended:
            self._question = self._next()
        return self._question

    def tell(self, measured: Measured) -> Step:
        """Take the measurement of the pipeline that was asked for.

        Raises:
            RunError: Nothing was asked for.
        """
        if self._question is None:
            raise RunError("tell follows ask: no measurement is awaited")
        reward = self.problem.worth(measured)
        best = max((reward, *(step.best for step in self.steps[-1:])))
        self.steps.append(Step(self._question, measured, reward, best))
        self._answers[self._question] = measured
        self._question, self._answer = None, measured
        return self.steps[-1]

    def _next(self) -> Pipeline | None:
        """Return the next question that has no answer yet; others are answered from memory."""
        try:
            question = next(self._strategy) if self._answer is None else self._strategy.send(self._answer)
            while question in self._answers:
                question = self._strategy.send(self._answers[question])
        except StopIteration:
            self._ended = True
            return None
        return question


def agents() -> Mapping[str, MakeStrategy]:
    """Return every way of searching by its name; the learned agents first."""
    # Here because the agents load torch.
    from aurora.learning.composition.agents import learned  # noqa: PLC0415
    from aurora.learning.composition.rivals import bayesian, exhaustive, greedy, hill_climbing, random_search  # noqa: PLC0415

    return {
        "dqn": learned.dqn,
        "dqn-softmax": learned.dqn_softmax,
        "ppo": learned.ppo,
        "bayesian": bayesian.bayesian,
        "greedy": greedy.greedy,
        "hill-climbing": hill_climbing.hill_climbing,
        "random": random_search.random_search,
        "exhaustive": exhaustive.exhaustive,
    }


NEED_THE_SPACE = ("bayesian", "exhaustive")
"""Agents that need `Problem.space`."""


def search(  # noqa: PLR0913  # each option is one of the brief's
    problem: Problem,
    evaluator: Evaluator,
    *,
    budget: int,
    seed: int = 0,
    agent: str = DEFAULT_AGENT,
    journal: MeasurementJournal | None = None,
    how: str = "",
    on_step: Callable[[Step], None] = lambda _: None,
    progress: Progress = no_progress,
) -> SearchResult:
    """Search until the budget is spent or the agent has nothing more to ask.

    The same problem, seed, agent and measurements give the same search. What the journal holds counts, but is not
    measured again: so an interrupted search that is called again goes the same way, and goes on where it was.

    Args:
        problem: What is searched.
        evaluator: Measures a pipeline; an `InputError` or a `RunError` of it marks the pipeline as one that can't run.
        budget: Most compositions that are asked for.
        seed: Random seed.
        agent: Name of the way of searching, one of `agents()`.
        journal: Keeps every measurement; None: nothing is kept.
        how: How compositions are measured, in words, for the result.
        on_step: Called after each measurement.
        progress: Told how far the search has come.

    Raises:
        InputError: The budget is below 1, there is no such agent, or nothing could be measured.
        FileError: The journal can't be written.
    """
    if budget < 1:
        raise InputError("give at least 1", parameter="budget", value=budget)
    walk = Search(problem, agent, seed)
    kept = {} if journal is None else journal.measured
    failures: dict[Pipeline, str] = {}
    fresh = 0
    while len(walk.steps) < budget and (pipeline := walk.ask()) is not None:
        if pipeline in kept:
            measured = kept[pipeline]
        else:
            measured, failure = _measure(pipeline, evaluator)
            fresh += 1
            if failure:
                failures[pipeline] = failure
            if journal is not None:
                journal.add(pipeline, measured, failure)
        step = walk.tell(measured)
        on_step(step)
        progress("compositions", len(walk.steps), budget, f"best {step.best:.4f}")
    progress("compositions", len(walk.steps), len(walk.steps))
    if journal is not None:
        failures |= {
            step.pipeline: journal.failures[step.pipeline] for step in walk.steps if step.pipeline in journal.failures
        }
    return _result(walk, how, fresh, failures)


def _measure(pipeline: Pipeline, evaluator: Evaluator) -> tuple[Measured, str]:
    try:
        return evaluator(pipeline), ""
    except (InputError, RunError) as error:
        return UNUSABLE, str(error)


def _result(walk: Search, how: str, fresh: int, failures: Mapping[Pipeline, str]) -> SearchResult:
    measured = dict(walk.problem.known) | {step.pipeline: step.measured for step in walk.steps}
    usable = {pipeline: one for pipeline, one in measured.items() if pipeline not in failures}
    if not usable:
        reasons = "; ".join(f"{pipeline}: {reason}" for pipeline, reason in list(failures.items())[:3])
        raise InputError(f"no composition could be measured; {reasons}", parameter="evaluator")
    choice = max(usable, key=lambda pipeline: walk.problem.worth(usable[pipeline]))
    return SearchResult(
        choice=choice,
        measured=usable[choice],
        reward=walk.problem.worth(usable[choice]),
        how=how,
        pareto=tuple((pipeline, usable[pipeline]) for pipeline in pareto_set(usable)),
        steps=tuple(walk.steps),
        fresh=fresh,
        failures=failures,
    )


def next_candidate(
    problem: Problem, measured: Mapping[Pipeline, Measured], agent: str = DEFAULT_AGENT, seed: int = 0
) -> Pipeline | None:
    """Return what to measure next, given everything that has been measured, whoever chose it.

    Unlike `Search.ask` this needs no state but the measurements: a person or a language model may have made them.

    Args:
        problem: What is searched.
        measured: Measurements so far, beside `problem.known`.
        agent: Name of the way of searching, one of `agents()`.
        seed: Random seed; with the number of measurements it decides what is drawn.

    Returns:
        The pipeline; None if the agent has nothing more to ask.
    """
    known = replace(problem, known={**problem.known, **measured})
    return Search(known, agent, seed + len(measured)).ask()
