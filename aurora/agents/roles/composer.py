"""The composer: a language model that proposes compositions, each of which is measured like any other agent's.

It is one more way of searching (`aurora.learning.composition.searching.search`): checked by the same rules, measured by
the same evaluator, kept in the same journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field

from aurora.agents.models.agent import run_agent
from aurora.agents.models.metered import MeteredModel
from aurora.errors import InputError
from aurora.learning.composition.environment.problem import MakeStrategy, Problem, Strategy
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.pipelines.validation import check
from aurora.learning.composition.scores.objective import Measured
from aurora.prompts.loader import Prompt
from aurora.types import Frozen

TEMPERATURE = 0.7
MOST_PROPOSED = 3
"""Pipelines of an answer: a few, so that each answer learns from the last."""
MOST_SHOWN = 30
"""Measured compositions that the model is shown, the best ones."""


class ProposedPipeline(Frozen):
    """A pipeline and why."""

    pipeline: str = Field(max_length=500, description="such as 'a ? 0.8 | b + pca-32 > c'")
    why: str = Field(max_length=300, description="one sentence: what it should gain")


class CompositionAnswer(Frozen):
    """Pipelines to measure next."""

    pipelines: tuple[ProposedPipeline, ...] = Field(
        max_length=MOST_PROPOSED, description="the most promising first; empty: nothing can be better"
    )


class Proposals(NamedTuple):
    """What a model proposed.

    Attributes:
        pipelines: New, valid pipelines, in its order.
        reasons: Its reasons, in the same order.
        rejected: Reasons for which earlier answers were sent back.
    """

    pipelines: tuple[Pipeline, ...]
    reasons: tuple[str, ...]
    rejected: tuple[str, ...]


def composer(
    model: MeteredModel, prompt: Prompt, task: str, budget: int, remark: Callable[[str], None] = lambda _: None
) -> MakeStrategy:
    """Return a way of searching in which a language model proposes what is measured.

    The search ends when the model has nothing more to propose.

    Args:
        model: Model to ask.
        prompt: Prompt of the composer.
        task: Name of the task.
        budget: Measurements that the search may make, which the model is told.
        remark: Receives the reason that the model gives for each pipeline.
    """

    def strategy(problem: Problem, _: int) -> Strategy:
        measured = dict(problem.known)
        asked = 0
        while asked < budget:
            found = propose(model, prompt, problem, measured, task, budget - asked)
            if not found.pipelines:
                return
            for pipeline, reason in zip(found.pipelines, found.reasons, strict=True):
                remark(f"{pipeline}: {reason}")
                measured[pipeline] = yield pipeline
                asked += 1

    return strategy


def propose(
    model: MeteredModel,
    prompt: Prompt,
    problem: Problem,
    measured: Mapping[Pipeline, Measured],
    task: str,
    left: int,
) -> Proposals:
    """Ask a model for pipelines to measure next.

    Args:
        model: Model to ask.
        prompt: Prompt of the composer.
        problem: What is searched.
        measured: What has been measured, single chains included.
        task: Name of the task.
        left: Measurements that are left.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """

    def accept(answer: CompositionAnswer) -> tuple[tuple[Pipeline, ...], tuple[str, ...]]:
        found = {_checked(one.pipeline, problem, measured): one.why for one in answer.pipelines}
        return tuple(found), tuple(found.values())

    filled = prompt.fill(**_facts(problem, measured, task, left))
    finished = run_agent(model, filled, CompositionAnswer, accept, temperature=TEMPERATURE)
    pipelines, reasons = finished.value
    return Proposals(pipelines, reasons, finished.rejected)


def _checked(text: str, problem: Problem, measured: Mapping[Pipeline, Measured]) -> Pipeline:
    """Return a proposed pipeline.

    Raises:
        InputError: It is no pipeline, does not fit together, has other chains than those listed, or was measured.
    """
    pipeline = parse_pipeline(text)
    if pipeline in measured:
        raise InputError(f"{pipeline} is measured already: propose another", parameter="pipelines")
    chains = set(problem.chains)
    odd = sorted({str(b) for stage in pipeline.stages for b in stage.branches if b not in chains})
    if odd:
        raise InputError(f"{', '.join(odd)} is none of the listed chains: take those as written", parameter="pipelines")
    if isinstance(problem.moves, EditSpace) and (misfits := check(pipeline, problem.moves.rules)):
        raise InputError(f"{pipeline}: {'; '.join(map(str, misfits))}", parameter="pipelines")
    return pipeline


def _facts(problem: Problem, measured: Mapping[Pipeline, Measured], task: str, left: int) -> dict[str, str]:
    """Return the values of the prompt's slots."""
    singles = set(problem.singles)
    ranked = sorted(measured, key=lambda pipeline: problem.worth(measured[pipeline]), reverse=True)
    chains = [pipeline for pipeline in ranked if pipeline in singles]
    others = [pipeline for pipeline in ranked if pipeline not in singles]
    return {
        "reward": reward_in_words(problem),
        "task": task,
        "load": f"{problem.load:g}",
        "limits": limits_in_words(problem),
        "chains": _table(chains, measured, problem),
        "measured": _table(others[:MOST_SHOWN], measured, problem) or "none yet",
        "left": str(left),
        "count": str(min(MOST_PROPOSED, left)),
        "best": f"{problem.worth(measured[ranked[0]]):.4f}" if ranked else "anything",
    }


def reward_in_words(problem: Problem) -> str:
    """Return the formula of the reward, with its scales."""
    weights = problem.weights
    terms = [f"{weights.accuracy:g} x accuracy"]
    if weights.latency:
        terms.append(f"{weights.latency:g} x latency / {1e3 * weights.latency_scale:.4g} ms")
    if weights.cost:
        terms.append(f"{weights.cost:g} x cost / {weights.cost_scale:.3g}")
    return " - ".join(terms)


def limits_in_words(problem: Problem) -> str:
    """Return the limits of a pipeline's size."""
    text = f"at most {problem.most_stages} stages and {problem.most_branches} chains in the last stage"
    if isinstance(problem.moves, EditSpace):
        limits = problem.moves.rules.limits
        text += f", {limits.gate_branches} in a stage before it; thresholds such as "
        text += ", ".join(f"{threshold:g}" for threshold in limits.thresholds)
    return text


def _table(pipelines: Sequence[Pipeline], measured: Mapping[Pipeline, Measured], problem: Problem) -> str:
    lines = []
    for pipeline in pipelines:
        one = measured[pipeline]
        figures = f"{one.accuracy:.4f}, {1e3 * one.latency:.4g}, {one.cost:.3g}, {problem.worth(one):.4f}"
        lines.append(f"- {pipeline}: {figures}")
    return "\n".join(lines)
