"""Adversarial search, the attacker without a model: it simulates many scenarios and keeps those that teach most.

Candidates are drawn, simulated with references, champion and rivals, and kept in an archive with a cell for each kind
of scenario (MAP-Elites: Mouret & Clune 2015). The elites of the cells are mutated and simulated again, until the budget
of simulations is spent. The best of all cells are proposed. Three things make a scenario good:

- the attacker's reward that it can expect (`aurora.sim.rewards.attacker_reward`), from the share of players that
  succeed on it;
- the champion's regret: what the best other player or reference achieves beyond the champion (Dennis et al. 2020);
- its distance from known scenarios and from the others that are proposed, a part of the reward.

A scenario counts only if a reference completes every task where the source asks for that, and if the references differ
on it about as much as they do on scenarios drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.source import Source, Spec
from aurora.agents.search.scenario_search import (
    NEAR_DUPLICATE,
    Known,
    complexity,
    describe,
    diversity,
    propose,
    target_complexity,
)
from aurora.errors import ScenarioError
from aurora.memory.measurement_cache import Measurement
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.optimum.witness import unplaceable
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import LEARNABLE, attacker_reward, succeeds

MAX_CANDIDATES = 96
"""Largest number of scenarios that are simulated for a request."""
MIN_CANDIDATES = 1.5
"""Smallest number of scenarios that are simulated for each one requested."""
DRAWN_SHARE, VARIED_SHARE = 0.25, 0.25
"""Shares of the candidates that are drawn at random, and that vary known scenarios; the others vary elites."""
BATCH = 16
"""Number of elites that are varied and simulated together."""
NEWCOMERS = 3
"""Number of players that join before a scenario is played, which the search can't simulate: the next candidates."""
REGRET_WEIGHT = 0.5
"""Weight of the champion's regret beside the expected reward; both are 0 to 1."""
LEAST_SPREAD = 0.2
"""Difference between the best and the worst reference that a scenario needs, relative to the median of drawn ones."""
CELLS_PER_UNIT = 4
"""Number of cells along a unit of each statistic of a description."""
CELL_SIZE = 3
"""Largest number of elites in a cell."""
TOURNAMENT = 3
"""Number of elites of which the best one is mutated."""


@dataclass(frozen=True)
class Opposition:
    """The policies with which the attacker simulates its candidates.

    Attributes:
        players: Archived policies that are likely to take part, by id; without references.
        champion: Best policy on validation so far.
        simulations: Largest number of simulations; at least `MIN_CANDIDATES` scenarios for each requested one are
            simulated all the same.
        measure: Measures every policy on every scenario, one row per policy.
    """

    players: Mapping[str, Policy]
    champion: Policy
    simulations: int
    measure: Callable[[Sequence[EncodedScenario], Sequence[Policy]], list[list[Measurement]]]


class Candidate(NamedTuple):
    """A simulated scenario.

    Attributes:
        spec: Spec of the scenario.
        encoded: The scenario for the kernel.
        description: Statistics of the scenario.
        successes: Number of players that succeed on it.
        players: Number of players.
        regret: Value of the best player or reference less the champion's, at least 0.
        spread: Value of the best reference less the worst one's.
    """

    spec: Spec
    encoded: EncodedScenario
    description: tuple[float, ...]
    successes: int
    players: int
    regret: float
    spread: float


class Found(NamedTuple):
    """The result of a search.

    Attributes:
        chosen: Scenarios, best first.
        simulations: Number of simulations that were asked for.
    """

    chosen: tuple[Candidate, ...]
    simulations: int

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The specs of the scenarios."""
        return tuple(candidate.spec for candidate in self.chosen)


@dataclass
class _Search:
    """The state of a search.

    Attributes:
        elites: Best candidates of each cell.
        scale: Median spread of the candidates that were drawn at random; 0 before they are simulated.
        simulations: Number of simulations so far.
    """

    source: Source
    level: int
    known: Sequence[Known]
    opposition: Opposition
    elites: dict[tuple[object, ...], list[Candidate]] = field(default_factory=dict)
    scale: float = 0.0
    simulations: int = 0

    def score(self, candidate: Candidate, known: Sequence[Known]) -> float:
        """Return the reward that a candidate can expect beside known scenarios, more with the champion's regret.

        Regret counts with the chance that the success rate is learnable: where all players fail, nothing is learnt.
        """
        target = target_complexity(self.source, self.level)
        novelty, difficulty = diversity(candidate.description, known), complexity(candidate.description)
        rates = expected_rates(candidate)
        reward = np.mean([attacker_reward(rate, novelty, difficulty, target) for rate in rates])
        regret = min(1.0, candidate.regret / self.scale) if self.scale > 0 else 0.0
        chance = np.mean([LEARNABLE[0] <= rate <= LEARNABLE[1] for rate in rates])
        return float(reward + REGRET_WEIGHT * regret * chance)

    def keep(self, candidates: Sequence[Candidate]) -> None:
        """Keep candidates that are among the best of their cells; indifferent ones are not kept."""
        for candidate in candidates:
            if candidate.spread > LEAST_SPREAD * self.scale:
                here = [*self.elites.get(cell(candidate), ()), candidate]
                here.sort(key=lambda c: -self.score(c, self.known))
                self.elites[cell(candidate)] = here[:CELL_SIZE]

    @property
    def kept(self) -> list[Candidate]:
        """The elites of all cells."""
        return [candidate for here in self.elites.values() for candidate in here]


def search_scenarios(
    source: Source,
    level: int,
    known: Sequence[Known],
    opposition: Opposition,
    count: int,
    rng: np.random.Generator,
    go_on: Callable[[], None],
) -> Found:
    """Return the scenarios that teach most among those that the budget allows to simulate.

    Args:
        source: Source that samples, mutates and expands specs.
        level: Level of the curriculum, from 1.
        known: Earlier scenarios with their rewards, oldest first.
        opposition: Policies with which candidates are simulated, and the budget.
        count: Number of scenarios; fewer are returned if too few candidates are solvable and informative.
        rng: Random numbers.
        go_on: Callback before each batch; it raises if the run must stop.
    """
    search = _Search(source, level, known, opposition)
    number = _number(source, opposition, count)
    drawn = propose(source, level, (), max(count, round(DRAWN_SHARE * number)), rng)
    varied = propose(source, level, known, round(VARIED_SHARE * number), rng)
    pool = _simulated(search, drawn, go_on)
    search.scale = float(np.median([c.spread for c in pool])) if pool else 0.0
    search.keep([*pool, *_simulated(search, varied, go_on)])
    left = number - len(drawn) - len(varied)
    while left > 0 and search.elites:
        size = min(BATCH, left)
        search.keep(_simulated(search, _mutants(search, size, rng), go_on))
        left -= size
    return Found(_chosen(search, count), search.simulations)


def expected_rates(candidate: Candidate) -> list[float]:
    """Return the success rates of a candidate with 0, 1, ... of the newcomers succeeding."""
    return [(candidate.successes + n) / (candidate.players + NEWCOMERS) for n in range(NEWCOMERS + 1)]


def cell(candidate: Candidate) -> tuple[object, ...]:
    """Return the cell of a candidate: its family, and its description in steps of a quarter."""
    steps = np.floor(np.array(candidate.description) * CELLS_PER_UNIT).astype(int)
    return (getattr(candidate.spec, "family", ""), *steps.tolist())


def _number(source: Source, opposition: Opposition, count: int) -> int:
    """Return the number of scenarios that the budget allows to simulate."""
    each = len(source.references) + len(opposition.players)
    return max(int(MIN_CANDIDATES * count), min(MAX_CANDIDATES, opposition.simulations // each))


def _mutants(search: _Search, count: int, rng: np.random.Generator) -> list[Spec]:
    """Return mutations of elites that win a tournament."""
    elites = search.kept
    scores = [search.score(e, search.known) for e in elites]
    places = [max(rng.integers(len(elites), size=TOURNAMENT), key=lambda i: scores[i]) for _ in range(count)]
    return [search.source.mutate(elites[place].spec, rng) for place in places]


def _simulated(search: _Search, specs: Sequence[Spec], go_on: Callable[[], None]) -> list[Candidate]:
    """Simulate specs, and return those that are valid, new and solvable."""
    go_on()
    source, opposition = search.source, search.opposition
    usable: list[tuple[Spec, EncodedScenario, tuple[float, ...]]] = []
    for spec in specs:
        try:
            scenario = source.expand(spec)
        except ScenarioError:
            continue
        description, encoded = describe(scenario), encode(scenario)
        is_new = not source.has_levels or diversity(description, search.known) >= NEAR_DUPLICATE
        if is_new and not (source.must_complete and unplaceable(encoded)):
            usable.append((spec, encoded, description))
    names = [*source.references, *opposition.players]
    policies = {**opposition.players, **source.references}
    champion = opposition.champion.policy_id
    if champion not in policies:
        names, policies = [*names, champion], {**policies, champion: opposition.champion}
    rows = opposition.measure([encoded for _, encoded, _ in usable], [policies[name] for name in names])
    search.simulations += len(usable) * len(names)
    return [
        _candidate(search, *scenario, {name: row[place][0] for name, row in zip(names, rows, strict=True)})
        for place, scenario in enumerate(usable)
        if not source.must_complete
        or _is_completed(scenario[1], [row[place] for row in rows[: len(source.references)]])
    ]


def _is_completed(encoded: EncodedScenario, measured: Sequence[Measurement]) -> bool:
    return any(summary.completed == len(encoded.scenario.tasks) for _, summary in measured)


def _candidate(
    search: _Search,
    spec: Spec,
    encoded: EncodedScenario,
    description: tuple[float, ...],
    achieved: Mapping[str, float],
) -> Candidate:
    marks = [achieved[name] for name in search.source.references]
    players = search.opposition.players
    return Candidate(
        spec,
        encoded,
        description,
        successes=sum(succeeds(achieved[name], marks) for name in players),
        players=len(players),
        regret=max(achieved.values()) - achieved[search.opposition.champion.policy_id],
        spread=max(marks) - min(marks),
    )


def _chosen(search: _Search, count: int) -> tuple[Candidate, ...]:
    """Return the elites with the highest scores, each chosen with regard to those chosen before."""
    left, known, chosen = search.kept, list(search.known), list[Candidate]()
    while left and len(chosen) < count:
        scores = [search.score(candidate, known) for candidate in left]
        best = left.pop(int(np.argmax(scores)))
        if search.source.has_levels and diversity(best.description, known) < NEAR_DUPLICATE:
            continue
        chosen.append(best)
        known.append(Known(best.spec, 0.0, best.description))
    return tuple(chosen)
