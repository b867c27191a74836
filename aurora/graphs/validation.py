"""Validation in a run: the pool of scenarios on which champions are chosen, and the race of an iteration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, advantages, arena, values
from aurora.agents.arena.source import Source
from aurora.graphs.champion_choice import Contender, Measure, Race, Values, choose, lead
from aurora.memory.measurement_cache import MeasurementCache
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import LEVELS

VALIDATION_SEED = 1_000_003
"""Constant in the seed of validation scenarios, which separates them from all others of a run."""


@dataclass(frozen=True)
class Pool:
    """Validation scenarios of a run in the order in which policies meet them, families in turn.

    The first set is `validation`, whose marks are known. Fresh scenarios follow it; each depends on the seed and its
    place only, and is drawn when it is first needed.

    Attributes:
        validation: The first set, the scenarios of a family next to each other.
        seed: Random seed of the run.
    """

    validation: Arena
    seed: int
    _fresh: list[EncodedScenario] = field(default_factory=list)

    @property
    def order(self) -> list[int]:
        """Places in the first set, families in turn."""
        families = len(self.validation.source.validation)
        each = len(self.validation.scenarios) // families
        return [family * each + k for k in range(each) for family in range(families)]

    def scenarios(self, first: int, end: int) -> list[EncodedScenario]:
        """Return the scenarios from place `first` to before `end`."""
        order, known = self.order, self.validation.scenarios
        while len(order) + len(self._fresh) < end:
            self._fresh.append(self._draw(len(order) + len(self._fresh)))
        return [known[order[k]] if k < len(order) else self._fresh[k - len(order)] for k in range(first, end)]

    def _draw(self, place: int) -> EncodedScenario:
        source: Source = self.validation.source
        families = source.validation
        level = 1 + place // len(families) % len(LEVELS) if source.has_levels else 1
        rng = np.random.default_rng([self.seed, VALIDATION_SEED, place])
        return encode(source.expand(source.sample(families[place % len(families)], level, rng)))


class RaceState(NamedTuple):
    """State of the race between iterations.

    Attributes:
        race: The contenders with their values.
        marks: Best reference's value on each scenario that the contenders have met, float64 [scenarios].
    """

    race: Race
    marks: Values


class Outcome(NamedTuple):
    """The champion after an iteration.

    Attributes:
        champion: The champion.
        value: Its mean value over the best reference on the validation scenarios that it has met.
        means: The same mean of each candidate, in their order, on the scenarios that the former champion had met. For
            one that was out early it is estimated: the former champion's mean and the mean paired difference.
        state: State of the race; None where candidates don't race.
    """

    champion: Policy
    value: float
    means: list[float]
    state: RaceState | None


def best_mean(validation: Arena, candidates: Sequence[Policy], champion: tuple[Policy, float], jobs: int) -> Outcome:
    """Choose the candidate with the best mean on the first set if it is better than the champion's, without a race.

    Args:
        validation: The first set.
        candidates: Candidates.
        champion: The champion so far, and its mean value over the best reference.
        jobs: Number of threads.
    """
    means: list[float] = advantages(validation, [compile_policy(p) for p in candidates], jobs).mean(axis=1).tolist()
    for policy, value in zip(candidates, means, strict=True):
        if value > champion[1]:
            champion = policy, value
    return Outcome(*champion, means, None)


def race_candidates(
    pool: Pool,
    state: RaceState | None,
    champion: Policy,
    candidates: Sequence[Policy],
    archived: Mapping[str, Policy],
    cache: MeasurementCache,
    jobs: int,
) -> Outcome:
    """Choose the champion by a race of the candidates; see `aurora.graphs.champion_choice`.

    Args:
        pool: Validation scenarios.
        state: State of the race; None: it begins with this iteration.
        champion: The champion so far.
        candidates: Candidates of the iteration.
        archived: Policies of the contenders, by id.
        cache: Measurements of the iteration.
        jobs: Number of threads.
    """
    policies = {**archived, champion.policy_id: champion, **{p.policy_id: p for p in candidates}}
    source, first_set = pool.validation.source, len(pool.validation.scenarios)

    def measure(names: Sequence[str], first: int, end: int) -> Values:
        programs = [compile_policy(policies[name]) for name in names]
        return values(source, pool.scenarios(first, end), programs, jobs, cache)

    if state is None:
        first = Contender(champion.policy_id, _first_values(pool, champion, measure))
        state = RaceState(Race((first,)), pool.validation.mark[pool.order])
    before = state.race.champion
    chosen = choose(state.race, [p.policy_id for p in candidates], measure, first_set)
    winner, met = chosen.race.champion, len(before.values)
    marks = state.marks
    if len(winner.values) > met:
        fresh = arena(source, pool.scenarios(met, len(winner.values)), jobs, cache)
        marks = np.concatenate([marks, fresh.mark])
    own = {c.policy_id: c.values for c in state.race.contenders} | chosen.met
    mean = float((before.values - state.marks).mean())
    return Outcome(
        champion=policies[winner.policy_id],
        value=float((winner.values - marks).mean()),
        means=[mean + lead(row, before.values[: len(row)])[0] for row in (own[p.policy_id] for p in candidates)],
        state=RaceState(chosen.race, marks),
    )


def _first_values(pool: Pool, champion: Policy, measure: Measure) -> Values:
    """Return the champion's values on the first set; those of references are known."""
    validation = pool.validation
    if champion.policy_id in validation.reference_names:
        known: Values = validation.reference_values[validation.reference_names.index(champion.policy_id)]
        return known[pool.order]
    measured: Values = measure([champion.policy_id], 0, len(validation.scenarios))[0]
    return measured
