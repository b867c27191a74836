"""Nodes of the defender: propose policies, and simulate them on the attacker's scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.evaluation import Arena, advantages, arena
from aurora.agents.arena.source import Source
from aurora.errors import PolicyError
from aurora.graphs.context import RunContext
from aurora.graphs.proposers.protocols import PolicyRequest, ProposedPolicy
from aurora.graphs.start import START_ORIGIN
from aurora.graphs.state import Defended, Played, State, Update
from aurora.memory import pareto
from aurora.memory.names import KEPT, REFERENCE, SHIPPED
from aurora.memory.records import Failure, NewOutcome, NewPolicy
from aurora.sim.kernel import encode
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import compile_policy, policy_key
from aurora.sim.policies.policy import parse_policy
from aurora.sim.rewards import objective_vector, with_pareto_bonus
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.scenario import Scenario

ATTACKED = "attacked"
"""Family of the attacker's scenarios in training."""
CURRENT_LEVEL_SHARE = 0.5
"""Probability that a new training scenario is of the current level; otherwise any level is drawn."""


def defend(context: RunContext, state: State) -> Update:
    """Request candidates from the defender, and rank them on the training scenarios."""
    rng = context.rng(state["iteration"], 2)
    training = _training(context, state, rng)
    proposal = context.policy_proposer.propose(_request(context, state, training, rng))
    candidates, failures = _compiled(proposal.candidates)
    if not candidates:
        candidates = [ProposedPolicy(parse_policy(state["standing"].search.policy), KEPT)]
    leads = advantages(training, [compile_policy(c.policy) for c in candidates], context.jobs)
    means = {c.policy.policy_id: float(lead.mean()) for c, lead in zip(candidates, leads, strict=True)}
    ranked = sorted(candidates, key=lambda c: (-means[c.policy.policy_id], c.policy.policy_id))
    return {
        "defended": Defended(
            candidates=tuple(ranked),
            training=means,
            weakest={
                c.policy.policy_id: _weakest(context.source, lead) for c, lead in zip(candidates, leads, strict=True)
            },
            search=proposal.search or state["standing"].search,
            failures=(*proposal.failures, *failures),
            history=proposal.history or (means[ranked[0].policy.policy_id],),
        )
    }


def _training(context: RunContext, state: State, rng: np.random.Generator) -> Arena:
    """Return new scenarios of every training family, and the attacker's."""
    source, attacked = context.source, state["attacked"]
    level = _any_level if "curriculum" in context.settings.without else partial(_mixed_level, attacked.level)
    families = [family for family in source.training for _ in range(source.effort.training_per_family)]
    fresh = [encode(source.expand(source.sample(family, level(rng), rng))) for family in families]
    where = arena(source, fresh + [s.encoded for s in attacked.scenarios], context.jobs, context.cache)
    return where._replace(families=(*families, *(ATTACKED for _ in attacked.scenarios)))


def _mixed_level(level: int, rng: np.random.Generator) -> int:
    """Draw a level, mostly the current one; the others prevent forgetting and overfitting to small scenarios."""
    return level if rng.random() < CURRENT_LEVEL_SHARE else _any_level(rng)


def _any_level(rng: np.random.Generator) -> int:
    return int(rng.integers(1, len(LEVELS) + 1))


def _request(context: RunContext, state: State, training: Arena, rng: np.random.Generator) -> PolicyRequest:
    iteration, standing = state["iteration"], state["standing"]
    go_on = partial(context.go_on, iteration)

    def progress(generation: int, best: float) -> None:
        go_on()
        context.tell(
            {
                "event": "generation",
                "iteration": iteration,
                "generation": generation,
                "generations": context.source.effort.generations,
                "advantage": best,
            }
        )

    return PolicyRequest(
        iteration=iteration,
        level=state["attacked"].level,
        source=context.source,
        training=training,
        scenarios=[s.encoded for s in state["attacked"].scenarios],
        rivals=state["retrieved"].rivals,
        champion=standing.champion,
        champion_value=standing.champion_value,
        search=standing.search,
        lessons=standing.lessons,
        jobs=context.jobs,
        rng=rng,
        progress=progress,
        go_on=go_on,
        prompt=standing.prompts.get("defender"),
    )


def _compiled(candidates: Sequence[ProposedPolicy]) -> tuple[list[ProposedPolicy], list[Failure]]:
    """Return the distinct candidates that compile, under hashes as ids but for what ships, and the others' failures."""
    distinct: dict[str, ProposedPolicy] = {}
    failures: list[Failure] = []
    for candidate in candidates:
        try:
            compile_policy(candidate.policy)
        except PolicyError as error:
            failures.append(Failure("policy", candidate.origin, str(error)))
            continue
        policy = candidate.policy
        if candidate.origin != SHIPPED:  # a shipped champion keeps the name under which it is known
            policy = policy.model_copy(update={"policy_id": policy_key(policy)})
        distinct.setdefault(policy.policy_id, candidate._replace(policy=policy))
    return list(distinct.values()), failures


def _weakest(source: Source, lead: NDArray[np.float64]) -> str:
    """Return the training family on which a policy is weakest, with its mean; "" with only one family.

    Args:
        source: Source of scenarios.
        lead: Value over the best reference on each training scenario, those of the families first, in their order.
    """
    families, each = source.training, source.effort.training_per_family
    if len(families) == 1:
        return ""
    means = lead[: len(families) * each].reshape(len(families), each).mean(axis=1)
    least = int(np.argmin(means))
    return f"{families[least]}, {means[least]:+.4f}"


def simulate(context: RunContext, state: State) -> Update:
    """Simulate candidates, rivals and references on the attacker's scenarios."""
    source, scenarios = context.source, state["attacked"].scenarios
    players = {**source.references, **state["retrieved"].rivals}
    players |= {policy.policy_id: policy for policy in state["defended"].policies}
    names = sorted(players)
    rows = context.measure([s.encoded for s in scenarios], [players[n] for n in names])
    achieved: dict[str, dict[str, float]] = {}
    rounds: dict[str, dict[str, float]] = {}
    fronts: dict[str, tuple[str, ...]] = {}
    outcomes: list[NewOutcome] = []
    for place, scenario in enumerate(scenarios):
        scenario_id, counted = scenario.scenario_id, scenario.encoded.scenario.counted
        measured = {name: row[place] for name, row in zip(names, rows, strict=True)}
        achieved[scenario_id] = {name: value for name, (value, _) in measured.items()}
        fronts[scenario_id] = pareto.front(
            {name: objective_vector(summary, counted) for name, (_, summary) in measured.items()}
        )
        rounds[scenario_id] = dict(achieved[scenario_id])
        if source.has_pareto_bonus:
            for name in fronts[scenario_id]:
                rounds[scenario_id][name] = with_pareto_bonus(measured[name][0], is_pareto_optimal=True)
        outcomes += [
            NewOutcome(name, scenario_id, value, sums(summary, scenario.encoded.scenario))
            for name, (value, summary) in measured.items()
        ]
    return {"played": Played(_new_policies(context, state["defended"]), achieved, rounds, fronts, tuple(outcomes))}


def _new_policies(context: RunContext, defended: Defended) -> dict[str, NewPolicy]:
    """Return the policies to archive: candidates, references, and templates and shipped champions as their parents."""
    source, parents = context.source, {parent for c in defended.candidates for parent in c.parents}
    policies = {c.policy.policy_id: NewPolicy(c.policy, c.origin, c.parents, c.prompt_id) for c in defended.candidates}
    for name, reference in source.references.items():
        policies.setdefault(name, NewPolicy(reference, REFERENCE))
    for template in source.templates:  # only a user's own start takes part in matches
        policies.setdefault(template.policy_id, NewPolicy(template, START_ORIGIN))
    for champion in context.settings.shipped:
        if champion.policy_id in parents:
            policies.setdefault(champion.policy_id, NewPolicy(champion, SHIPPED))
    return policies


def sums(summary: Summary, scenario: Scenario) -> dict[str, float]:
    """Return a summary as plain numbers for the archive."""
    return {name: float(value) for name, value in summary.to_json(scenario.counted).items()}
