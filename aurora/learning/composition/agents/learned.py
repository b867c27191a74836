"""Searches with a learned agent: it composes in the cost model, and only what promises most is measured.

After Dyna (Sutton 1991): each measurement improves the model, and the agent learns in the model between measurements.
The agent decides where in the graph of edits to look; the model and its uncertainty decide what of that is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np

from aurora.learning.composition.agents.beliefs import Beliefs, first_look
from aurora.learning.composition.agents.dqn import DQN, DQNSettings
from aurora.learning.composition.agents.model_env import ModelEnvironments
from aurora.learning.composition.agents.ppo import PPO
from aurora.learning.composition.environment.problem import Problem, Strategy, random_pipeline
from aurora.learning.rl.ppo_training import derive_seed, use_one_thread

NUM_ENVS = 16
"""Episodes that are played together."""

MOST_DRAWS = 200
"""Random pipelines that are tried where the agent has looked at nothing new, before the search ends."""


class Learner(Protocol):
    """Learns in a cost model."""

    def learn(self, env: ModelEnvironments) -> None:
        """Play and learn for one round."""


def learned(problem: Problem, seed: int, make: Callable[[ModelEnvironments, int], Learner]) -> Strategy:
    """Measure some chains, then what promises most of what an agent looks at in the model."""
    use_one_thread()
    beliefs = Beliefs(problem, seed)
    yield from first_look(beliefs)
    env = ModelEnvironments(beliefs, NUM_ENVS, derive_seed(seed, 1))
    rng = np.random.default_rng(derive_seed(seed, 2))
    learner: Learner | None = None
    while True:
        env.begin_round()
        learner = learner or make(env, derive_seed(seed, 3))
        learner.learn(env)
        pipeline = env.promising()
        draws = 0
        while pipeline is None or pipeline in beliefs.measured:
            pipeline = random_pipeline(problem, rng)
            draws += 1
            if draws > MOST_DRAWS:
                return
        beliefs.add(pipeline, (yield pipeline))


def dqn(problem: Problem, seed: int) -> Strategy:
    """Search with DQN that explores epsilon-greedily."""
    return learned(problem, seed, partial(DQN, settings=DQNSettings()))


def dqn_softmax(problem: Problem, seed: int) -> Strategy:
    """Search with DQN that explores by softmax."""
    return learned(problem, seed, partial(DQN, settings=DQNSettings(temperature=0.5)))


def ppo(problem: Problem, seed: int) -> Strategy:
    """Search with PPO."""
    return learned(problem, seed, PPO)
