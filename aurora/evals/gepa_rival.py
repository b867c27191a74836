"""GEPA as a rival of the evolver: the same bench, cases, checks and budget (Agrawal et al. 2025; package gepa)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aurora.agents.roles.variants import problems
from aurora.errors import AuroraError, BudgetExceeded
from aurora.graphs.prompt_evolution.bench import Case
from aurora.graphs.prompt_evolution.budget import Use, within
from aurora.graphs.prompt_evolution.context import EvolutionContext
from aurora.graphs.prompt_evolution.evolution import Evolved
from aurora.graphs.prompt_evolution.judging import judge_selected
from aurora.graphs.prompt_evolution.nodes import write_standing
from aurora.graphs.prompt_evolution.proposers import PROPOSAL_BUDGET
from aurora.graphs.prompt_evolution.state import Sample, Standing, Variant, first_standing
from aurora.prompts.loader import Prompt

COMPONENT = "prompt"
"""Name of the one text that GEPA evolves."""
MINIBATCH = 2
"""Cases on which GEPA compares a candidate with its parent before it measures all."""
_TEMPLATE = (
    "I gave an assistant this prompt, a file with the parts `# system` and `# user` and with slots in double braces:\n"
    "```\n<curr_param>\n```\nThis is what came of it on some tasks, with feedback:\n```\n<side_info>\n```\n"
    "Write a better prompt: the whole file with both parts, every slot once and in its part, at most {characters} "
    "characters, without names or quotations from the tasks. Give it within ``` blocks."
)


class Evaluated(NamedTuple):
    """A batch as GEPA reads it."""

    outputs: list[Any]
    scores: list[float]
    trajectories: list[Any] | None
    objective_scores: list[dict[str, float]] | None = None
    num_metric_calls: int | None = None


class Adapter:
    """Measures GEPA's candidates on the bench; what breaks a rule of variants has the value of no answer.

    Args:
        context: What the evolver works with too.
        standing: State with the first prompt.
    """

    propose_new_texts = None

    def __init__(self, context: EvolutionContext, standing: Standing) -> None:
        self.context = context
        self.first = standing
        self.role = standing.role
        self.bounds = context.bounds(standing)
        self.samples: dict[tuple[str, str], Sample] = {}
        self.evaluations = 0
        self.proposals = 0
        self.proposing = Use()
        self.error: AuroraError | None = None
        self.is_spent = False
        self.limit = context.budget.evaluations - context.sealed_reserve()

    @property
    def is_done(self) -> bool:
        """Return whether the budget is spent, or a provider failed for good."""
        return self.is_spent or self.error is not None or self.proposals >= self.context.budget.proposals

    def evaluate(self, batch: Sequence[Case], candidate: Mapping[str, str], capture_traces: bool = False) -> Evaluated:
        """Measure a candidate on cases; every measurement counts against the budget, repeated ones too.

        Raises:
            BudgetExceeded: The budget is spent; GEPA ends.
        """
        prompt = Prompt(self.role, candidate[COMPONENT])
        refused = problems(prompt.text, self.bounds)
        rows: list[Sample] = []
        for case in batch:
            if self.evaluations >= self.limit:
                self.is_spent = True
                raise BudgetExceeded(f"the budget of {self.limit} evaluations is spent")
            self.evaluations += 1
            rows.append(self._refused(prompt, case, refused) if refused else self._measured(prompt, case))
        self._note(f"{prompt.prompt_id} on {len(rows)} cases")
        scores = [0.0 if s.value is None else s.value for s in rows]
        return Evaluated(rows, scores, rows if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: Mapping[str, str], eval_batch: Evaluated, components_to_update: Sequence[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return the record of a batch: value, outcomes, refusals and claims, without names of cases."""
        records = [
            {
                "Inputs": "a case",
                "Generated Outputs": "; ".join(s.outcomes),
                "Feedback": f"value {s.value}. " + "; ".join((*s.refusals, *s.claims)),
            }
            for s in eval_batch.trajectories or ()
        ]
        return dict.fromkeys(components_to_update, records)

    def reflect(self, prompt: str) -> str:
        """Ask the meta-model for a new text, as GEPA's reflection model.

        Raises:
            BudgetExceeded: The budget of proposals is spent.
        """
        if self.proposals >= self.context.budget.proposals:
            raise BudgetExceeded(f"the budget of {self.context.budget.proposals} proposals is spent")
        self.proposals += 1
        with within(self.context.meta_model, f"gepa {self.proposals}", PROPOSAL_BUDGET) as purse:
            text = self.context.meta_model.invoke(prompt).text
        self.proposing = self.proposing.plus(purse.use)
        return str(text)

    def _note(self, text: str) -> None:
        """Send an event with the resources used so far."""
        use = self.proposing
        for sample in self.samples.values():
            use = use.plus(Use(sample.calls, sample.tokens, sample.dollars))
        self.context.note(
            "measured", self.first.model_copy(update={"proposals": self.proposals}), self.evaluations, use, text
        )

    def _measured(self, prompt: Prompt, case: Case) -> Sample:
        key = prompt.prompt_id, case.name
        if key not in self.samples:
            try:
                self.samples[key] = self.context.measure(prompt, case)
            except AuroraError as error:
                self.error = error  # GEPA swallows it
                raise
        return self.samples[key]

    def _refused(self, prompt: Prompt, case: Case, reasons: Sequence[str]) -> Sample:
        worst = self.context.bench.unanswered(case)
        return Sample(
            prompt_id=prompt.prompt_id,
            case=case.name,
            family=case.family,
            value=worst.value,
            refusals=("the prompt was refused: " + "; ".join(reasons),),
        )


def evolve_with_gepa(context: EvolutionContext, first: Prompt) -> Evolved:
    """Let GEPA evolve a prompt on the same cases and budget, and judge its best version on the sealed cases.

    Args:
        context: What the evolver works with too. The archive gets the result as a whole; a run that was killed is run
            again with the answers that its recording holds.
        first: Prompt that the evolution begins with.

    Raises:
        ModelError: A provider failed in a way that another try can't cure.
        BudgetExceeded: The budget of tokens or dollars is spent.
        StoreError: The archive can't be written.
    """
    last = context.store.last_iteration()
    if last is not None:
        return Evolved("done", Standing.model_validate(last[1]))
    adapter = Adapter(context, first_standing(first))
    result = _optimized(adapter, first)
    if adapter.error is not None:
        raise adapter.error
    before = first_standing(first)
    standing = _judged(context, _standing(before, adapter, result), adapter)
    event = {"event": "generation", "iteration": 0, "generation": 1, "evaluations": standing.evaluations}
    write_standing(context, before, standing, event, standing.variants, ())
    return Evolved("done", standing)


def _optimized(adapter: Adapter, first: Prompt) -> Any:
    """Return GEPA's result."""
    import gepa  # noqa: PLC0415  # an optional extra

    cases = list(adapter.context.cases.selection)
    return gepa.optimize(
        seed_candidate={COMPONENT: first.text},
        trainset=cases,
        valset=cases,
        adapter=adapter,
        reflection_lm=adapter.reflect,
        reflection_minibatch_size=min(MINIBATCH, len(cases)),
        reflection_prompt_template=_TEMPLATE.replace("{characters}", str(adapter.bounds.characters)),
        skip_perfect_score=False,
        max_metric_calls=adapter.limit,
        stop_callbacks=lambda state: adapter.is_done,
        seed=adapter.context.settings.seed,
        raise_on_exception=False,  # the budget ends within an iteration, whose result so far counts
        logger=_Silent(),
    )


def _standing(before: Standing, adapter: Adapter, result: Any) -> Standing:
    """Return GEPA's result as the state of an evolution."""
    prompts = [Prompt(before.role, candidate[COMPONENT]) for candidate in result.candidates]
    variants = {before.first: before.variants[0]}
    for prompt, parents in zip(prompts[1:], result.parents[1:], strict=True):
        parent = prompts[parents[0] or 0].prompt_id
        made = Variant(prompt_id=prompt.prompt_id, text=prompt.text, parent_id=parent, generation=1, by="gepa")
        variants.setdefault(prompt.prompt_id, made)
    return before.model_copy(
        update={
            "variants": tuple(variants.values()),
            "samples": tuple(adapter.samples.values()),
            "kept": (prompts[result.best_idx].prompt_id,),
            "generation": 1,
            "commits": 1,
            "proposals": adapter.proposals,
            "evaluations": adapter.evaluations,
            "proposing": adapter.proposing,
        }
    )


def _judged(context: EvolutionContext, standing: Standing, adapter: Adapter) -> Standing:
    """Measure the best version and the first on the sealed cases, as the evolver does."""
    best = standing.kept[0]
    if best == standing.first:
        return standing
    samples = list(standing.samples)
    for case in context.cases.sealed:
        for prompt_id in (standing.first, best):
            samples.append(context.measure(Prompt(standing.role, standing.variant(prompt_id).text), case))
    judged = judge_selected(standing, samples, best, context.cases)
    return standing.model_copy(
        update={
            "samples": tuple(samples),
            "evaluations": adapter.evaluations + len(samples) - len(standing.samples),
            "judged": () if judged is None else (judged,),
        }
    )


class _Silent:
    def log(self, message: str) -> None:
        """Log nothing."""
