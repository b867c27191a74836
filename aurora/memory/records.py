"""Records that an iteration of self-play adds to the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aurora.memory.elo import Match
from aurora.sim.policies.policy import Policy


class NewPolicy(NamedTuple):
    """A policy to archive, with its origin, its parents, and the version of the prompt that produced it."""

    policy: Policy
    origin: str
    parents: tuple[str, ...] = ()
    prompt_id: str | None = None


class NewScenario(NamedTuple):
    """A scenario to archive, as the JSON of its spec, with the version of the prompt that produced it."""

    scenario_id: str
    family: str
    level: int
    spec: str
    success_rate: float
    attacker_reward: float
    prompt_id: str | None = None


class NewPrompt(NamedTuple):
    """A version of a prompt, and the version that it was made from."""

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
    """A failed attempt: its kind (`scenario` or `policy`), its subject or author, and the reason."""

    kind: str
    subject: str
    reason: str


class Iteration(NamedTuple):
    """All rows that one iteration of self-play adds; they are written together or not at all.

    Attributes:
        number: Number of the iteration, from 0, without gaps.
        policies, scenarios, outcomes, failures: New rows; known ones are left as they are.
        matches: Rating of each policy before and after the round on each scenario that it took part in.
        fronts: Policies on the Pareto front, by scenario.
        state: State of the run as JSON values: curriculum, search, champion.
        events: Events of the iteration as JSON values.
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
