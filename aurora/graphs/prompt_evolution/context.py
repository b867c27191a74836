"""The context that the nodes of prompt evolution share: benches, models, budget, and the measuring of one case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import TypedDict

from aurora.agents.models.budget import Budget
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.variants import Bounds
from aurora.errors import AnswerError, ModelError
from aurora.graphs.prompt_evolution.bench import Bench, Case, Cases
from aurora.graphs.prompt_evolution.budget import (
    CASE_CALLS,
    CASE_TOKENS,
    CaseSpent,
    EvolutionBudget,
    Use,
    within,
)
from aurora.graphs.prompt_evolution.settings import EvolutionSettings
from aurora.graphs.prompt_evolution.state import Proposed, Sample, Standing
from aurora.memory.store import Store
from aurora.prompts.loader import Prompt

CASE_BUDGET = Budget(calls=CASE_CALLS, tokens=CASE_TOKENS)
"""Budget of a measurement, the same for every prompt."""


class EvolutionEvent(TypedDict, total=False):
    """An event of an evolution.

    Attributes:
        event: `proposed`, `measured`, `generation` or `judged`.
        generation: Number of the generation; 0 measures the first prompt.
        proposals, evaluations, tokens, dollars: Resources used so far, in the units of the budget.
        text: Detail, in words.
    """

    event: str
    generation: int
    proposals: int
    evaluations: int
    tokens: int
    dollars: float
    text: str


class VariantProposer(Protocol):
    """Proposes variants of a prompt."""

    def propose(self, context: EvolutionContext, standing: Standing, count: int) -> Proposed:
        """Return at most `count` variants for the next generation.

        It uses the models by `within`, so that a resumed generation finds the answers that it has paid for. Failed
        attempts are returned as reasons, and never raised but for an error that another try can't cure.
        """


@dataclass(frozen=True)
class EvolutionContext:
    """The context that the nodes share; its fields stay the same throughout an evolution.

    Attributes:
        settings: Settings that determine the evolution.
        bench: Bench of the role.
        cases: Selection and sealed cases.
        store: Archive.
        model: Model that works under the prompts.
        meta_model: Model that writes variants.
        meta: Prompt of the evolver.
        budget: Limits of the whole.
        last: Generation after which the evolution is done.
        proposer: Method that proposes variants; None: a rival with a loop of its own does.
        tell: Callback for every event.
        interrupted: Callback that returns True once an interruption is requested.
    """

    settings: EvolutionSettings
    bench: Bench
    cases: Cases
    store: Store
    model: MeteredModel
    meta_model: MeteredModel
    meta: Prompt
    budget: EvolutionBudget
    last: int
    proposer: VariantProposer | None = None
    tell: Callable[[EvolutionEvent], None] = lambda event: None
    interrupted: Callable[[], bool] = lambda: False

    def bounds(self, standing: Standing) -> Bounds:
        """Return what variants must keep to; sealed cases are protected as well as those of the selection."""
        cases = (*self.cases.selection, *self.cases.sealed)
        return Bounds(
            Prompt(standing.role, standing.variant(standing.first).text),
            self.bench.names,
            frozenset(label for case in cases for label in (case.name, *self.bench.labels(case))),
            tuple(dict.fromkeys(text for case in cases for text in self.bench.data(case))),
        )

    def measure(self, prompt: Prompt, case: Case) -> Sample:
        """Measure a prompt on a case, within the budget of a measurement.

        A provider's failure is no value. An answer that stays invalid, or a budget spent without one, is the prompt's
        own failure and has the value of a role without an answer.

        Raises:
            ModelError: The provider failed in a way that another try can't cure.
            BudgetExceeded: The budget of the run is spent.
        """
        with within(self.model, f"{prompt.prompt_id} on {case.name}", CASE_BUDGET) as purse:
            failure = ""
            try:
                measured = self.bench.measure(self.model, prompt, case)
            except CaseSpent as error:
                measured = self.bench.unanswered(case)
                measured = measured._replace(refusals=(*measured.refusals, f"no answer: {error}"))
            except AnswerError as error:
                measured = self.bench.unanswered(case)
                measured = measured._replace(refusals=(*measured.refusals, str(error)))
            except ModelError as error:
                if not error.retryable:
                    raise
                measured, failure = None, str(error)
        known = {"prompt_id": prompt.prompt_id, "case": case.name, "family": case.family, **purse.use._asdict()}
        if measured is None:
            return Sample(failure=failure, **known)
        texts = {name: getattr(measured, name) for name in ("outcomes", "refusals", "claims")}
        return Sample(value=measured.value, simulations=measured.simulations, **texts, **known)

    def sealed_reserve(self) -> int:
        """Return the number of evaluations that are kept for the sealed cases."""
        return 2 * len(self.cases.sealed)

    def has_room(self, standing: Standing, samples: Sequence[Sample], use: Use, *, reserve: int) -> bool:
        """Return whether another evaluation fits in the budget.

        Tokens and dollars of evaluations to come are taken to be those of the dearest one so far.

        Args:
            standing: State before the generation.
            samples: Measurements since.
            use: Resources used in all.
            reserve: Evaluations that must still fit afterwards.
        """
        budget = self.budget
        if standing.evaluations + len(samples) + reserve >= budget.evaluations:
            return False
        done = [s for s in (*standing.samples, *samples) if s.calls]
        tokens = max((s.tokens for s in done), default=0) * (1 + reserve)
        dollars = max((s.dollars for s in done), default=0.0) * (1 + reserve)
        if budget.tokens is not None and use.tokens + tokens > budget.tokens:
            return False
        return budget.dollars is None or use.dollars + dollars <= budget.dollars

    def note(self, event: str, standing: Standing, evaluations: int, use: Use, text: str) -> None:
        """Send an event with the resources used so far."""
        self.tell(
            {
                "event": event,
                "generation": standing.generation,
                "proposals": standing.proposals,
                "evaluations": evaluations,
                "tokens": use.tokens,
                "dollars": use.dollars,
                "text": text,
            }
        )
