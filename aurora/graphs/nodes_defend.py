"""Nodes of the defender: policies are searched, and meet the attacker's scenarios."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aurora.agents.arena.evaluation import advantage, arena, measurements
from aurora.agents.search.policy_search import Proposal, SearchState, Settings, search
from aurora.graphs.nodes_model import BY_MODEL, propose_with_model
from aurora.graphs.start import START
from aurora.graphs.state import State, Update
from aurora.graphs.workbench import Workbench
from aurora.memory import pareto
from aurora.memory.names import REFERENCE
from aurora.memory.store import Failure, NewOutcome, NewPolicy
from aurora.sim.kernel import encode
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import objective_vector, with_pareto_bonus
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.scenario import Scenario

CURRENT_LEVEL_SHARE = 0.5
"""Share of the fresh training scenarios that are of the current level; the others are of any."""


def defend(bench: Workbench, state: State) -> Update:
    """Search on the attacker's scenarios and on fresh ones of every training family."""
    source, draft = bench.source, bench.draft
    iteration = state["iteration"]
    rng = bench.rng(iteration, 2)
    fresh = [
        encode(source.expand(source.sample(family, _mixed_level(state["level"], rng), rng)))
        for family in source.training
        for _ in range(source.effort.training_per_family)
    ]
    ground = arena(source, fresh + [draft.encoded[n] for n in state["scenario_ids"]], bench.jobs)

    def tick(generation: int, best: float) -> None:
        bench.go_on_or_abandon()
        bench.tell(
            {
                "event": "generation",
                "iteration": iteration,
                "generation": generation,
                "generations": source.effort.generations,
                "advantage": best,
            }
        )

    def searched(start: SearchState, others: Sequence[Policy]) -> Proposal:
        return search(
            start,
            ground,
            [*source.references.values(), *draft.rivals.values(), *others],
            Settings(bench.settings.population, source.effort.generations, bench.jobs),
            int(rng.integers(2**31)),
            tick,
        )

    if bench.asks(state["level"]):
        draft.proposal = propose_with_model(bench, state, ground, searched)
    else:
        draft.proposal = searched(bench.searcher, ())
    bench.searcher = draft.proposal.state
    draft.failures += [Failure("policy", "variation", reason) for reason in draft.proposal.failures]
    for policy, origin, parents in draft.proposal.candidates:
        prompt_id = bench.authors.defender.prompt_id if bench.authors and origin == BY_MODEL else None
        draft.policies[policy.policy_id] = NewPolicy(policy, origin, parents, prompt_id)
    draft.training_advantage = float(advantage(ground, draft.proposal.candidates[0][0], bench.jobs).mean())
    return {"candidate_ids": [p.policy_id for p, _, _ in draft.proposal.candidates]}


def _mixed_level(level: int, rng: np.random.Generator) -> int:
    """Mostly the current level, else any: so that little is forgotten, and nothing fitted to small scenarios."""
    return level if rng.random() < CURRENT_LEVEL_SHARE else int(rng.integers(1, len(LEVELS) + 1))


def simulate(bench: Workbench, state: State) -> Update:
    """Candidates, rivals and references meet on the attacker's scenarios."""
    source, draft = bench.source, bench.draft
    players = dict(source.references) | draft.rivals
    players |= {p: draft.policies[p].policy for p in state["candidate_ids"]}
    for name in source.references:
        draft.policies.setdefault(name, NewPolicy(players[name], REFERENCE))
    for template in source.templates:  # parents of what the search found; only a user's own start takes part
        draft.policies.setdefault(template.policy_id, NewPolicy(template, START))
    names = sorted(players)
    scenarios = [draft.encoded[n] for n in state["scenario_ids"]]
    rows = measurements(source, scenarios, [compile_policy(players[n]) for n in names], bench.jobs)
    for place, scenario_id in enumerate(state["scenario_ids"]):
        achieved = {name: rows[i][place] for i, name in enumerate(names)}
        scenario = scenarios[place].scenario
        vectors = {name: objective_vector(summary, scenario.counted) for name, (_, summary) in achieved.items()}
        draft.achieved[scenario_id] = {name: value for name, (value, _) in achieved.items()}
        draft.fronts[scenario_id] = pareto.front(vectors)
        draft.rounds[scenario_id] = dict(draft.achieved[scenario_id])
        if source.has_pareto_bonus:
            for name in draft.fronts[scenario_id]:
                draft.rounds[scenario_id][name] = with_pareto_bonus(achieved[name][0], is_pareto_optimal=True)
        draft.outcomes += [
            NewOutcome(name, scenario_id, value, sums(summary, scenario)) for name, (value, summary) in achieved.items()
        ]
    return {}


def sums(summary: Summary, scenario: Scenario) -> dict[str, float]:
    """Return a summary as plain numbers for the archive."""
    return {name: float(value) for name, value in summary.to_json(scenario.counted).items()}
