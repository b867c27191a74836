"""The state that passes between the nodes of self-play: each node reads what earlier ones found and adds its own.

    curriculum, attack, validate → Attacked    scenarios that are played
    retrieve                     → Retrieved   archived policies that take part
    defend                       → Defended    candidates, ranked on the training scenarios
    simulate                     → Played      what everybody achieved on every scenario
    score                        → Scored      what each scenario was worth to the attacker
    rate                         → Rated       ratings, and the champion
    advance                      → Advanced    the level that follows
    commit                       → Standing    where the run stands, for the next iteration

Everything is frozen. `Standing` is the part that lasts: it is what the archive keeps as the run's checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from typing_extensions import TypedDict

from aurora.agents.arena.source import Spec
from aurora.agents.search.policy_search import SearchState
from aurora.agents.search.scenario_search import Known
from aurora.graphs.events import Forgetting, StopReason
from aurora.graphs.lessons import Lesson
from aurora.graphs.proposers.protocols import ProposedPolicy, ProposedScenario, Rejection
from aurora.memory.elo import Match
from aurora.memory.records import Failure, NewOutcome, NewPolicy, NewScenario
from aurora.sim.kernel import EncodedScenario
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import Curriculum


class Abandoned(Exception):  # noqa: N818  # not an error: ends an iteration that is not kept
    """The run is to stop within an iteration. The cache and the recording keep what was paid for."""

    def __init__(self, reason: StopReason) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Standing:
    """Where a run stands between iterations.

    Attributes:
        curriculum: Level, and successes at it.
        search: Where the policy search stands.
        champion, champion_value: Best policy on validation, and its mean value over the best reference there.
        evaluations: Simulations of all committed iterations.
        known: Earlier scenarios that the attacker keeps in mind, oldest first.
        passed: Success rate with which each level was left.
        lessons: What became of the latest policies that a model wrote.
    """

    curriculum: Curriculum
    search: SearchState
    champion: Policy
    champion_value: float
    evaluations: int
    known: tuple[Known, ...] = ()
    passed: Mapping[str, float] = field(default_factory=dict)
    lessons: tuple[Lesson, ...] = ()


class PlayedScenario(NamedTuple):
    """A scenario that passed all checks.

    Attributes:
        spec: Its spec.
        prompt_id: Version of the prompt with which a model wrote it; None: no model wrote it.
        encoded: The scenario for the kernel.
        description: Its statistics; see `aurora.agents.search.scenario_search.describe`.
    """

    spec: Spec
    prompt_id: str | None
    encoded: EncodedScenario
    description: tuple[float, ...]

    @property
    def scenario_id(self) -> str:
        """Id of the spec and of the scenario."""
        return self.spec.spec_id


@dataclass(frozen=True)
class Attacked:
    """The attacker's scenarios.

    Attributes:
        level: Level of the curriculum.
        tries: Times the attacker was asked.
        proposed: Scenarios that are not yet checked, by id.
        scenarios: Scenarios that are played.
        rejections: Scenarios that were refused, and answers that held none, in order.
    """

    level: int
    tries: int = 0
    proposed: tuple[ProposedScenario, ...] = ()
    scenarios: tuple[PlayedScenario, ...] = ()
    rejections: tuple[Rejection, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Rejections as rows of the archive."""
        return tuple(Failure("scenario", r.subject, r.reason) for r in self.rejections)


@dataclass(frozen=True)
class Retrieved:
    """Archived policies that take part, by id."""

    rivals: Mapping[str, Policy]


@dataclass(frozen=True)
class Defended:
    """The defender's candidates.

    Attributes:
        candidates: Best on the training scenarios first.
        training: Mean value of each over the best reference there, by id.
        weakest: Training family on which each was weakest, with its mean, by id; "" where there is one family.
        search: Where the search goes on.
        failures: What was tried and failed.
        history: Best mean advantage of each generation.
    """

    candidates: tuple[ProposedPolicy, ...]
    training: Mapping[str, float]
    weakest: Mapping[str, str]
    search: SearchState
    failures: tuple[Failure, ...]
    history: tuple[float, ...]

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policies of the candidates, in their order."""
        return tuple(candidate.policy for candidate in self.candidates)


@dataclass(frozen=True)
class Played:
    """Candidates, rivals and references on the attacker's scenarios.

    Attributes:
        policies: Policies of the iteration that the archive is to know, by id.
        achieved: For each scenario, the value of each policy that takes part.
        rounds: As `achieved`, with the Pareto bonus where the source has one.
        fronts: For each scenario, the policies on its Pareto front.
        outcomes: Rows for the archive.
    """

    policies: Mapping[str, NewPolicy]
    achieved: Mapping[str, Mapping[str, float]]
    rounds: Mapping[str, Mapping[str, float]]
    fronts: Mapping[str, tuple[str, ...]]
    outcomes: tuple[NewOutcome, ...]


@dataclass(frozen=True)
class Scored:
    """Worth of the scenarios to the attacker.

    Attributes:
        scenarios: Rows for the archive.
        known: Scenarios that the attacker keeps in mind from now on.
    """

    scenarios: tuple[NewScenario, ...]
    known: tuple[Known, ...]


@dataclass(frozen=True)
class Rated:
    """Ratings of all who played, and the champion.

    Attributes:
        ratings: Elo after this iteration's matches, by id.
        matches: Ratings before and after each round.
        champion, champion_value: Best policy on validation, and its mean value over the best reference there.
        candidate_validation: The same mean of the candidate that was best in training.
        lessons: What became of the latest policies that a model wrote.
    """

    ratings: Mapping[str, float]
    matches: tuple[Match, ...]
    champion: Policy
    champion_value: float
    candidate_validation: float
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True)
class Advanced:
    """The level that follows.

    Attributes:
        curriculum: Level, and successes at it.
        passed: Success rate with which each level was left.
        forgetting: The champion on scenarios of earlier levels; None: the level stays.
        outcomes: Rows for the archive of what was simulated for that.
    """

    curriculum: Curriculum
    passed: Mapping[str, float]
    forgetting: Forgetting | None = None
    outcomes: tuple[NewOutcome, ...] = ()


class Start(TypedDict):
    """State with which an iteration begins.

    Attributes:
        iteration: Number of the iteration, from 0; so many are committed.
        last: Number of iterations after which the run is done.
        standing: Where the run stands.
        stop: Why the run ended; "" while it goes on.
    """

    iteration: int
    last: int
    standing: Standing
    stop: StopReason


class State(Start):
    """State within an iteration; a node reads only what the nodes before it have set."""

    attacked: Attacked
    retrieved: Retrieved
    defended: Defended
    played: Played
    scored: Scored
    rated: Rated
    advanced: Advanced


class Update(TypedDict, total=False):
    """The keys of the state that a node sets."""

    iteration: int
    standing: Standing
    stop: StopReason
    attacked: Attacked
    retrieved: Retrieved
    defended: Defended
    played: Played
    scored: Scored
    rated: Rated
    advanced: Advanced
