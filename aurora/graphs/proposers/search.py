"""Proposers without a model, which search for scenarios and policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aurora.agents.search.policy_search import SearchState, Settings, search
from aurora.agents.search.scenario_search import propose
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
    """Proposer that samples specs and mutates rewarding ones (`aurora.agents.search.scenario_search`).

    Attributes:
        is_random: True if it only samples, whatever earlier scenarios were worth.
    """

    is_random: bool = False

    def propose(self, request: ScenarioRequest) -> ScenarioProposal:
        """Return the missing specs."""
        known = () if self.is_random else request.known
        specs = propose(request.source, request.level, known, request.count, request.rng)
        return ScenarioProposal(tuple(ProposedScenario(spec) for spec in specs))


@dataclass(frozen=True)
class SearchPolicyProposer:
    """Proposer that tunes weights by CMA-ES and varies the structure (`aurora.agents.search.policy_search`).

    Attributes:
        population: Candidates per generation.
        shipped: Shipped champions that take part in crossover.
    """

    population: int = 16
    shipped: tuple[Policy, ...] = ()

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
            Settings(self.population, request.source.effort.generations, request.jobs),
            int(request.rng.integers(2**31)),
            request.progress,
        )
        return PolicyProposal(
            tuple(ProposedPolicy(policy, origin, parents) for policy, origin, parents in result.candidates),
            result.state,
            tuple(Failure("policy", "variation", reason) for reason in result.failures),
            result.history,
        )
