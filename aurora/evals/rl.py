"""Reinforcement learning measured: how fast, how good on held-out scenarios, and its rank among other policies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.charts import Chart, Line
from aurora.intervals import Interval, paired_interval
from aurora.learning.rl import trainer
from aurora.learning.rl.rollout import agent_values, policy_values
from aurora.learning.rl.scenarios import level_scenarios
from aurora.learning.rl.trainer import Algorithm, Course
from aurora.learning.rl.training import Point
from aurora.memory import elo
from aurora.sim.kernel import EncodedScenario
from aurora.sim.policies.references import REFERENCES

REFERENCE_NAMES = ("random", "first_fit")
CURVE_SEED = 1_000_003
"""Of the scenarios that learning curves are drawn on; others than those of the figures."""
CURVE_POINTS = 12
CURVE_SCENARIOS = 60

Tell = Callable[[str, int, Point], None]
"""(algorithm, level, point) -> nothing; called as a training goes on."""


class Clock(NamedTuple):
    """A moment, by the wall and by the processor time of this process, seconds."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Clock:
        """This moment."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, other: Clock) -> Clock:
        """What has passed."""
        return Clock(self.wall - other.wall, self.cpu - other.cpu)


def bench_rl(  # noqa: PLR0913  # what a benchmark is made of
    levels: Sequence[int],
    steps: int,
    *,
    seed: int,
    scenarios: int,
    algorithms: Sequence[Algorithm],
    plain_steps: int,
    tell: Tell = lambda *_: None,
    tell_result: Callable[[int, dict[str, Any]], None] = lambda *_: None,
) -> dict[str, Any]:
    """Train every algorithm on every level, and compare on scenarios that no training meets.

    Args:
        levels: Of the curriculum; each is trained on its own.
        steps: Decisions of each training.
        seed: Of training and of the held-out scenarios.
        scenarios: Held-out ones of each level.
        algorithms: Which.
        plain_steps: Decisions over which stable-baselines3's and sb3-contrib's own speed is measured; 0: not.
        tell: Called as it goes on.
        tell_result: Called with a level and what an algorithm achieved there, as it ends.
    """
    found = []
    for level in levels:
        judged = level_scenarios(level, scenarios, seed, held_out=True)
        shown = level_scenarios(level, CURVE_SCENARIOS, CURVE_SEED + seed, held_out=True)
        marks = {name: policy_values(REFERENCES[name], judged) for name in REFERENCE_NAMES}
        results = []
        for algorithm in algorithms:
            results.append(_trained(Course(algorithm, (level,), steps, seed), judged, shown, marks, tell))
            tell_result(level, results[-1])
        found.append(
            {
                "level": level,
                **{name: _interval(values) for name, values in marks.items()},
                "curve_marks": {n: float(policy_values(REFERENCES[n], shown).mean()) for n in REFERENCE_NAMES},
                "algorithms": results,
                "plain": _plain(level, plain_steps, seed) if plain_steps else [],
            }
        )
    return {"steps": steps, "seed": seed, "scenarios": scenarios, "levels": found}


def _interval(values: NDArray[np.float64]) -> dict[str, float]:
    found: Interval = paired_interval(values)
    return found._asdict()


def _trained(
    course: Course,
    judged: Sequence[EncodedScenario],
    shown: Sequence[EncodedScenario],
    marks: Mapping[str, NDArray[np.float64]],
    tell: Tell,
) -> dict[str, Any]:
    began = Clock.now()
    trainee = trainer.begin(course)
    curve = [{"steps": 0, "value": float(agent_values(trainee.agent, shown).mean())}]
    aside = Clock(0.0, 0.0)

    def watch(point: Point) -> None:
        nonlocal aside
        start = Clock.now()
        tell(course.algorithm, course.levels[0], point)
        if point.steps >= len(curve) * course.steps / CURVE_POINTS:
            curve.append({"steps": point.steps, "value": float(agent_values(trainee.agent, shown).mean())})
        passed = Clock.now().since(start)
        aside = Clock(aside.wall + passed.wall, aside.cpu + passed.cpu)

    trainer.train(trainee, tell=watch)
    spent = Clock.now().since(began).since(aside)
    values = agent_values(trainee.agent, judged)
    return {
        "algorithm": course.algorithm,
        "steps": trainee.learner.steps,
        **_speed(trainee.learner.steps, spent),
        "reward": _interval(values),
        **{f"over_{name}": _interval(values - mark) for name, mark in marks.items()},
        "curve": curve,
    }


def _speed(steps: int, spent: Clock) -> dict[str, float]:
    return {
        "train_seconds": spent.wall,
        "cpu_seconds": spent.cpu,
        "steps_per_second": steps / spent.wall,
        "steps_per_cpu_second": steps / spent.cpu,
    }


def _plain(level: int, steps: int, seed: int) -> list[dict[str, Any]]:
    """Speed of the libraries' own PPO on the same environments, with as many of them and equally large rollouts."""
    from sb3_contrib import MaskablePPO, RecurrentPPO  # noqa: PLC0415  # heavy, used here only
    from stable_baselines3 import PPO  # noqa: PLC0415  # likewise

    from aurora.learning.rl.ppo import Settings  # noqa: PLC0415  # beside what it is compared with
    from aurora.learning.rl.sb3 import AllocationVecEnv  # noqa: PLC0415  # likewise
    from aurora.learning.rl.training import MEMORY  # noqa: PLC0415  # likewise

    ours = Settings()
    rollout = ours.environments * ours.length
    make = trainer.environments(Course("ppo", (level,), steps, seed), ours.environments)
    alike: dict[str, Any] = {
        "n_steps": ours.length,
        "batch_size": rollout // ours.minibatches,
        "n_epochs": ours.epochs,
        "device": "cpu",
        "seed": seed,
    }
    lstm = {"lstm_hidden_size": MEMORY, "enable_critic_lstm": False, "shared_lstm": True}
    kinds: tuple[tuple[str, Any, str, dict[str, Any]], ...] = (
        ("stable-baselines3 PPO", PPO, "MlpPolicy", {}),
        ("sb3-contrib MaskablePPO", MaskablePPO, "MlpPolicy", {}),
        ("sb3-contrib RecurrentPPO", RecurrentPPO, "MlpLstmPolicy", {"policy_kwargs": lstm}),
    )
    found = []
    for name, kind, policy, more in kinds:
        model = kind(policy, AllocationVecEnv(make(0), flat=True), **alike, **more)
        began = Clock.now()
        model.learn(max(rollout, steps))
        spent = Clock.now().since(began)
        found.append({"algorithm": name, "steps": model.num_timesteps, **_speed(model.num_timesteps, spent)})
    return found


def curves(result: Mapping[str, Any]) -> list[Chart]:
    """Learning curves of a result of `bench_rl`, a chart for each level."""
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


class Rank(NamedTuple):
    """A player after its matches.

    Attributes:
        policy_id: Its name.
        elo: After; it started at its archived rating or at 1500.
        mean: What it achieved on average.
        wins: Share of its matches won, a draw counting one half.
    """

    policy_id: str
    elo: float
    mean: float
    wins: float


def ranking(values: Mapping[str, NDArray[np.float64]], ratings: Mapping[str, float]) -> list[Rank]:
    """Elo ratings after all players have met on each scenario in turn, the highest first.

    Args:
        values: What each achieved on the scenarios, float64 [n] each; two players at least.
        ratings: From before, of those that have one.
    """
    now = {name: ratings.get(name, elo.START) for name in values}
    for k in range(len(next(iter(values.values())))):
        now = elo.round_robin(now, {name: float(got[k]) for name, got in values.items()})
    rows = []
    for name, got in values.items():
        others = [theirs for other, theirs in values.items() if other != name]
        won = [elo.result(float(a), float(b)) for theirs in others for a, b in zip(got, theirs, strict=True)]
        rows.append(Rank(name, now[name], float(got.mean()), float(np.mean(won))))
    return sorted(rows, key=lambda r: (-r.elo, r.policy_id))
