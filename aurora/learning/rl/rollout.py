"""What an agent makes of scenarios, each played once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.rl.env import Observation
from aurora.learning.rl.networks import Agent
from aurora.sim.episodes import BASE, Episodes
from aurora.sim.kernel import EncodedScenario, evaluate
from aurora.sim.kernel import layout as at
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import score

TOGETHER = 256
"""Episodes that are played at a time."""


def policy_values(policy: Policy, scenarios: Sequence[EncodedScenario]) -> NDArray[np.float64]:
    """The reward of a policy on each scenario, float64 [n]."""
    program = compile_policy(policy)
    return np.array([score(evaluate(e, program), e.scenario).reward for e in scenarios])


def agent_values(agent: Agent, scenarios: Sequence[EncodedScenario]) -> NDArray[np.float64]:
    """The reward of an agent on each scenario, float64 [n].

    A scenario without any decision (each task fits on one candidate at most) is worth the same to everybody: it has the
    value of the environment's base policy.
    """
    parts = [_values(agent, scenarios[k : k + TOGETHER]) for k in range(0, len(scenarios), TOGETHER)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _values(agent: Agent, scenarios: Sequence[EncodedScenario]) -> NDArray[np.float64]:
    found = policy_values(BASE, scenarios)
    episodes = Episodes(scenarios, len(scenarios), restarts=False)
    episodes.begin()
    played = episodes.playing.copy()
    agent.begin(len(scenarios))
    while (episodes.task >= 0).any():
        episodes.step(_decide(agent, episodes))
        over = ~np.isnan(episodes.value) & (played >= 0)
        found[played[over]] = episodes.value[over]
    return found


def _decide(agent: Agent, episodes: Episodes) -> NDArray[np.int64]:
    """The agent's choice in every episode; 0 in those that are over."""
    seen = Observation(episodes.candidates, episodes.mask, episodes.context)
    return np.where(episodes.task >= 0, agent.decide(seen), 0)


class Choice(NamedTuple):
    """Where two policies place a task, in the situation that the first one's earlier choices led to.

    Attributes:
        task: Index of the task.
        ours, theirs: The candidate of the first policy and of the second: the node's id, for a flow its links.
    """

    task: int
    ours: str
    theirs: str


def differences(policy: Policy, other: Policy, encoded: EncodedScenario, most: int) -> list[Choice]:
    """The first decisions in which a policy differs from another.

    Args:
        policy: What it chooses happens; who is next is up to it.
        other: Its scores are asked in every situation that comes.
        encoded: The scenario.
        most: How many.
    """
    kept = {"decision_rules", "network"}
    scores = {name: getattr(other.allocation_strategy, name) for name in kept}
    asked = other.model_copy(update={"allocation_strategy": policy.allocation_strategy.model_copy(update=scores)})
    ours, theirs = (Episodes([encoded], 1, base=p, restarts=False) for p in (policy, asked))
    ours.begin()
    theirs.begin()
    found: list[Choice] = []
    while ours.task[0] >= 0 and len(found) < most:
        chosen, preferred = ours.preferred(), theirs.preferred()
        task = int(ours.task[0])
        if chosen[0] != preferred[0]:
            names = (candidate_name(encoded, task, int(number[0])) for number in (chosen, preferred))
            found.append(Choice(task, *names))
        ours.step(chosen)
        theirs.step(chosen)
    return found


def candidate_name(encoded: EncodedScenario, task: int, number: int) -> str:
    """What a candidate is called: the node's id, for a flow its links."""
    problem, scenario = encoded.problem, encoded.scenario
    place = problem.route_start[problem.task_i[task, at.T_ROUTE]] + number
    node = problem.candidate_node[place]
    if node >= 0:
        return str(scenario.nodes[node].node_id)
    return " ".join(scenario.links[link].link_id for link in encoded.paths[problem.candidate_path[place]])
