"""The suites of repeated trials: what a model is asked, and when a trial counts as passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aurora.agents.models.metered import MeteredModel
from aurora.errors import AnswerError
from aurora.graphs.prompt_evolution.bench import Bench, Case
from aurora.graphs.prompt_evolution.benches.explainer import ExplainerBench
from aurora.graphs.prompt_evolution.benches.operator import OperatorBench
from aurora.prompts.loader import Prompt, Role


class TrialSuite(NamedTuple):
    """A suite of repeated trials.

    Attributes:
        name: Name for `--suite`.
        role: Role of the model.
        meaning: What earns points, in a sentence.
        in_prose: True: the model may answer in prose.
    """

    name: str
    role: Role
    meaning: str
    in_prose: bool

    def bench(self, seed: int) -> Bench:
        """Return the bench that measures the role.

        Args:
            seed: Random seed of its cases.
        """
        return ExplainerBench(seed=seed) if self.role == "explainer" else OperatorBench(seed=seed)


SUITES: Mapping[str, TrialSuite] = {
    s.name: s
    for s in (
        TrialSuite(
            "explanations",
            "explainer",
            "Points of a worded explanation: it opens with reasons, tells every feature that decided and all that was "
            "asked for, repeats nothing, links what belongs together, and no answer was sent back.",
            in_prose=False,
        ),
        TrialSuite(
            "questions",
            "operator",
            "Points of an answer to an operator: it tells every fact that the question needs, its sentences are "
            "supported by evidence, and its tool calls succeed.",
            in_prose=True,
        ),
    )
}
"""Every suite by name."""


def cases_of(bench: Bench, count: int) -> list[Case]:
    """Return cases of a bench, of its families in turn; a larger count continues a smaller one."""
    families = bench.families
    return [
        Case(f"{families[k % len(families)]}:{k // len(families)}", families[k % len(families)]) for k in range(count)
    ]


def measure_trial(bench: Bench, model: MeteredModel, prompt: Prompt, case: Case) -> float:
    """Return the points of a trial, 0 to 1. No valid answer, or a refusal, earns what the bench gives for it: none.

    Args:
        bench: Bench of the role.
        model: Model that is measured.
        prompt: Prompt of the role.
        case: Task of the trial.

    Raises:
        ModelError: The provider failed; nothing is measured then.
        BudgetExceeded: The budget is spent.
    """
    try:
        return bench.measure(model, prompt, case).value
    except AnswerError:
        return bench.unanswered(case).value
