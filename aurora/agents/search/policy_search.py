"""Policy search, the defender without a model: lineages that are tuned, and new structures that race against them.

The leader is tuned by CMA-ES in most generations of an iteration. Beside it, challengers are tuned: other structures,
which came from variation, crossover, elites, or a shipped policy, and won a race. A challenger that is clearly ahead of
the leader takes its place; one that is not ahead after some iterations leaves, and a new race fills its place. So every
structure has its weights tuned before it is judged, and a bad one costs few simulations.

All generations of an iteration meet the same scenarios (common random numbers), so no candidate is ahead only
because it met easier ones. Each iteration draws new scenarios, so no candidate can overfit a fixed set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, measurements
from aurora.agents.search.effort import CHALLENGERS, Progress, Settings, Tick, divided
from aurora.agents.search.elites import Elite, elites_of, with_elites
from aurora.agents.search.family_selection import balanced_means
from aurora.agents.search.lineage import Lineage, is_tunable, new_lineage
from aurora.agents.search.racing import is_ahead
from aurora.agents.search.structures import Stock, challenger
from aurora.agents.search.tuning import Tuned, tune
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import compile_policy, policy_key
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.types import FloatArray

PATIENCE = 3
"""Iterations for which a challenger is tuned before it must be ahead of the leader."""
CLEAR = 2.0
"""Standard errors of the paired difference by which a challenger must be ahead to lead."""

Candidate = tuple[Policy, str, tuple[str, ...]]
"""A policy, its origin, and the ids of its parents."""


class SearchState(Lineage):
    """State of the search between iterations: the leader, and what stands beside it.

    Attributes:
        challengers: Lineages that are tuned beside the leader.
        elites: Best policy of every kind of behaviour.
        tried: Ids of the seeds that have been in a race.
    """

    challengers: tuple[Lineage, ...] = ()
    elites: tuple[Elite, ...] = ()
    tried: tuple[str, ...] = ()


class Proposal(NamedTuple):
    """The result of an iteration of search.

    Attributes:
        candidates: Distinct policies with origin and parents, best on the training scenarios first.
        state: State with which the next iteration begins.
        failures: Reasons why variants could not be built.
        history: Best mean advantage in each generation.
    """

    candidates: tuple[Candidate, ...]
    state: SearchState
    failures: tuple[str, ...]
    history: tuple[float, ...]


def first_state(template: Policy) -> SearchState:
    """Return the state before the first iteration."""
    return SearchState(**new_lineage(template).model_dump())


def search(
    state: SearchState,
    where: Arena,
    others: Sequence[Policy],
    settings: Settings,
    seed: int,
    tick: Tick,
    seeds: Sequence[Policy] = (),
) -> Proposal:
    """Run one iteration of policy search.

    Args:
        state: State after the previous iteration.
        where: Training scenarios with the references' values.
        others: Policies for crossover, such as references and rivals.
        settings: Effort of the search.
        seed: Random seed of this iteration.
        tick: Callback after each generation, with its number and best mean advantage; it may raise to stop the search.
        seeds: Policies that are candidates of the first iteration, and take part in a race as they are, each once;
            such as shipped ones.

    Raises:
        PolicyError: The policy of the state is a trained network.
    """
    rng = np.random.default_rng([seed, 7])
    effort = divided(state.age, len(state.challengers), settings)
    progress = Progress(tick)
    leader = _tuned(state, where, effort.leader, settings, seed, progress)
    candidates = _candidates(leader, "cma", state.parent)
    given = () if "seeds" in settings.without else tuple(seeds)
    if not state.elites:  # the first iteration: what ships may be better than what was just found
        candidates += [(p, "shipped", ()) for p in given]
    beside = list(state.challengers)
    if effort.challenger:
        place = min(range(len(beside)), key=lambda k: (beside[k].age, k))
        tuned = _tuned(beside[place], where, effort.challenger, settings, seed + 1, progress)
        candidates += _candidates(tuned, "challenger", beside[place].parent)
        beside[place] = tuned.lineage
    tried = state.tried
    failures: tuple[str, ...] = ()
    if len(beside) < CHALLENGERS and "challengers" not in settings.without:
        fresh = tuple(p for p in given if is_tunable(p) and policy_key(p) not in tried)
        tried = (*tried, *(policy_key(p) for p in fresh))
        stock = Stock((leader.lineage, *beside), state.elites, tuple(others), fresh)
        new, failures = challenger(stock, where, effort.race, settings, rng, progress)
        if new is not None:
            beside.append(new.lineage)
            candidates += [(p, new.origin, new.parents) for p in (parse_policy(new.lineage.policy), new.best)]
    unique = {candidate[0].policy_id: candidate for candidate in reversed(candidates)}
    judged = _Judged.of([leader.lineage, *beside], [c[0] for c in unique.values()], where, settings.jobs)
    leading, rest = succession(leader.lineage, beside, judged.leads, where.families)
    following = SearchState(
        **leading.model_dump(include=set(Lineage.model_fields)),
        challengers=rest,
        elites=with_elites(state.elites, judged.elites(where.families)),
        tried=tried,
    )
    means = dict(zip(unique, balanced_means(np.array([judged.leads[n] for n in unique]), where.families), strict=True))
    order = sorted(unique, key=lambda name: (-float(means[name]), name))
    return Proposal(tuple(unique[name] for name in order), following, failures, tuple(progress.history))


def _tuned(
    lineage: Lineage, where: Arena, generations: int, settings: Settings, seed: int, progress: Progress
) -> Tuned:
    return tune(
        lineage,
        where,
        population=settings.population,
        generations=generations,
        seed=seed,
        jobs=settings.jobs,
        after=progress.add,
    )


def _candidates(tuned: Tuned, origin: str, parent: str) -> list[Candidate]:
    return [(tuned.centre, f"{origin}-mean", (parent,)), (tuned.best, f"{origin}-best", (parent,))]


class _Judged(NamedTuple):
    """Policies with what they achieved on all training scenarios.

    Attributes:
        policies: The policies, by id.
        leads: Value over the best reference on each scenario, by id.
        sums: Sums on each scenario, by id.
    """

    policies: dict[str, Policy]
    leads: dict[str, FloatArray]
    sums: dict[str, list[Summary]]

    @classmethod
    def of(cls, lineages: Sequence[Lineage], candidates: Sequence[Policy], where: Arena, jobs: int) -> _Judged:
        """Measure the lineages' policies and the candidates."""
        policies = {p.policy_id: p for p in (*(parse_policy(line.policy) for line in lineages), *candidates)}
        programs = [compile_policy(policy) for policy in policies.values()]
        rows = measurements(where.source, where.scenarios, programs, jobs, where.cache)
        leads = {
            name: np.array([value for value, _ in row]) - where.mark for name, row in zip(policies, rows, strict=True)
        }
        sums = {name: [summary for _, summary in row] for name, row in zip(policies, rows, strict=True)}
        return cls(policies, leads, sums)

    def elites(self, families: Sequence[str]) -> list[Elite]:
        """Return the policies as elites of their cells."""
        return elites_of(
            list(self.policies.values()), np.array(list(self.leads.values())), list(self.sums.values()), families
        )


def succession(
    leader: Lineage, challengers: Sequence[Lineage], leads: Mapping[str, FloatArray], families: Sequence[str] = ()
) -> tuple[Lineage, tuple[Lineage, ...]]:
    """Return the lineage that leads from now on, and the challengers that stay.

    Args:
        leader: Lineage that has led.
        challengers: The other lineages.
        leads: Value over the best reference on each scenario, by id of a lineage's policy.
        families: Family of each scenario, which all count the same; empty: every scenario does.
    """
    paired = [leads[c.parent] - leads[leader.parent] for c in challengers]
    stays = [
        c.age < PATIENCE or is_ahead(lead, families, errors=0.0) for c, lead in zip(challengers, paired, strict=True)
    ]
    ahead = [k for k, lead in enumerate(paired) if is_ahead(lead, families, CLEAR)]
    rest = [c for c, kept in zip(challengers, stays, strict=True) if kept]
    if not ahead:
        return leader, tuple(rest)
    means = balanced_means(np.array(paired), families)
    best = challengers[max(ahead, key=lambda k: float(means[k]))]
    return best, (leader.model_copy(update={"age": 0}), *(c for c in rest if c is not best))[:CHALLENGERS]
