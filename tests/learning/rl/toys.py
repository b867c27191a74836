"""Small environments with the interface of `aurora.learning.rl.env.Environments`, quick to learn."""

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from aurora.learning.rl.vector_env import Observation, StepResult


class Cheapest:
    """Episodes of a few decisions, each best made by taking the cheapest feasible candidate."""

    candidate_features, context_features = 3, 2

    def __init__(self, num_envs, seed, num_candidates=6, length=5):
        self.num_envs, self.num_candidates, self.length = num_envs, num_candidates, length
        self._rng = np.random.default_rng(seed)

    def reset(self):
        self._step = self._rng.integers(self.length, size=self.num_envs)
        self._total = np.zeros(self.num_envs)
        return self._observe()

    def step(self, actions):
        rows = np.arange(self.num_envs)
        assert self._observation.mask[rows, actions].all(), "an infeasible candidate was chosen"
        reward = (1 - self._observation.candidates[rows, actions, 0]).astype(np.float32) / self.length
        self._total += reward
        self._step += 1
        terminated = self._step >= self.length
        episode_return = np.where(terminated, self._total, np.nan)
        self._total[terminated], self._step[terminated] = 0, 0
        return StepResult(self._observe(), reward, terminated, episode_return)

    def _observe(self):
        shape = self.num_envs, self.num_candidates
        mask = self._rng.random(shape) < 0.6
        mask[np.arange(self.num_envs), self._rng.integers(self.num_candidates, size=self.num_envs)] = True
        candidates = self._rng.random((*shape, self.candidate_features)).astype(np.float32)
        self._observation = Observation(
            candidates, mask, self._rng.random((self.num_envs, self.context_features)).astype(np.float32)
        )
        return self._observation


class Cue:
    """Episodes whose first observation determines which of two candidates is right in all later decisions."""

    candidate_features, context_features, num_candidates = 2, 2, 2

    def __init__(self, num_envs, seed, length=6):
        self.num_envs, self.length = num_envs, length
        self._rng = np.random.default_rng(seed)

    def reset(self):
        self._step = np.zeros(self.num_envs, np.int64)
        self._cue = self._rng.integers(2, size=self.num_envs)
        self._total = np.zeros(self.num_envs)
        return self._observe()

    def step(self, actions):
        chosen = self._kind[np.arange(self.num_envs), actions]
        reward = np.where(self._step > 0, (chosen == self._cue) / (self.length - 1), 0).astype(np.float32)
        self._total += reward
        self._step += 1
        terminated = self._step == self.length
        episode_return = np.where(terminated, self._total, np.nan)
        self._step[terminated], self._total[terminated] = 0, 0
        self._cue = np.where(terminated, self._rng.integers(2, size=self.num_envs), self._cue)
        return StepResult(self._observe(), reward, terminated, episode_return)

    def _observe(self):
        self._kind = np.argsort(self._rng.random((self.num_envs, 2)), axis=1)
        candidates = np.zeros((self.num_envs, 2, 2), np.float32)
        candidates[..., 0] = 2 * self._kind - 1
        context = np.zeros((self.num_envs, 2), np.float32)
        first = self._step == 0
        context[first, 0], context[first, 1] = 1, (2 * self._cue - 1)[first]
        return Observation(candidates, np.ones((self.num_envs, 2), np.bool_), context)


def mean_return(agent, env, steps):
    """Return the mean return of an agent's finished episodes."""
    observation = env.reset()
    agent.reset(env.num_envs)
    returns = []
    for _ in range(steps):
        result = env.step(agent.act(observation))
        agent.reset_episodes(result.terminated)
        returns.append(result.episode_return[result.terminated])
        observation = result.observation
    return float(np.concatenate(returns)[env.num_envs :].mean())  # the first ones may have begun half way


class ToyVecEnv(VecEnv):
    """A toy as an environment of stable-baselines3, like `aurora.learning.rl.sb3.AllocationVecEnv`."""

    def __init__(self, env):
        most, features = env.num_candidates, env.candidate_features
        space = spaces.Dict(
            {
                "candidates": spaces.Box(-np.inf, np.inf, (most, features), np.float32),
                "mask": spaces.MultiBinary(most),
                "context": spaces.Box(-np.inf, np.inf, (env.context_features,), np.float32),
            }
        )
        super().__init__(env.num_envs, space, spaces.Discrete(most))
        self.env = env

    def reset(self):
        return self.env.reset()._asdict()

    def step_async(self, actions):
        self.actions = actions

    def step_wait(self):
        result = self.env.step(self.actions)
        infos = [{} for _ in range(self.num_envs)]
        observation = result.observation._asdict()
        for i in np.flatnonzero(result.terminated):
            infos[i] = {
                "terminal_observation": {k: 0 * v[i] for k, v in observation.items()},
                "value": float(result.episode_return[i]),
            }
        return observation, result.reward, result.terminated, infos

    def close(self):
        pass

    def get_attr(self, attr_name, indices=None):
        return [None] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise NotImplementedError

    def env_method(self, method_name, *args, indices=None, **named):
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs
