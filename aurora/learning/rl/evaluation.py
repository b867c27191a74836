"""Evaluates agents and policies on scenarios, each played once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import ScenarioError
from aurora.learning.rl.networks import Agent
from aurora.learning.rl.vector_env import Observation
from aurora.sim.episodes import BASE, Episodes
from aurora.sim.kernel import EncodedScenario, evaluate, run
from aurora.sim.kernel import layout as at
from aurora.sim.outcome import Outcome
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import score

MAX_EPISODES = 256
"""Most episodes that are played at the same time."""


def policy_rewards(policy: Policy, scenarios: Sequence[EncodedScenario]) -> NDArray[np.float64]:
    """Return the reward of a policy on each scenario, float64 [n]."""
    program = compile_policy(policy)
    return np.array([score(evaluate(e, program), e.scenario).reward for e in scenarios])


def agent_rewards(agent: Agent, scenarios: Sequence[EncodedScenario]) -> NDArray[np.float64]:
    """Return the reward of an agent on each scenario, float64 [n].

    A scenario without a decision (each task fits on one candidate at most) has the reward of the environment's base
    policy, whatever the agent.
    """
    parts = [_rewards(agent, scenarios[k : k + MAX_EPISODES]) for k in range(0, len(scenarios), MAX_EPISODES)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _rewards(agent: Agent, scenarios: Sequence[EncodedScenario]) -> NDArray[np.float64]:
    rewards = policy_rewards(BASE, scenarios)
    episodes = Episodes(scenarios, len(scenarios), restarts=False)
    episodes.begin()
    played = episodes.playing.copy()
    agent.reset(len(scenarios))
    while (episodes.task >= 0).any():
        episodes.step(_act(agent, episodes))
        finished = ~np.isnan(episodes.value) & (played >= 0)
        rewards[played[finished]] = episodes.value[finished]
    return rewards


def agent_outcome(agent: Agent, encoded: EncodedScenario) -> Outcome:
    """Return the outcome of an agent on a scenario; where nothing is to be decided, that of the base policy."""
    episodes = Episodes([encoded], 1, restarts=False)
    try:
        episodes.begin()
    except ScenarioError:  # nothing is to be decided in it
        return run(encoded, compile_policy(BASE))
    agent.reset(1)
    while episodes.task[0] >= 0:
        episodes.step(_act(agent, episodes))
    return episodes.outcome()


def _act(agent: Agent, episodes: Episodes) -> NDArray[np.int64]:
    """Return the agent's action in every episode; 0 in those that are over."""
    observation = Observation(episodes.candidates, episodes.mask, episodes.context)
    return np.where(episodes.task >= 0, agent.act(observation), 0)


class Disagreement(NamedTuple):
    """Placements of a task by two policies in the same situation.

    Attributes:
        task: Index of the task.
        chosen: Candidate that the first policy chooses: id of the node, or of the links for a flow.
        other: Candidate that the second policy would choose.
    """

    task: int
    chosen: str
    other: str


def first_disagreements(policy: Policy, other: Policy, encoded: EncodedScenario, limit: int) -> list[Disagreement]:
    """Return the first decisions in which two policies choose differently.

    Args:
        policy: Policy that is followed; it also says which task is next.
        other: Policy whose choice is asked in every situation.
        encoded: Scenario.
        limit: Largest number of decisions to return.
    """
    scoring = {name: getattr(other.allocation_strategy, name) for name in ("decision_rules", "network")}
    strategy = policy.allocation_strategy.model_copy(update=scoring)
    same_order = other.model_copy(update={"allocation_strategy": strategy})
    followed, asked = (Episodes([encoded], 1, base=p, restarts=False) for p in (policy, same_order))
    followed.begin()
    asked.begin()
    disagreements: list[Disagreement] = []
    while followed.task[0] >= 0 and len(disagreements) < limit:
        chosen, preferred = followed.preferred(), asked.preferred()
        task = int(followed.task[0])
        if chosen[0] != preferred[0]:
            names = (candidate_name(encoded, task, int(number[0])) for number in (chosen, preferred))
            disagreements.append(Disagreement(task, *names))
        followed.step(chosen)
        asked.step(chosen)
    return disagreements


def candidate_name(encoded: EncodedScenario, task: int, number: int) -> str:
    """Return the name of a candidate: id of the node, or ids of the links for a flow."""
    problem, scenario = encoded.problem, encoded.scenario
    place = problem.route_start[problem.task_i[task, at.T_ROUTE]] + number
    node = problem.candidate_node[place]
    if node >= 0:
        return str(scenario.nodes[node].node_id)
    return " ".join(scenario.links[link].link_id for link in encoded.paths[problem.candidate_path[place]])
