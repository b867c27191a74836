"""Measures reinforcement learning: speed, reward on held-out scenarios, and rank among other policies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.charts import Chart, Line
from aurora.learning.rl import trainer
from aurora.learning.rl.evaluation import agent_rewards, policy_rewards
from aurora.learning.rl.ppo_training import CurvePoint
from aurora.learning.rl.scenarios import level_scenarios
from aurora.learning.rl.trainer import Algorithm, TrainingConfig
from aurora.sim.kernel import EncodedScenario
from aurora.sim.policies.references import REFERENCES
from aurora.statistics.intervals import paired_interval
from aurora.types import Progress, no_progress

REFERENCE_NAMES = ("random", "first_fit")
CURVE_SEED = 1_000_003
"""Random seed of the scenarios of learning curves, which differ from those of the published figures."""
CURVE_POINTS = 12
"""Number of points of a learning curve."""
CURVE_SCENARIOS = 60
"""Number of scenarios on which each point of a learning curve is measured."""


class Clock(NamedTuple):
    """A moment by wall clock and by processor time of this process, seconds."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Clock:
        """Return the current moment."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, other: Clock) -> Clock:
        """Return the times since another moment."""
        return Clock(self.wall - other.wall, self.cpu - other.cpu)


def bench_rl(  # noqa: PLR0913  # what determines the benchmark
    levels: Sequence[int],
    steps: int,
    *,
    seed: int,
    scenarios: int,
    algorithms: Sequence[Algorithm],
    plain_steps: int,
    progress: Progress = no_progress,
    on_result: Callable[[int, dict[str, Any]], None] = lambda *_: None,
) -> dict[str, Any]:
    """Train every algorithm on every level, and compare on scenarios that no training meets.

    Args:
        levels: Levels of the curriculum; each is trained on its own.
        steps: Decisions of each training.
        seed: Random seed of training and of the held-out scenarios.
        scenarios: Held-out scenarios of each level.
        algorithms: Algorithms to train.
        plain_steps: Decisions over which the PPO of stable-baselines3 and sb3-contrib is timed; 0: it is not.
        progress: Receives the decisions of each training so far.
        on_result: Called with a level and the result of an algorithm, when its training ends.

    Raises:
        InputError: A level or algorithm does not exist, or `steps` is below 1.
    """
    level_results = []
    for level in levels:
        judged = level_scenarios(level, scenarios, seed, held_out=True)
        shown = level_scenarios(level, CURVE_SCENARIOS, CURVE_SEED + seed, held_out=True)
        references = {name: policy_rewards(REFERENCES[name], judged) for name in REFERENCE_NAMES}
        results = []
        for algorithm in algorithms:
            config = TrainingConfig(algorithm, (level,), steps, seed)
            results.append(_train(config, judged, shown, references, progress))
            on_result(level, results[-1])
        level_results.append(
            {
                "level": level,
                **{name: _interval(rewards) for name, rewards in references.items()},
                "curve_marks": {n: float(policy_rewards(REFERENCES[n], shown).mean()) for n in REFERENCE_NAMES},
                "algorithms": results,
                "plain": _time_libraries(level, plain_steps, seed) if plain_steps else [],
            }
        )
    return {"steps": steps, "seed": seed, "scenarios": scenarios, "levels": level_results}


def _interval(rewards: NDArray[np.float64]) -> dict[str, float]:
    return dict(paired_interval(rewards)._asdict())


def _train(
    config: TrainingConfig,
    judged: Sequence[EncodedScenario],
    shown: Sequence[EncodedScenario],
    references: Mapping[str, NDArray[np.float64]],
    progress: Progress,
) -> dict[str, Any]:
    began = Clock.now()
    training = trainer.start_training(config)
    curve = [{"steps": 0, "value": float(agent_rewards(training.agent, shown).mean())}]
    evaluating = Clock(0.0, 0.0)

    def on_point(point: CurvePoint) -> None:
        nonlocal evaluating
        start = Clock.now()
        reward = "" if point.mean_return is None else f"mean reward {point.mean_return:.4f}"
        progress(f"level {config.levels[0]}  {config.algorithm}", min(point.steps, config.steps), config.steps, reward)
        if point.steps >= len(curve) * config.steps / CURVE_POINTS:
            curve.append({"steps": point.steps, "value": float(agent_rewards(training.agent, shown).mean())})
        passed = Clock.now().since(start)
        evaluating = Clock(evaluating.wall + passed.wall, evaluating.cpu + passed.cpu)

    trainer.run_training(training, on_point=on_point)
    spent = Clock.now().since(began).since(evaluating)
    rewards = agent_rewards(training.agent, judged)
    return {
        "algorithm": config.algorithm,
        "steps": training.learner.steps,
        **_speed(training.learner.steps, spent),
        "reward": _interval(rewards),
        **{f"over_{name}": _interval(rewards - reference) for name, reference in references.items()},
        "curve": curve,
    }


def _speed(steps: int, spent: Clock) -> dict[str, float]:
    return {
        "train_seconds": spent.wall,
        "cpu_seconds": spent.cpu,
        "steps_per_second": steps / spent.wall,
        "steps_per_cpu_second": steps / spent.cpu,
    }


def _time_libraries(level: int, steps: int, seed: int) -> list[dict[str, Any]]:
    """Time the PPO of stable-baselines3 and sb3-contrib, with as many environments and equally large rollouts."""
    from sb3_contrib import MaskablePPO, RecurrentPPO  # noqa: PLC0415  # heavy, used here only
    from stable_baselines3 import PPO  # noqa: PLC0415  # likewise

    from aurora.learning.rl.ppo import PPOConfig  # noqa: PLC0415  # with what it is compared with
    from aurora.learning.rl.ppo_training import LSTM_SIZE  # noqa: PLC0415  # likewise
    from aurora.learning.rl.sb3 import AllocationVecEnv  # noqa: PLC0415  # likewise

    config = PPOConfig()
    rollout = config.num_envs * config.num_steps
    make_env = trainer.env_factory(TrainingConfig("ppo", (level,), steps, seed), config.num_envs)
    shared: dict[str, Any] = {
        "n_steps": config.num_steps,
        "batch_size": rollout // config.num_minibatches,
        "n_epochs": config.n_epochs,
        "device": "cpu",
        "seed": seed,
    }
    lstm = {"lstm_hidden_size": LSTM_SIZE, "enable_critic_lstm": False, "shared_lstm": True}
    kinds: tuple[tuple[str, Any, str, dict[str, Any]], ...] = (
        ("stable-baselines3 PPO", PPO, "MlpPolicy", {}),
        ("sb3-contrib MaskablePPO", MaskablePPO, "MlpPolicy", {}),
        ("sb3-contrib RecurrentPPO", RecurrentPPO, "MlpLstmPolicy", {"policy_kwargs": lstm}),
    )
    results = []
    for name, kind, policy, more in kinds:
        model = kind(policy, AllocationVecEnv(make_env(0), flat=True), **shared, **more)
        began = Clock.now()
        model.learn(max(rollout, steps))
        spent = Clock.now().since(began)
        results.append({"algorithm": name, "steps": model.num_timesteps, **_speed(model.num_timesteps, spent)})
    return results


def curves(result: Mapping[str, Any]) -> list[Chart]:
    """Return the learning curves of a result of `bench_rl`, a chart for each level."""
    charts = []
    for level in result["levels"]:
        lines = [
            Line(a["algorithm"], [p["steps"] for p in a["curve"]], [p["value"] for p in a["curve"]])
            for a in level["algorithms"]
        ]
        last = max((p["steps"] for a in level["algorithms"] for p in a["curve"]), default=1)
        lines += [Line(name, [0, last], [value, value]) for name, value in level["curve_marks"].items()]
        title = f"level {level['level']}: {CURVE_SCENARIOS} held-out scenarios"
        charts.append(Chart(title, "decisions", "mean reward", tuple(lines)))
    return charts
