"""The contracts of the two players of self-play: who proposes scenarios, and who proposes policies.

The nodes of the graph call these protocols only. `search` and `model` beside it implement them;
`aurora.graphs.selfplay.selfplay` takes one of your own in place of either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.evaluation import Arena, advantage
from aurora.agents.arena.source import Source, Spec
from aurora.agents.search.policy_search import SearchState
from aurora.agents.search.scenario_search import Known
from aurora.graphs.lessons import Lesson
from aurora.memory.records import Failure
from aurora.sim.kernel import EncodedScenario
from aurora.sim.policies.policy import Policy


class ProposedScenario(NamedTuple):
    """A scenario to play.

    Attributes:
        spec: A spec of the run's source, under an id that no earlier one has.
        prompt_id: Version of the prompt with which a model wrote it; None: no model wrote it.
    """

    spec: Spec
    prompt_id: str | None = None


class Rejection(NamedTuple):
    """A scenario that was refused in this iteration.

    Attributes:
        subject: Id of the spec, or the author of an answer that held no spec.
        reason: Why it was refused.
        proposed: The scenario; None where there was none.
    """

    subject: str
    reason: str
    proposed: ProposedScenario | None = None


@dataclass(frozen=True)
class ScenarioRequest:
    """A request to a proposer of scenarios.

    Attributes:
        iteration: Iteration of the run, from 0.
        level: Level of the curriculum, from 1.
        count: Scenarios that are missing.
        is_last_try: Whether the iteration goes on with what it has after this request.
        source: Draws, varies and expands specs.
        known: Earlier scenarios that the run keeps in mind, oldest first, with what each was worth to the attacker.
        success_rates: Share of the defender's policies that succeeded on each of these, by id.
        accepted: Specs that this iteration has already.
        rejections: Scenarios that were refused in this iteration.
        rng: Random numbers of this request.
        go_on: To be called before anything slow; it raises where the run is to stop.
    """

    iteration: int
    level: int
    count: int
    is_last_try: bool
    source: Source
    known: Sequence[Known]
    success_rates: Mapping[str, float]
    accepted: Sequence[Spec]
    rejections: Sequence[Rejection]
    rng: np.random.Generator
    go_on: Callable[[], None]


class ScenarioProposal(NamedTuple):
    """The answer to a `ScenarioRequest`.

    Attributes:
        scenarios: At most as many as were asked for; fewer, or none, are asked for again.
        failures: What was tried and failed, with the reasons, for the archive.
    """

    scenarios: tuple[ProposedScenario, ...]
    failures: tuple[Failure, ...] = ()


class ScenarioProposer(Protocol):
    """The attacker: it proposes scenarios that are neither trivial nor hopeless for the defender.

    Responsibilities: `propose` returns specs of `request.source`, made with its `sample`, `mutate` or `parse`. The
    graph expands and checks them. One that has no witness that it can be solved, or nearly equals an earlier one, goes
    back as a `Rejection` in the next request of the iteration. After three requests the iteration goes on with what it
    has.

    Scoring: a scenario is worth most where about half of the defender's policies succeed, where it differs from earlier
    ones, and where its complexity fits the level (`aurora.sim.rewards.attacker_reward`). The reward comes back in
    `known` of later iterations.

    Determinism: everything random comes from `request.rng`. An iteration that was interrupted is played again from its
    start with the same requests, so an equal answer to an equal request is what makes a run resumable to the bit. Do
    not keep state in the proposer: `known` is what lasts.

    Errors: what fails is returned in `failures`. A raised `AuroraError` ends the run; what is committed stays, and the
    run goes on where it is taken up again.

    Interruption: call `request.go_on()` before anything slow, and let what it raises pass.
    """

    def propose(self, request: ScenarioRequest) -> ScenarioProposal:
        """Return scenarios for an iteration."""


class ProposedPolicy(NamedTuple):
    """A candidate.

    Attributes:
        policy: The policy; its id is replaced by one that follows from what it does.
        origin: Name of how it was made, for the archive.
        parents: Ids of the policies that it was made from.
        prompt_id: Version of the prompt with which a model wrote it; None: no model wrote it.
    """

    policy: Policy
    origin: str
    parents: tuple[str, ...] = ()
    prompt_id: str | None = None


@dataclass(frozen=True)
class PolicyRequest:
    """A request to a proposer of policies.

    Attributes:
        iteration: Iteration of the run, from 0.
        level: Level of the curriculum, from 1.
        source: Says what a value is, which references there are and what a policy must leave as it is.
        training: Scenarios on which candidates are ranked, with the values of the references: fresh ones of every
            training family, in the order of `source.training`, then the attacker's.
        scenarios: The attacker's scenarios of this iteration.
        rivals: Archived policies that take part, by id.
        champion, champion_value: Best policy on validation so far, and its mean value over the best reference there.
        search: Where the search stands.
        lessons: What became of the latest policies that a model wrote.
        jobs: Threads.
        rng: Random numbers of this request.
        progress: To be called after each generation with its number from 0 and the best mean advantage; it raises
            where the run is to stop.
        go_on: To be called before anything else that is slow; it raises where the run is to stop.
    """

    iteration: int
    level: int
    source: Source
    training: Arena
    scenarios: Sequence[EncodedScenario]
    rivals: Mapping[str, Policy]
    champion: Policy
    champion_value: float
    search: SearchState
    lessons: Sequence[Lesson]
    jobs: int
    rng: np.random.Generator
    progress: Callable[[int, float], None]
    go_on: Callable[[], None]

    def advantage(self, policy: Policy) -> NDArray[np.float64]:
        """Return a policy's value less the best reference's on each training scenario, float64 [scenarios].

        Raises:
            PolicyError: An expression of the policy is not valid.
        """
        return advantage(self.training, policy, self.jobs)


class PolicyProposal(NamedTuple):
    """The answer to a `PolicyRequest`.

    Attributes:
        candidates: Policies in any order; the graph ranks them on the training scenarios.
        search: Where the search goes on in the next iteration; None: where it stood.
        failures: What was tried and failed, with the reasons, for the archive.
        history: Best mean advantage of each generation; empty: that of the best candidate.
    """

    candidates: tuple[ProposedPolicy, ...]
    search: SearchState | None = None
    failures: tuple[Failure, ...] = ()
    history: tuple[float, ...] = ()


class PolicyProposer(Protocol):
    """The defender: it proposes policies that do better than the references.

    Responsibilities: `propose` returns a few candidates, measured on `request.training` as far as it likes
    (`request.advantage`). The graph drops those that don't compile, ranks the others, lets them meet the rivals and
    references on the attacker's scenarios, rates them, and makes the best one on validation the champion. Without a
    candidate, the policy at which the search stands takes part. Where `request.source.queue_is_given`, a candidate
    leaves `head_of_line_blocking` and `backfill` as the source's templates have them.

    Scoring: values are those of `request.source`; higher is better. Measurements are cached within an iteration, so
    asking twice costs nothing. Validation scenarios are not shown, because the champion is chosen on them.

    Determinism: everything random comes from `request.rng`. An iteration that was interrupted is played again from its
    start with the same request, so an equal answer to an equal request is what makes a run resumable to the bit. State
    that has to last goes into `PolicyProposal.search`, or is found in `rivals` and `champion`.

    Errors: what fails is returned in `failures` and is never a score. A raised `AuroraError` ends the run; what is
    committed stays, and the run goes on where it is taken up again.

    Interruption: call `request.progress` after each generation and `request.go_on` before anything else that is slow,
    and let what they raise pass. Interrupts and time limits take effect only there.
    """

    def propose(self, request: PolicyRequest) -> PolicyProposal:
        """Return candidates for an iteration."""
