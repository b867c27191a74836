"""Train PPO through gymnasium: with any library that takes its environments, here sb3-contrib's MaskablePPO.

    python examples/train_ppo.py

`aurora.train("ppo", steps=200_000)` is AURORA's own PPO, whose networks become policies that `aurora.simulate` takes.
"""

from statistics import mean
from typing import Any

import gymnasium
from sb3_contrib import MaskablePPO

import aurora

ENVIRONMENT = "aurora/Allocation-v0"
STEPS = 1024
"""Enough to see it run; 200,000 are enough to learn something."""


def play(env: gymnasium.Env[Any, Any], model: MaskablePPO | None, episodes: int = 20) -> float:
    """Return the mean reward of scenarios; without a model the first candidate is taken (first fit)."""
    values: list[float] = []
    for _ in range(episodes):
        observation, _ = env.reset()
        terminated = False
        while not terminated:
            mask = env.get_wrapper_attr("action_masks")()
            action = mask.argmax() if model is None else model.predict(observation, action_masks=mask)[0]
            observation, _, terminated, _, info = env.step(action)
        values.append(info["value"])
    return mean(values)


def main() -> None:
    """Train on generated scenarios, and compare with first fit on scenarios that were not trained on."""
    gymnasium.register_envs(aurora)  # the import has registered it
    env = gymnasium.make(ENVIRONMENT, level=1, num_scenarios=200, seed=1, flat=True)
    print("observation", env.observation_space.shape, "actions", env.action_space)
    model = MaskablePPO("MlpPolicy", env, n_steps=256, seed=1, device="cpu").learn(STEPS)

    places = env.get_wrapper_attr("action_space").n
    held_out = gymnasium.make(ENVIRONMENT, level=1, num_scenarios=20, held_out=True, candidates=places, flat=True)
    print(f"mean reward on 20 held-out scenarios: first fit {play(held_out, None):.3f}, ", end="")
    print(f"after {STEPS} steps of PPO {play(held_out, model):.3f}")


if __name__ == "__main__":
    main()
