"""Methods that propose variants of a prompt: the evolver, its meta-prompt without feedback, and random rewording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from aurora.agents.models.budget import Budget
from aurora.agents.roles.evolver import EvolveBriefing, Tried, write_variants
from aurora.errors import AnswerError, InputError, ModelError
from aurora.graphs.prompt_evolution.allocation import paired
from aurora.graphs.prompt_evolution.budget import CaseSpent, within
from aurora.graphs.prompt_evolution.context import EvolutionContext, VariantProposer
from aurora.graphs.prompt_evolution.rewording import reworded
from aurora.graphs.prompt_evolution.selection import select_versions
from aurora.graphs.prompt_evolution.settings import Method
from aurora.graphs.prompt_evolution.state import Proposal, Proposed, Sample, Standing, family_means
from aurora.prompts.loader import Prompt

PROPOSAL_BUDGET = Budget(calls=6, tokens=200_000)
"""Budget of a conversation that writes variants."""
WORST_SHOWN = 4
"""Number of the prompt's worst cases whose record the evolver is shown."""


def proposer_of(method: Method) -> VariantProposer:
    """Return the proposer of a method.

    Raises:
        InputError: The method has a loop of its own.
    """
    methods: dict[Method, VariantProposer] = {
        "evolver": Evolver(),
        "best-of": Evolver(with_feedback=False),
        "rewording": Rewording(),
    }
    if method not in methods:
        raise InputError("it has a loop of its own; see aurora.evals.gepa_rival", parameter="method", value=method)
    return methods[method]


@dataclass(frozen=True)
class Evolver:
    """A model that writes variants by the meta-prompt.

    Attributes:
        with_feedback: True: it is shown what failed, and improves the kept versions in turn. False: it varies the first
            prompt alone, as best-of-N does.
    """

    with_feedback: bool = True

    def propose(self, context: EvolutionContext, standing: Standing, count: int) -> Proposed:
        """Return variants of one of the kept versions."""
        parents = _parents(context, standing)
        parent = parents[(standing.generation - 1) % len(parents)] if self.with_feedback else standing.first
        briefing = self._briefing(context, standing, parent, count)
        part = f"generation {standing.generation}"
        with within(context.meta_model, part, PROPOSAL_BUDGET) as purse:
            try:
                written = write_variants(context.meta_model, context.meta, briefing)
            except (AnswerError, CaseSpent) as error:
                return Proposed(refused=(str(error),), use=purse.use)
            except ModelError as error:
                if not error.retryable:
                    raise
                return Proposed(refused=(str(error),), use=purse.use)
        causes = (*briefing.outcomes, *briefing.refusals, *briefing.claims) if self.with_feedback else ()
        proposals = tuple(Proposal(parent, v.text, v.changed, v.why, causes) for v in written.variants)
        return Proposed(proposals, refused=written.refused, use=purse.use)

    def _briefing(self, context: EvolutionContext, standing: Standing, parent: str, count: int) -> EvolveBriefing:
        prompt = Prompt(standing.role, standing.variant(parent).text)
        bounds = context.bounds(standing)
        if not self.with_feedback:
            return EvolveBriefing(prompt, bounds, (), (), (), (), count)
        own = [s for s in standing.samples if s.prompt_id == parent]
        selection = {c.name for c in context.cases.selection}
        record = _worst([s for s in own if s.case in selection])
        return EvolveBriefing(
            prompt,
            bounds,
            _outcomes(record, own, selection, context.bench.unit),
            _distinct(r for s in record for r in s.refusals),
            _distinct(c for s in record for c in s.claims),
            _tried(standing, selection),
            count,
        )


def _parents(context: EvolutionContext, standing: Standing) -> list[str]:
    """Return the kept versions that lead on a family or in the mean; a version that is behind is not built upon."""
    order = [v.prompt_id for v in standing.variants]
    front = select_versions(standing.samples, context.cases.selection, order).front
    return [v for v in standing.kept if v in front] or list(standing.kept[:1])


def _worst(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples with the lowest values, the worst of each family first."""
    left = sorted((s for s in samples if s.value is not None), key=lambda s: (s.value, s.case))
    first = {s.family: s for s in reversed(left)}
    return [*first.values(), *(s for s in left if s not in first.values())][: max(WORST_SHOWN, len(first))]


def _outcomes(record: Sequence[Sample], own: Sequence[Sample], selection: set[str], unit: str) -> list[str]:
    """Return the means by family, and what was measured on the worst cases."""
    means = family_means([s for s in own if s.case in selection], own[0].prompt_id) if own else {}
    lines = [f"a family of cases: mean {mean:+.4f} ({unit})" for mean in sorted(means.values())]
    return [*lines, *_distinct(line for s in record for line in s.outcomes)]


def _tried(standing: Standing, selection: set[str]) -> list[Tried]:
    """Return the variants so far with their mean difference from the first prompt, and the refused ones."""
    samples = [s for s in standing.samples if s.case in selection]
    tried = []
    for variant in standing.variants:
        differences = paired(samples, variant.prompt_id, standing.first)
        if variant.prompt_id == standing.first or not differences:
            continue
        kept = "kept" if variant.prompt_id in standing.kept else "dropped"
        fate = f"{np.mean(differences):+.4f} against the first prompt on {len(differences)} cases; {kept}"
        tried.append(Tried(variant.changed, fate))
    return [*tried, *(Tried("refused", reason) for reason in standing.refusals)]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


@dataclass(frozen=True)
class Rewording:
    """Random rewording, the floor that every other method must beat: no model, no meaning."""

    def propose(self, context: EvolutionContext, standing: Standing, count: int) -> Proposed:
        """Return random rewordings of the kept versions that keep the rules of variants."""
        rng = np.random.default_rng([context.settings.seed, standing.generation])
        bounds = context.bounds(standing)
        proposals = []
        for number in range(count):
            parent = standing.kept[number % len(standing.kept)]
            text, changed = reworded(standing.variant(parent).text, bounds, rng)
            proposals.append(Proposal(parent, text, changed, "random rewording"))
        return Proposed(tuple(proposals))
