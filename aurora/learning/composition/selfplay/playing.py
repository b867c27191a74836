"""Self-play for a composition that stands many demands: the attacker finds demands, the composer answers.

Each round the attacker looks for demands under which the present composition loses most to the best one, its regret.
The composer then takes the composition whose largest regret over all demands found so far is least (Savage 1951). It is
the double-oracle scheme of McMahan, Gordon & Blum (2003) with a pure answer, as one composition is deployed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from aurora.errors import InputError
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Weights, reward
from aurora.learning.composition.selfplay.attacker import mutation, openings
from aurora.learning.composition.selfplay.demands import SIMULATED, Bounds, Demand, under
from aurora.types import FloatArray, Progress, no_progress

SETTLED = 0.001
"""Rise of the largest regret in a round below which the attacker has found nothing new."""


@dataclass(frozen=True)
class PlaySettings:
    """How long self-play lasts.

    Attributes:
        rounds: Most rounds; fewer are played if neither side finds anything new.
        tries: Demands that the attacker tries in a round.
        seed: Random seed of the attacker.
    """

    rounds: int = 6
    tries: int = 40
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rounds", "tries"):
            if getattr(self, name) < 1:
                raise InputError("give at least 1", parameter=name, value=getattr(self, name))


class Weakness(NamedTuple):
    """The demand under which a composition loses most.

    Attributes:
        demand: The demand.
        reward: What the composition is worth under it.
        best: The composition that is worth most under it.
        best_reward: What that is worth.
    """

    demand: Demand
    reward: float
    best: Pipeline
    best_reward: float

    @property
    def regret(self) -> float:
        """What the composition loses to the best one."""
        return self.best_reward - self.reward


class Standing(NamedTuple):
    """How a composition stands.

    Attributes:
        pipeline: The composition.
        usual: Its reward under the usual demand.
        weakness: Where it loses most, of all demands found.
    """

    pipeline: Pipeline
    usual: float
    weakness: Weakness


class Round(NamedTuple):
    """One round of self-play.

    Attributes:
        attacked: The composition under attack.
        regret: Its largest regret over the demands found so far.
        answer: The composition that the composer takes after it.
        answer_regret: Its largest regret over the same demands.
    """

    attacked: Pipeline
    regret: float
    answer: Pipeline
    answer_regret: float


@dataclass(frozen=True)
class Played:
    """What self-play gave.

    Attributes:
        usual: The composition that is worth most under the usual demand.
        robust: The composition whose largest regret is least.
        rounds: The rounds.
        demands: Number of demands that were tried.
        compositions: Number of compositions that were compared.
        mixed_regret: Largest expected regret of the best random mix of compositions: no single one can do better.
    """

    usual: Standing
    robust: Standing
    rounds: tuple[Round, ...]
    demands: int
    compositions: int
    mixed_regret: float


def play(
    evaluator: TableEvaluator,
    compositions: Sequence[Pipeline],
    weights: Weights,
    bounds: Bounds,
    settings: PlaySettings,
    *,
    progress: Progress = no_progress,
) -> Played:
    """Play rounds of attack and answer.

    Args:
        evaluator: Measurements of all chains of the compositions, with the usual load.
        compositions: What the composer may choose.
        weights: What accuracy, latency and cost are worth. What is worth less than nothing, or overloaded, is worth 0.
        bounds: How far demands may go.
        settings: How long it lasts.
        progress: Receives the number of demands that were tried.

    Raises:
        InputError: There is no composition.
    """
    if not compositions:
        raise InputError("give at least one", parameter="compositions")
    table = _Table(evaluator, compositions, weights)
    random = np.random.default_rng(settings.seed)
    table.add(bounds.usual)
    for demand in openings(bounds):
        table.add(demand)
    present, played = int(table.rewards[0].argmax()), []
    before = float(table.regrets[:, present].max())
    total = len(table.demands) + settings.rounds * settings.tries
    for _ in range(settings.rounds):
        for _ in range(settings.tries):
            table.add(mutation(table.demands, table.regrets[:, present], bounds, random))
            progress("demands", len(table.demands), total)
        largest = table.regrets.max(axis=0)
        # of equals, what is worth most under the usual demand
        answer = int(np.lexsort((-table.rewards[0], largest))[0])
        attacked = Round(compositions[present], float(largest[present]), compositions[answer], float(largest[answer]))
        played.append(attacked)
        if answer == present and largest[present] <= before + SETTLED:
            break
        present, before = answer, float(largest[answer])
    progress("demands", len(table.demands), len(table.demands))
    return Played(
        usual=table.standing(int(table.rewards[0].argmax())),
        robust=table.standing(present),
        rounds=tuple(played),
        demands=len(table.demands),
        compositions=len(compositions),
        mixed_regret=mixed_regret(table.regrets),
    )


def mixed_regret(regrets: FloatArray) -> float:
    """Return the value of the game: the least that the expected regret of a random mix can be held to.

    Args:
        regrets: Regret of each composition under each demand, of shape (demands, compositions).
    """
    demands, count = regrets.shape
    # the least v with regrets @ mix <= v, where mix sums to 1
    found = linprog(
        np.append(np.zeros(count), 1.0),
        A_ub=np.column_stack((regrets, -np.ones(demands))),
        b_ub=np.zeros(demands),
        A_eq=np.append(np.ones(count), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * (count + 1),
    )
    return float(found.fun)


class _Table:
    """Rewards of compositions under the demands that were tried."""

    def __init__(self, evaluator: TableEvaluator, compositions: Sequence[Pipeline], weights: Weights) -> None:
        self.evaluator, self.compositions, self.weights = evaluator, compositions, weights
        self.demands: list[Demand] = []
        self.rewards: FloatArray = np.zeros((0, len(compositions)))

    @property
    def regrets(self) -> FloatArray:
        return np.asarray(self.rewards.max(axis=1, keepdims=True) - self.rewards)

    def add(self, demand: Demand) -> None:
        """Score all compositions under a demand, unless it was tried."""
        if demand in self.demands:
            return
        scores = under(self.evaluator, demand, SIMULATED)
        found = [scores(pipeline) for pipeline in self.compositions]
        row = [max(0.0, reward(one, self.weights)) if np.isfinite(one.latency) else 0.0 for one in found]
        self.demands.append(demand)
        self.rewards = np.vstack((self.rewards, row))

    def standing(self, number: int) -> Standing:
        row = int(self.regrets[:, number].argmax())
        best = int(self.rewards[row].argmax())
        weakness = Weakness(
            self.demands[row], float(self.rewards[row, number]), self.compositions[best], float(self.rewards[row, best])
        )
        return Standing(self.compositions[number], float(self.rewards[0, number]), weakness)
