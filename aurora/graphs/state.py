"""The state that the nodes of self-play pass on: each node reads the results of earlier ones and adds its own.

    curriculum, attack, validate → Attacked    scenarios that are played
    retrieve                     → Retrieved   archived policies that take part
    defend                       → Defended    candidates, ranked on the training scenarios
    simulate                     → Played      value of every policy on every scenario
    score                        → Scored      reward of the attacker for each scenario
    rate                         → Rated       ratings, and the champion
    advance                      → Advanced    level of the next iteration
    commit                       → Standing    state of the run for the next iteration

All types are frozen. `Standing` outlasts the iteration: the archive keeps it as the run's checkpoint.
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
from aurora.graphs.validation import RaceState
from aurora.memory.elo import Match
from aurora.memory.records import Failure, NewOutcome, NewPolicy, NewPrompt, NewScenario
from aurora.prompts.loader import Prompt
from aurora.sim.kernel import EncodedScenario
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import Curriculum


class Abandoned(Exception):  # noqa: N818  # not an error, but ends an uncommitted iteration
    """Request to stop within an iteration; the cache and the recording keep its measurements and answers."""

    def __init__(self, reason: StopReason) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Standing:
    """State of a run between iterations.

    Attributes:
        curriculum: Level, and recent successes at it.
        search: State of the policy search.
        champion, champion_value: Policy chosen on validation, and its mean value over the best reference there.
        evaluations: Number of simulations of all committed iterations.
        known: Earlier scenarios that the attacker remembers, oldest first.
        passed: Success rate with which each level was left.
        lessons: Results of the latest policies that a model wrote.
        prompts: Prompts that took the place of the run's first ones, by role.
        race: State of the race for the champion; None: it has not begun, or candidates don't race.
    """

    curriculum: Curriculum
    search: SearchState
    champion: Policy
    champion_value: float
    evaluations: int
    known: tuple[Known, ...] = ()
    passed: Mapping[str, float] = field(default_factory=dict)
    lessons: tuple[Lesson, ...] = ()
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    race: RaceState | None = None


class PlayedScenario(NamedTuple):
    """A scenario that passed all checks.

    Attributes:
        spec: Spec of the scenario.
        prompt_id: Version of the prompt with which a model wrote it; None: no model wrote it.
        encoded: The scenario for the kernel.
        description: Statistics of the scenario; see `aurora.agents.search.scenario_search.describe`.
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
        tries: Number of requests to the attacker.
        proposed: Scenarios that are not yet checked, by id.
        scenarios: Scenarios that are played.
        rejections: Rejected scenarios, and answers without one, in order.
        simulations: Number of simulations that the attacker asked for.
    """

    level: int
    tries: int = 0
    proposed: tuple[ProposedScenario, ...] = ()
    scenarios: tuple[PlayedScenario, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    simulations: int = 0

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
        candidates: Candidates, best on the training scenarios first.
        training: Mean value of each candidate over the best reference there, by id.
        weakest: Training family on which each candidate is weakest, with its mean, by id; "" with only one family.
        search: State of the search for the next iteration.
        failures: Failed attempts.
        history: Best mean advantage in each generation.
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
    """Results of candidates, rivals and references on the attacker's scenarios.

    Attributes:
        policies: Policies of the iteration to archive, by id.
        achieved: Value of each policy, by scenario.
        rounds: Value of each policy with the Pareto bonus, if the source has one, by scenario.
        fronts: Policies on the Pareto front, by scenario.
        outcomes: Outcomes to archive.
    """

    policies: Mapping[str, NewPolicy]
    achieved: Mapping[str, Mapping[str, float]]
    rounds: Mapping[str, Mapping[str, float]]
    fronts: Mapping[str, tuple[str, ...]]
    outcomes: tuple[NewOutcome, ...]


@dataclass(frozen=True)
class Scored:
    """Rewards of the attacker for its scenarios.

    Attributes:
        scenarios: Scenarios to archive.
        known: Scenarios that the attacker remembers from now on.
    """

    scenarios: tuple[NewScenario, ...]
    known: tuple[Known, ...]


@dataclass(frozen=True)
class Rated:
    """Ratings of all players, and the champion.

    Attributes:
        ratings: Elo after the matches of this iteration, by id.
        matches: Matches of this iteration, with ratings before and after.
        champion, champion_value: Best policy on validation, and its mean value over the best reference there.
        candidate_validation: The same mean of the candidate that was best in training.
        lessons: Results of the latest policies that a model wrote.
        race: State of the race for the champion; None where candidates don't race.
    """

    ratings: Mapping[str, float]
    matches: tuple[Match, ...]
    champion: Policy
    champion_value: float
    candidate_validation: float
    lessons: tuple[Lesson, ...]
    race: RaceState | None = None


@dataclass(frozen=True)
class Advanced:
    """The level of the next iteration.

    Attributes:
        curriculum: Level, and recent successes at it.
        passed: Success rate with which each level was left.
        forgetting: The champion's success on scenarios of earlier levels; None: the level stays.
        outcomes: Outcomes of these simulations to archive.
    """

    curriculum: Curriculum
    passed: Mapping[str, float]
    forgetting: Forgetting | None = None
    outcomes: tuple[NewOutcome, ...] = ()


@dataclass(frozen=True)
class PromptsEvolved:
    """Result of the evolution of prompts in an iteration; empty in the others.

    Attributes:
        prompts: Prompts in use from now on in place of the run's first ones, by role.
        versions: Versions to archive.
        failures: Refused variants.
        judged: What was judged of each role, in words.
    """

    prompts: Mapping[str, Prompt]
    versions: tuple[NewPrompt, ...] = ()
    failures: tuple[Failure, ...] = ()
    judged: Mapping[str, str] = field(default_factory=dict)


class Start(TypedDict):
    """State with which an iteration begins.

    Attributes:
        iteration: Number of the iteration, from 0, which equals the number of committed iterations.
        last: Number of iterations after which the run is done.
        standing: State of the run between iterations.
        stop: Reason why the run stopped; "" while it continues.
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
    evolved: PromptsEvolved


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
    evolved: PromptsEvolved
