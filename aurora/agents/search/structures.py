"""New structures: variations of what is known race on common scenarios, and the first ones are tuned.

A new structure has untuned weights, and would lose to a tuned policy whatever it can do. So structures race against
each other, the first few are tuned on half of the scenarios, and the best of them on all (successive halving).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, advantages
from aurora.agents.search.effort import STRUCTURES_PER_GENERATION, Progress, Settings
from aurora.agents.search.elites import Elite, parents_of
from aurora.agents.search.family_selection import balanced_means, epsilon_lexicase
from aurora.agents.search.lineage import Lineage, inherited, is_tunable, new_lineage
from aurora.agents.search.pruning import prune
from aurora.agents.search.racing import blocks, part_of, race
from aurora.agents.search.tuning import Tuned, tune
from aurora.agents.search.variation import vary
from aurora.errors import PolicyError
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy, parse_policy

FINALISTS = 3
"""Structures of a race whose weights are tuned before one of them becomes a challenger."""
TUNING_POPULATION = 6
"""Points per generation when finalists are tuned."""
RESTARTS = 0.15
"""Probability that the leader itself challenges, with fresh step sizes, in place of a race."""
PRUNED = 0.15
"""Probability that the leader challenges without the terms that it can miss, in place of a race."""
OTHER_PARENTS = 0.25
"""Share of structures that vary a challenger, and of those that vary an elite; the others vary the leader."""


class Stock(NamedTuple):
    """What new structures are made from.

    Attributes:
        lineages: The leader and the challengers.
        elites: Best policies of every kind of behaviour.
        mates: Policies for crossover.
        seeds: Policies that take part in the race as they are.
    """

    lineages: tuple[Lineage, ...]
    elites: tuple[Elite, ...]
    mates: tuple[Policy, ...]
    seeds: tuple[Policy, ...]


class Challenger(NamedTuple):
    """A structure that won a race.

    Attributes:
        lineage: Lineage with which its tuning continues.
        best: Its best policy so far.
        origin: Origin of the structure.
        parents: Ids of the policies that it comes from.
    """

    lineage: Lineage
    best: Policy
    origin: str
    parents: tuple[str, ...]


class _Entry(NamedTuple):
    """A structure in a race, the ids of its parents, and the lineage whose tuning it continues, if any."""

    policy: Policy
    origin: str
    parents: tuple[str, ...] = ()
    continued: Lineage | None = None

    def lineage(self, settings: Settings) -> Lineage:
        if self.continued is None or "inheritance" in settings.without:
            return new_lineage(self.policy)
        return inherited(self.continued, self.policy)


def challenger(
    stock: Stock,
    where: Arena,
    generations: int,
    settings: Settings,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[Challenger | None, tuple[str, ...]]:
    """Return a new challenger, or None if no structure could be built, and the reasons why variants failed.

    Args:
        stock: What structures are made from.
        where: Scenarios with the references' values.
        generations: Generations whose simulations are spent.
        settings: Effort of the search.
        rng: Random numbers.
        progress: Counts the generations.
    """
    units = float(generations * settings.population + settings.generations * STRUCTURES_PER_GENERATION)
    leader = stock.lineages[0]
    failures: list[str] = []
    kind = rng.random() if generations else 1.0
    if kind < RESTARTS and "restarts" not in settings.without:
        finalists = [_Entry(parse_policy(leader.policy), "restart", (leader.parent,))]
    elif RESTARTS <= kind < RESTARTS + PRUNED and "pruning" not in settings.without:
        part = part_of(where, blocks(len(where.scenarios), rng)[0])
        pruned = prune(parse_policy(leader.policy), part, settings.jobs)
        units -= pruned.simulations * len(part.scenarios) / len(where.scenarios)
        finalists = [_Entry(pruned.policy, "pruned", (leader.parent,), leader)]
    else:
        entries, failures = _entries(stock, where, round(units), settings, rng)
        if not entries:
            return None, tuple(failures)
        finalists, spent = _raced(entries, where, settings, rng)
        units -= spent
    before = len(progress.history)
    found = _best_tuned(finalists, where, units, settings, rng)
    top = float(balanced_means(advantages(where, [compile_policy(found.best)], settings.jobs), where.families)[0])
    while len(progress.history) < before + generations:
        progress.add(top)
    return found, tuple(failures)


def _raced(
    entries: Sequence[_Entry], where: Arena, settings: Settings, rng: np.random.Generator
) -> tuple[list[_Entry], float]:
    """Return the finalists, and what the race cost in simulations of all scenarios."""
    programs = [compile_policy(entry.policy) for entry in entries]
    if "halving" in settings.without:
        means = balanced_means(advantages(where, programs, settings.jobs), where.families)
        order = np.argsort(-means, kind="stable")[:FINALISTS]
        return [entries[int(k)] for k in order], float(len(entries))
    raced = race(where, programs, rng, settings.jobs, keep=2 * FINALISTS)
    places = list(raced.order[:FINALISTS])
    if "lexicase" not in settings.without and len(set(where.families)) > 1:
        values = raced.values[list(raced.order)]
        drawn = epsilon_lexicase(values, where.families, FINALISTS - 1, seed=int(rng.integers(2**31)))
        places = list(dict.fromkeys([raced.order[0], *(raced.order[int(k)] for k in drawn)]))
    return [entries[k] for k in places], float(raced.met.sum()) / len(where.scenarios)


def _best_tuned(
    finalists: Sequence[_Entry], where: Arena, units: float, settings: Settings, rng: np.random.Generator
) -> Challenger:
    """Tune the finalists on half of the scenarios, and the best of them on all."""
    lineages = [finalist.lineage(settings) for finalist in finalists]
    place = 0
    if "tuning" not in settings.without:
        if len(lineages) > 1:
            half = part_of(where, sorted(int(k) for k in rng.permutation(len(where.scenarios))[::2]))
            steps = max(1, round(units / (len(lineages) * TUNING_POPULATION)))
            lineages = [_tuned(lineage, half, steps, settings, rng).lineage for lineage in lineages]
            units /= 2
        programs = [compile_policy(parse_policy(lineage.policy)) for lineage in lineages]
        place = int(np.argmax(balanced_means(advantages(where, programs, settings.jobs), where.families)))
        tuned = _tuned(lineages[place], where, max(1, round(units / TUNING_POPULATION)), settings, rng)
        lineage, best = tuned.lineage.model_copy(update={"age": 0}), tuned.best
    else:
        lineage, best = lineages[0], finalists[0].policy
    return Challenger(lineage, best, finalists[place].origin, finalists[place].parents)


def _tuned(lineage: Lineage, where: Arena, steps: int, settings: Settings, rng: np.random.Generator) -> Tuned:
    return tune(
        lineage,
        where,
        population=TUNING_POPULATION,
        generations=steps,
        seed=int(rng.integers(2**31)),
        jobs=settings.jobs,
    )


def _entries(
    stock: Stock, where: Arena, most: int, settings: Settings, rng: np.random.Generator
) -> tuple[list[_Entry], list[str]]:
    """Return at most so many structures for a race beside the seeds, and the reasons why variants failed."""
    entries = [_Entry(policy, "seed") for policy in stock.seeds]
    elites = () if "elites" in settings.without else stock.elites
    mates = [p for p in (*stock.mates, *stock.seeds) if p.allocation_strategy.network is None]
    failures: list[str] = []
    for _ in range(min(max(most, 2 * FINALISTS), 3 * settings.population // 2)):
        policy, lineage = _parent(stock.lineages, elites, settings, rng)
        mate = policy if "crossover" in settings.without or not mates else mates[int(rng.integers(len(mates)))]
        try:
            child = vary(
                policy,
                mate,
                rng,
                queue_is_given=where.source.queue_is_given,
                admission_is_given=where.source.admission_is_given,
            )
        except PolicyError as error:
            failures.append(str(error))
            continue
        if is_tunable(child):
            entries.append(_Entry(child, "structure", (policy.policy_id,), lineage))
    return list({entry.policy.policy_id: entry for entry in entries}.values()), failures


def _parent(
    lineages: Sequence[Lineage], elites: Sequence[Elite], settings: Settings, rng: np.random.Generator
) -> tuple[Policy, Lineage | None]:
    """Draw the parent of a structure: mostly the leader, else a challenger or an elite."""
    kind = rng.random()
    if kind < OTHER_PARENTS and len(lineages) > 1:
        lineage = lineages[1 + int(rng.integers(len(lineages) - 1))]
        return parse_policy(lineage.policy), lineage
    if OTHER_PARENTS <= kind < 2 * OTHER_PARENTS and elites:
        seed = int(rng.integers(2**31))
        return parse_policy(parents_of(elites, 1, seed, by_family="lexicase" not in settings.without)[0].policy), None
    return parse_policy(lineages[0].policy), lineages[0]
