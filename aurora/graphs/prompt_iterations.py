"""The node of self-play that evolves the prompts of attacker and defender every few iterations."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from aurora.graphs.context import Authors, RunContext
from aurora.graphs.prompt_evolution.bench import Bench, draw_cases
from aurora.graphs.prompt_evolution.benches.attacker import AttackerBench
from aurora.graphs.prompt_evolution.benches.defender import DefenderBench
from aurora.graphs.prompt_evolution.budget import EvolutionBudget
from aurora.graphs.prompt_evolution.context import EvolutionContext
from aurora.graphs.prompt_evolution.evolution import evolve
from aurora.graphs.prompt_evolution.judging import told
from aurora.graphs.prompt_evolution.proposers import Evolver
from aurora.graphs.prompt_evolution.settings import EvolutionSettings
from aurora.graphs.prompt_evolution.state import Standing
from aurora.graphs.state import PromptsEvolved, State, Update
from aurora.memory.records import Failure, NewPrompt
from aurora.memory.store import Store
from aurora.prompts.loader import Prompt, load_prompt

FAMILIES = 2
"""Training families on which the defender's prompts are measured."""
SELECTION, SEALED = 2, 3
"""Selection and sealed cases of each family."""
BUDGET = EvolutionBudget(proposals=2, evaluations=30)
"""Budget of an evolution; its calls count against the budget of the run."""


def evolve_prompts(context: RunContext, state: State) -> Update:
    """Evolve the prompts in use after every `evolve_prompts` iterations; a variant takes over with a sealed gain only.

    The cases are fresh ones of training families, never of those on which the champion is chosen.
    """
    iteration, standing = state["iteration"], state["standing"]
    if context.authors is None or (iteration + 1) % context.settings.evolve_prompts:
        return {"evolved": PromptsEvolved(standing.prompts)}
    prompts = dict(standing.prompts)
    versions: list[NewPrompt] = []
    failures: list[Failure] = []
    judged: dict[str, str] = {}
    for bench, present in _benches(context, state, context.authors):
        evolved = _evolve(context, context.authors, bench, prompts.get(present.role, present), iteration)
        versions += [NewPrompt(v.prompt_id, evolved.role, v.text, v.parent_id) for v in evolved.variants if v.parent_id]
        failures += [Failure("prompt", evolved.role, reason) for reason in evolved.refusals]
        judged[evolved.role] = told(evolved)
        last = evolved.judged[-1] if evolved.judged else None
        if last is not None and last.verdict == "gain":
            prompts[evolved.role] = Prompt(evolved.role, evolved.variant(last.prompt_id).text)
    return {"evolved": PromptsEvolved(prompts, tuple(versions), tuple(failures), judged)}


def _benches(context: RunContext, state: State, authors: Authors) -> Sequence[tuple[Bench, Prompt]]:
    """Return the benches of the roles that a model plays, with their first prompts."""
    source, level = context.source, state["attacked"].level
    seed = context.settings.seed + 1 + state["iteration"]  # fresh cases each time
    defender = DefenderBench(source, source.training[:FAMILIES], seed, level)
    if not source.has_levels:
        return [(defender, authors.defender)]
    attacker = AttackerBench(source, (f"level {level}",), seed)
    return [(attacker, authors.attacker), (defender, authors.defender)]


def _evolve(context: RunContext, authors: Authors, bench: Bench, present: Prompt, iteration: int) -> Standing:
    """Evolve a prompt for a generation; the state is in the archive of the run with the iteration, or not at all."""
    settings = EvolutionSettings(role=bench.role, seed=context.settings.seed + 1 + iteration)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "scratch.sqlite") as scratch:
        inner = EvolutionContext(
            settings=settings,
            bench=bench,
            cases=draw_cases(bench.families, SELECTION, SEALED, settings.seed),
            store=scratch,
            model=authors.model,
            meta_model=authors.model,
            meta=load_prompt("evolver"),
            budget=BUDGET,
            last=1,
            proposer=Evolver(),
            interrupted=lambda: bool(context.stop(iteration)),
        )
        evolved = evolve(inner, present)
    context.go_on(iteration)
    return evolved.standing
