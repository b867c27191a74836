"""Proposers with a model: alone, or together with the search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from aurora.agents.arena.evaluation import arena, values
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.attacker import AttackBriefing, Played, write_scenarios
from aurora.agents.roles.defender import LUCKY_REFERENCE, STANCES, Candidates, DefendBriefing, tools_of, write_policies
from aurora.agents.roles.programs import program_told
from aurora.agents.search.lineage import FEWEST_WEIGHTS, tunable
from aurora.agents.search.policy_search import SearchState
from aurora.errors import AnswerError, ModelError
from aurora.graphs.proposers.protocols import (
    PolicyProposal,
    PolicyRequest,
    ProposedPolicy,
    ProposedScenario,
    Rejection,
    ScenarioProposal,
    ScenarioRequest,
)
from aurora.graphs.proposers.search import SearchPolicyProposer, SearchScenarioProposer
from aurora.memory.index import Index
from aurora.memory.names import BY_MODEL
from aurora.memory.records import Failure
from aurora.memory.store import Store
from aurora.memory.texts import scenario_text
from aurora.prompts.loader import Prompt
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.scenarios.spec import ScenarioSpec
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness

MAX_POLICIES_SHOWN = 3
"""Maximum number of policies, and of reasons of failure, that the defender is shown."""
MAX_REASON_SHOWN = 400
"""Maximum length of a reason that the attacker is shown, in characters."""
_CONSTANT = re.compile(r"[-+ ]*\d[\d.e-]*")
"""A number in a program, with its sign."""


@dataclass(frozen=True)
class ModelScenarioProposer:
    """Proposer whose scenarios a model writes; the search draws them where the model is not called.

    Scenarios of a source without levels are variants of a real trace. In the last try of an iteration the search
    draws what is missing, so that a model whose answers fail does not leave an iteration without scenarios.

    Attributes:
        model: Model that is called.
        prompt: Prompt of the attacker.
        from_level: First level of the curriculum at which the model is called.
        search: Proposer that draws scenarios where the model is not called.
    """

    model: MeteredModel
    prompt: Prompt
    from_level: int = 1
    search: SearchScenarioProposer = field(default_factory=SearchScenarioProposer)

    def propose(self, request: ScenarioRequest) -> ScenarioProposal:
        """Return scenarios of the model, or of the search where the model is not called."""
        return self.write(request) if self.can_write(request) else self.search.propose(request)

    def can_write(self, request: ScenarioRequest) -> bool:
        """Return True if the model is called for this request."""
        return request.source.has_levels and request.level >= self.from_level and not request.is_last_try

    def write(self, request: ScenarioRequest) -> ScenarioProposal:
        """Request the missing scenarios from the model.

        Raises:
            ModelError: The model failed, and another try can't succeed.
            BudgetExceeded: The budget is spent.
        """
        request.go_on()
        played = [
            Played(k.spec, k.reward, request.success_rates.get(k.spec.spec_id, 0.0))
            for k in request.known
            if isinstance(k.spec, ScenarioSpec)
        ]
        refused = [_refusal(r) for r in request.rejections if r.proposed is None or r.proposed.prompt_id is not None]
        accepted = [spec for spec in request.accepted if isinstance(spec, ScenarioSpec)]
        seed = int(request.rng.integers(2**31))
        briefing = AttackBriefing(request.level, request.count, played, refused, seed, accepted)
        prompt = request.prompt or self.prompt
        try:
            written = write_scenarios(self.model, prompt, briefing)
        except ModelError as error:
            if not isinstance(error, AnswerError) and not error.retryable:
                raise
            return ScenarioProposal((), (Failure("scenario", BY_MODEL, str(error)),))
        return ScenarioProposal(
            tuple(ProposedScenario(spec, prompt.prompt_id) for spec in written.specs),
            tuple(Failure("scenario", BY_MODEL, reason) for reason in written.rejected),
        )


def _refusal(rejection: Rejection) -> str:
    """Return the text of a rejected scenario with the reason, or the reason alone if there is no scenario."""
    if rejection.proposed is None:
        return rejection.reason[:MAX_REASON_SHOWN]
    return f"{scenario_text(rejection.proposed.spec)}: {rejection.reason}"


@dataclass(frozen=True)
class BothScenarioProposer:
    """Proposer that draws half of the scenarios by search and lets a model write the other half.

    Attributes:
        model: Proposer that writes scenarios.
        search: Proposer that draws scenarios.
    """

    model: ModelScenarioProposer
    search: SearchScenarioProposer = field(default_factory=SearchScenarioProposer)

    def propose(self, request: ScenarioRequest) -> ScenarioProposal:
        """Return scenarios of the search and the model."""
        by_model = (request.count + 1) // 2 if self.model.can_write(request) else 0
        drawn = self.search.propose(replace(request, count=request.count - by_model))
        if not by_model:
            return drawn
        written = self.model.write(replace(request, count=by_model))
        scenarios, failures = (*drawn.scenarios, *written.scenarios), (*drawn.failures, *written.failures)
        return ScenarioProposal(scenarios, failures, drawn.simulations)


@dataclass(frozen=True)
class ModelPolicyProposer:
    """Proposer whose policies a model writes with tools; below its first level the search finds them.

    Attributes:
        model: Model that is called.
        prompt: Prompt of the defender.
        store, index: The run's archive and its index, for the model's tools.
        from_level: First level of the curriculum at which the model is called; sources without levels always call it.
        search: Proposer that finds policies where the model is not called.
        is_tuned: True if the search tunes the constants of the model's policies.
        shipped: Shipped champions that the model is shown where they are among the best.
    """

    model: MeteredModel
    prompt: Prompt
    store: Store
    index: Index | None = None
    from_level: int = 1
    search: SearchPolicyProposer = field(default_factory=SearchPolicyProposer)
    is_tuned: bool = False
    shipped: tuple[Policy, ...] = ()

    def propose(self, request: PolicyRequest) -> PolicyProposal:
        """Return policies of the model, or of the search where the model is not called."""
        return self.write(request) if self.can_write(request) else self.search.propose(request)

    def can_write(self, request: PolicyRequest) -> bool:
        """Return True if the model is called for this request."""
        return not request.source.has_levels or request.level >= self.from_level

    def write(self, request: PolicyRequest) -> PolicyProposal:
        """Request policies for the attacker's scenarios from the model.

        It is called even where an archived policy beats the references on all of them: gains on validation came from
        such iterations too.

        Raises:
            ModelError: The model failed, and another try can't succeed.
            BudgetExceeded: The budget is spent.
        """
        request.go_on()
        written = self._ask(request)
        request.go_on()
        return PolicyProposal(
            tuple(
                ProposedPolicy(policy, BY_MODEL, (), (request.prompt or self.prompt).prompt_id)
                for policy in written.policies
            ),
            failures=tuple(Failure("policy", BY_MODEL, reason) for reason in written.failures),
        )

    def _ask(self, request: PolicyRequest) -> Candidates:
        briefing = self._briefing(request)
        in_units = request.source.unit == "reward"

        def harness() -> Harness:
            desk = Desk(
                request.scenarios,
                request.rivals,
                store=self.store,
                index=self.index,
                expand=lambda spec: request.source.expand(request.source.parse(spec)),
                value=request.source.value,
            )
            networks = any(p.allocation_strategy.network is not None for p in request.rivals.values())
            tools = tools_of(with_networks=networks, in_units=in_units)
            return Harness(desk, tools, recording=self.model.recording)

        return write_policies(self.model, request.prompt or self.prompt, briefing, harness, len(STANCES))

    def _briefing(self, request: PolicyRequest) -> DefendBriefing:
        source = request.source
        rivals = {**request.rivals, **{p.policy_id: p for p in self.shipped}}
        here = arena(source, request.scenarios, request.jobs, request.training.cache)
        names = sorted(rivals)
        programs = [compile_policy(rivals[n]) for n in names]
        rows = values(source, request.scenarios, programs, request.jobs, request.training.cache)
        best = [(rivals[n], float(row.mean())) for n, row in zip(names, rows, strict=True)]
        references = dict(zip(here.reference_names, here.reference_values.tolist(), strict=True))
        examples = [(source.references[n], float(np.mean(row))) for n, row in references.items()]
        return DefendBriefing(
            [e.scenario for e in request.scenarios],
            source.measure,
            references,
            best_known(best, examples)[:MAX_POLICIES_SHOWN],
            self.store.failures("policy", MAX_POLICIES_SHOWN),
            source.templates[0].allocation_strategy if source.queue_is_given else None,
            champion=(request.champion, request.champion_value),
            lessons=[lesson.to_text() for lesson in request.lessons],
            is_tuned=self.is_tuned,
            in_units=source.unit == "reward",
            rows={n: row.tolist() for n, row in zip(names, rows, strict=True)} | references,
        )


@dataclass(frozen=True)
class BothPolicyProposer:
    """Proposer whose structures a model writes; the search continues from the best of them if it is ahead.

    Attributes:
        model: Proposer that writes policies.
        search: Proposer that tunes their constants and varies them.
    """

    model: ModelPolicyProposer
    search: SearchPolicyProposer

    def propose(self, request: PolicyRequest) -> PolicyProposal:
        """Return policies of the search and the model."""
        if not self.model.can_write(request):
            return self.search.propose(request)
        written = self.model.write(request)
        policies = [candidate.policy for candidate in written.candidates]
        tuned = self.search.search_from(request, _best_start(request, policies), policies)
        return tuned._replace(
            candidates=(*tuned.candidates, *written.candidates), failures=(*written.failures, *tuned.failures)
        )


def _best_start(request: PolicyRequest, written: Sequence[Policy]) -> SearchState:
    """Return the state to search from: the model's best policy if it is ahead of the current state."""
    highest = float(request.advantage(parse_policy(request.search.policy)).mean())
    start = request.search
    for policy in written:
        mean = float(request.advantage(policy).mean())
        if mean > highest and tunable(policy).sum() >= FEWEST_WEIGHTS:
            highest, start = mean, SearchState(policy=policy.model_dump(mode="json"), parent=policy.policy_id)
    return start


def _by_value(pair: tuple[Policy, float]) -> tuple[float, str]:
    return -pair[1], pair[0].policy_id


def best_known(
    best: Sequence[tuple[Policy, float]], references: Sequence[tuple[Policy, float]]
) -> list[tuple[Policy, float]]:
    """Return policies with their values, the best first: archived ones, shipped champions and references together.

    A shipped champion that is behind the references does not take their place. One that wins by chance is left out.
    """
    known = [pair for pair in (*best, *references) if pair[0].policy_id != LUCKY_REFERENCE]
    return distinct(sorted(known, key=_by_value))


def distinct(best: Sequence[tuple[Policy, float]]) -> list[tuple[Policy, float]]:
    """Return the policies without those that differ from an earlier one in constants only."""
    shapes: dict[str, tuple[Policy, float]] = {}
    for policy, value in best:
        shapes.setdefault(_CONSTANT.sub("#", program_told(policy)), (policy, value))
    return list(shapes.values())
