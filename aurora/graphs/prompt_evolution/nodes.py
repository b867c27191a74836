"""Nodes of prompt evolution: propose, check, measure, select, commit, and judge."""

from __future__ import annotations

from typing import Any

from aurora.agents.roles.variants import problems
from aurora.errors import BudgetExceeded
from aurora.graphs.prompt_evolution.allocation import measured
from aurora.graphs.prompt_evolution.bench import Case
from aurora.graphs.prompt_evolution.budget import Use
from aurora.graphs.prompt_evolution.context import EvolutionContext
from aurora.graphs.prompt_evolution.judging import judge_selected
from aurora.graphs.prompt_evolution.selection import select_versions
from aurora.graphs.prompt_evolution.state import (
    Checked,
    Proposed,
    Sample,
    Standing,
    State,
    Stop,
    Update,
    Variant,
    values_of,
)
from aurora.graphs.state import Abandoned
from aurora.memory.records import Failure, Iteration, NewPrompt
from aurora.prompts.loader import Prompt

MAX_REFUSALS = 8
"""Number of latest refused variants that the evolver is told of."""


def propose(context: EvolutionContext, state: State) -> Update:
    """Ask for the variants of a generation; generation 0 measures the first prompt alone."""
    _go_on(context)
    standing = state["standing"]
    if standing.generation == 0:
        return {"proposed": Proposed()}
    count = min(context.settings.variants, context.budget.proposals - standing.proposals)
    assert context.proposer is not None  # the graph is not built without one
    proposed = context.proposer.propose(context, standing, count)
    context.note(
        "proposed",
        standing,
        standing.evaluations,
        standing.use.plus(proposed.use),
        f"{len(proposed.proposals)} variants",
    )
    return {"proposed": proposed._replace(asked=count)}


def check(context: EvolutionContext, state: State) -> Update:
    """Refuse variants that break a rule, whoever wrote them, and those that were proposed before."""
    standing, proposed = state["standing"], state["proposed"]
    bounds, known = context.bounds(standing), {v.prompt_id for v in standing.variants}
    variants: list[Variant] = []
    refused = list(proposed.refused)
    for proposal in proposed.proposals[: proposed.asked]:
        prompt_id = Prompt(standing.role, proposal.text).prompt_id
        reasons = problems(proposal.text, bounds)
        if prompt_id in known:
            reasons.append("it was proposed before")
        if reasons:
            refused.append(f"{proposal.changed}: {'; '.join(reasons)}")
            continue
        known.add(prompt_id)
        variants.append(
            Variant(
                prompt_id=prompt_id,
                text=proposal.text,
                parent_id=proposal.parent,
                generation=standing.generation,
                by=context.settings.method,
                changed=proposal.changed,
                why=proposal.why,
                causes=proposal.causes,
            )
        )
    return {"checked": Checked(tuple(variants), tuple(refused))}


def measure(context: EvolutionContext, state: State) -> Update:
    """Measure the new variants on the selection cases, as many as the budget and their results warrant.

    Raises:
        BudgetExceeded: The budget does not cover the first prompt and the sealed cases.
    """
    standing = state["standing"]
    fresh = state["checked"].variants
    prompts = {v.prompt_id: Prompt(standing.role, v.text) for v in (*standing.variants, *fresh)}
    use = standing.use.plus(state["proposed"].use)
    samples: list[Sample] = []

    def one(prompt_id: str, case: Case) -> Sample:
        nonlocal use
        _go_on(context)
        sample = context.measure(prompts[prompt_id], case)
        samples.append(sample)
        use = use.plus(Use(sample.calls, sample.tokens, sample.dollars))
        value = "failed" if sample.value is None else f"{sample.value:+.4f}"
        context.note("measured", standing, standing.evaluations + len(samples), use, f"{prompt_id} {value}")
        return sample

    def has_room() -> bool:
        return context.has_room(standing, samples, use, reserve=context.sealed_reserve())

    if standing.generation == 0:
        for case in context.cases.selection:
            if not has_room():
                raise BudgetExceeded("the budget does not cover the first prompt and the sealed cases; allow more")
            one(standing.first, case)
    else:
        best = standing.kept[0]
        known = [s for s in standing.samples if s.prompt_id == best]
        for _ in measured(context.cases.selection, best, [v.prompt_id for v in fresh], known, one, has_room):
            pass
    return {"samples": tuple(samples)}


def select(context: EvolutionContext, state: State) -> Update:
    """Select the versions to keep."""
    standing = state["standing"]
    order = [v.prompt_id for v in (*standing.variants, *state["checked"].variants)]
    return {"selection": select_versions((*standing.samples, *state["samples"]), context.cases.selection, order)}


def commit(context: EvolutionContext, state: State) -> Update:
    """Write the generation and the state after it in one transaction."""
    standing, proposed, checked = state["standing"], state["proposed"], state["checked"]
    after = standing.model_copy(
        update={
            "variants": (*standing.variants, *checked.variants),
            "samples": (*standing.samples, *state["samples"]),
            "kept": state["selection"].kept,
            "generation": standing.generation + 1,
            "commits": standing.commits + 1,
            "proposals": standing.proposals + proposed.asked,
            "evaluations": standing.evaluations + len(state["samples"]),
            "proposing": standing.proposing.plus(proposed.use),
            "refusals": (*standing.refusals, *checked.refused)[-MAX_REFUSALS:],
        }
    )
    event = {
        "event": "generation",
        "iteration": standing.commits,
        "generation": standing.generation,
        "variants": [v.prompt_id for v in checked.variants],
        "refused": len(checked.refused),
        "kept": list(after.kept),
        "front": list(state["selection"].front),
        "evaluations": after.evaluations,
    }
    first = standing.generation == 0
    write_standing(context, standing, after, event, standing.variants if first else checked.variants, checked.refused)
    context.note("generation", after, after.evaluations, after.use, f"kept {', '.join(after.kept)}")
    return {"standing": after}


def judge(context: EvolutionContext, state: State) -> Update:
    """Compare the best version with the first on the sealed cases, and commit the comparison."""
    standing = state["standing"]
    best = standing.kept[0] if standing.kept else standing.first
    if best == standing.first or any(j.prompt_id == best for j in standing.judged):
        return {"stop": "done"}
    samples: list[Sample] = []
    use = standing.use
    for case in context.cases.sealed:
        for prompt_id in (standing.first, best):
            if case.name in values_of(standing.samples, prompt_id):
                continue
            _go_on(context)
            if not context.has_room(standing, samples, use, reserve=0):
                break
            sample = context.measure(Prompt(standing.role, standing.variant(prompt_id).text), case)
            samples.append(sample)
            use = use.plus(Use(sample.calls, sample.tokens, sample.dollars))
            context.note(
                "measured", standing, standing.evaluations + len(samples), use, f"{prompt_id} on a sealed case"
            )
    together = (*standing.samples, *samples)
    judged = judge_selected(standing, together, best, context.cases)
    after = standing.model_copy(
        update={
            "samples": together,
            "commits": standing.commits + 1,
            "evaluations": standing.evaluations + len(samples),
            "judged": standing.judged if judged is None else (*standing.judged, judged),
        }
    )
    event = {"event": "judged", "iteration": standing.commits, "prompt": best, "evaluations": after.evaluations}
    write_standing(context, standing, after, event, (), ())
    context.note("judged", after, after.evaluations, use, best)
    stop: Stop = "done" if judged is not None else "budget spent"
    return {"standing": after, "stop": stop}


def next_node(context: EvolutionContext, state: State) -> str:
    """Return the next node: `propose` while generations and budget are left, else `judge`."""
    standing = state["standing"]
    more = (
        standing.generation <= context.last
        and standing.proposals < context.budget.proposals
        and context.has_room(standing, (), standing.use, reserve=context.sealed_reserve())
    )
    return "propose" if more else "judge"


def _go_on(context: EvolutionContext) -> None:
    """Raise `Abandoned` if an interruption is requested; nothing committed is lost."""
    if context.interrupted():
        raise Abandoned("interrupted")


def write_standing(
    context: EvolutionContext,
    before: Standing,
    after: Standing,
    event: dict[str, Any],
    prompts: tuple[Variant, ...],
    refused: tuple[str, ...],
) -> None:
    """Write a state to the archive in one transaction, with new versions and the reasons against refused ones."""
    context.store.commit(
        Iteration(
            number=before.commits,
            policies=(),
            scenarios=(),
            outcomes=(),
            failures=tuple(Failure("prompt", context.settings.method, reason) for reason in refused),
            matches=(),
            fronts={},
            state=after.model_dump(mode="json"),
            events=(event,),
            prompts=tuple(NewPrompt(v.prompt_id, after.role, v.text, v.parent_id) for v in prompts),
        )
    )
