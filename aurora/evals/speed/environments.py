"""Measures the speed of the environment (batched, single, in stable-baselines3) and of a policy with a network."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from aurora.evals.speed.simulator import workload
from aurora.learning.rl.env import AllocationEnv, Environments
from aurora.learning.rl.scenarios import level_scenarios
from aurora.sim.kernel import encode, evaluate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS, scale_of
from aurora.sim.policies.network import scoring_network
from aurora.sim.policies.policy import Policy

SCENARIOS = 100
"""Number of held-out scenarios of each level."""
BATCH = 64
"""Number of environments that step together."""
STEPS = {1: 2000, 2: 1000, 3: 600, 4: 300}
"""Level -> steps of the whole batch in a measurement."""
SINGLE_STEPS = 3000
"""Steps of a measurement of single environments."""


def bench_environments(repeats: int) -> dict[str, Any]:
    """Return all measurements, with the keys of `aurora bench env --json`."""
    return {
        "batch": BATCH,
        "levels": [_level(level, repeats) for level in STEPS],
        "networks": [_network(hidden, nodes, repeats) for hidden in ((32,), (32, 32)) for nodes in (10, 50, 100)],
    }


def _rates(work: Callable[[], int], repeats: int) -> list[float]:
    """Return steps per second of processor time; other load on the machine matters less than by the clock."""
    work()
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        steps = work()
        rates.append(steps / (time.process_time() - start))
    return rates


def _level(level: int, repeats: int) -> dict[str, Any]:
    from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv  # noqa: PLC0415  # heavy, used here only

    from aurora.learning.rl.sb3 import AllocationVecEnv  # noqa: PLC0415  # likewise

    scenarios = level_scenarios(level, SCENARIOS, 0, held_out=True)
    environments = Environments(scenarios, BATCH, seed=0)
    environments.reset()
    single = AllocationEnv(scenarios, flat=True)
    single.reset()

    def batched() -> int:
        mask = environments.observe().mask
        for _ in range(STEPS[level]):
            mask = environments.step(mask.argmax(axis=1)).observation.mask
        return STEPS[level] * BATCH

    def one_at_a_time() -> int:
        for _ in range(SINGLE_STEPS):
            if single.step(int(single.action_masks().argmax()))[2]:
                single.reset()
        return SINGLE_STEPS

    def by_stable_baselines(env: VecEnv) -> Callable[[], int]:
        env.reset()
        steps = max(1, SINGLE_STEPS // env.num_envs)

        def step() -> int:
            for _ in range(steps):
                env.step(np.stack(env.env_method("action_masks")).argmax(axis=1))
            return steps * env.num_envs

        return step

    batched_rates = _rates(batched, repeats)
    dummy = DummyVecEnv([lambda: AllocationEnv(scenarios, flat=True) for _ in range(8)])
    vectorised = AllocationVecEnv(Environments(scenarios, BATCH, seed=0), flat=True)
    return {
        "level": level,
        "candidates": environments.num_candidates,
        "steps_per_second": float(np.median(batched_rates)),
        "min": min(batched_rates),
        "max": max(batched_rates),
        "gymnasium": float(np.median(_rates(one_at_a_time, repeats))),
        "sb3_vectorised": float(np.median(_rates(by_stable_baselines(vectorised), repeats))),
        "sb3_dummy": float(np.median(_rates(by_stable_baselines(dummy), repeats))),
    }


def random_network(hidden: tuple[int, ...], seed: int = 0) -> Policy:
    """Return a policy whose network reads the whole observation, with random weights."""
    rng = np.random.default_rng(seed)
    inputs = (*CANDIDATE_INPUTS, *CONTEXT_INPUTS)
    layers = [
        (rng.normal(0, 1, (units, size)) / np.sqrt(size), np.zeros(units))
        for size, units in itertools.pairwise((len(inputs), *hidden, 1))
    ]
    return scoring_network(inputs, [scale_of(text) for text in inputs], layers)


def _network(hidden: tuple[int, ...], nodes: int, repeats: int) -> dict[str, Any]:
    """Measure microseconds per decision of a simulation under a network."""
    encoded, program = encode(workload(nodes, 2000, flavours=False)), compile_policy(random_network(hidden))
    rates = _rates(lambda: evaluate(encoded, program).decisions, repeats)
    return {"hidden": list(hidden), "nodes": nodes, "microseconds_per_decision": 1e6 / float(np.median(rates))}
