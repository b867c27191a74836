"""Proposers without a model, which search for scenarios and policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aurora.agents.search.adversarial_search import Found, search_scenarios
from aurora.agents.search.effort import Part, Settings
from aurora.agents.search.policy_search import SearchState, search
from aurora.agents.search.scenario_search import Known, describe, propose
from aurora.graphs.proposers.protocols import (
    PolicyProposal,
    PolicyRequest,
    ProposedPolicy,
    ProposedScenario,
    ScenarioProposal,
    ScenarioRequest,
)
from aurora.memory.records import Failure
from aurora.sim.policies.policy import Policy


@dataclass(frozen=True)
class SearchScenarioProposer:
    """Proposer that searches where the champion is weak (`aurora.agents.search.adversarial_search`).

    Attributes:
        is_random: True if it only samples, and simulates nothing.
    """

    is_random: bool = False

    def propose(self, request: ScenarioRequest) -> ScenarioProposal:
        """Return the missing specs; what the search does not find is drawn at random."""
        found = Found((), 0) if self.is_random else _searched(request)
        missing = request.count - len(found.chosen)
        drawn = propose(request.source, request.level, (), missing, request.rng)
        scenarios = [ProposedScenario(c.spec, encoded=c.encoded) for c in found.chosen]
        return ScenarioProposal((*scenarios, *map(ProposedScenario, drawn)), simulations=found.simulations)


def _searched(request: ScenarioRequest) -> Found:
    if request.opposition is None or not request.count:
        return Found((), 0)
    accepted = [(spec, describe(request.source.expand(spec))) for spec in request.accepted]
    return search_scenarios(
        request.source,
        request.level,
        (*request.known, *(Known(spec, 0.0, description) for spec, description in accepted)),
        request.opposition,
        request.count,
        request.rng,
        request.go_on,
    )


@dataclass(frozen=True)
class SearchPolicyProposer:
    """Proposer that tunes weights by CMA-ES and varies the structure (`aurora.agents.search.policy_search`).

    Attributes:
        population: Candidates per generation.
        shipped: Shipped champions that take part in races and crossover.
        without: Parts of the search that are switched off.
    """

    population: int = 16
    shipped: tuple[Policy, ...] = ()
    without: frozenset[Part] = frozenset()

    def propose(self, request: PolicyRequest) -> PolicyProposal:
        """Search from the run's current state."""
        return self.search_from(request, request.search, ())

    def search_from(self, request: PolicyRequest, start: SearchState, others: Sequence[Policy]) -> PolicyProposal:
        """Search from a state, with crossover with `others`, references, rivals and shipped champions.

        Raises:
            PolicyError: The policy of the state is a trained network.
        """
        result = search(
            start,
            request.training,
            [*request.source.references.values(), *request.rivals.values(), *self.shipped, *others],
            Settings(self.population, request.source.effort.generations, request.jobs, self.without),
            int(request.rng.integers(2**31)),
            request.progress,
            self.shipped,
        )
        return PolicyProposal(
            tuple(ProposedPolicy(policy, origin, parents) for policy, origin, parents in result.candidates),
            result.state,
            tuple(Failure("policy", "variation", reason) for reason in result.failures),
            result.history,
        )
