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

FULL = 1.0 - 1e-9
"""Points from which a trial is passed: all of them."""


class TrialSuite(NamedTuple):
    """A suite of repeated trials.

    Attributes:
        name: Name for `--suite`.
        role: Role of the model.
        meaning: What a passed trial is, in a sentence.
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
            "A worded explanation passes if it is the model's, begins with a reason, tells every feature that decided, "
            "tells no fact twice, and no answer was sent back.",
            in_prose=False,
        ),
        TrialSuite(
            "questions",
            "operator",
            "An answer to an operator passes if every sentence is supported by evidence, and it has all names and "
            "figures of the first sentences of the answer without a model.",
            in_prose=True,
        ),
    )
}
"""Every suite by name."""


class Trial(NamedTuple):
    """The result of a trial.

    Attributes:
        points: Points of the bench, 0 to 1; 0 without a valid answer.
        outcomes: What was measured, in words.
    """

    points: float
    outcomes: tuple[str, ...]

    @property
    def values(self) -> dict[str, float]:
        """Return what is measured: whether the trial was passed, and its points."""
        return {"passed": float(self.points >= FULL), "points": self.points}


def cases_of(bench: Bench, count: int) -> list[Case]:
    """Return cases of a bench, of its families in turn; a larger count continues a smaller one."""
    families = bench.families
    return [
        Case(f"{families[k % len(families)]}:{k // len(families)}", families[k % len(families)]) for k in range(count)
    ]


def measure_trial(bench: Bench, model: MeteredModel, prompt: Prompt, case: Case) -> Trial:
    """Return the result of a trial. No valid answer, or a refusal, is a trial that was not passed.

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
        measured = bench.measure(model, prompt, case)
    except AnswerError as error:
        return Trial(bench.unanswered(case).value, (str(error),))
    return Trial(measured.value, measured.outcomes)
