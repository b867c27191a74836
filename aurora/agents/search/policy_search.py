"""Policy search, the defender without a model: lineages that are tuned, and new structures that race against them.

The leader is tuned by CMA-ES in most generations of an iteration. Beside it, challengers are tuned: other structures,
which came from variation, crossover, elites, or a shipped policy, and won a race. A challenger that is clearly ahead of
the leader takes its place; one that is not ahead after some iterations leaves, and a new race fills its place. So every
structure has its weights tuned before it is judged, and a bad one costs few simulations.

All generations of an iteration meet the same scenarios (common random numbers), so no candidate is ahead only
because it met easier ones. Each iteration draws new scenarios, so no candidate can overfit a fixed set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, advantages, measurements
from aurora.agents.search.elites import Elite, elites_of, with_elites
from aurora.agents.search.lineage import (
    FEWEST_WEIGHTS,
    FIRST_SIGMA,
    Lineage,
    inherited,
    is_tunable,
    new_lineage,
    tunable,
)
from aurora.agents.search.racing import is_behind, part_of, race
from aurora.agents.search.tuning import Tuned, tune
from aurora.agents.search.variation import vary
from aurora.errors import PolicyError
from aurora.sim.policies.compiler import compile_policy, policy_key
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.types import FloatArray

__all__ = ["FEWEST_WEIGHTS", "Part", "Proposal", "SearchState", "Settings", "first_state", "search", "tunable"]

STRUCTURES_PER_GENERATION = 2
"""Structures that a generation may simulate beside its points; a race spends those of all its generations."""
CHALLENGERS = 2
"""Number of challengers that are tuned in turn."""
PATIENCE = 3
"""Iterations for which a challenger is tuned before it must be ahead of the leader."""
CLEAR = 2.0
"""Standard errors of the paired difference by which a challenger must be ahead to lead."""
TUNED_STRUCTURES = 3
"""Structures of a race whose weights are tuned before one of them becomes a challenger."""
TUNING_POPULATION = 6
"""Points per generation when the structures of a race are tuned."""
RESTARTS = 0.25
"""Probability that the leader itself challenges, with fresh step sizes, in place of a race."""
OTHER_PARENTS = 0.25
"""Share of structures that vary a challenger, and of those that vary an elite; the others vary the leader."""

Part = Literal["challengers", "tuning", "racing", "inheritance", "elites", "crossover", "restarts", "seeds"]
"""Parts of the search that a study can switch off."""

Candidate = tuple[Policy, str, tuple[str, ...]]
"""A policy, its origin, and the ids of its parents."""

Tick = Callable[[int, float], None]
"""Callback after each generation, with its number and best mean advantage; it may raise to stop the search."""


class Settings(NamedTuple):
    """Effort of the search in one iteration.

    Attributes:
        population: Candidates per generation.
        generations: Generations per iteration.
        jobs: Number of threads.
        without: Parts that are switched off, for studies.
    """

    population: int = 16
    generations: int = 12
    jobs: int = 1
    without: frozenset[Part] = frozenset()


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


class _Plan(NamedTuple):
    """Generations of an iteration for the leader, for the challengers, and for the race."""

    leader: int
    challengers: int
    race: int


class _Progress:
    """Counts generations over the parts of an iteration, and keeps their best means."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self.history: list[float] = []

    def add(self, best: float) -> None:
        self.history.append(best)
        self._tick(len(self.history) - 1, best)


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
        others: Policies for crossover: references and elites.
        settings: Effort of the search.
        seed: Random seed of this iteration.
        tick: Callback after each generation.
        seeds: Policies that take part in a race as they are, such as shipped ones.

    Raises:
        PolicyError: The policy of the state is a trained network.
    """
    rng = np.random.default_rng([seed, 7])
    plan = _plan(state, settings)
    progress = _Progress(tick)
    leader = tune(
        state,
        where,
        population=settings.population,
        generations=plan.leader,
        seed=seed,
        jobs=settings.jobs,
        after=progress.add,
    )
    challengers = list(state.challengers)
    candidates: list[Candidate] = [
        (leader.centre, "cma-mean", (state.parent,)),
        (leader.best, "cma-best", (state.parent,)),
    ]
    if plan.challengers:
        place = min(range(len(challengers)), key=lambda k: (challengers[k].age, k))
        tuned = tune(
            challengers[place],
            where,
            population=settings.population,
            generations=plan.challengers,
            seed=seed + 1,
            jobs=settings.jobs,
            after=progress.add,
        )
        parent = challengers[place].parent
        candidates += [(tuned.centre, "challenger-mean", (parent,)), (tuned.best, "challenger-best", (parent,))]
        challengers[place] = tuned.lineage
    failures: list[str] = []
    tried: tuple[str, ...] = state.tried
    if plan.race:
        fresh = [p for p in seeds if policy_key(p) not in tried and is_tunable(p)]
        tried = (*tried, *(policy_key(p) for p in fresh))
        raced = _race(state, leader.lineage, where, others, fresh, plan.race, settings, rng, progress, failures)
        if raced is not None:
            lineage, best, origin = raced
            challengers.append(lineage)
            candidates.append((best, origin, (lineage.parent,)))
    return _judged(state, leader, challengers, candidates, where, settings, tried, failures, progress)


def _plan(state: SearchState, settings: Settings) -> _Plan:
    """Divide the generations: a race where a challenger is missing, some for challengers, the rest for the leader."""
    generations = settings.generations
    if "challengers" in settings.without:
        return _Plan(generations, 0, 0)
    racing = max(1, generations // 6) if len(state.challengers) < CHALLENGERS else 0
    challenging = max(1, generations // 4) if state.challengers else 0
    return _Plan(max(1, generations - racing - challenging), challenging, racing)


class _Structure(NamedTuple):
    """A structure that takes part in a race: its policy, its origin, and the lineage that it comes from if any."""

    policy: Policy
    origin: str
    parent: Lineage | None

    def lineage(self, settings: Settings) -> Lineage:
        """Return the lineage with which its tuning begins."""
        if self.parent is None or "inheritance" in settings.without:
            return new_lineage(self.policy)
        return inherited(self.parent, self.policy)


def _race(  # noqa: PLR0913  # what races, where, and how long
    state: SearchState,
    leader: Lineage,
    where: Arena,
    others: Sequence[Policy],
    seeds: Sequence[Policy],
    generations: int,
    settings: Settings,
    rng: np.random.Generator,
    progress: _Progress,
    failures: list[str],
) -> tuple[Lineage, Policy, str] | None:
    """Return a new challenger with its best policy and its origin; None: no structure could be built.

    All structures race over the scenarios; the first ones are tuned on half of the scenarios, and the best of them on
    all, until the simulations of `generations` generations are spent.
    """
    units = float(generations * settings.population + settings.generations * STRUCTURES_PER_GENERATION)
    if leader.sigma < FIRST_SIGMA / 2 and rng.random() < RESTARTS and "restarts" not in settings.without:
        finalists = [_Structure(parse_policy(leader.policy), "restart", None)]
    else:
        entries = _structures(state, leader, where, others, seeds, settings, rng, failures)
        if not entries:
            return None
        raced = race(where, [compile_policy(e.policy) for e in entries], rng, settings.jobs, keep=TUNED_STRUCTURES)
        units -= raced.met.sum() / len(where.scenarios)
        finalists = [entries[k] for k in raced.order[:TUNED_STRUCTURES]]
        progress.add(float(raced.leads[list(raced.order)].max()))
    lineages = [finalist.lineage(settings) for finalist in finalists]
    if "tuning" in settings.without:
        return lineages[0], finalists[0].policy, finalists[0].origin
    if len(lineages) > 1:
        half = part_of(where, sorted(int(k) for k in rng.permutation(len(where.scenarios))[::2]))
        steps = max(1, round(units / 2 / (len(lineages) * TUNING_POPULATION / 2)))
        first = [_tuned(lineage, half, steps, settings, rng).lineage for lineage in lineages]
        units /= 2
        rows = advantages(where, [compile_policy(parse_policy(lineage.policy)) for lineage in first], settings.jobs)
        best = int(np.argmax(rows.mean(axis=1)))
    else:
        first, best = lineages, 0
    tuned = _tuned(first[best], where, max(1, round(units / TUNING_POPULATION)), settings, rng)
    while len(progress.history) < settings.generations:
        progress.add(progress.history[-1])
    return tuned.lineage.model_copy(update={"age": 0}), tuned.best, finalists[best].origin


def _tuned(lineage: Lineage, where: Arena, steps: int, settings: Settings, rng: np.random.Generator) -> Tuned:
    return tune(
        lineage,
        where,
        population=TUNING_POPULATION,
        generations=steps,
        seed=int(rng.integers(2**31)),
        jobs=settings.jobs,
    )


def _structures(
    state: SearchState,
    leader: Lineage,
    where: Arena,
    others: Sequence[Policy],
    seeds: Sequence[Policy],
    settings: Settings,
    rng: np.random.Generator,
    failures: list[str],
) -> list[_Structure]:
    """Return structures for a race: the seeds, and variations of the leader, the challengers and the elites."""
    entries = [] if "seeds" in settings.without else [_Structure(policy, "seed", None) for policy in seeds]
    elites = [] if "elites" in settings.without else [parse_policy(elite.policy) for elite in state.elites]
    parents: list[tuple[Policy, Lineage | None]] = [
        (parse_policy(lineage.policy), lineage) for lineage in (leader, *state.challengers)
    ]
    mates = [p for p in (*others, *seeds, *elites) if p.allocation_strategy.network is None]
    for _ in range(settings.population + settings.population // 2):
        kind = rng.random()
        policy, lineage = parents[0]
        if kind < OTHER_PARENTS and len(parents) > 1:
            policy, lineage = parents[1 + int(rng.integers(len(parents) - 1))]
        elif kind < 2 * OTHER_PARENTS and elites:
            policy, lineage = elites[int(rng.integers(len(elites)))], None
        mate = policy if "crossover" in settings.without else mates[int(rng.integers(len(mates)))]
        try:
            child = vary(policy, mate, rng, queue_is_given=where.source.queue_is_given)
        except PolicyError as error:
            failures.append(str(error))
            continue
        entries.append(_Structure(child, "structure", lineage))
    unique = {entry.policy.policy_id: entry for entry in reversed(entries) if is_tunable(entry.policy)}
    return list(reversed(unique.values()))


def _judged(  # noqa: PLR0913  # all that an iteration has found
    state: SearchState,
    leader: Tuned,
    challengers: Sequence[Lineage],
    candidates: Sequence[Candidate],
    where: Arena,
    settings: Settings,
    tried: tuple[str, ...],
    failures: Sequence[str],
    progress: _Progress,
) -> Proposal:
    """Rank the candidates on all scenarios, and decide which lineage leads and which challengers stay."""
    unique = {candidate[0].policy_id: candidate for candidate in reversed(candidates)}
    centres = [parse_policy(lineage.policy) for lineage in (leader.lineage, *challengers)]
    judged = {**{p.policy_id: p for p in centres}, **{name: c[0] for name, c in unique.items()}}
    measured = measurements(
        where.source, where.scenarios, [compile_policy(p) for p in judged.values()], settings.jobs, where.cache
    )
    rows = dict(zip(judged, np.array([[v for v, _ in row] for row in measured]) - where.mark, strict=True))
    order = sorted(unique, key=lambda name: (-float(rows[name].mean()), name))
    leading, beside = _succession(leader.lineage, challengers, rows)
    elites = elites_of(
        tuple(judged.values()),
        np.array([rows[name] for name in judged]),
        [[summary for _, summary in row] for row in measured],
        where.families,
    )
    following = SearchState(
        **leading.model_dump(), challengers=beside, elites=with_elites(state.elites, elites), tried=tried
    )
    return Proposal(tuple(unique[name] for name in order), following, tuple(failures), tuple(progress.history))


def _succession(
    leader: Lineage, challengers: Sequence[Lineage], rows: Mapping[str, FloatArray]
) -> tuple[Lineage, tuple[Lineage, ...]]:
    """Return the lineage that leads from now on, and the challengers that stay.

    Args:
        leader: Lineage that has led.
        challengers: The other lineages.
        rows: Value over the best reference on each scenario, by id of the policy.
    """
    own = rows[leader.parent]
    leads = [rows[challenger.parent] - own for challenger in challengers]
    stays = [c.age < PATIENCE or float(lead.mean()) > 0 for c, lead in zip(challengers, leads, strict=True)]
    ahead = [k for k, lead in enumerate(leads) if is_behind(-lead, CLEAR)]
    if not ahead:
        return leader, tuple(c for c, kept in zip(challengers, stays, strict=True) if kept)
    best = max(ahead, key=lambda k: float(leads[k].mean()))
    rest = [c for k, c in enumerate(challengers) if k != best and stays[k]]
    return challengers[best], (*rest, leader.model_copy(update={"age": 0}))[:CHALLENGERS]
