"""The contracts of the two players of self-play: the proposers of scenarios and of policies.

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
from aurora.agents.search.adversarial_search import Opposition
from aurora.agents.search.policy_search import SearchState
from aurora.agents.search.scenario_search import Known
from aurora.graphs.lessons import Lesson
from aurora.memory.records import Failure
from aurora.prompts.loader import Prompt
from aurora.sim.kernel import EncodedScenario
from aurora.sim.policies.policy import Policy


class ProposedScenario(NamedTuple):
    """A scenario to play.

    Attributes:
        spec: A spec of the run's source, under an id that no earlier one has.
        prompt_id: Version of the prompt with which a model wrote it; None: no model wrote it.
        encoded: The expanded scenario for the kernel, if the proposer has it already; None: the graph expands the spec.
    """

    spec: Spec
    prompt_id: str | None = None
    encoded: EncodedScenario | None = None


class Rejection(NamedTuple):
    """A scenario that was rejected in this iteration.

    Attributes:
        subject: Id of the spec, or author of an answer without a spec.
        reason: Reason of the rejection.
        proposed: Rejected scenario; None if the answer had none.
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
        count: Number of missing scenarios.
        is_last_try: True if no further request follows in this iteration.
        source: Source that samples, mutates and expands specs.
        known: Earlier scenarios that the run remembers, oldest first, with the attacker's reward for each.
        success_rates: Share of the defender's policies that succeeded on each of these, by id.
        accepted: Specs already accepted in this iteration.
        rejections: Rejections in this iteration, in order.
        rng: Random numbers of this request.
        go_on: Callback to call before anything slow; it raises if the run must stop.
        prompt: Prompt that took the place of the attacker's first one; None: none has.
        opposition: Policies with which candidates can be simulated, and how many simulations are allowed; None: none.
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
    prompt: Prompt | None = None
    opposition: Opposition | None = None


class ScenarioProposal(NamedTuple):
    """The answer to a `ScenarioRequest`.

    Attributes:
        scenarios: Scenarios, `count` at most; missing ones are requested again.
        failures: Failed attempts with reasons, for the archive.
        simulations: Number of simulations that the proposer asked for.
    """

    scenarios: tuple[ProposedScenario, ...]
    failures: tuple[Failure, ...] = ()
    simulations: int = 0


class ScenarioProposer(Protocol):
    """The attacker: it proposes scenarios that are neither trivial nor hopeless for the defender.

    Responsibilities: `propose` returns specs of `request.source`, made with its `sample`, `mutate` or `parse`. The
    graph expands and checks them. One without a witness that it can be solved, or nearly equal to an earlier one, is
    returned as a `Rejection` in the next request of the iteration. After three requests the iteration continues with
    the accepted ones.

    Scoring: the reward of a scenario is highest where about half of the defender's policies succeed, where it differs
    from earlier ones, and where its complexity fits the level (`aurora.sim.rewards.attacker_reward`). The reward comes
    back in `known` of later iterations.

    Determinism: everything random comes from `request.rng`. An iteration that was interrupted is played again from its
    start with the same requests, so an equal answer to an equal request is what makes a run resumable to the bit. Do
    not keep state in the proposer: only `known` lasts.

    Errors: failed attempts are returned in `failures`. A raised `AuroraError` ends the run; committed iterations stay,
    and the run can be resumed.

    Interruption: call `request.go_on()` before anything slow, and let what it raises pass.
    """

    def propose(self, request: ScenarioRequest) -> ScenarioProposal:
        """Return scenarios for an iteration."""


class ProposedPolicy(NamedTuple):
    """A candidate policy.

    Attributes:
        policy: The policy; its id is replaced by the hash of its content, unless it ships.
        origin: Name of the method that made it, for the archive.
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
        source: Source of scenarios, which defines values, references and prescribed parts of policies.
        training: Scenarios on which candidates are ranked, with the values of the references: fresh ones of every
            training family, in the order of `source.training`, then the attacker's.
        scenarios: The attacker's scenarios of this iteration.
        rivals: Archived policies that take part, by id.
        champion, champion_value: Best policy on validation so far, and its mean value over the best reference there.
        search: State of the search.
        lessons: Results of the latest policies that a model wrote.
        jobs: Number of threads.
        rng: Random numbers of this request.
        progress: Callback to call after each generation with its number, from 0, and the best mean advantage; it raises
            if the run must stop.
        go_on: Callback to call before anything else that is slow; it raises if the run must stop.
        prompt: Prompt that took the place of the defender's first one; None: none has.
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
    prompt: Prompt | None = None

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
        search: State of the search for the next iteration; None: the same as before.
        failures: Failed attempts with reasons, for the archive.
        history: Best mean advantage in each generation; empty: that of the best candidate.
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

    Errors: failed attempts are returned in `failures` and are never a score. A raised `AuroraError` ends the run;
    committed iterations stay, and the run can be resumed.

    Interruption: call `request.progress` after each generation and `request.go_on` before anything else that is slow,
    and let what they raise pass. Interrupts and time limits take effect only there.
    """

    def propose(self, request: PolicyRequest) -> PolicyProposal:
        """Return candidates for an iteration."""
