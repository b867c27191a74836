"""Records that an iteration of self-play adds to the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aurora.memory.elo import Match
from aurora.sim.policies.policy import Policy


class NewPolicy(NamedTuple):
    """A policy to keep, with its origin, its parents, and the version of the prompt that led to it."""

    policy: Policy
    origin: str
    parents: tuple[str, ...] = ()
    prompt_id: str | None = None


class NewScenario(NamedTuple):
    """A scenario to keep, as the JSON of its spec, with the version of the prompt that led to it."""

    scenario_id: str
    family: str
    level: int
    spec: str
    success_rate: float
    attacker_reward: float
    prompt_id: str | None = None


class NewPrompt(NamedTuple):
    """A version of a prompt, with the one that it was made from."""

    prompt_id: str
    role: str
    text: str
    parent_id: str | None = None


class NewOutcome(NamedTuple):
    """Value of a policy on a scenario, higher is better, and the sums over its tasks."""

    policy_id: str
    scenario_id: str
    value: float
    summary: Mapping[str, float]


class Failure(NamedTuple):
    """An attempt that failed: its kind (`scenario` or `policy`), who or what was tried, and the reason."""

    kind: str
    subject: str
    reason: str


class Iteration(NamedTuple):
    """Everything that one iteration of self-play adds; written together or not at all.

    Attributes:
        number: Number of the iteration, from 0, without gaps.
        policies, scenarios, outcomes, failures: New rows; known ones are left as they are.
        matches: Rating of each policy before and after the round on each scenario that it took part in.
        fronts: For each scenario, the policies on its Pareto front.
        state: JSON values that say where the run stands: curriculum, search, champion.
        events: JSON values of the iteration's events.
        prompts: Versions of prompts that were used; known ones are left as they are.
    """

    number: int
    policies: Sequence[NewPolicy]
    scenarios: Sequence[NewScenario]
    outcomes: Sequence[NewOutcome]
    failures: Sequence[Failure]
    matches: Sequence[Match]
    fronts: Mapping[str, Sequence[str]]
    state: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    prompts: Sequence[NewPrompt] = ()
