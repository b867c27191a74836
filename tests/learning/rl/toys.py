"""Small environments of the same contract as `aurora.learning.rl.env.Environments`, quick to learn."""

from typing import NamedTuple

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv


class Shown(NamedTuple):
    candidates: np.ndarray
    mask: np.ndarray
    context: np.ndarray


class Taken(NamedTuple):
    observation: Shown
    reward: np.ndarray
    ended: np.ndarray
    value: np.ndarray


class Cheapest:
    """Episodes of a few decisions, each best made by taking the cheapest feasible candidate."""

    features, context = 3, 2

    def __init__(self, count, seed, candidates=6, length=5):
        self.count, self.candidates, self.length = count, candidates, length
        self._rng = np.random.default_rng(seed)

    def reset(self):
        self._step = self._rng.integers(self.length, size=self.count)
        self._total = np.zeros(self.count)
        return self._show()

    def step(self, actions):
        rows = np.arange(self.count)
        assert self._shown.mask[rows, actions].all(), "an infeasible candidate was chosen"
        reward = (1 - self._shown.candidates[rows, actions, 0]).astype(np.float32) / self.length
        self._total += reward
        self._step += 1
        ended = self._step >= self.length
        value = np.where(ended, self._total, np.nan)
        self._total[ended], self._step[ended] = 0, 0
        return Taken(self._show(), reward, ended, value)

    def _show(self):
        shape = self.count, self.candidates
        mask = self._rng.random(shape) < 0.6
        mask[np.arange(self.count), self._rng.integers(self.candidates, size=self.count)] = True
        candidates = self._rng.random((*shape, self.features)).astype(np.float32)
        self._shown = Shown(candidates, mask, self._rng.random((self.count, self.context)).astype(np.float32))
        return self._shown


class Cue:
    """The first observation of an episode says which of two candidates every later decision should take."""

    features, context, candidates = 2, 2, 2

    def __init__(self, count, seed, length=6):
        self.count, self.length = count, length
        self._rng = np.random.default_rng(seed)

    def reset(self):
        self._step = np.zeros(self.count, np.int64)
        self._cue = self._rng.integers(2, size=self.count)
        self._total = np.zeros(self.count)
        return self._show()

    def step(self, actions):
        chosen = self._kind[np.arange(self.count), actions]
        reward = np.where(self._step > 0, (chosen == self._cue) / (self.length - 1), 0).astype(np.float32)
        self._total += reward
        self._step += 1
        ended = self._step == self.length
        value = np.where(ended, self._total, np.nan)
        self._step[ended], self._total[ended] = 0, 0
        self._cue = np.where(ended, self._rng.integers(2, size=self.count), self._cue)
        return Taken(self._show(), reward, ended, value)

    def _show(self):
        self._kind = np.argsort(self._rng.random((self.count, 2)), axis=1)
        candidates = np.zeros((self.count, 2, 2), np.float32)
        candidates[..., 0] = 2 * self._kind - 1
        context = np.zeros((self.count, 2), np.float32)
        first = self._step == 0
        context[first, 0], context[first, 1] = 1, (2 * self._cue - 1)[first]
        return Shown(candidates, np.ones((self.count, 2), np.bool_), context)


def mean_value(agent, batch, steps):
    """What an agent's finished episodes are worth on average."""
    observation = batch.reset()
    agent.begin(batch.count)
    found = []
    for _ in range(steps):
        step = batch.step(agent.decide(observation))
        agent.forget(step.ended)
        found.append(step.value[step.ended])
        observation = step.observation
    return float(np.concatenate(found)[batch.count :].mean())  # the first ones may have begun half way


class Stepping(VecEnv):
    """A toy as stable-baselines3 knows it, like `aurora.learning.rl.sb3.AllocationVecEnv`."""

    def __init__(self, batch):
        most, features = batch.candidates, batch.features
        space = spaces.Dict(
            {
                "candidates": spaces.Box(-np.inf, np.inf, (most, features), np.float32),
                "mask": spaces.MultiBinary(most),
                "context": spaces.Box(-np.inf, np.inf, (batch.context,), np.float32),
            }
        )
        super().__init__(batch.count, space, spaces.Discrete(most))
        self.batch = batch

    def reset(self):
        return self.batch.reset()._asdict()

    def step_async(self, actions):
        self.actions = actions

    def step_wait(self):
        step = self.batch.step(self.actions)
        infos = [{} for _ in range(self.num_envs)]
        shown = step.observation._asdict()
        for i in np.flatnonzero(step.ended):
            infos[i] = {"terminal_observation": {k: 0 * v[i] for k, v in shown.items()}, "value": float(step.value[i])}
        return shown, step.reward, step.ended, infos

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
